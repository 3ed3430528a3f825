//! What members' days rest on: the planet's word, a file, somebody who answers for them; and the
//! days that follow from it.

mod attest;
mod import;
mod judge;
mod listing;

pub use attest::attest;
pub use import::{import, may_import};
pub(super) use judge::{awaited, judge_camp, judge_member};
pub(super) use listing::build_list_if_over;
