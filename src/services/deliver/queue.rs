//! One reader's messages of one priority, in order. What cannot be sent now holds back what comes
//! after it; what cannot be rendered yet does not.

use std::collections::VecDeque;

use crate::services::{Context, Error, Result};
use crate::store::StoreError;
use crate::store::outbox::DueMessage;

use super::budget::Budget;
use super::call;
use super::delivered::Delivered;
use super::delivery::{Begun, Delivery};
use super::outcome::{self, Attempt};
use super::rendered::{Rendered, Renderer};

/// The messages left, of which the first may have been rendered already.
struct Queue<'a> {
    ctx: &'a Context,
    renderer: &'a dyn Renderer,
    waiting: VecDeque<DueMessage>,
    next: Option<(DueMessage, Rendered)>,
    delivered: Delivered,
}

/// Sends one reader's messages.
pub(super) async fn serve(
    ctx: &Context,
    renderer: &dyn Renderer,
    messages: Vec<DueMessage>,
) -> Result<Delivered> {
    let mut queue = Queue {
        ctx,
        renderer,
        waiting: messages.into(),
        next: None,
        delivered: Delivered::default(),
    };
    while let Some(delivery) = queue.next_delivery().await? {
        let attempt = deliver(ctx, delivery).await?;
        queue.delivered.add(attempt.delivered);
        if !attempt.go_on {
            break;
        }
    }
    let Queue {
        waiting,
        next,
        delivered,
        ..
    } = queue;
    let rest = next.map(|(message, _)| message);
    outcome::release(ctx, rest.into_iter().chain(waiting).collect()).await?;
    Ok(delivered)
}

async fn deliver(ctx: &Context, mut delivery: Delivery) -> Result<Attempt> {
    // A robot recognises no repeat: what may have arrived is never sent again (design §6).
    if matches!(delivery.rendered, Rendered::Group(_)) && delivery.first.tried_at.is_some() {
        let why = "the worker that sent it died".to_owned();
        return delivery.unknown(ctx, why).await;
    }
    match delivery.begin(ctx).await? {
        Begun::Yes => call::carry_out(ctx, &delivery).await,
        Begun::NoRoom => delivery.no_room(ctx).await,
        Begun::NotOurs => Ok(Attempt::wait(Delivered::default())),
    }
}

impl Queue<'_> {
    /// The next message, with the texts that go along.
    async fn next_delivery(&mut self) -> Result<Option<Delivery>> {
        if !self.look_ahead().await? {
            return Ok(None);
        }
        let Some((message, rendered)) = self.next.take() else {
            return Ok(None);
        };
        let mut delivery = Delivery::of(message, rendered);
        if matches!(delivery.rendered, Rendered::Text(_)) {
            self.gather(&mut delivery).await?;
        }
        Ok(Some(delivery))
    }

    /// Takes along what follows: after a call whose answer is not known, what that call carried;
    /// else as much as is needed for all to find room in the budget.
    async fn gather(&mut self, delivery: &mut Delivery) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut conn = self.ctx.db.read().await?;
        let budget = Budget::of(&delivery.first);
        let left = budget.left(&mut conn, self.ctx.wall_now()).await?;
        drop(conn);
        while self.look_ahead().await? {
            let Some((next, rendered)) = self.next.take() else {
                return Ok(());
            };
            let is_wanted = if delivery.first.tried_at.is_some() {
                next.carried_by == Some(delivery.first.id)
            } else {
                self.is_crowded(left)
            };
            match delivery.fits(&rendered) {
                Some(text) if is_wanted => {
                    delivery.rendered = Rendered::Text(text);
                    delivery.along.push(next);
                }
                _ => {
                    self.next = Some((next, rendered));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// More wait than there is room for: the one being sent, the one being looked at and the rest.
    fn is_crowded(&self, left: i64) -> bool {
        i64::try_from(self.waiting.len() + 2).map_or(true, |wanted| wanted > left)
    }

    /// Renders the next message, and those behind it as long as there is nothing to send now;
    /// `false` if none is left.
    async fn look_ahead(&mut self) -> Result<bool> {
        while self.next.is_none() {
            let Some(message) = self.waiting.pop_front() else {
                return Ok(false);
            };
            let rendered = self.renderer.render(self.ctx, &message).await;
            let delivery = Delivery::of(message, Rendered::Nothing);
            let attempt = match rendered {
                Ok(Rendered::NotYet(at)) => delivery.not_yet(self.ctx, at).await?,
                Ok(Rendered::Nothing) => delivery.nothing(self.ctx).await?,
                Ok(rendered) => {
                    self.next = Some((delivery.first, rendered));
                    return Ok(true);
                }
                // A row that cannot be read stays so: it ends this message, and holds up no other.
                Err(Error::Store(error)) if !matches!(error, StoreError::Inconsistent { .. }) => {
                    return Err(error.into());
                }
                Err(error) => delivery.failed(self.ctx, error.to_string()).await?,
            };
            self.delivered.add(attempt.delivered);
        }
        Ok(true)
    }
}
