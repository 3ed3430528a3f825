//! The life of interactive cards: made with what they rest on, changed by response codes that are
//! a budget, decided once. What a card looks like is none of this module's business.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use wecom::ErrorClass;
use wecom::card::Replacement;
use wecom::message::{CardAudience, CardUpdate};

use crate::domain::card::{CardKind, Outcome, Proposal};
use crate::domain::{
    CampId, CardId, CardState, Machine as _, Move, Timestamp, UserId, WecomUserid,
};
use crate::store::cards::{self, Card, Cards, Decision, NewCard, TakenCode, UnreadableCard};

use super::inbox::Reply;
use super::{Context, Result};

/// Codes that one change may use up.
const MAX_TRIES: usize = 4;
/// Cards renewed at once: what is more comes with the next call.
const RENEWED_AT_ONCE: i64 = 20;
/// How long a decision has for showing itself on its card.
const A_MOMENT: TimeDelta = TimeDelta::minutes(1);

/// The end of a change to a sent card.
#[derive(Debug)]
pub enum Updated {
    /// The card looks as it should.
    Done,
    /// No response code is left: say it in another way.
    NoCode,
    /// It may go through later, by the same code.
    Busy(wecom::Error),
    /// WeCom refused: say it in another way.
    Failed(String),
}

/// A card's buttons die with its response codes, after 72 hours (wecom-app §6).
const LIFE: TimeDelta = TimeDelta::hours(72);

/// A card to be sent to `audience`.
#[must_use]
pub fn new(
    ctx: &Context,
    camp_id: Option<CampId>,
    proposal: Proposal,
    audience: BTreeSet<WecomUserid>,
) -> NewCard {
    NewCard {
        proposal,
        camp_id,
        audience,
        expires_at: ctx.now().plus(LIFE),
    }
}

/// One card, unless there is none of that number, or none that this program can read.
pub async fn find(ctx: &Context, id: CardId) -> Result<Option<Card>> {
    let mut conn = ctx.db.read().await?;
    let read = cards::by_id(&mut conn, id).await?.transpose();
    Ok(read.unwrap_or_else(|unreadable| {
        tracing::error!(card = id.0, why = unreadable.why, "a card cannot be read");
        None
    }))
}

/// The cards of one kind and subject in a state: they are decided together.
pub async fn about(
    ctx: &Context,
    kind: CardKind,
    subject: &str,
    state: CardState,
) -> Result<Vec<Card>> {
    let mut conn = ctx.db.read().await?;
    let cards = cards::about(&mut conn, kind, subject, state).await?;
    drop(conn);
    readable(ctx, cards).await
}

/// The cards that still wait for somebody and expire before `before`.
pub async fn expiring(ctx: &Context, before: Timestamp) -> Result<Vec<Card>> {
    let mut conn = ctx.db.read().await?;
    let cards = cards::expiring(&mut conn, before, RENEWED_AT_ONCE).await?;
    drop(conn);
    readable(ctx, cards).await
}

/// The cards that still wait although their readers have got a newer one about the same.
pub async fn superseded(ctx: &Context) -> Result<Vec<Card>> {
    let mut conn = ctx.db.read().await?;
    let cards = cards::superseded(&mut conn, RENEWED_AT_ONCE).await?;
    drop(conn);
    readable(ctx, cards).await
}

/// The cards about refunds of a camp of which none waits any more: they were decided elsewhere. A
/// card by which somebody has just decided the last one is given a moment to show so itself.
pub async fn left_behind(ctx: &Context) -> Result<Vec<Card>> {
    let since = ctx.now().minus(A_MOMENT);
    let mut conn = ctx.db.read().await?;
    let cards = cards::left_behind(&mut conn, since, RENEWED_AT_ONCE).await?;
    drop(conn);
    readable(ctx, cards).await
}

/// Those of the cards that could be read. The others are set apart, or they would come first again
/// with every call, and hide what comes after them.
async fn readable(ctx: &Context, Cards { read, unreadable }: Cards) -> Result<Vec<Card>> {
    for UnreadableCard { id, why } in unreadable {
        let now = ctx.now();
        let is_new = ctx
            .db
            .write(move |tx| Box::pin(async move { cards::set_apart(tx, id, now).await }))
            .await?;
        if is_new {
            tracing::error!(card = id.0, why, "a card cannot be read and was set apart");
        }
    }
    Ok(read)
}

