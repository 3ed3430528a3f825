//! Who is who: which account of the planet a payment belongs to, with a score and its reasons.
//!
//! Pure and deterministic: the same people give the same verdicts in whatever order they come.
//! Knows no order, camp, binding or database; callers turn theirs into [`Claim`] and
//! [`Candidate`] and keep what comes back.
//!
//! # How it works
//!
//! 1. **Fold** (`fold`, `name`, `planet_id`): names lose width, case, script, decoration;
//!    ids lose blanks and labels.
//! 2. **Find** (`roster`): an index gives the few accounts that share any evidence with a claim.
//! 3. **Weigh** (`evidence`): each such pair gets points, by itself.
//! 4. **Compare** (`candidate_pool`, `judge`): who else could the claim be, who else claims the account?
//!    That makes the score, with its reasons and doubts.
//! 5. **Assign** (`assignment`, `verdicts`): one global assignment (Kuhn–Munkres) gives every
//!    account to at most one claim, and a claim one verdict.
//!
//! # The points
//!
//! The frame is that of design §3: an id is worth 50, a nickname 50, 80 decide.
//!
//! | evidence | points |
//! |---|---|
//! | the typed id or member number is the account's; a binding of an earlier camp | 50 (both 60) |
//! | the typed id is one slip away | 45 |
//! | the typed nickname is the account's: letter for letter / but for signs / but for suffixes | 50 / 49 / 46 |
//! | … but for one letter / under another suffix / in part | 40 / 36 / 25 |
//! | a WeChat nickname, an earlier name: the same, less 4 to 20 by how far it is to be trusted | |
//! | typed and WeChat nickname both | the better one + 8 |
//! | … unlike each other, nobody else's, and the back office knows the WeChat one | the better one + 34 |
//! | namesakes | − 5 beside an id, − 15 without |
//! | other claims point to the account; the typed id is another's / nobody's | − 5; − 5 / − 15 |
//!
//! So an id needs a name beside it, and any name will do that is the account's but for its suffix,
//! namesakes or not (50 + 46 − 11 − 5 = 80). Whatever the points, a doubt leaves the claim to a
//! person: no lead of 15 over every other account and claim, a typed id that is another's, a
//! typed nickname that is another's, a list whose rows seem shifted, and a *name alone*.
//!
//! # Why a name alone never decides
//!
//! One in seven gives no id, and their names fit one account nearly always. But some payers are
//! not in the roster at all, and a namesake of theirs may be, however rare the name. In 40,000
//! invented payments with the errors of the labelled ones (`tests/matching/invented.rs` invents
//! some), 12 of 2,204 names that nobody else bore or claimed were somebody else's all the same, and
//! no feature of the name told which. Of 30,018 matches by id and name one was wrong: the payer
//! had copied the id of a namesake who had not paid, which no list can tell. So a name alone is a
//! suggestion that a person confirms, ≥ 50 when nobody else comes into question, and about one
//! claim in six is beyond the machine.

mod assignment;
mod candidate_pool;
mod evidence;
mod fold;
mod identify;
mod judge;
mod name;
mod person;
mod planet_id;
mod reason;
mod roster;
mod verdicts;

use std::collections::HashSet;

pub use fold::simplified;
pub use identify::{Identified, identify};
pub use name::{Likeness, mask_nickname};
pub use person::{Candidate, Claim, Decision, Scored, Verdict};
pub use planet_id::Slip;
pub use reason::{AccountName, PayerName, Reason};

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
    candidate_pool::CandidatePool::new(claims, &roster, taken).verdicts()
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
    candidate_pool::CandidatePool::of_one(claim, &roster, taken).ranking(n)
}
