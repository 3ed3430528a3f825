//! The part that the presses on all cards share: which card, whose press, and how a decision is shown. A
//! step (confirmation, back) changes the card of the one who pressed; a decision changes it for
//! everybody, and whoever comes second learns who was first. Everything is done by the services: a
//! card only says what was shown.

use std::collections::BTreeSet;

use wecom::event::CardClick;
use wecom::message::CardAudience;

use crate::bot::layout::{Face, Layout};
use crate::bot::turn::Turn;
use crate::bot::{Bot, replies};
use crate::domain::card::{Chosen, Outcome};
use crate::domain::message::{CardGone, CardLink};
use crate::domain::{CardState, Machine as _, Move, Recipients, WecomUserid};
use crate::services::inbox::Reply;
use crate::services::{Context, Error, Result, cards};
use crate::store::cards::Card;

use super::draw;

/// A press, with all that is known of it.
pub(in crate::bot) struct Press<'a> {
    pub(in crate::bot) turn: Turn<'a>,
    pub(in crate::bot) card: &'a Card,
    pub(in crate::bot) action: &'a str,
    /// None where it goes on with what they have written.
    pub(in crate::bot) click: Option<&'a CardClick>,
}

impl Press<'_> {
    pub(super) const fn ctx(&self) -> &Context {
        self.turn.ctx()
    }

    /// What was picked on the card for a question.
    pub(super) fn selected(&self, question: &str) -> &[String] {
        self.click.map_or(&[], |click| click.selected(question))
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.card.state, CardState::Open)
    }

    /// Shows the card as `layout` to the one who pressed.
    pub(super) async fn show(&self, layout: &Layout) -> Result<Vec<Reply>> {
        show_to_presser(&self.turn, self.card, layout).await
    }

    /// Records a decision, and shows it to everybody who has this card or another one about the
    /// same; answers texts for those whose card could not be changed. Whoever comes second learns
    /// who was first. Done again after a crash it changes nothing that was done.
    pub(super) async fn decide(
        &self,
        change: Move<CardState>,
        outcome: Outcome,
    ) -> Result<Vec<Reply>> {
        let by = Some(self.turn.actor.user_id);
        let others = self.decided_along(change.to(), &outcome).await?;
        let kept = Some(outcome.clone());
        if !cards::decide(self.ctx(), self.card.id, change, kept, by).await?
            && !self.is_mine_by_now(change.to()).await?
        {
            return self.decided_already().await;
        }
        let mut answers = self
            .show_to_all(self.card, self.readers(), &outcome)
            .await?;
        // Nobody has pressed them: the code from their sending is all they have, and it is spent
        // on this. So they never show a 撤回 that could not be taken off again.
        let outcome = outcome.without_undo();
        for other in others {
            let change = other.state.to(change.to())?;
            if cards::decide(self.ctx(), other.id, change, Some(outcome.clone()), by).await? {
                let readers = other.audience.clone();
                answers.extend(self.show_to_all(&other, readers, &outcome).await?);
            }
        }
        Ok(answers)
    }

    /// Records what somebody meant, and shows it to them. That the card still shows its choice where
    /// it cannot be changed is not worth a text.
    pub(super) async fn choose(&self, chosen: Chosen) -> Result<()> {
        let outcome = Outcome::Chosen(chosen);
        let (bot, now) = (self.turn.bot, self.turn.now);
        let layout = draw::outcome(bot, &self.card.proposal, &outcome, now)?;
        let change = CardState::Open.to(CardState::Decided)?;
        let by = Some(self.turn.actor.user_id);
        cards::decide(self.ctx(), self.card.id, change, Some(outcome), by).await?;
        self.show(&layout).await?;
        Ok(())
    }

    /// The other cards for which the decision on this one leaves nothing: those that wait for
    /// nothing else than what was decided. A decision that is withdrawn takes along the cards that
    /// show this very decision.
    async fn decided_along(&self, to: CardState, outcome: &Outcome) -> Result<Vec<Card>> {
        let card = self.card;
        let is_withdrawn = to == CardState::Withdrawn;
        let from = if is_withdrawn {
            CardState::Decided
        } else {
            CardState::Open
        };
        let (kind, subject) = (card.proposal.kind(), &card.subject);
        let mut others = cards::about(self.ctx(), kind, subject, from).await?;
        let decided = outcome.refunds();
        others.retain(|other| {
            other.id != card.id
                && if is_withdrawn {
                    is_same_decision(other, card)
                } else {
                    other.proposal.is_settled_by(&decided)
                }
        });
        Ok(others)
    }

    /// Those who have the card, and the one who pressed.
    pub(super) fn readers(&self) -> BTreeSet<WecomUserid> {
        let mut readers = self.card.audience.clone();
        readers.insert(WecomUserid::new(self.turn.person));
        readers
    }

    /// Shows a decision that is made to all who have a card of it; in words where the card cannot be
    /// drawn or sent.
    async fn show_to_all(
        &self,
        card: &Card,
        readers: BTreeSet<WecomUserid>,
        outcome: &Outcome,
    ) -> Result<Vec<Reply>> {
        let to = Recipients::Members(readers);
        let shown = match draw::outcome(self.turn.bot, &card.proposal, outcome, self.turn.now) {
            Ok(layout) => change(&self.turn, to.clone(), card, CardAudience::all(), &layout).await,
            Err(error) => Err(error),
        };
        shown.or_else(|error| {
            let told = in_words(&self.turn, to, card, outcome, &error);
            told.map_or(Err(error), |told| Ok(vec![told]))
        })
    }

    /// Tells who was first, as the card stands by now.
    pub(super) async fn decided_already(&self) -> Result<Vec<Reply>> {
        let card = cards::find(self.ctx(), self.card.id).await?;
        let card = card.filter(|card| card.state != CardState::Replaced);
        match card.and_then(|card| card.outcome) {
            Some(outcome) => self.too_late(&outcome).await,
            None => Ok(vec![self.gone()]),
        }
    }

    /// Tells who was first, on the card and in a text of its own. Where this card still waits
    /// nothing can be taken back by it: then `outcome` is one without 撤回.
    pub(super) async fn too_late(&self, outcome: &Outcome) -> Result<Vec<Reply>> {
        let proposal = &self.card.proposal;
        let Some(told) = outcome.told(proposal) else {
            return Ok(vec![self.gone()]);
        };
        let shown = match draw::outcome(self.turn.bot, proposal, outcome, self.turn.now) {
            Ok(layout) => self.show(&layout).await,
            Err(error) => Err(error),
        };
        let mut answers = match shown {
            Err(error) if may_pass(&error) => return Err(error),
            // The text says it all.
            Err(error) => {
                not_shown(self.card, &error);
                Vec::new()
            }
            Ok(answers) => answers,
        };
        answers.push(self.turn.reply(told));
        Ok(answers)
    }

    pub(super) fn gone(&self) -> Reply {
        gone(self.turn.bot, self.turn.person)
    }

    /// Is true where this very click was decided before the process died over it.
    pub(super) fn is_mine_again(&self) -> bool {
        self.is_mine(self.card, CardState::Decided)
    }

    /// Is true where this very click has reserved the card, or decided it, before the process died
    /// over it.
    pub(super) fn is_reserved_by_me(&self) -> bool {
        self.is_mine(self.card, CardState::Reserved) || self.is_mine_again()
    }

    /// Is true where this very click has withdrawn before the process died over it.
    pub(super) fn is_withdrawn_by_me(&self) -> bool {
        self.is_mine(self.card, CardState::Withdrawn)
    }

    /// Looks whether this very click has brought the card into `state` by now.
    pub(super) async fn is_mine_by_now(&self, state: CardState) -> Result<bool> {
        let card = cards::find(self.ctx(), self.card.id).await?;
        Ok(card.is_some_and(|card| self.is_mine(&card, state)))
    }

    fn is_mine(&self, card: &Card, state: CardState) -> bool {
        card.state == state && card.decided_by == Some(self.turn.actor.user_id)
    }
}

