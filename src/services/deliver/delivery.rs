//! One call: a message, and the texts that go along in its own. It is marked as tried
//! before the call goes out.

use chrono::TimeDelta;
use wecom::message::Text;

use crate::services::{Context, Result};
use crate::store::StoreError;
use crate::store::outbox::{self, DueMessage};

use super::budget::Budget;
use super::rendered::Rendered;

/// How long a worker may hold a message without a call: longer than a call can take.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Between texts that are sent as one.
const TOGETHER: &str = "\n————\n";

/// A message, and the texts that go along with it, in one call.
pub(super) struct Delivery {
    pub(super) first: DueMessage,
    pub(super) along: Vec<DueMessage>,
    pub(super) rendered: Rendered,
}

/// How the preparation of a call ended.
pub(super) enum Begun {
    Yes,
    /// The readers have been written enough for now.
    NoRoom,
    /// Another worker has it by now.
    NotOurs,
}

impl Delivery {
    pub(super) const fn of(message: DueMessage, rendered: Rendered) -> Self {
        Self {
            first: message,
            along: Vec::new(),
            rendered,
        }
    }

    /// Puts `other` behind the text, if both are texts and fit into one.
    pub(super) fn fits(&self, other: &Rendered) -> Option<Text> {
        match (&self.rendered, other) {
            (Rendered::Text(text), Rendered::Text(other)) => {
                Text::new([text.as_str(), other.as_str()].join(TOGETHER)).ok()
            }
            _ => None,
        }
    }

    pub(super) fn messages(&self) -> Vec<DueMessage> {
        let first = std::iter::once(&self.first);
        first.chain(&self.along).cloned().collect()
    }

    /// The platform counts all but changes of a card as messages to their readers.
    const fn is_counted(&self) -> bool {
        matches!(
            self.rendered,
            Rendered::Text(_) | Rendered::Card(_) | Rendered::Picture(_) | Rendered::Group(_)
        )
    }

    /// Marks all of it as tried and counts it in the readers' budget, before the call goes out.
    pub(super) async fn begin(&mut self, ctx: &Context) -> Result<Begun> {
        let budget = self.is_counted().then(|| Budget::of(&self.first));
        let (mut messages, wall_now) = (self.messages(), ctx.wall_now());
        let carrier = self.first.id;
        let begun = ctx
            .db
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(budget) = budget
                        && !budget.take(tx, carrier, wall_now).await?
                    {
                        return Ok(None);
                    }
                    for message in &mut messages {
                        let carried_by = (message.id != carrier).then_some(carrier);
                        let until = wall_now.plus(LEASE);
                        outbox::begin_try(tx, message, wall_now, until, carried_by);
                    }
                    Ok::<_, StoreError>(Some(messages))
                })
            })
            .await;
        match begun {
            Ok(Some(messages)) => {
                self.take_back(messages);
                Ok(Begun::Yes)
            }
            Ok(None) => Ok(Begun::NoRoom),
            Err(StoreError::Stale { .. }) => Ok(Begun::NotOurs),
            Err(error) => Err(error.into()),
        }
    }

    fn take_back(&mut self, messages: Vec<DueMessage>) {
        let mut messages = messages.into_iter();
        if let Some(first) = messages.next() {
            self.first = first;
        }
        self.along = messages.collect();
    }
}
