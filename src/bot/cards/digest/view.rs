//! The view of the digest.

use serde::Serialize;

use crate::bot::templates::views;
use crate::domain::card;
use crate::domain::{CampId, Fen};
use crate::services::{Error, Result};

views! {
    Digest => "digest.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Digest {
    camp_id: CampId,
    camp_name: String,
    clear: usize,
    clear_yuan: String,
    look: usize,
    look_yuan: String,
    payments: usize,
    payments_yuan: String,
    unidentified: i64,
    not_eligible: i64,
    awaiting: usize,
    posts_missing: usize,
}

impl Digest {
    pub(in crate::bot) fn of(digest: &card::Digest) -> Result<Self> {
        let clear = Fen::sum(digest.clear.iter().map(|refund| refund.amount))
            .map_err(|error| Error::Invariant(error.to_string()))?;
        Ok(Self {
            camp_id: digest.camp.id,
            camp_name: digest.camp.name.clone(),
            clear: digest.clear.len(),
            clear_yuan: clear.yuan(),
            look: digest.look.count,
            look_yuan: digest.look.sum.yuan(),
            payments: digest.payments.count,
            payments_yuan: digest.payments.sum.yuan(),
            unidentified: digest.unidentified,
            not_eligible: digest.not_eligible,
            awaiting: digest.awaiting,
            posts_missing: digest.posts_missing,
        })
    }
}
