//! A person's turn of the conversation: who has written or pressed, and what the bot answers them
//! with.

use std::collections::BTreeSet;

use crate::catalogue::ErrorKind;
use crate::domain::card::Proposal;
use crate::domain::message::DecidedBy;
use crate::domain::staff::Actor;
use crate::domain::{CampId, FieldError, FieldErrors, Message, Timestamp, WecomUserid};
use crate::services::inbox::Reply;
use crate::services::{Context, cards};
use crate::store::outbox::Priority;

use super::{Bot, replies};

/// The turn of one of the staff.
#[derive(Clone)]
pub(super) struct Turn<'a> {
    pub(super) bot: &'a Bot,
    /// Their WeCom userid.
    pub(super) person: &'a str,
    pub(super) actor: Actor,
    pub(super) now: Timestamp,
}

impl<'a> Turn<'a> {
    pub(super) fn of(bot: &'a Bot, person: &'a str, actor: Actor) -> Self {
        Self {
            bot,
            person,
            actor,
            now: bot.ctx.now(),
        }
    }

    pub(super) const fn ctx(&self) -> &'a Context {
        &self.bot.ctx
    }

    /// Tells them something.
    pub(super) fn reply(&self, content: impl Into<Message>) -> Reply {
        replies::reply(self.bot, self.person, content)
    }

    /// Tells them why something was not done.
    pub(super) fn refused(&self, kind: &ErrorKind) -> Reply {
        replies::refused(self.bot, self.person, kind)
    }

    /// Tells them that they have picked nothing from `field` of a card.
    pub(super) fn nothing_picked(&self, field: &'static str) -> Reply {
        let missing = FieldErrors::from([(field.into(), FieldError::Missing)]);
        self.refused(&ErrorKind::Invalid(missing))
    }

    /// Tells them something about a camp.
    pub(super) fn reply_about(&self, camp: CampId, content: impl Into<Message>) -> Reply {
        replies::about(self.reply(content), camp)
    }

    /// Sends them a card.
    pub(super) fn card(&self, camp: Option<CampId>, proposal: impl Into<Proposal>) -> Reply {
        let audience = BTreeSet::from([WecomUserid::new(self.person)]);
        let card = cards::new(self.ctx(), camp, proposal.into(), audience);
        let mut reply = replies::card(self.bot, card);
        reply.message.priority = Priority::Reply;
        reply
    }

    /// The record that they decide something now.
    pub(super) fn decided_now(&self) -> DecidedBy {
        DecidedBy {
            by: self.actor.name.clone(),
            at: self.now,
        }
    }
}
