//! From what the outbox holds to what people read: texts, cards, and what can only be drawn later.

mod deferred;
mod views;

#[cfg(test)]
pub(super) use views::CHECKS;

use futures::future::BoxFuture;
use serde_json::Value;
use wecom::group_robot::GroupMessage;

use crate::domain::message::Page;
use crate::domain::{CardId, Message, Recipients};
use crate::services::deliver::{Rendered, RenderedCard, Renderer};
use crate::services::{Context, Error, Result, cards};
use crate::store::cards::NewCard;
use crate::store::outbox::DueMessage;

use super::cards::pending::CARD_LIFE;
use super::layout::{Face, Layout};
use super::templates::View;
use super::{Bot, replies};

impl Renderer for Bot {
    fn render<'a>(
        &'a self,
        _ctx: &'a Context,
        message: &'a DueMessage,
    ) -> BoxFuture<'a, Result<Rendered>> {
        Box::pin(self.rendered(message))
    }
}

impl Bot {
    async fn rendered(&self, due: &DueMessage) -> Result<Rendered> {
        match &due.content {
            Message::PaymentAbnormal(it) => {
                self.notice(due, &views::PaymentAbnormal::from(it)).await
            }
            Message::RefundFailed(it) => self.notice(due, &views::RefundFailed::from(it)).await,
            Message::SyncFailed(it) => self.notice(due, it).await,
            Message::CampEnded(it) => self.notice(due, it).await,
            Message::CookieDead(it) => self.notice(due, it).await,
            Message::CookieExpiring(it) => self.notice(due, it).await,
            Message::RefundDone(it) => self.text(due, &views::RefundDone::from(it)),
            Message::RefundStuck(it) => self.text(due, it),
            Message::RefundUnexpected(it) => self.text(due, it),
            Message::MatchWaiting(it) => self.text(due, it),
            Message::MatchContested(it) => self.text(due, it),
            Message::Help(it) => self.text(due, it),
            Message::OtherTalk(it) => self.text(due, it),
            Message::Stranger(it) => self.text(due, it),
            Message::OwnProgress(it) => self.text(due, &views::OwnProgress::from(it)),
            Message::Camps(it) => self.text(due, it),
            Message::CampProgress(it) => self.text(due, &views::CampProgress::from(it)),
            Message::Members(it) => self.text(due, &views::Members::from(it)),
            Message::NoCamp(it) => self.text(due, it),
            Message::NothingPending(it) => self.text(due, it),
            Message::SyncStarted(it) => self.text(due, it),
            Message::MatchEvidence(it) => self.text(due, it),
            Message::MatchCamps(it) => self.text(due, it),
            Message::MatchDone(it) => self.text(due, it),
            Message::PaymentOutcome(it) => self.text(due, &views::PaymentOutcome::from(it)),
            Message::DecidedBefore(it) => self.text(due, &views::DecidedBefore::from(it)),
            Message::Refused(it) => self.text(due, &views::Refused::from(it)),
            Message::Failed(it) => self.text(due, it),
            Message::CardGone(it) => self.text(due, it),
            Message::CardLink(it) => {
                let (label, link) = self.page(it.page, it.camp_id);
                let text = it.text.clone();
                self.text(due, &views::CardLink { text, label, link })
            }
            Message::CardSent(_) => self.sent_card(due).await,
            Message::RefundListReady(_) => self.refund_list(due).await,
            Message::SyncReport(it) => self.sync_report(due, it).await,
            Message::BatchSummary(it) => self.batch_summary(due, it.card_id).await,
            Message::UndoOver(it) => self.undo_over(it.card_id).await,
            Message::CardRenewed(it) => self.card_renewed(it.card_id).await,
            Message::Untyped(it) => self.untyped(due, it),
        }
    }

    fn text(&self, due: &DueMessage, view: &impl View) -> Result<Rendered> {
        let text = self.templates.text(view);
        self.addressed(due, text.map_err(|error| Error::Invariant(full(&error)))?)
    }

    /// The text by the way that its recipients have.
    fn addressed(&self, due: &DueMessage, text: wecom::message::Text) -> Result<Rendered> {
        match due.to {
            Recipients::Members(_) => Ok(Rendered::Text(text)),
            Recipients::Group(_) => GroupMessage::text(text.as_str())
                .map(Rendered::Group)
                .map_err(|error| Error::Invariant(error.to_string())),
        }
    }

    pub(super) fn layout_of(&self, view: &impl View) -> Result<Layout> {
        let layout = self.templates.layout(view);
        layout.map_err(|error| Error::Invariant(full(&error)))
    }

