//! Who is who: which account of the planet a payment belongs to, with a score and its reasons.
//!
//! Pure and deterministic: the same people give the same verdicts in whatever order they come.
//! Knows no order, camp, binding or database; callers turn theirs into [`Claim`] and
//! [`Candidate`] and keep what comes back.
//!
//! How it works: names and ids are folded, an index finds the few accounts that share any evidence
//! with a claim, each such pair is weighed, and one global assignment (Kuhn–Munkres) gives every
//! account to at most one claim. A machine's match needs
//! ≥ 80 points, an id or an earlier binding beside the name, and a clear lead over every other
//! account and every other claim; anything else goes to a person with its reasons, since a wrong
//! match pays the wrong person (design §3).

mod assignment;
mod evidence;
mod identify;
mod judge;
mod name;
mod person;
mod planet_id;
mod roster;

use std::collections::HashSet;

pub use evidence::{AccountName, PayerName, Reason};
pub use identify::{Identified, identify};
pub use name::{Likeness, mask_nickname};
pub use person::{Candidate, Claim, Decision, Scored, Verdict};
pub use planet_id::Slip;

/// Accounts beside the best one that a verdict carries: with it, as many as the match card shows.
pub const MAX_RUNNERS_UP: usize = 8;

/// Decides all `claims` of a camp at once, in their order.
///
/// `taken` are the `user_id`s that completed bindings or people already gave away; nobody gets
/// them, but they still count as namesakes. A person's decision is thus never overruled: leave its
/// claim out and put its account into `taken`.
#[must_use]
pub fn assign(claims: &[Claim], candidates: &[Candidate], taken: &HashSet<String>) -> Vec<Verdict> {
    let roster = roster::Roster::new(candidates);
    judge::Field::new(claims, &roster, taken).verdicts()
}

/// The at most `n` accounts that fit one claim, best first, as if it were the only claim.
///
/// Looks at every candidate, so that even a faint likeness shows on the match card.
#[must_use]
pub fn candidates_for(
    claim: &Claim,
    candidates: &[Candidate],
    taken: &HashSet<String>,
    n: usize,
) -> Vec<Scored> {
    let roster = roster::Roster::new(candidates);
    judge::Field::of_one(claim, &roster, taken).ranking(n)
}