/// Shows a card as `layout` to the one who pressed it.
pub(super) async fn show_to_presser(
    turn: &Turn<'_>,
    card: &Card,
    layout: &Layout,
) -> Result<Vec<Reply>> {
    let audience =
        CardAudience::users([turn.person]).map_err(|error| Error::Invariant(error.to_string()))?;
    change(turn, Recipients::one(turn.person), card, audience, layout).await
}

/// Changes a sent card. Where that cannot be, a text with a link to the page takes its place.
async fn change(
    turn: &Turn<'_>,
    to: Recipients,
    card: &Card,
    audience: CardAudience,
    layout: &Layout,
) -> Result<Vec<Reply>> {
    let ctx = turn.ctx();
    let face = Face::new(card.id, &ctx.settings.public_url);
    let replacement = layout
        .replacement(&face)
        .map_err(|error| Error::Invariant(format!("card {}: {error}", card.id)))?;
    match cards::update(ctx, ctx.wecom()?, card.id, audience, replacement).await? {
        cards::Updated::Done => Ok(Vec::new()),
        cards::Updated::NoCode | cards::Updated::Busy(_) | cards::Updated::Failed(_) => {
            let link = CardLink {
                text: layout.in_words(),
                page: draw::page_of(&card.proposal),
                camp_id: card.camp_id,
            };
            Ok(vec![replies::reply_to(turn.bot, to, link)])
        }
    }
}

