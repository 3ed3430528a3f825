//! Approving by the list, as the digest of a camp and its batches do: the card is reserved, the
//! list approved, and what was let go is shown. Only what the card has shown is approved.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::bot::cards::press::Press;
use crate::bot::replies;
use crate::bot::templates::View;
use crate::bot::turn::Turn;
use crate::catalogue::ErrorKind;
use crate::domain::card::{
    CampNamed, ListApproved, ListWithdrawn, Outcome, RefundShown, Reservation,
};
use crate::domain::message::{
    BatchSummary, ChangedRefund, Decided, DecidedBefore, DecidedBy, ProposalsChanged, UndoOver,
};
use crate::domain::{
    CardState, Fen, Machine as _, Message, Recipients, RefundFlag, RefundId, RefundStatus,
    Timestamp,
};
use crate::services::inbox::Reply;
use crate::services::refund::{self, Batch, Picked, Skipped};
use crate::services::{Error, Refusal, Result, cards, review};

use super::view;
use crate::bot::cards::{anew, draw, unusual};

/// Seconds after the end of the undo window at which outcomes are first looked at.
const SUMMARY_AFTER_S: i64 = 3;

/// Members of whom one message says what has changed.
const MAX_CHANGED: usize = 10;

/// The actions of the two buttons of a confirmation.
pub(in crate::bot::cards) struct Keys {
    confirm: String,
    back: String,
}

impl Keys {
    pub(in crate::bot::cards) fn new(confirm: impl Into<String>, back: impl Into<String>) -> Self {
        Self {
            confirm: confirm.into(),
            back: back.into(),
        }
    }
}

/// Shows what would happen, to the one who pressed alone.
pub(in crate::bot::cards) async fn confirm<V: View>(
    press: &Press<'_>,
    camp: &CampNamed,
    chosen: &[&RefundShown],
    keys: Keys,
    view: impl FnOnce(view::Confirm) -> V,
) -> Result<Vec<Reply>> {
    let dry = refund::dry_run(press.ctx(), &press.turn.actor, &picked(chosen)).await?;
    if dry.approvable.is_empty() {
        return nothing_left(press, chosen, &dry.skipped).await;
    }
    let is_skipped = |id: RefundId| dry.skipped.iter().any(|skipped| skipped.id == id);
    let contested = |refund: &&&RefundShown| {
        is_skipped(refund.id) && refund.flags.contains(&RefundFlag::Contested)
    };
    let contested = chosen.iter().filter(contested).count();
    let approvable = chosen
        .iter()
        .filter(|refund| dry.approvable.contains(&refund.id));
    let view = view(view::Confirm {
        camp_name: camp.name.clone(),
        count: dry.approvable.len(),
        sum_yuan: dry.sum_fen.yuan(),
        unusual: unusual::counted(approvable.map(|refund| refund.flags.as_slice())),
        contested,
        skipped: dry.skipped.len() - contested,
        undo_seconds: press.ctx().settings.undo_seconds,
        confirm: keys.confirm,
        back: keys.back,
    });
    press.show(&press.turn.bot.draw(&view)?).await
}

/// Approves what was chosen. The card is reserved first, so that of two who press at once one
/// decides all of it, and the other learns by whom; after a crash the same click goes on where it
/// stopped.
pub(in crate::bot::cards) async fn approve(
    press: &Press<'_>,
    chosen: &[&RefundShown],
) -> Result<Vec<Reply>> {
    let Some(run) = reserve(press, chosen).await? else {
        return press.decided_already().await;
    };
    let mut batch = Batch::default();
    if !run.is_through {
        let (ctx, actor) = (press.ctx(), &press.turn.actor);
        batch = refund::approve_batch(ctx, actor, &picked(chosen)).await?;
    }
    let approvals = Approvals::since(press, chosen, run.made.at).await?;
    if approvals.is_empty() && run.is_through {
        return press.decided_already().await;
    }
    if approvals.is_empty() {
        release(press).await?;
        return nothing_left(press, chosen, &batch.skipped).await;
    }
    let Approvals {
        approved,
        awaiting,
        undo_until,
    } = approvals;
    let is_approved = |refund: &&&RefundShown| approved.contains(&refund.id);
    let sum = Fen::sum(
        chosen
            .iter()
            .filter(is_approved)
            .map(|refund| refund.amount),
    )
    .map_err(|error| Error::Invariant(error.to_string()))?;
    let undo_until_shown = undo_until.unwrap_or(press.turn.now);
    let is_any_approved = !approved.is_empty();
    let outcome = Outcome::Approved(ListApproved {
        made: run.made,
        asked: ids(chosen),
        skipped: chosen.len() - approved.len() - awaiting,
        refunds: approved,
        sum,
        awaiting,
        undo_until,
    });
    let change = CardState::Reserved.to(CardState::Decided)?;
    let mut answers = press.decide(change, outcome).await?;
    if is_any_approved {
        answers.extend(follow_up(press, undo_until_shown));
    }
    answers.extend(changed(press, &batch.skipped).await?);
    Ok(answers)
}

