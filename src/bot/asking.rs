//! Which camp a command is about.

use crate::domain::Action;
use crate::domain::command::Verb;
use crate::store::camps::Camp;

use super::names::{self, Found};

/// The permission that a verb needs.
pub(super) const fn needed_for(verb: Verb) -> Action {
    match verb {
        Verb::Help
        | Verb::Camps
        | Verb::Progress
        | Verb::Absent
        | Verb::Eligible
        | Verb::OneShort
        | Verb::NotYet
        | Verb::EnrollCode
        | Verb::Status => Action::ViewCamp,
        Verb::Sync => Action::SyncCheckIns,
        Verb::Urge => Action::Urge,
        Verb::Match => Action::MatchMembers,
        Verb::Pending | Verb::Refund | Verb::Retry => Action::ReviewRefunds,
        Verb::Report => Action::ViewReports,
    }
}

/// The camp that is meant; without a word, the only one there is.
pub(super) fn chosen<'a>(wanted: &str, camps: &'a [Camp]) -> Found<'a, Camp> {
    match (wanted.is_empty(), camps) {
        (true, [only]) => Found::One(only),
        (true, all) => Found::Several(all.iter().collect()),
        (false, all) => names::find(wanted, all, |camp| &camp.name),
    }
}
