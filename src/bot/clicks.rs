//! Presses on cards. A step (confirmation, back) changes the card of the one who pressed; a
//! decision changes it for everybody, and whoever comes second learns who was first. Everything
//! is done by the services: a card only says what was shown.

use chrono::TimeDelta;
use serde_json::{Value, json};
use wecom::event::CardClick;
use wecom::message::CardAudience;

use crate::domain::staff::{Actor, Channel};
use crate::domain::{Action, CardId, RefundId, Timestamp};
use crate::services::inbox::Reply;
use crate::services::refund::{self, Batch, Picked};
use crate::services::{Error, Refusal, Result, cards, lookup, review, staff};
use crate::store::cards::{Card, CardState};

use super::layout::{CHOICES, Face, read_key};
use super::pending::{self, Frozen};
use super::{Bot, answers, matching, replies, single};

/// Seconds after the end of the undo window at which outcomes are first looked at.
const SUMMARY_AFTER_S: i64 = 3;

/// A press, with all that is known of it.
pub(super) struct Press<'a> {
    pub(super) bot: &'a Bot,
    pub(super) person: &'a str,
    pub(super) actor: Actor,
    pub(super) card: Card,
    pub(super) action: &'a str,
    pub(super) click: &'a CardClick,
}

/// What came of showing a decision.
#[derive(Default)]
pub(super) struct Concluded {
    /// Texts for those whose card could not be changed.
    pub(super) answers: Vec<Reply>,
    /// The cards that show it.
    pub(super) cards: Vec<CardId>,
}

/// What a press leads to.
pub(super) async fn press(bot: &Bot, person: &str, click: &CardClick) -> Result<Vec<Reply>> {
    let gone = || vec![replies::text(bot, person, "answer_card_gone", json!({}))];
    // Cards are found by their key; whether the task id survives a replacement is unconfirmed.
    let Some((id, action)) = read_key(&click.key) else {
        return Ok(gone());
    };
    let Some(card) = cards::find(&bot.ctx, id).await? else {
        return Ok(gone());
    };
    if !click.response_code.is_empty() {
        cards::keep_code(&bot.ctx, id, person, &click.response_code).await?;
    }
    let Some(actor) = staff::actor_by_wecom_userid(&bot.ctx, person, Channel::Card).await? else {
        let body = json!({"word": "forbidden"});
        return Ok(vec![replies::text(bot, person, "answer_refused", body)]);
    };
    if card.state == CardState::Open && card.expires_at <= bot.ctx.now() {
        return Ok(gone());
    }
    let press = Press {
        bot,
        person,
        actor,
        card,
        action,
        click,
    };
    match press.card.kind.as_str() {
        "digest" | "refund_list_ready" => on_digest(&press).await,
        "batch" => on_batch(&press).await,
        "single" => single::on_single(&press).await,
        "match" => matching::on_match(&press).await,
        _ => on_notice(&press).await,
    }
}

impl Press<'_> {
    /// Shows the card as `kind` to the one who pressed.
    pub(super) async fn show(&self, kind: &str, body: Value) -> Result<Vec<Reply>> {
        let audience = CardAudience::users([self.person])
            .map_err(|error| Error::Invariant(error.to_string()))?;
        change(self.bot, self.person, &self.card, audience, kind, body).await
    }

    /// Writes what was decided, and shows it as `kind` to everybody who has this card or another
    /// one about the same. Done again after a crash it changes nothing that was done.
    pub(super) async fn conclude(
        &self,
        moved: (CardState, CardState),
        kind: &str,
        outcome: Value,
    ) -> Result<Concluded> {
        let ctx = &self.bot.ctx;
        let by = Some(self.actor.user_id);
        let (subject, ids) = (&self.card.subject, self.outcome_ids());
        let others = cards::about(ctx, &self.card.kind, subject, moved.0).await?;
        // A decision that is withdrawn takes along the cards that show this very decision.
        let others = others.into_iter().filter(|other| {
            other.id != self.card.id && (moved.0 == CardState::Open || ids_of(other) == ids)
        });
        let mut concluded = Concluded::default();
        for card in std::iter::once(self.card.clone()).chain(others) {
            cards::decide(ctx, card.id, moved, outcome.clone(), by).await?;
            let reader = match card.audience.first() {
                Some(person) if card.id != self.card.id => person.clone(),
                _ => self.person.to_owned(),
            };
            let all = CardAudience::all();
            let missed = change(self.bot, &reader, &card, all, kind, outcome.clone()).await?;
            concluded.answers.extend(missed);
            concluded.cards.push(card.id);
        }
        Ok(concluded)
    }

    /// Whether this very click was decided before the process died over it.
    pub(super) fn is_mine_again(&self) -> bool {
        self.card.state == CardState::Decided && self.card.decided_by == Some(self.actor.user_id)
    }

    pub(super) fn outcome_ids(&self) -> Vec<RefundId> {
        ids_of(&self.card)
    }

    /// Says who was first, on the card and in a text of its own.
    pub(super) async fn too_late(&self, kind: &str, outcome: &Value) -> Result<Vec<Reply>> {
        let mut answers = self.show(kind, outcome.clone()).await?;
        answers.push(replies::text(
            self.bot,
            self.person,
            "answer_decided",
            outcome.clone(),
        ));
        Ok(answers)
    }
}

