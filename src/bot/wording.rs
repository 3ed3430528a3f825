//! Putting what the outbox holds into words: texts, cards, and what can only be said later.

use chrono::TimeDelta;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use wecom::group_robot::GroupMessage;

use crate::domain::staff::Channel as ActorChannel;
use crate::domain::{CardId, CardState, SyncId, Timestamp};
use crate::services::deliver::{Worded, WordedCard, Wording};
use crate::services::sync::SyncState;
use crate::services::{Context, Error, Result, cards, refund, staff, sync};
use crate::store::cards::{Card, NewCard};
use crate::store::outbox::{Channel, DueMessage};

use super::cards::pending::{self, CARD_LIFE};
use super::cards::press;
use super::layout::{Face, Layout};
use super::{Bot, failures, replies};

/// How often what is under way is looked at again.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(5);
/// How long a summary waits for the last refund before it counts it as under way.
const SUMMARY_AT_LATEST: TimeDelta = TimeDelta::minutes(30);
/// How long a report waits for the end of a sync.
const REPORT_AT_LATEST: TimeDelta = TimeDelta::hours(2);

impl Wording for Bot {
    fn word<'a>(
        &'a self,
        _ctx: &'a Context,
        message: &'a DueMessage,
    ) -> BoxFuture<'a, Result<Worded>> {
        Box::pin(self.put_into_words(message))
    }
}

impl Bot {
    async fn put_into_words(&self, message: &DueMessage) -> Result<Worded> {
        let body: Value = serde_json::from_str(&message.body)
            .map_err(|error| Error::Invariant(format!("message {}: {error}", message.id)))?;
        let body = self.with_site(body);
        if message.channel == Channel::GroupRobot {
            let text = self.text(&message.kind, &body)?;
            let text = GroupMessage::text(text.as_str());
            return text
                .map(Worded::Group)
                .map_err(|error| Error::Invariant(error.to_string()));
        }
        match message.kind.as_str() {
            "refund_list_ready" => self.list_ready(message).await,
            "sync_report" => self.sync_report(message, body).await,
            "batch_summary" => self.batch_summary(message, &body).await,
            "undo_over" => self.undo_over(&body).await,
            "card_renewed" => self.card_renewed(&body).await,
            kind @ "refund_failed" => self.card(message, kind, with_words(body)).await,
            kind if self.templates.is_card(kind) => self.card(message, kind, body).await,
            kind => Ok(Worded::Text(self.text(kind, &body)?)),
        }
    }

    /// What a template is filled with knows where our pages are.
    pub(super) fn with_site(&self, mut body: Value) -> Value {
        if let Some(fields) = body.as_object_mut() {
            fields.insert("site".to_owned(), json!(self.ctx.settings.public_url));
        }
        body
    }

    fn text(&self, kind: &str, body: &Value) -> Result<wecom::message::Text> {
        self.templates
            .text(kind, body)
            .map_err(|error| Error::Invariant(full(&error)))
    }

    pub(super) fn layout(&self, kind: &str, body: &Value) -> Result<Layout> {
        self.templates
            .layout(kind, body)
            .map_err(|error| Error::Invariant(full(&error)))
    }

    /// A card. One that calls back and has no row yet, a notice, gets one.
    async fn card(&self, message: &DueMessage, kind: &str, body: Value) -> Result<Worded> {
        let layout = self.layout(kind, &body)?;
        if !layout.calls_back() {
            let face = Face::new(CardId(message.id), &self.ctx.settings.public_url);
            return self.built(&layout, &face, None, message);
        }
        let id = match message.card_id {
            Some(id) => Some(CardId(id)),
            None => {
                let card = self.notice_card(message, kind, body);
                cards::of_message(&self.ctx, message.id, card).await?
            }
        };
        match id {
            Some(id) => self.built(&layout, &self.face(id, message), Some(id), message),
            None => Ok(Worded::NotYet(self.ctx.now().plus(LOOK_AGAIN))),
        }
    }

    fn notice_card(&self, message: &DueMessage, kind: &str, body: Value) -> NewCard {
        let about = ["refundId", "paymentId", "campId"]
            .into_iter()
            .find_map(|name| Some(format!("{name}:{}", body.get(name)?)));
        NewCard {
            kind: kind.to_owned(),
            camp_id: message.camp_id.map(crate::domain::CampId),
            subject: about.unwrap_or_else(|| kind.to_owned()),
            proposal: body,
            audience: replies::readers(&message.recipient),
            expires_at: self.ctx.now().plus(CARD_LIFE),
        }
    }

    fn face(&self, id: CardId, message: &DueMessage) -> Face {
        let stamp = Timestamp::from_micros(message.created_at).secs();
        Face::to_send(id, stamp, &self.ctx.settings.public_url)
    }

    /// The digest of a camp whose refund list has been built, as of now: one card for all who
    /// decide about it.
    async fn list_ready(&self, message: &DueMessage) -> Result<Worded> {
        if let Some(id) = message.card_id.map(CardId) {
            let card = cards::find(&self.ctx, id).await?.ok_or(Error::NotFound)?;
            let body = self.with_site(card.proposal.get("body").cloned().unwrap_or_default());
            let layout = self.layout("digest", &body)?;
            return self.built(&layout, &self.face(id, message), Some(id), message);
        }
        let readers = replies::readers(&message.recipient);
        let waiting = match message.camp_id.map(crate::domain::CampId) {
            Some(camp) => pending::waiting_for(self, &readers, camp).await?,
            None => None,
        };
        let Some(waiting) = waiting else {
            // Named by the configuration, but nobody on the staff: nothing they may decide.
            return Ok(Worded::Nothing);
        };
        let card = pending::digest_card(self, &message.recipient, &waiting)?;
        let body = self.with_site(pending::body_of(&card));
        let layout = self.layout("digest", &body)?;
        match cards::of_message(&self.ctx, message.id, card).await? {
            Some(id) => self.built(&layout, &self.face(id, message), Some(id), message),
            None => Ok(Worded::NotYet(self.ctx.now().plus(LOOK_AGAIN))),
        }
    }

