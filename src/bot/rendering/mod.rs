//! From what the outbox holds to what people read: texts, cards, and what can only be drawn later.

mod deferred;
mod notice_views;
mod reply_views;

use futures::future::BoxFuture;
use wecom::group_robot::GroupMessage;
use wecom::media::MediaFile;

use crate::domain::card::Proposal;
use crate::domain::message::Page;
use crate::domain::{CardId, Message, Recipients};
use crate::services::deliver::{Rendered, RenderedCard, Renderer};
use crate::services::{Context, Error, Result, camps, cards, with_causes};
use crate::store::outbox::DueMessage;

use super::Bot;
use super::cards::draw;
use super::layout::{Face, Layout};
use super::templates::View;

#[cfg(test)]
pub(super) const CHECKS: &[&[super::templates::Check]] =
    &[notice_views::CHECKS, reply_views::CHECKS];

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
    #[expect(clippy::too_many_lines, reason = "one line for each kind of message")]
    async fn rendered(&self, due: &DueMessage) -> Result<Rendered> {
        match &due.content {
            Message::PaymentAbnormal(it) => self.notice(due, it.clone().into()).await,
            Message::RefundFailed(it) => self.notice(due, it.clone().into()).await,
            Message::SyncFailed(it) => self.notice(due, it.clone().into()).await,
            Message::RankingOdd(it) => self.notice(due, it.clone().into()).await,
            Message::AppealOpened(it) => self.notice(due, it.clone().into()).await,
            Message::AppealAnswered(it) => self.text(due, &notice_views::AppealAnswered::from(it)),
            Message::PostsMissing(it) => self.text(due, it),
            Message::CampEnded(it) => self.notice(due, it.clone().into()).await,
            Message::CookieDead(it) => self.leading(due, it),
            Message::CookieExpiring(it) => self.leading(due, it),
            Message::SettingUnusable(it) => self.leading(due, it),
            Message::MerchantHeld(it) => self.leading(due, &notice_views::MerchantHeld::from(it)),
            Message::MerchantResumed(it) => self.text(due, it),
            Message::RefundDone(it) => self.text(due, &notice_views::RefundDone::from(it)),
            Message::Urging(it) => self.text(due, &notice_views::Urging::from(it)),
            Message::UrgeReady(it) => self.urge_ready(due, it).await,
            Message::RefundStuck(it) => self.text(due, it),
            Message::RefundUnexpected(it) => self.text(due, it),
            Message::BooksDiffer(it) => self.text(due, it),
            Message::AuditBroken(it) => self.text(due, it),
            Message::BackupProved(it) => self.text(due, it),
            Message::BackupUnusable(it) => self.text(due, it),
            Message::NotJoined(it) => self.text(due, it),
            Message::EndsTomorrow(it) => self.text(due, it),
            Message::ReviewWaits(it) => self.text(due, it),
            Message::ListWaits(it) => self.text(due, it),
            Message::NobodyQualifies(it) => self.text(due, it),
            Message::CampLingers(it) => self.text(due, it),
            Message::OverdueSteps(it) => self.text(due, &notice_views::OverdueSteps::from(it)),
            Message::RefundsSlow(it) => self.text(due, it),
            Message::YearEnds(it) => self.text(due, &notice_views::YearEnds::from(it)),
            Message::MoneyNeeded(it) => self.text(due, &notice_views::MoneyNeeded::from(it)),
            Message::JobFailed(it) => self.text(due, it),
            Message::NoticeUndelivered(it) => self.text(due, it),
            Message::DatabaseSilent(it) => self.text(due, it),
            Message::Enrolled(it) => self.text(due, &notice_views::Enrolled::from(it)),
            Message::VerdictGiven(it) => self.text(due, &notice_views::VerdictGiven::from(it)),
            Message::RefundRejected(it) => self.text(due, &notice_views::RefundRejected::from(it)),
            Message::DepositReturned(it) => {
                self.text(due, &notice_views::DepositReturned::from(it))
            }
            Message::TradeBillCompared(it) => {
                self.leading(due, &notice_views::TradeBillCompared::from(it))
            }
            Message::MatchWaiting(it) => self.text(due, it),
            Message::MatchContested(it) => self.text(due, it),
            Message::Help(it) => self.text(due, it),
            Message::OtherTalk(it) => self.text(due, it),
            Message::Stranger(it) => self.text(due, it),
            Message::OwnProgress(it) => self.text(due, &reply_views::OwnProgress::from(it)),
            Message::Camps(it) => self.text(due, it),
            Message::Listing(it) => self.text(due, &reply_views::Listing::from(it)),
            Message::OnlyText(it) => self.text(due, it),
            Message::Members(it) => self.text(due, &reply_views::Members::from(it)),
            Message::NoCamp(it) => self.text(due, it),
            Message::NothingPending(it) => self.text(due, it),
            Message::SyncStarted(it) => self.text(due, it),
            Message::RefundStandings(it) => self.text(due, &reply_views::RefundStandings::from(it)),
            Message::Retried(it) => self.text(due, &reply_views::Retried::from(it)),
            Message::MonthReport(it) => self.text(due, &reply_views::MonthReport::from(it)),
            Message::EnrollCode(it) => self.text(due, it),
            Message::EnrollPicture(it) => self.enroll_picture(it.camp_id).await,
            Message::ProductStatus(it) => self.text(due, &reply_views::ProductStatus::from(it)),
            Message::MatchEvidence(it) => self.text(due, it),
            Message::MatchCamps(it) => self.text(due, it),
            Message::MatchDone(it) => self.text(due, it),
            Message::PaymentOutcome(it) => self.text(due, &reply_views::PaymentOutcome::from(it)),
            Message::DecidedBefore(it) => self.text(due, &reply_views::DecidedBefore::from(it)),
            Message::ProposalsChanged(it) => {
                let view = reply_views::ProposalsChanged::of(it, &self.ctx.settings.catalogue);
                self.text(due, &view)
            }
            Message::Refused(it) => self.text(due, it),
            Message::Failed(it) => self.text(due, it),
            Message::CardGone(it) => self.text(due, it),
            Message::CardLink(it) => {
                let (label, link) = self.page(it.page, it.camp_id);
                let text = it.text.clone();
                self.text(due, &reply_views::CardLink { text, label, link })
            }
            Message::CardSent(_) => self.sent_card(due).await,
            Message::RefundListReady(_) => self.refund_list(due).await,
            Message::SyncReport(it) => self.sync_report(due, it).await,
            Message::BatchSummary(it) => self.batch_summary(due, it.card_id).await,
            Message::UndoOver(it) => self.undo_over(it.card_id).await,
            Message::CardRenewed(it) => self.card_renewed(it.card_id).await,
        }
    }

    fn text(&self, due: &DueMessage, view: &impl View) -> Result<Rendered> {
        let text = self.templates.text(view);
        self.addressed(
            due,
            text.map_err(|error| Error::Invariant(with_causes(&error)))?,
        )
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

    /// The code by which members enroll in a camp.
    async fn enroll_picture(&self, camp: crate::domain::CampId) -> Result<Rendered> {
        let png = camps::enroll_qr(&self.ctx, camp).await?;
        let picture = MediaFile::new("enroll.png", "image/png", png);
        picture
            .map(Rendered::Picture)
            .map_err(|error| Error::Invariant(error.to_string()))
    }

    /// The card of a view that only leads to a page.
    fn leading(&self, due: &DueMessage, view: &impl View) -> Result<Rendered> {
        self.link(due, &self.draw(view)?)
    }

    /// A card that only leads to a page.
    fn link(&self, due: &DueMessage, layout: &Layout) -> Result<Rendered> {
        let (stamp, site) = (due.created_at.secs(), &self.ctx.settings.public_url);
        let face = Face::of_message(due.id, stamp, site);
        self.card(due, layout, &face, None, Page::Refunds)
    }

    /// A notice that is a card. One that calls back gets a row, by which a press finds it.
    async fn notice(&self, due: &DueMessage, proposal: Proposal) -> Result<Rendered> {
        let layout = draw::proposal(self, &proposal)?;
        if layout.calls_back() {
            self.new_card(due, proposal).await
        } else {
            self.link(due, &layout)
        }
    }

    /// A card of which a press is awaited: it gets a row once, and is drawn by that.
    async fn new_card(&self, due: &DueMessage, proposal: Proposal) -> Result<Rendered> {
        if due.card_id.is_some() {
            return self.sent_card(due).await;
        }
        let Recipients::Members(audience) = due.to.clone() else {
            return Ok(Rendered::Nothing);
        };
        let layout = draw::proposal(self, &proposal)?;
        let page = draw::page_of(&proposal);
        let card = cards::new(&self.ctx, due.camp_id, proposal, audience);
        match cards::of_message(&self.ctx, due.id, card).await? {
            Some(id) => self.card(due, &layout, &self.face(id, due), Some(id), page),
            None => Ok(self.look_again()),
        }
    }

    /// The card of a message, drawn by what was stored with the card.
    async fn sent_card(&self, due: &DueMessage) -> Result<Rendered> {
        let id = due.card_id.ok_or(Error::NotFound)?;
        let card = cards::find(&self.ctx, id).await?.ok_or(Error::NotFound)?;
        let layout = draw::proposal(self, &card.proposal)?;
        let page = draw::page_of(&card.proposal);
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
            .text(&reply_views::CardInWords { text, label, link });
        let card = layout.card(face);
        Ok(Rendered::Card(Box::new(RenderedCard {
            id,
            card: card.map_err(|error| Error::Invariant(with_causes(&error)))?,
            as_text: as_text.map_err(|error| Error::Invariant(with_causes(&error)))?,
        })))
    }

    /// The label and the address of a page of the console.
    fn page(&self, page: Page, camp: Option<crate::domain::CampId>) -> (String, String) {
        let label = match page {
            Page::Members => "打开成员页",
            Page::Refunds => "打开审核页",
            Page::Appeals => "打开申诉页",
        };
        let query = camp.map_or_else(String::new, |camp| format!("?campId={camp}"));
        let site = &self.ctx.settings.public_url;
        (label.to_owned(), format!("{site}/admin/{page}{query}"))
    }
}
