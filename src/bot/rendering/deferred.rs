//! Messages that are drawn by how things stand when they are sent.

use chrono::TimeDelta;

use crate::bot::Bot;
use crate::bot::cards::waiting::waiting_for;
use crate::bot::cards::{digest, draw, urging};
use crate::bot::layout::Face;
use crate::bot::replies::clock;
use crate::domain::card::Outcome;
use crate::domain::message::{Refused, SyncReport, UrgeReady};
use crate::domain::staff::Channel;
use crate::domain::{CardId, CardState, Recipients, WecomUserid};
use crate::services::deliver::Rendered;
use crate::services::sync::SyncState;
use crate::services::{Error, Result, cards, refund, staff, sync, urge, with_causes};
use crate::store::cards::Card;
use crate::store::outbox::DueMessage;

use super::reply_views;

/// How often what is under way is looked at again.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(5);
/// How long a summary waits for the last refund before it counts it as under way.
const SUMMARY_AT_LATEST: TimeDelta = TimeDelta::minutes(30);
/// How long a report waits for the end of a sync.
const REPORT_AT_LATEST: TimeDelta = TimeDelta::hours(2);

impl Bot {
    pub(super) fn look_again(&self) -> Rendered {
        Rendered::NotYet(self.ctx.now().plus(LOOK_AGAIN))
    }

    fn is_late(&self, due: &DueMessage, limit: TimeDelta) -> bool {
        self.ctx.now() >= due.created_at.plus(limit)
    }

    /// The digest of a camp whose refund list has been built, as of now: one card for all who
    /// decide about it.
    pub(super) async fn refund_list(&self, due: &DueMessage) -> Result<Rendered> {
        if due.card_id.is_some() {
            return self.sent_card(due).await;
        }
        let (Some(camp), Recipients::Members(readers)) = (due.camp_id, &due.to) else {
            return Ok(Rendered::Nothing);
        };
        match waiting_for(self, readers, camp).await? {
            Some(waiting) => self.new_card(due, digest::propose(&waiting)?.into()).await,
            // Named by the configuration, but nobody on the staff: nothing they may decide.
            None => Ok(Rendered::Nothing),
        }
    }

    /// The result of a sync, for the one who asked for it.
    pub(super) async fn sync_report(
        &self,
        due: &DueMessage,
        report: &SyncReport,
    ) -> Result<Rendered> {
        let Some(person) = one_of(&due.to) else {
            return Ok(Rendered::Nothing);
        };
        let actor = staff::actor_by_wecom_userid(&self.ctx, person, Channel::Chat).await?;
        let Some(actor) = actor else {
            // No longer on the staff: not theirs to know.
            return Ok(Rendered::Nothing);
        };
        let run = sync::poll(&self.ctx, &actor, report.sync_id).await?;
        if run.state == SyncState::Running && !self.is_late(due, REPORT_AT_LATEST) {
            return Ok(self.look_again());
        }
        let waits = run.waits_for_confirmation();
        let view = reply_views::SyncReport {
            waits,
            camp_name: report.camp_name.clone(),
            state: run.state,
            members: run.counts.members,
            new_checkins: run.counts.new_checkins,
            newly_eligible: run.counts.newly_eligible,
            unknown_users: run.counts.unknown_users,
            error: run.error,
        };
        self.text(due, &view)
    }

    /// What a camp's group will read, for the one who wants it urged, once today's check-ins are
    /// read.
    pub(super) async fn urge_ready(&self, due: &DueMessage, ready: &UrgeReady) -> Result<Rendered> {
        if due.card_id.is_some() {
            return self.sent_card(due).await;
        }
        let Some(person) = one_of(&due.to) else {
            return Ok(Rendered::Nothing);
        };
        let actor = staff::actor_by_wecom_userid(&self.ctx, person, Channel::Chat).await?;
        let Some(actor) = actor else {
            return Ok(Rendered::Nothing);
        };
        if let Some(id) = ready.sync_id {
            let run = sync::poll(&self.ctx, &actor, id).await?;
            if run.state == SyncState::Running && !self.is_late(due, REPORT_AT_LATEST) {
                return Ok(self.look_again());
            }
        }
        let draft = match urge::draft(&self.ctx, &actor, ready.camp_id).await {
            Ok(draft) => draft,
            Err(Error::Store(error)) => return Err(error.into()),
            Err(error) => {
                let sentence = self.ctx.settings.catalogue.say_in_full(&error.kind());
                return self.text(due, &Refused { sentence });
            }
        };
        if draft.missing == 0 {
            let view = reply_views::AllCame {
                camp_name: draft.camp.name,
                came: draft.came,
                unknown: draft.unknown,
                as_of: clock(draft.as_of),
            };
            return self.text(due, &view);
        }
        self.new_card(due, urging::propose(&draft).into()).await
    }

    /// The outcomes of a card's refunds, once all of them have one.
    pub(super) async fn batch_summary(&self, due: &DueMessage, id: CardId) -> Result<Rendered> {
        let card = self.card_named(id).await?;
        if card.state == CardState::Withdrawn {
            return Ok(Rendered::Nothing);
        }
        let refunds = card.outcome.as_ref().map(Outcome::refunds);
        let outcomes = refund::outcomes(&self.ctx, &refunds.unwrap_or_default()).await?;
        if outcomes.under_way > 0 && !self.is_late(due, SUMMARY_AT_LATEST) {
            return Ok(self.look_again());
        }
        let view = reply_views::BatchSummary {
            camp_name: draw::camp_name(&card.proposal).to_owned(),
            succeeded: outcomes.succeeded,
            failed: outcomes.failed,
            under_way: outcomes.under_way,
            not_approved: outcomes.not_approved,
            failures: outcomes
                .failures
                .iter()
                .map(reply_views::FailedRefund::of)
                .collect(),
        };
        self.text(due, &view)
    }

    /// Takes the 撤回 off a card whose undo window has closed.
    pub(super) async fn undo_over(&self, id: CardId) -> Result<Rendered> {
        let card = self.card_named(id).await?;
        match (card.state, &card.outcome) {
            (CardState::Decided, Some(outcome)) => {
                self.update(&card, &outcome.clone().without_undo())
            }
            _ => Ok(Rendered::Nothing),
        }
    }

    /// Takes the buttons off a card that a new one has taken the place of, or whose time is over.
    pub(super) async fn card_renewed(&self, id: CardId) -> Result<Rendered> {
        let card = self.card_named(id).await?;
        match (card.state, &card.outcome) {
            (CardState::Replaced, Some(outcome)) => self.update(&card, outcome),
            _ => Ok(Rendered::Nothing),
        }
    }

    fn update(&self, card: &Card, outcome: &Outcome) -> Result<Rendered> {
        let face = Face::new(card.id, &self.ctx.settings.public_url);
        let layout = draw::outcome(self, &card.proposal, outcome, self.ctx.now())?;
        let replacement = layout.replacement(&face);
        let replacement = replacement.map_err(|error| Error::Invariant(with_causes(&error)))?;
        Ok(Rendered::Update(card.id, Box::new(replacement)))
    }

    async fn card_named(&self, id: CardId) -> Result<Card> {
        cards::find(&self.ctx, id).await?.ok_or(Error::NotFound)
    }
}

/// The first of the members that a message goes to.
fn one_of(to: &Recipients) -> Option<&str> {
    match to {
        Recipients::Members(userids) => userids.first().map(WecomUserid::as_str),
        Recipients::Group(_) => None,
    }
}