/// What has been decided on a card, in words from what is stored, for those to whom it could not be
/// shown; none where trying again may help.
fn in_words(
    turn: &Turn<'_>,
    to: Recipients,
    card: &Card,
    outcome: &Outcome,
    error: &Error,
) -> Option<Reply> {
    let told = outcome.told(&card.proposal).filter(|_| !may_pass(error))?;
    not_shown(card, error);
    Some(replies::reply_to(turn.bot, to, told))
}

/// Answers a press that went wrong from what is stored: where the card is decided, nothing may say
/// that it was not done. Anything else stays the error that it is.
pub(super) async fn from_store(turn: &Turn<'_>, card: &Card, error: Error) -> Result<Vec<Reply>> {
    let is_told = replies::refusal(turn.bot, turn.person, &error).is_some();
    if is_told || may_pass(&error) {
        return Err(error);
    }
    let stored = cards::find(turn.ctx(), card.id).await?;
    let outcome = stored.as_ref().and_then(|stored| stored.outcome.as_ref());
    let to = Recipients::one(turn.person);
    let told = outcome.and_then(|outcome| in_words(turn, to, card, outcome, &error));
    told.map_or(Err(error), |told| Ok(vec![told]))
}

/// Whether trying again may help: somebody else was first, or the database was away.
pub(in crate::bot) const fn may_pass(error: &Error) -> bool {
    matches!(error, Error::Store(_))
}

fn not_shown(card: &Card, error: &Error) {
    let error = error as &dyn std::error::Error;
    tracing::error!(
        error,
        card = card.id.0,
        "a decision could not be shown on its card"
    );
}

/// Tells somebody that the card they pressed is unknown, or that its time is over.
pub(super) fn gone(bot: &Bot, person: &str) -> Reply {
    replies::reply(bot, person, CardGone {})
}

/// Compares the decisions that two cards show: about the same refunds, or the same account.
fn is_same_decision(one: &Card, other: &Card) -> bool {
    let about = |card: &Card| {
        let outcome = card.outcome.as_ref();
        outcome.map(|outcome| (outcome.refunds(), outcome.account()))
    };
    about(one) == about(other)
}