/// Ends a card that nobody has decided, and adds what takes its place, together; `false` if
/// somebody was first.
pub async fn replace(
    ctx: &Context,
    card: CardId,
    outcome: Outcome,
    replies: Vec<Reply>,
) -> Result<bool> {
    let at = ctx.now();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                let decision = Decision {
                    change: CardState::Open.to(CardState::Replaced)?,
                    outcome: Some(outcome),
                    by: None,
                    at,
                };
                if !cards::decide(tx, card, &decision).await? {
                    return Ok(false);
                }
                for (place, reply) in replies.into_iter().enumerate() {
                    reply.add(tx, format!("renewed:{card}:{place}"), at).await?;
                }
                Ok(true)
            })
        })
        .await
}

/// Makes the card of a message that has none yet, and answers its number; none if another worker
/// has made one.
pub async fn of_message(ctx: &Context, message_id: i64, card: NewCard) -> Result<Option<CardId>> {
    let now = ctx.now();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                let id = cards::insert(tx, &card, now).await?;
                Ok(cards::attach(tx, message_id, id).await?.then_some(id))
            })
        })
        .await
}

/// Keeps the code that a click has brought.
pub async fn keep_code(ctx: &Context, card: CardId, userid: &str, code: &str) -> Result<()> {
    let sealed = cards::seal_code(ctx.keys(), code)?;
    let (userid, wall_now) = (userid.to_owned(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move { cards::add_code(tx, card, &userid, &sealed, wall_now).await })
        })
        .await?;
    Ok(())
}

/// Writes what was decided; `false` if the card no longer is where the move starts.
pub async fn decide(
    ctx: &Context,
    card: CardId,
    change: Move<CardState>,
    outcome: Option<Outcome>,
    by: Option<UserId>,
) -> Result<bool> {
    let decision = Decision {
        change,
        outcome,
        by,
        at: ctx.now(),
    };
    ctx.db
        .write(move |tx| Box::pin(async move { Ok(cards::decide(tx, card, &decision).await?) }))
        .await
}

/// Changes a sent card: takes a code, calls, and takes the next one if that was spent. A repeat
/// after an unclear answer that hears 60140 counts as done (design §6).
pub async fn update(
    ctx: &Context,
    client: &wecom::Client,
    card: CardId,
    audience: CardAudience,
    replacement: Replacement,
) -> Result<Updated> {
    for _ in 0..MAX_TRIES {
        let Some(taken) = take_code(ctx, card).await? else {
            return Ok(Updated::NoCode);
        };
        let code = taken.response_code.clone();
        let update = CardUpdate::card(code, audience.clone(), replacement.clone());
        let update = match update {
            Ok(update) => update,
            Err(error) => return Ok(Updated::Failed(error.to_string())),
        };
        match call(client, &update).await {
            Ok(()) => return Ok(Updated::Done),
            Err(error) if error.class() == Some(ErrorClass::ResponseCodeSpent) => {}
            Err(error) if error.is_retryable() || error.outcome_unknown() => {
                give_back(ctx, taken).await?;
                return Ok(Updated::Busy(error));
            }
            Err(error) => {
                tracing::warn!(card = card.0, %error, "a card could not be updated");
                return Ok(Updated::Failed(error.to_string()));
            }
        }
    }
    Ok(Updated::NoCode)
}

/// One update, repeated once if the answer got lost or the platform was busy.
async fn call(client: &wecom::Client, update: &CardUpdate) -> Result<(), wecom::Error> {
    let first = match client.update_card(update).await {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    if !first.is_retryable() && !first.outcome_unknown() {
        return Err(first);
    }
    match client.update_card(update).await {
        Ok(_) => Ok(()),
        Err(second)
            if first.outcome_unknown() && second.class() == Some(ErrorClass::ResponseCodeSpent) =>
        {
            Ok(())
        }
        Err(second) => Err(second),
    }
}

async fn take_code(ctx: &Context, card: CardId) -> Result<Option<TakenCode>> {
    let (db, wall_now) = (ctx.db.clone(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move { Ok(cards::take_code(tx, db.keys(), card, wall_now).await?) })
        })
        .await
}

async fn give_back(ctx: &Context, taken: TakenCode) -> Result<()> {
    ctx.db
        .write(move |tx| Box::pin(async move { Ok(cards::give_back_code(tx, &taken).await?) }))
        .await
}