    /// A card to be sent, and the text that takes its place where it cannot be.
    fn built(
        &self,
        layout: &Layout,
        face: &Face,
        id: Option<CardId>,
        message: &DueMessage,
    ) -> Result<Worded> {
        let site = &self.ctx.settings.public_url;
        let (label, page) = replies::page_of(site, &message.kind, message.camp_id);
        let (label, link) = layout.page().unwrap_or((label, &page));
        let in_words = json!({"text": layout.in_words(), "link": link, "label": label});
        let card = layout
            .card(face)
            .map_err(|error| Error::Invariant(full(&error)))?;
        Ok(Worded::Card(Box::new(WordedCard {
            id,
            card,
            in_words: self.text("card_in_words", &in_words)?,
        })))
    }

    async fn sync_report(&self, message: &DueMessage, mut body: Value) -> Result<Worded> {
        let id = body.get("syncId").and_then(Value::as_i64).map(SyncId);
        let person = message.recipient.as_str();
        let actor = staff::actor_by_wecom_userid(&self.ctx, person, ActorChannel::Chat).await?;
        let Some(actor) = actor else {
            // No longer on the staff: not theirs to know.
            return Ok(Worded::Nothing);
        };
        let run = sync::poll(&self.ctx, &actor, id.ok_or(Error::NotFound)?).await?;
        let is_late = self.is_late(message, REPORT_AT_LATEST);
        if run.state == SyncState::Running && !is_late {
            return Ok(Worded::NotYet(self.ctx.now().plus(LOOK_AGAIN)));
        }
        if let Some(fields) = body.as_object_mut() {
            fields.insert("state".to_owned(), json!(run.state.as_str()));
            fields.insert("members".to_owned(), json!(run.counts.members));
            fields.insert("newCheckins".to_owned(), json!(run.counts.new_checkins));
            fields.insert("newlyEligible".to_owned(), json!(run.counts.newly_eligible));
            fields.insert("unknownUsers".to_owned(), json!(run.counts.unknown_users));
            fields.insert("error".to_owned(), json!(run.error));
        }
        Ok(Worded::Text(self.text("sync_report", &body)?))
    }

    /// What became of the refunds of a card, once all have an outcome.
    async fn batch_summary(&self, message: &DueMessage, body: &Value) -> Result<Worded> {
        let card = self.card_named(body).await?;
        if card.state == CardState::Withdrawn {
            return Ok(Worded::Nothing);
        }
        let outcomes = refund::outcomes(&self.ctx, &press::ids_of(&card)).await?;
        if outcomes.under_way > 0 && !self.is_late(message, SUMMARY_AT_LATEST) {
            return Ok(Worded::NotYet(self.ctx.now().plus(LOOK_AGAIN)));
        }
        let body = self.with_site(json!({
            "campName": press::camp_name(&card),
            "succeeded": outcomes.succeeded,
            "failed": outcomes.failed,
            "underWay": outcomes.under_way,
            "notApproved": outcomes.not_approved,
        }));
        Ok(Worded::Text(self.text("batch_summary", &body)?))
    }

    /// Takes the 撤回 off a card whose time is over.
    async fn undo_over(&self, body: &Value) -> Result<Worded> {
        let card = self.card_named(body).await?;
        let (CardState::Decided, Some(outcome)) = (card.state, card.outcome.clone()) else {
            return Ok(Worded::Nothing);
        };
        let kind = if card.kind == "single" {
            "single_decided"
        } else {
            "decided"
        };
        self.update(&card, kind, press::without_undo(outcome.shown))
    }

    /// Greys a card that a new one has taken the place of, or whose time is over.
    async fn card_renewed(&self, body: &Value) -> Result<Worded> {
        let card = self.card_named(body).await?;
        match (card.state, card.outcome.clone()) {
            (CardState::Replaced, Some(outcome)) => self.update(&card, "renewed", outcome.shown),
            _ => Ok(Worded::Nothing),
        }
    }

    fn update(&self, card: &Card, kind: &str, outcome: Value) -> Result<Worded> {
        let face = Face::new(card.id, &self.ctx.settings.public_url);
        let replacement = self
            .layout(kind, &self.with_site(outcome))?
            .replacement(&face)
            .map_err(|error| Error::Invariant(full(&error)))?;
        Ok(Worded::Update(card.id, Box::new(replacement)))
    }

    async fn card_named(&self, body: &Value) -> Result<Card> {
        let id = press::card_of(body).ok_or(Error::NotFound)?;
        cards::find(&self.ctx, id).await?.ok_or(Error::NotFound)
    }

    fn is_late(&self, message: &DueMessage, limit: TimeDelta) -> bool {
        let since = Timestamp::from_micros(message.created_at);
        self.ctx.now() >= since.plus(limit)
    }
}

/// A failed refund, with its reason in words.
fn with_words(mut body: Value) -> Value {
    let told = body.get("reason").and_then(Value::as_str);
    let told = failures::told(told.unwrap_or_default());
    if let Some(fields) = body.as_object_mut() {
        fields.insert("told".to_owned(), json!(told));
    }
    body
}

/// An error with its causes, for the record of a message that could not be worded.
fn full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}