/// Changes a sent card. Where that cannot be, a text with a link to the page takes its place.
async fn change(
    bot: &Bot,
    person: &str,
    card: &Card,
    audience: CardAudience,
    kind: &str,
    body: Value,
) -> Result<Vec<Reply>> {
    let body = bot.with_site(body);
    let face = Face::new(card.id, &bot.ctx.settings.public_url);
    let layout = bot.layout(kind, &body)?;
    let replacement = layout
        .replacement(&face)
        .map_err(|error| Error::Invariant(format!("{kind}: {error}")))?;
    let client = bot.ctx.wecom()?;
    match cards::update(&bot.ctx, client, card.id, audience, replacement).await? {
        cards::Updated::Done => Ok(Vec::new()),
        cards::Updated::NoCode | cards::Updated::Failed(_) => {
            let body = json!({"text": layout.in_words(), "campId": card.camp_id});
            Ok(vec![replies::text(bot, person, "answer_card_link", body)])
        }
    }
}

async fn on_digest(press: &Press<'_>) -> Result<Vec<Reply>> {
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

async fn on_batch(press: &Press<'_>) -> Result<Vec<Reply>> {
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
    let mut concluded = press.conclude(moved, "decided", outcome).await?;
    let later = follow_up(press, &concluded.cards, undo_until.unwrap_or(now));
    concluded.answers.extend(later);
    Ok(concluded.answers)
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

/// The messages that a decision asks for later: the cards without 撤回, and the summary for the
/// one who decided and those who have the card.
pub(super) fn follow_up(
    press: &Press<'_>,
    shown_on: &[CardId],
    undo_until: Timestamp,
) -> Vec<Reply> {
    let once = |person: &str, kind: &'static str, card: CardId, at: Timestamp| {
        let body = json!({"cardId": card.0});
        let mut reply = replies::later(press.bot, person, kind, body, at);
        reply.message.dedupe_key = Some(format!("{kind}:{card}:{person}"));
        reply
    };
    let over = shown_on
        .iter()
        .map(|card| once(press.person, "undo_over", *card, undo_until));
    let summary_at = undo_until.plus(TimeDelta::seconds(SUMMARY_AFTER_S));
    let mut audience = press.card.audience.clone();
    if !audience.iter().any(|person| person == press.person) {
        audience.push(press.person.to_owned());
    }
    let summaries = audience
        .iter()
        .map(|person| once(person, "batch_summary", press.card.id, summary_at));
    over.chain(summaries).collect()
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
                "status": status, "count": null,
            });
            return match latest_outcome(press).await? {
                Some(known) => press.too_late("decided", &known).await,
                None => press.too_late("decided", &no_undo(outcome)).await,
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

/// A press on a card that somebody has decided in the meantime.
pub(super) async fn decided_already(press: &Press<'_>) -> Result<Vec<Reply>> {
    let kind = match press.card.kind.as_str() {
        "single" => "single_decided",
        _ if press.card.state == CardState::Withdrawn => "withdrawn",
        "digest" | "refund_list_ready" | "batch" => "decided",
        _ => "mended",
    };
    match latest_outcome(press).await? {
        Some(outcome) => press.too_late(kind, &outcome).await,
        None => Ok(vec![replies::text(
            press.bot,
            press.person,
            "answer_card_gone",
            json!({}),
        )]),
    }
}

/// What was decided about the card, without 撤回 once its time is over.
async fn latest_outcome(press: &Press<'_>) -> Result<Option<Value>> {
    let card = cards::find(&press.bot.ctx, press.card.id).await?;
    Ok(card.and_then(|card| card.outcome))
}

fn no_undo(mut outcome: Value) -> Value {
    if let Some(fields) = outcome.as_object_mut() {
        fields.insert("canUndo".to_owned(), json!(false));
        fields.insert("skipped".to_owned(), json!(0));
    }
    outcome
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
    Ok(press.conclude(moved, "withdrawn", body).await?.answers)
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

/// Notices with the one button that mends what they tell of.
async fn on_notice(press: &Press<'_>) -> Result<Vec<Reply>> {
    if press.card.state != CardState::Open {
        return decided_already(press).await;
    }
    let (what, mut answers) = match (press.action, press.card.camp_id) {
        ("sync", Some(camp)) => {
            let action = Action::SyncCheckIns;
            let camp = lookup::camp(&press.bot.ctx, &press.actor, action, camp).await?;
            let answers = answers::sync_camp(press.bot, press.person, &press.actor, &camp).await?;
            ("sync", answers)
        }
        ("retry", _) => {
            let id = press.card.proposal.get("refundId").and_then(Value::as_i64);
            let id = id.ok_or(Error::NotFound)?;
            refund::retry(&press.bot.ctx, &press.actor, RefundId(id)).await?;
            ("retry", Vec::new())
        }
        _ => return Ok(vec![gone(press)]),
    };
    let outcome = json!({
        "what": what,
        "by": press.actor.name,
        "at": replies::moment(press.bot.ctx.now()),
        "canUndo": false,
    });
    let moved = (CardState::Open, CardState::Decided);
    answers.extend(press.conclude(moved, "mended", outcome).await?.answers);
    Ok(answers)
}

fn gone(press: &Press<'_>) -> Reply {
    replies::text(press.bot, press.person, "answer_card_gone", json!({}))
}

/// The refunds that the decision on a card was about.
pub(super) fn ids_of(card: &Card) -> Vec<RefundId> {
    card.outcome
        .as_ref()
        .and_then(|outcome| outcome.get("ids"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_i64)
        .map(RefundId)
        .collect()
}

pub(super) fn camp_name(card: &Card) -> String {
    let body = card.proposal.get("body").unwrap_or(&card.proposal);
    let name = body.get("campName").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

/// The number of the card that a message names.
pub(super) fn card_of(body: &Value) -> Option<CardId> {
    body.get("cardId").and_then(Value::as_i64).map(CardId)
}
