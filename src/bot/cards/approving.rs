//! Deciding by the list: the digest of a camp, and batches of up to twenty members.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::{Action, CardState, Machine as _, RefundId, RefundStatus, Timestamp};
use crate::services::inbox::Reply;
use crate::services::refund::{self, Batch, Picked};
use crate::services::{Error, Refusal, Result, cards, lookup, review};
use crate::store::cards::{Claim, Outcome};

use crate::bot::cards::pending::{self, Frozen};
use crate::bot::cards::press::{Press, camp_name, decided_already, ids_of};
use crate::bot::layout::CHOICES;
use crate::bot::replies;

/// Seconds after the end of the undo window at which outcomes are first looked at.
const SUMMARY_AFTER_S: i64 = 3;

/// A press on the digest of a camp.
pub(in crate::bot) async fn on_digest(press: &Press<'_>) -> Result<Vec<Reply>> {
    let frozen = Frozen::of(&press.card)?;
    let is_open = press.card.state == CardState::Open;
    match press.action {
        "pass" | "back" if !is_open => decided_already(press).await,
        "pass" => {
            let (all, kind) = (frozen.all(), "digest_confirm");
            confirm(press, &frozen, &all, kind, "confirm", "back").await
        }
        "back" => press.show("digest", frozen.body).await,
        "confirm" => approve(press, &frozen, &frozen.all()).await,
        "batch" | "next" => next_batch(press).await,
        "undo" => undo(press).await,
        _ => decided_already(press).await,
    }
}

/// A press on a batch.
pub(in crate::bot) async fn on_batch(press: &Press<'_>) -> Result<Vec<Reply>> {
    let frozen = Frozen::of(&press.card)?;
    let (verb, mask) = press.action.split_once('_').unwrap_or((press.action, ""));
    let mask = u32::from_str_radix(mask, 16).unwrap_or_default();
    let is_open = press.card.state == CardState::Open;
    match verb {
        "submit" | "back" if !is_open => decided_already(press).await,
        "submit" => {
            let mask = frozen.mask_of(press.click.selected(CHOICES));
            if mask == 0 {
                let body = json!({"word": "nothing_ticked"});
                return Ok(vec![replies::text(
                    press.bot,
                    press.person,
                    "answer_refused",
                    body,
                )]);
            }
            let [confirm_key, back] = ["confirm", "back"].map(|verb| format!("{verb}_{mask:x}"));
            confirm(
                press,
                &frozen,
                &frozen.masked(mask),
                "batch_confirm",
                &confirm_key,
                &back,
            )
            .await
        }
        "back" => {
            press
                .show("batch", ticked(frozen.body.clone(), &frozen, mask))
                .await
        }
        "confirm" => approve(press, &frozen, &frozen.masked(mask)).await,
        "next" => next_batch(press).await,
        "undo" => undo(press).await,
        _ => decided_already(press).await,
    }
}

/// The body of a batch with the ticks that somebody had made.
fn ticked(mut body: Value, frozen: &Frozen, mask: u32) -> Value {
    let chosen: Vec<i64> = frozen
        .masked(mask)
        .iter()
        .map(|picked| picked.id.0)
        .collect();
    let members = body.get_mut("members").and_then(Value::as_array_mut);
    for member in members.into_iter().flatten() {
        let is_chosen = member
            .get("id")
            .and_then(Value::as_i64)
            .is_some_and(|id| chosen.contains(&id));
        if let Some(member) = member.as_object_mut() {
            member.insert("ticked".to_owned(), json!(is_chosen));
        }
    }
    body
}

/// What would happen, for the one who pressed alone.
async fn confirm(
    press: &Press<'_>,
    frozen: &Frozen,
    picked: &[Picked],
    kind: &str,
    confirm_action: &str,
    back_action: &str,
) -> Result<Vec<Reply>> {
    let dry = refund::dry_run(&press.bot.ctx, &press.actor, picked).await?;
    if dry.approvable.is_empty() {
        let errors = dry.skipped.iter().map(|skipped| &skipped.error);
        return nothing_left(press, errors).await;
    }
    let skipped: Vec<RefundId> = dry.skipped.iter().map(|skipped| skipped.id).collect();
    let contested = frozen.contested(&skipped);
    let body = json!({
        "campName": camp_name(&press.card),
        "count": dry.approvable.len(),
        "sumYuan": dry.sum_fen.yuan(),
        "unusual": frozen.unusual(&dry.approvable),
        "contested": contested,
        "skipped": dry.skipped.len() - contested,
        "undoSeconds": press.bot.ctx.settings.undo_seconds,
        "confirm": confirm_action,
        "back": back_action,
    });
    press.show(kind, body).await
}

