//! The views of a list that is approved together.

use serde::Serialize;

use crate::bot::replies::{moment, moment_s};
use crate::bot::templates::views;
use crate::domain::Timestamp;
use crate::domain::card::{ListApproved, ListWithdrawn, Reservation};
use crate::domain::message::DecidedBy;

views! {
    DigestConfirm => "digest_confirm.card",
    BatchConfirm => "batch_confirm.card",
    Approved => "decided.card",
    Withdrawn => "withdrawn.card",
}

/// The effect of an approval, before it takes place.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Confirm {
    pub(super) camp_name: String,
    pub(super) count: usize,
    pub(super) sum_yuan: String,
    pub(super) unusual: String,
    pub(super) contested: usize,
    pub(super) skipped: usize,
    pub(super) undo_seconds: u32,
    pub(super) confirm: String,
    pub(super) back: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(transparent)]
pub(in crate::bot) struct DigestConfirm(pub(in crate::bot) Confirm);

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(transparent)]
pub(in crate::bot) struct BatchConfirm(pub(in crate::bot) Confirm);

/// What became of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Approved,
    Rejected,
    /// Neither is true of all of it, or nobody knows.
    Settled,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Approved {
    camp_name: String,
    by: String,
    at: String,
    word: Word,
    /// None while the list is being approved.
    count: Option<usize>,
    sum_yuan: String,
    awaiting: usize,
    skipped: usize,
    can_undo: bool,
    undo_until: Option<String>,
}

impl Approved {
    /// A list that somebody has taken: by whom it is decided, is all that is known.
    pub(in crate::bot) fn reserved(camp_name: &str, list: &Reservation) -> Self {
        Self::elsewhere(camp_name, &list.made, Word::Approved)
    }

    /// A decision of which nothing else is known than who made it.
    pub(super) fn elsewhere(camp_name: &str, made: &DecidedBy, word: Word) -> Self {
        Self {
            camp_name: camp_name.to_owned(),
            by: made.by.clone(),
            at: moment(made.at),
            word,
            count: None,
            sum_yuan: String::new(),
            awaiting: 0,
            skipped: 0,
            can_undo: false,
            undo_until: None,
        }
    }

    pub(in crate::bot) fn of(camp_name: &str, list: &ListApproved, now: Timestamp) -> Self {
        Self {
            count: Some(list.refunds.len()),
            sum_yuan: list.sum.yuan(),
            awaiting: list.awaiting,
            skipped: list.skipped,
            can_undo: list.undo_until.is_some_and(|until| until > now),
            undo_until: list.undo_until.map(moment_s),
            ..Self::elsewhere(camp_name, &list.made, Word::Approved)
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Withdrawn {
    camp_name: String,
    by: String,
    at: String,
    count: usize,
    left: usize,
}

impl Withdrawn {
    pub(in crate::bot) fn of(camp_name: &str, list: &ListWithdrawn) -> Self {
        Self {
            camp_name: camp_name.to_owned(),
            by: list.made.by.clone(),
            at: moment(list.made.at),
            count: list.count,
            left: list.refunds.len().saturating_sub(list.count),
        }
    }
}
