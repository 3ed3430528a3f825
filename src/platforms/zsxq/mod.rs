//! The planet (知识星球): a polite, signed, read-only client.
