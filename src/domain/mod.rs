//! The rules of the house. Pure: no I/O, no async, no SQL, no clock of its own.