/// Approves what was picked. The card is taken first, so that of two who press at once one decides
/// all of it, and the other learns by whom; after a crash the same click goes on where it stopped.
async fn approve(press: &Press<'_>, frozen: &Frozen, picked: &[Picked]) -> Result<Vec<Reply>> {
    let Some(held) = claim(press, picked).await? else {
        return decided_already(press).await;
    };
    let mut batch = Batch::default();
    if !held.is_through {
        batch = refund::approve_batch(&press.bot.ctx, &press.actor, picked).await?;
    }
    let mine = Mine::of(press, picked, held.since).await?;
    if mine.is_empty() && held.is_through {
        return decided_already(press).await;
    }
    if mine.is_empty() {
        release(press).await?;
        return nothing_left(press, batch.skipped.iter().map(|skipped| &skipped.error)).await;
    }
    let now = press.bot.ctx.now();
    let mut outcome = claimed(press, picked, held.since);
    if let Some(fields) = outcome.shown.as_object_mut() {
        let left = picked.len() - mine.approved.len() - mine.awaiting;
        let undo_until = mine.undo_until;
        fields.insert("count".to_owned(), json!(mine.approved.len()));
        fields.insert("awaiting".to_owned(), json!(mine.awaiting));
        fields.insert("skipped".to_owned(), json!(left));
        let sum = frozen.sum(&mine.approved)?.yuan();
        fields.insert("sumYuan".to_owned(), json!(sum));
        let until = undo_until.map(replies::moment_s);
        fields.insert("undoUntil".to_owned(), json!(until));
        let can_undo = undo_until.is_some_and(|until| until > now);
        fields.insert("canUndo".to_owned(), json!(can_undo));
    }
    outcome.refunds.clone_from(&mine.approved);
    let change = CardState::Claimed.to(CardState::Decided)?;
    let mut answers = press.conclude(change, "decided", outcome).await?;
    if !mine.approved.is_empty() {
        answers.extend(follow_up(press, mine.undo_until.unwrap_or(now)));
    }
    Ok(answers)
}

/// A card that is this click's to decide.
struct Held {
    /// Since when.
    since: Timestamp,
    /// Whether everything was approved before the process died.
    is_through: bool,
}

/// Takes the card for this click; none if somebody was first.
async fn claim(press: &Press<'_>, picked: &[Picked]) -> Result<Option<Held>> {
    let (ctx, now) = (&press.bot.ctx, press.bot.ctx.now());
    if press.card.state == CardState::Open {
        let change = CardState::Open.to(CardState::Claimed)?;
        let (outcome, by) = (claimed(press, picked, now), Some(press.actor.user_id));
        let is_ours = cards::decide(ctx, press.card.id, change, Some(outcome), by).await?;
        return Ok(is_ours.then_some(Held {
            since: now,
            is_through: false,
        }));
    }
    let claim = press.card.outcome.as_ref();
    let claim = claim.and_then(|outcome| outcome.claim.as_ref());
    let is_this_click = |claim: &&Claim| press.is_claimed_by_me() && claim.asked == asked(picked);
    Ok(claim.filter(is_this_click).map(|claim| Held {
        since: claim.since,
        is_through: press.card.state == CardState::Decided,
    }))
}

/// What a card says while its list is being approved.
fn claimed(press: &Press<'_>, picked: &[Picked], since: Timestamp) -> Outcome {
    let shown = json!({
        "campName": camp_name(&press.card),
        "by": press.actor.name,
        "at": replies::moment(since),
        "count": null,
        "awaiting": 0,
        "skipped": 0,
        "canUndo": false,
    });
    let claim = Claim {
        asked: asked(picked),
        since,
    };
    Outcome {
        claim: Some(claim),
        ..Outcome::from(shown)
    }
}

fn asked(picked: &[Picked]) -> Vec<RefundId> {
    picked.iter().map(|picked| picked.id).collect()
}

/// Gives a card back of which nothing could be approved: others may be able to.
async fn release(press: &Press<'_>) -> Result<()> {
    let change = CardState::Claimed.to(CardState::Open)?;
    // Only a card of ours is claimed here, and only by us.
    cards::decide(&press.bot.ctx, press.card.id, change, None, None).await?;
    Ok(())
}

/// What this person has approved of a list.
#[derive(Default)]
struct Mine {
    /// Let go.
    approved: Vec<RefundId>,
    /// How many wait for a second approver.
    awaiting: usize,
    /// Until when all of it can still be withdrawn.
    undo_until: Option<Timestamp>,
}

