//! The stand-ins alone, for a real `campkeeper serve`.
fn main() {}