    /// A notice that is a card. One that calls back gets a row, by which a press finds it.
    async fn notice(&self, due: &DueMessage, view: &impl View) -> Result<Rendered> {
        let layout = self.layout_of(view)?;
        if !layout.calls_back() {
            let face = Face::new(CardId(due.id), &self.ctx.settings.public_url);
            return self.card(due, &layout, &face, None, Page::Refunds);
        }
        let id = match due.card_id {
            Some(id) => Some(id),
            None => cards::of_message(&self.ctx, due.id, self.notice_card(due)?).await?,
        };
        match id {
            Some(id) => {
                let face = self.face(id, due);
                self.card(due, &layout, &face, Some(id), Page::Refunds)
            }
            None => Ok(self.look_again()),
        }
    }

    fn notice_card(&self, due: &DueMessage) -> Result<NewCard> {
        let kind = due.content.kind();
        let proposal = due.content.payload();
        let proposal = proposal.and_then(|payload| serde_json::from_str::<Value>(&payload));
        let proposal = proposal.map_err(|error| Error::Invariant(error.to_string()))?;
        let about = ["refundId", "paymentId", "campId"]
            .into_iter()
            .find_map(|name| Some(format!("{name}:{}", proposal.get(name)?)));
        Ok(NewCard {
            kind: kind.to_owned(),
            camp_id: due.camp_id,
            subject: about.unwrap_or_else(|| kind.to_owned()),
            proposal,
            audience: replies::userids(&due.to),
            expires_at: self.ctx.now().plus(CARD_LIFE),
        })
    }

    /// The card of a message, drawn by what was stored with the card.
    async fn sent_card(&self, due: &DueMessage) -> Result<Rendered> {
        let id = due.card_id.ok_or(Error::NotFound)?;
        let card = cards::find(&self.ctx, id).await?.ok_or(Error::NotFound)?;
        let body = card.proposal.get("body").unwrap_or(&card.proposal);
        let layout = self.layout(&card.kind, body)?;
        let page = replies::page_of(&card.kind);
        self.card(due, &layout, &self.face(id, due), Some(id), page)
    }

    fn face(&self, id: CardId, due: &DueMessage) -> Face {
        Face::to_send(id, due.created_at.secs(), &self.ctx.settings.public_url)
    }

    /// A card to be sent, and the text that takes its place where it cannot be.
    fn card(
        &self,
        due: &DueMessage,
        layout: &Layout,
        face: &Face,
        id: Option<CardId>,
        page: Page,
    ) -> Result<Rendered> {
        let (label, link) = self.page(page, due.camp_id);
        let (label, link) = match layout.page() {
            Some((label, link)) => (label.to_owned(), link.to_owned()),
            None => (label, link),
        };
        let text = layout.in_words();
        let as_text = self
            .templates
            .text(&views::CardInWords { text, label, link });
        let card = layout.card(face);
        Ok(Rendered::Card(Box::new(RenderedCard {
            id,
            card: card.map_err(|error| Error::Invariant(full(&error)))?,
            as_text: as_text.map_err(|error| Error::Invariant(full(&error)))?,
        })))
    }

    /// The label and the address of a page of the console.
    fn page(&self, page: Page, camp: Option<crate::domain::CampId>) -> (String, String) {
        let label = match page {
            Page::Members => "打开成员页",
            Page::Refunds => "打开审核页",
        };
        let query = camp.map_or_else(String::new, |camp| format!("?campId={camp}"));
        let site = &self.ctx.settings.public_url;
        (label.to_owned(), format!("{site}/admin/{page}{query}"))
    }
}

/// An error with its causes, for the record of a message that could not be rendered.
fn full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}

// What follows goes with the last caller that has no view of its own yet.
impl Bot {
    fn untyped(
        &self,
        due: &DueMessage,
        untyped: &crate::domain::message::Untyped,
    ) -> Result<Rendered> {
        let text = self.templates.text_of(&untyped.template, &untyped.body);
        self.addressed(due, text.map_err(|error| Error::Invariant(full(&error)))?)
    }

    /// What a template is filled with knows where our pages are.
    pub(super) fn with_site(&self, body: Value) -> Value {
        body
    }

    pub(super) fn layout(&self, kind: &str, body: &Value) -> Result<Layout> {
        match Message::read(kind, 1, &body.to_string()) {
            Ok(Message::PaymentAbnormal(it)) => self.layout_of(&views::PaymentAbnormal::from(&it)),
            Ok(Message::RefundFailed(it)) => self.layout_of(&views::RefundFailed::from(&it)),
            Ok(Message::SyncFailed(it)) => self.layout_of(&it),
            Ok(Message::CampEnded(it)) => self.layout_of(&it),
            _ => self
                .templates
                .layout_file(kind, body)
                .map_err(|error| Error::Invariant(full(&error))),
        }
    }
}
