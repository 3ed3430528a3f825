//! One reader's messages of one lane, in order. What cannot be told now holds back what comes
//! after it; what cannot be said yet does not.

use std::collections::VecDeque;

use crate::services::{Context, Error, Result};
use crate::store::outbox::DueMessage;

use super::budget::Budget;
use super::outcome::{self, Ended};
use super::parcel::{Begun, Parcel};
use super::{Delivered, Worded, Wording, call};

/// What is left to be told, of which the first may have been put into words already.
struct Turn<'a> {
    ctx: &'a Context,
    wording: &'a dyn Wording,
    waiting: VecDeque<DueMessage>,
    next: Option<(DueMessage, Worded)>,
    delivered: Delivered,
}

/// Serves one reader.
pub(super) async fn serve(
    ctx: &Context,
    wording: &dyn Wording,
    messages: Vec<DueMessage>,
) -> Result<Delivered> {
    let mut turn = Turn {
        ctx,
        wording,
        waiting: messages.into(),
        next: None,
        delivered: Delivered::default(),
    };
    while let Some(parcel) = turn.next_parcel().await? {
        let ended = tell(ctx, parcel).await?;
        turn.delivered.add(ended.delivered);
        if !ended.go_on {
            break;
        }
    }
    let Turn {
        waiting,
        next,
        delivered,
        ..
    } = turn;
    let rest = next.map(|(message, _)| message);
    outcome::release(ctx, rest.into_iter().chain(waiting).collect()).await?;
    Ok(delivered)
}

async fn tell(ctx: &Context, mut parcel: Parcel) -> Result<Ended> {
    // A robot recognises no repeat: what may have arrived is never sent again (design §6).
    if matches!(parcel.worded, Worded::Group(_)) && parcel.first.tried_at.is_some() {
        let why = "the worker that sent it died".to_owned();
        return parcel.unknown(ctx, why).await;
    }
    match parcel.begin(ctx).await? {
        Begun::Yes => call::carry_out(ctx, &parcel).await,
        Begun::NoRoom => parcel.no_room(ctx).await,
        Begun::NotOurs => Ok(Ended::wait(Delivered::default())),
    }
}

impl Turn<'_> {
    /// The next message, with the texts that go along.
    async fn next_parcel(&mut self) -> Result<Option<Parcel>> {
        if !self.look_ahead().await? {
            return Ok(None);
        }
        let Some((message, worded)) = self.next.take() else {
            return Ok(None);
        };
        let mut parcel = Parcel::of(message, worded);
        if matches!(parcel.worded, Worded::Text(_)) {
            self.gather(&mut parcel).await?;
        }
        Ok(Some(parcel))
    }

    /// Takes along what follows: after a call whose answer is not known, what that call told;
    /// else as much as is needed for all to find room in the budget.
    async fn gather(&mut self, parcel: &mut Parcel) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut conn = self.ctx.db.read().await?;
        let budget = Budget::of(&parcel.first);
        let left = budget.left(&mut conn, self.ctx.wall_now()).await?;
        drop(conn);
        while self.look_ahead().await? {
            let Some((next, worded)) = self.next.take() else {
                return Ok(());
            };
            let is_wanted = if parcel.first.tried_at.is_some() {
                next.carried_by == Some(parcel.first.id)
            } else {
                self.is_crowded(left)
            };
            match parcel.fits(&worded) {
                Some(text) if is_wanted => {
                    parcel.worded = Worded::Text(text);
                    parcel.along.push(next);
                }
                _ => {
                    self.next = Some((next, worded));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Whether more wait than there is room for: the one being told, the one being looked at and
    /// the rest.
    fn is_crowded(&self, left: i64) -> bool {
        i64::try_from(self.waiting.len() + 2).map_or(true, |wanted| wanted > left)
    }

    /// Puts the next message into words, and those behind it that turn out to be nothing to tell
    /// now; `false` if none is left.
    async fn look_ahead(&mut self) -> Result<bool> {
        while self.next.is_none() {
            let Some(message) = self.waiting.pop_front() else {
                return Ok(false);
            };
            let worded = self.wording.word(self.ctx, &message).await;
            let parcel = Parcel::of(message, Worded::Nothing);
            let ended = match worded {
                Ok(Worded::NotYet(at)) => parcel.not_yet(self.ctx, at).await?,
                Ok(Worded::Nothing) => parcel.nothing(self.ctx).await?,
                Ok(worded) => {
                    self.next = Some((parcel.first, worded));
                    return Ok(true);
                }
                Err(Error::Store(error)) => return Err(error.into()),
                Err(error) => parcel.failed(self.ctx, error.to_string()).await?,
            };
            self.delivered.add(ended.delivered);
        }
        Ok(true)
    }
}