/// Tells which of a list have changed since they were shown, what, and who did it.
async fn changed(press: &Press<'_>, skipped: &[Skipped]) -> Result<Option<Reply>> {
    let changed: Vec<_> = skipped
        .iter()
        .filter_map(|skipped| match &skipped.error {
            Error::Refused(Refusal::ProposalChanged { changes }) => Some((skipped.id, changes)),
            _ => None,
        })
        .collect();
    let mut refunds = Vec::new();
    for (id, changes) in changed.iter().take(MAX_CHANGED) {
        let detail = refund::one(press.ctx(), &press.turn.actor, *id).await?;
        refunds.push(ChangedRefund {
            name: detail.listed.shown_name(),
            changes: (*changes).clone(),
        });
    }
    let told = ProposalsChanged {
        camp_name: draw::camp_name(&press.card.proposal).to_owned(),
        more: changed.len() - refunds.len(),
        refunds,
    };
    Ok((!changed.is_empty()).then(|| press.turn.reply(told)))
}

/// Takes back what the card let go. What was taken back before the process died counts: the
/// refunds say how they stand.
pub(in crate::bot::cards) async fn undo(press: &Press<'_>) -> Result<Vec<Reply>> {
    let change = CardState::Decided.to(CardState::Withdrawn)?;
    if press.is_withdrawn_by_me()
        && let Some(outcome) = press.card.outcome.clone()
    {
        return press.decide(change, outcome).await;
    }
    if press.card.state != CardState::Decided {
        return press.decided_already().await;
    }
    let (ctx, actor) = (press.ctx(), &press.turn.actor);
    let refunds = press.card.outcome.as_ref().map(Outcome::refunds);
    let refunds = refunds.unwrap_or_default();
    let mut count = 0_usize;
    for id in &refunds {
        match refund::undo(ctx, actor, *id).await {
            Ok(_) | Err(Error::Refused(Refusal::UndoOver | Refusal::WrongState(_))) => {}
            Err(error) => return Err(error),
        }
        let refund = review::one(ctx, actor, *id).await?;
        count += usize::from(refund.status() == RefundStatus::Pending);
    }
    if count == 0 {
        return Err(Refusal::UndoOver.into());
    }
    let made = press.turn.decided_now();
    let outcome = ListWithdrawn {
        made,
        refunds,
        count,
    };
    press.decide(change, Outcome::Withdrawn(outcome)).await
}

/// The messages that a decision asks for later: the card without 撤回, and the summary for the one
/// who decided and those who have the card.
pub(in crate::bot::cards) fn follow_up(press: &Press<'_>, undo_until: Timestamp) -> [Reply; 2] {
    let card_id = press.card.id;
    let once = |to: Recipients, content: Message, at: Timestamp| {
        let key = format!("{}:{card_id}:{}", content.kind(), press.turn.person);
        let mut reply = replies::scheduled(to, content, at);
        reply.message.dedupe_key = Some(key);
        reply
    };
    let summary_at = undo_until.plus(TimeDelta::seconds(SUMMARY_AFTER_S));
    let presser = Recipients::one(press.turn.person);
    let readers = Recipients::Members(press.readers());
    [
        once(presser, UndoOver { card_id }.into(), undo_until),
        once(readers, BatchSummary { card_id }.into(), summary_at),
    ]
}

