//! The command line of Campkeeper.
fn main() {}
