//! Deciding by the list: the digest of a camp, and batches of up to twenty members.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::{Action, RefundId, Timestamp};
use crate::services::inbox::Reply;
use crate::services::refund::{self, Batch, Picked};
use crate::services::{Error, Refusal, Result, lookup, review};
use crate::store::cards::CardState;

use super::clicks::{Press, camp_name, decided_already, latest_outcome};
use super::layout::CHOICES;
use super::pending::{self, Frozen};
use super::replies;

/// Seconds after the end of the undo window at which outcomes are first looked at.
const SUMMARY_AFTER_S: i64 = 3;

/// A press on the digest of a camp.
pub(super) async fn on_digest(press: &Press<'_>) -> Result<Vec<Reply>> {
    let frozen = Frozen::of(&press.card)?;
    let is_open = press.card.state == CardState::Open;
    match press.action {
        "pass" | "back" if !is_open => decided_already(press).await,
        "pass" => confirm(press, &frozen.all(), "digest_confirm", "confirm", "back").await,
        "back" => press.show("digest", frozen.body).await,
        "confirm" => approve(press, &frozen, &frozen.all()).await,
        "batch" | "next" => next_batch(press).await,
        "undo" => undo(press).await,
        _ => decided_already(press).await,
    }
}

/// A press on a batch.
pub(super) async fn on_batch(press: &Press<'_>) -> Result<Vec<Reply>> {
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
    let body = json!({
        "campName": camp_name(&press.card),
        "count": dry.approvable.len(),
        "sumYuan": dry.sum_fen.yuan(),
        "skipped": dry.skipped.len(),
        "undoSeconds": press.bot.ctx.settings.undo_seconds,
        "confirm": confirm_action,
        "back": back_action,
    });
    press.show(kind, body).await
}

async fn approve(press: &Press<'_>, frozen: &Frozen, picked: &[Picked]) -> Result<Vec<Reply>> {
    if press.card.state != CardState::Open && !press.is_mine_again() {
        return decided_already(press).await;
    }
    let batch = refund::approve_batch(&press.bot.ctx, &press.actor, picked).await?;
    let (mine, undo_until) = approved_by_me(press, &batch).await?;
    if mine.is_empty() {
        return nothing_left(press, batch.skipped.iter().map(|skipped| &skipped.error)).await;
    }
    let left = batch.skipped.len() + batch.approved.len() - mine.len();
    let now = press.bot.ctx.now();
    let outcome = json!({
        "campName": camp_name(&press.card),
        "by": press.actor.name,
        "at": replies::moment(now),
        "count": mine.len(),
        "sumYuan": frozen.sum(&mine)?.yuan(),
        "skipped": left,
        "undoUntil": undo_until.map(replies::moment_s),
        "canUndo": undo_until.is_some_and(|until| until > now),
        "ids": mine.iter().map(|id| id.0).collect::<Vec<_>>(),
        "kind": press.card.kind,
    });
    let moved = (CardState::Open, CardState::Decided);
    let mut answers = press.conclude(moved, "decided", outcome).await?;
    answers.extend(follow_up(press, undo_until.unwrap_or(now)));
    Ok(answers)
}

/// What this person has approved of the batch, just now or before the process died over this very
/// click, and until when it can be withdrawn.
async fn approved_by_me(
    press: &Press<'_>,
    batch: &Batch,
) -> Result<(Vec<RefundId>, Option<Timestamp>)> {
    let mut mine = batch.approved.clone();
    let mut undo_until = batch.undo_until;
    for skipped in &batch.skipped {
        if !matches!(
            &skipped.error,
            Error::Refused(Refusal::AlreadyDecided { .. })
        ) {
            continue;
        }
        let refund = review::one(&press.bot.ctx, &press.actor, skipped.id).await?;
        let decision = refund.standing.decision.as_ref();
        let is_mine = refund.status.claims_money()
            && decision.is_some_and(|decision| decision.by == press.actor.user_id);
        if is_mine {
            mine.push(skipped.id);
            undo_until = undo_until.or(refund.standing.undo_until);
        }
    }
    Ok((mine, undo_until))
}

/// The messages that a decision asks for later: the card without 撤回, and the summary for the one
/// who decided and those who have the card.
pub(super) fn follow_up(press: &Press<'_>, undo_until: Timestamp) -> [Reply; 2] {
    let card = press.card.id;
    let once = |readers: &str, kind: &'static str, at: Timestamp| {
        let body = json!({"cardId": card.0});
        let mut reply = replies::later(readers, kind, body, at);
        reply.message.dedupe_key = Some(format!("{kind}:{card}:{}", press.person));
        reply
    };
    let mut readers = press.card.audience.clone();
    if !readers.iter().any(|reader| reader == press.person) {
        readers.push(press.person.to_owned());
    }
    let summary_at = undo_until.plus(TimeDelta::seconds(SUMMARY_AFTER_S));
    [
        once(press.person, "undo_over", undo_until),
        once(&readers.join("|"), "batch_summary", summary_at),
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
            return match latest_outcome(press).await? {
                Some(known) => press.too_late("decided", &known).await,
                None => press.too_late("decided", &outcome).await,
            };
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

async fn undo(press: &Press<'_>) -> Result<Vec<Reply>> {
    if press.card.state != CardState::Decided {
        return decided_already(press).await;
    }
    let ids = press.outcome_ids();
    let mut withdrawn = Vec::new();
    for id in &ids {
        match refund::undo(&press.bot.ctx, &press.actor, *id).await {
            Ok(_) => withdrawn.push(*id),
            Err(Error::Refused(Refusal::UndoOver | Refusal::WrongState(_))) => {}
            Err(error) => return Err(error),
        }
    }
    if withdrawn.is_empty() {
        // Withdrawn by a click whose process died, or too late.
        let outcomes = refund::outcomes(&press.bot.ctx, &ids).await?;
        if outcomes.not_approved == 0 {
            return Err(Refusal::UndoOver.into());
        }
    }
    let now = press.bot.ctx.now();
    let body = json!({
        "campName": camp_name(&press.card),
        "by": press.actor.name,
        "at": replies::moment(now),
        "count": withdrawn.len().max(1),
        "left": ids.len().saturating_sub(withdrawn.len()),
        "canUndo": false,
        "ids": ids.iter().map(|id| id.0).collect::<Vec<_>>(),
    });
    let moved = (CardState::Decided, CardState::Withdrawn);
    press.conclude(moved, "withdrawn", body).await
}

async fn next_batch(press: &Press<'_>) -> Result<Vec<Reply>> {
    let Some(camp) = press.card.camp_id else {
        return decided_already(press).await;
    };
    let camp = lookup::camp(&press.bot.ctx, &press.actor, Action::ReviewRefunds, camp).await?;
    let waiting = review::waiting(&press.bot.ctx, &press.actor, camp).await?;
    if waiting.is_empty() {
        let body = json!({"campName": waiting.camp.name});
        let text = replies::text(press.bot, press.person, "answer_nothing_pending", body);
        return Ok(vec![text]);
    }
    Ok(vec![pending::batch(press.bot, press.person, &waiting)])
}