/// A list that is this click's to approve.
struct Run {
    made: DecidedBy,
    /// Everything was approved before the process died.
    is_through: bool,
}

/// Reserves the card for this click; none if somebody was first.
async fn reserve(press: &Press<'_>, chosen: &[&RefundShown]) -> Result<Option<Run>> {
    let asked = ids(chosen);
    if press.is_open() {
        let made = press.turn.decided_now();
        let reservation = Reservation {
            made: made.clone(),
            asked,
        };
        let change = CardState::Open.to(CardState::Reserved)?;
        let outcome = Some(Outcome::Reserved(reservation));
        let by = Some(press.turn.actor.user_id);
        let is_ours = cards::decide(press.ctx(), press.card.id, change, outcome, by).await?;
        return Ok(is_ours.then_some(Run {
            made,
            is_through: false,
        }));
    }
    if !press.is_reserved_by_me() {
        return Ok(None);
    }
    let (made, before, is_through) = match &press.card.outcome {
        Some(Outcome::Reserved(list)) => (&list.made, &list.asked, false),
        Some(Outcome::Approved(list)) => (&list.made, &list.asked, true),
        _ => return Ok(None),
    };
    Ok((*before == asked).then(|| Run {
        made: made.clone(),
        is_through,
    }))
}

/// Gives a card back of which nothing could be approved: others may be able to.
async fn release(press: &Press<'_>) -> Result<()> {
    let change = CardState::Reserved.to(CardState::Open)?;
    // Only a card of ours is reserved here, and only by us.
    cards::decide(press.ctx(), press.card.id, change, None, None).await?;
    Ok(())
}

fn ids(chosen: &[&RefundShown]) -> Vec<RefundId> {
    chosen.iter().map(|refund| refund.id).collect()
}

fn picked(chosen: &[&RefundShown]) -> Vec<Picked> {
    let picked = chosen.iter().map(|refund| Picked {
        id: refund.id,
        hash: Some(refund.hash.clone()),
    });
    picked.collect()
}

/// One person's approvals of a list.
#[derive(Default)]
struct Approvals {
    /// Let go.
    approved: Vec<RefundId>,
    /// How many wait for a second approver.
    awaiting: usize,
    /// Until when all of it can be taken back.
    undo_until: Option<Timestamp>,
}

impl Approvals {
    /// Those of the one who pressed since they reserved the card, just now or before the process
    /// died.
    async fn since(press: &Press<'_>, chosen: &[&RefundShown], since: Timestamp) -> Result<Self> {
        let mut approvals = Self::default();
        let Some(camp) = press.card.camp_id else {
            return Ok(approvals);
        };
        let Turn { actor, .. } = &press.turn;
        let refunds = match review::of_camp(press.ctx(), actor, camp, &ids(chosen)).await {
            Ok(refunds) => refunds,
            Err(Error::Forbidden(_)) => return Ok(approvals),
            Err(error) => return Err(error),
        };
        for refund in refunds {
            let decision = refund.state.decision();
            if decision.is_none_or(|it| it.by != actor.user_id || it.at < since) {
                continue;
            }
            if refund.status() == RefundStatus::AwaitingSecond {
                approvals.awaiting += 1;
            } else if refund.status().commits_money() {
                approvals.approved.push(refund.id);
                let until = refund.state.undo_until();
                approvals.undo_until = match (approvals.undo_until, until) {
                    (Some(earlier), Some(this)) => Some(earlier.min(this)),
                    (earlier, this) => earlier.or(this),
                };
            }
        }
        Ok(approvals)
    }

    const fn is_empty(&self) -> bool {
        self.approved.is_empty() && self.awaiting == 0
    }
}

/// What others have decided about refunds of a list.
struct DecidedByOthers {
    made: DecidedBy,
    word: view::Word,
    count: usize,
    sum: Fen,
}

