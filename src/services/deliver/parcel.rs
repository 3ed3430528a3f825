//! What one call tells: a message, and the texts that go along in its own. It is marked as tried
//! before the call goes out.

use wecom::message::Text;

use crate::services::{Context, Result};
use crate::store::StoreError;
use crate::store::outbox::{self, DueMessage};

use super::budget::Budget;
use super::{LEASE, Worded};

/// Between texts told together.
const TOGETHER: &str = "\n————\n";

/// What one call tells.
pub(super) struct Parcel {
    pub(super) first: DueMessage,
    pub(super) along: Vec<DueMessage>,
    pub(super) worded: Worded,
}

/// Whether a call may go out.
pub(super) enum Begun {
    Yes,
    /// The readers have been written enough for now.
    NoRoom,
    /// Another worker has it by now.
    NotOurs,
}

impl Parcel {
    pub(super) const fn of(message: DueMessage, worded: Worded) -> Self {
        Self {
            first: message,
            along: Vec::new(),
            worded,
        }
    }

    /// Puts `other` behind the text, if both are texts and fit into one.
    pub(super) fn fits(&self, other: &Worded) -> Option<Text> {
        match (&self.worded, other) {
            (Worded::Text(text), Worded::Text(other)) => {
                Text::new([text.as_str(), other.as_str()].join(TOGETHER)).ok()
            }
            _ => None,
        }
    }

    pub(super) fn messages(&self) -> Vec<DueMessage> {
        let first = std::iter::once(&self.first);
        first.chain(&self.along).cloned().collect()
    }

    /// Whether the platform counts it as a message to its readers.
    const fn is_counted(&self) -> bool {
        matches!(
            self.worded,
            Worded::Text(_) | Worded::Card(_) | Worded::Group(_)
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
                        outbox::begin_try(tx, message, wall_now, until, carried_by).await?;
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
