//! Tests that need more than one file of this module: the calls against a small peer that signs,
//! the certificates over time, and hostile bytes.

mod calls;
mod certificates;
mod hostile;
mod peer;
pub(super) mod vectors;