impl DecidedByOthers {
    /// The decisions among what stands against approving `chosen`; none if there is none.
    fn among(chosen: &[&RefundShown], skipped: &[Skipped]) -> Result<Option<Self>> {
        let mut all: Option<(BTreeSet<&str>, Self)> = None;
        for skipped in skipped {
            let Error::Refused(Refusal::AlreadyDecided { by, at, status }) = &skipped.error else {
                continue;
            };
            let amount = chosen.iter().find(|refund| refund.id == skipped.id);
            let amount = amount.map_or(Fen::ZERO, |refund| refund.amount);
            let this = Self {
                made: DecidedBy {
                    by: by.clone(),
                    at: *at,
                },
                word: word_of(status),
                count: 1,
                sum: amount,
            };
            all = Some(match all {
                None => (BTreeSet::from([by.as_str()]), this),
                Some((mut people, before)) => {
                    people.insert(by);
                    (people, before.and(this)?)
                }
            });
        }
        Ok(all.map(|(people, mut all)| {
            if people.len() > 1 {
                all.made.by = format!("{} 等 {} 人", all.made.by, people.len());
            }
            all
        }))
    }

    fn and(self, other: Self) -> Result<Self> {
        let sum = self.sum.checked_add(other.sum);
        Ok(Self {
            made: DecidedBy {
                at: self.made.at.max(other.made.at),
                ..self.made
            },
            word: if self.word == other.word {
                self.word
            } else {
                view::Word::Settled
            },
            count: self.count + other.count,
            sum: sum.map_err(|error| Error::Invariant(error.to_string()))?,
        })
    }

    fn told(self) -> DecidedBefore {
        let decision = match (self.word, self.count) {
            (view::Word::Approved, count) => Decided::Approved {
                count: Some(count),
                sum: self.sum,
                awaiting: 0,
            },
            (view::Word::Rejected, 1) => Decided::Rejected,
            (view::Word::Rejected | view::Word::Settled, count) => Decided::Settled { count },
        };
        DecidedBefore {
            by: self.made.by,
            at: self.made.at,
            decision,
        }
    }
}

/// Reads from a refund's status what was decided about it. What was closed may have been either.
fn word_of(status: &str) -> view::Word {
    match status.parse::<RefundStatus>() {
        Ok(RefundStatus::Rejected) => view::Word::Rejected,
        Ok(status) if status.commits_money() => view::Word::Approved,
        _ => view::Word::Settled,
    }
}

/// Tells why nothing could be approved: others were first, or what was shown has changed. The card
/// shows a decision only if there is one about all that was chosen.
async fn nothing_left(
    press: &Press<'_>,
    chosen: &[&RefundShown],
    skipped: &[Skipped],
) -> Result<Vec<Reply>> {
    let is_decided =
        |error: &Error| matches!(error, Error::Refused(Refusal::AlreadyDecided { .. }));
    let is_changed =
        |error: &Error| matches!(error, Error::Refused(Refusal::ProposalChanged { .. }));
    let decided = DecidedByOthers::among(chosen, skipped)?;
    let left = skipped.iter().map(|skipped| &skipped.error);
    let left: Vec<&Error> = left.filter(|error| !is_decided(error)).collect();
    let (bot, person) = (press.turn.bot, press.turn.person);
    let mut answers = Vec::new();
    if let (Some(decided), true) = (&decided, left.is_empty()) {
        let camp = draw::camp_name(&press.card.proposal);
        let view = view::Approved::elsewhere(camp, &decided.made, decided.word);
        answers.extend(press.show(&bot.draw(&view)?).await?);
    }
    answers.extend(decided.map(|decided| press.turn.reply(decided.told())));
    if left.iter().any(|error| is_changed(error)) {
        refund::show_anew(press.ctx(), &press.turn.actor, &picked(chosen)).await?;
        answers.extend(changed(press, skipped).await?);
        answers.extend(anew::instead(press).await?);
    } else if let Some(error) = left.first() {
        answers.extend(replies::refusal(bot, person, error));
    }
    if answers.is_empty() {
        let changes = Vec::new();
        let changed = ErrorKind::Refused(Refusal::ProposalChanged { changes });
        answers.push(press.turn.refused(&changed));
    }
    Ok(answers)
}
