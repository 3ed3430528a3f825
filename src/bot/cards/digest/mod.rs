//! The digest of a camp: what waits there, in numbers, and one button for all that is clear.

pub(in crate::bot) mod press;
pub(in crate::bot) mod view;

use crate::bot::cards::waiting::{named, rests_on_days, tally};
use crate::domain::RefundFlag;
use crate::domain::card::Digest;
use crate::services::Result;
use crate::services::review::Waiting;
use crate::store::refunds::Listed;

use super::waiting::shown;

fn lacks_posts(listed: &Listed) -> bool {
    listed
        .refund
        .proposal
        .flags
        .contains(&RefundFlag::PostsMissing)
}

/// The digest of what waits in a camp.
pub(in crate::bot) fn propose(waiting: &Waiting) -> Result<Digest> {
    // What is wrong with a payment says nothing of a member: people and payments are told apart.
    let (people, payments): (Vec<Listed>, Vec<Listed>) = waiting
        .to_look_at
        .iter()
        .cloned()
        .partition(|listed| rests_on_days(listed.refund.proposal.kind));
    Ok(Digest {
        camp: named(&waiting.camp),
        clear: waiting.clear.iter().map(shown).collect(),
        look: tally(&people)?,
        payments: tally(&payments)?,
        unidentified: waiting.unidentified,
        not_eligible: waiting.not_eligible,
        awaiting: waiting.awaiting_another,
        posts_missing: people.iter().filter(|listed| lacks_posts(listed)).count(),
    })
}