impl Mine {
    /// What they have approved since they took the card, just now or before the process died.
    async fn of(press: &Press<'_>, picked: &[Picked], since: Timestamp) -> Result<Self> {
        let mut mine = Self::default();
        let Some(camp) = press.card.camp_id else {
            return Ok(mine);
        };
        let ids = asked(picked);
        let refunds = match review::of_camp(&press.bot.ctx, &press.actor, camp, &ids).await {
            Ok(refunds) => refunds,
            Err(Error::Forbidden(_)) => return Ok(mine),
            Err(error) => return Err(error),
        };
        for refund in refunds {
            let decision = refund.state.decision();
            if decision.is_none_or(|it| it.by != press.actor.user_id || it.at < since) {
                continue;
            }
            if refund.status() == RefundStatus::AwaitingSecond {
                mine.awaiting += 1;
            } else if refund.status().commits_money() {
                mine.approved.push(refund.id);
                let until = refund.state.undo_until();
                mine.undo_until = match (mine.undo_until, until) {
                    (Some(earlier), Some(this)) => Some(earlier.min(this)),
                    (earlier, this) => earlier.or(this),
                };
            }
        }
        Ok(mine)
    }

    const fn is_empty(&self) -> bool {
        self.approved.is_empty() && self.awaiting == 0
    }
}

/// The messages that a decision asks for later: the card without 撤回, and the summary for the one
/// who decided and those who have the card.
pub(in crate::bot) fn follow_up(press: &Press<'_>, undo_until: Timestamp) -> [Reply; 2] {
    let card = press.card.id;
    let once = |readers: &str, kind: &'static str, at: Timestamp| {
        let body = json!({"cardId": card.0});
        let mut reply = replies::later(readers, kind, body, at);
        reply.message.dedupe_key = Some(format!("{kind}:{card}:{}", press.person));
        reply
    };
    let summary_at = undo_until.plus(TimeDelta::seconds(SUMMARY_AFTER_S));
    [
        once(press.person, "undo_over", undo_until),
        once(&press.readers().join("|"), "batch_summary", summary_at),
    ]
}

/// Nothing could be approved: somebody was first, or what was shown has changed.
async fn nothing_left<'e>(
    press: &Press<'_>,
    errors: impl Iterator<Item = &'e Error>,
) -> Result<Vec<Reply>> {
    let mut first = None;
    for error in errors {
        if let Error::Refused(Refusal::AlreadyDecided { by, at, status }) = error {
            let outcome = json!({
                "campName": camp_name(&press.card), "by": by, "at": replies::moment(*at),
                "status": status, "count": null, "skipped": 0, "canUndo": false,
            });
            return press.too_late("decided", &outcome).await;
        }
        first = first.or(Some(error));
    }
    let refused = first.and_then(|error| replies::refusal(press.bot, press.person, error));
    let fallback = || {
        let body = json!({"word": "proposal_changed"});
        replies::text(press.bot, press.person, "answer_refused", body)
    };
    Ok(vec![refused.unwrap_or_else(fallback)])
}

/// Withdraws what the card let go. What was withdrawn before the process died counts: the refunds
/// say how they stand.
async fn undo(press: &Press<'_>) -> Result<Vec<Reply>> {
    let change = CardState::Decided.to(CardState::Withdrawn)?;
    if press.is_withdrawn_by_me()
        && let Some(outcome) = press.card.outcome.clone()
    {
        return press.conclude(change, "withdrawn", outcome).await;
    }
    if press.card.state != CardState::Decided {
        return decided_already(press).await;
    }
    let ids = ids_of(&press.card);
    let mut withdrawn = 0_usize;
    for id in &ids {
        match refund::undo(&press.bot.ctx, &press.actor, *id).await {
            Ok(_) | Err(Error::Refused(Refusal::UndoOver | Refusal::WrongState(_))) => {}
            Err(error) => return Err(error),
        }
        let refund = review::one(&press.bot.ctx, &press.actor, *id).await?;
        withdrawn += usize::from(refund.status() == RefundStatus::Pending);
    }
    if withdrawn == 0 {
        return Err(Refusal::UndoOver.into());
    }
    let now = press.bot.ctx.now();
    let shown = json!({
        "campName": camp_name(&press.card),
        "by": press.actor.name,
        "at": replies::moment(now),
        "count": withdrawn,
        "left": ids.len().saturating_sub(withdrawn),
        "canUndo": false,
    });
    let outcome = Outcome {
        refunds: ids,
        ..Outcome::from(shown)
    };
    press.conclude(change, "withdrawn", outcome).await
}

async fn next_batch(press: &Press<'_>) -> Result<Vec<Reply>> {
    let Some(camp) = press.card.camp_id else {
        return decided_already(press).await;
    };
    let camp = lookup::camp(&press.bot.ctx, &press.actor, Action::ReviewRefunds, camp).await?;
    let waiting = review::waiting(&press.bot.ctx, &press.actor, camp).await?;
    if waiting.is_empty() {
        return Ok(vec![pending::nothing(press.bot, press.person, &waiting)]);
    }
    Ok(vec![pending::batch(press.bot, press.person, &waiting)])
}
