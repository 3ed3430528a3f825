//! What somebody has been asked to write next, and what they have written: kept for a while, so that
//! their next message is understood as the answer, and their press as a yes to it.

use chrono::TimeDelta;

use crate::domain::CardId;
use crate::domain::dialogue::Dialogue;
use crate::store::dialogues;

use super::{Context, Result};

/// How long an answer is waited for, by the wall.
const WAITED_FOR: TimeDelta = TimeDelta::minutes(10);

/// What a person has been asked to write, if they have.
pub async fn of_person(ctx: &Context, person: &str) -> Result<Option<Dialogue>> {
    let mut conn = ctx.db.read().await?;
    Ok(dialogues::of_person(&mut conn, person, ctx.wall_now()).await?)
}

/// Waits for what a person has been asked to write.
pub async fn begin(ctx: &Context, person: &str, dialogue: Dialogue) -> Result<()> {
    let given = (person.to_owned(), dialogue, ctx.wall_now().plus(WAITED_FOR));
    ctx.transact(given, |tx, (person, dialogue, until)| {
        Box::pin(async move { Ok(dialogues::put(tx, person, dialogue, *until).await?) })
    })
    .await
}

/// Waits for it no more.
pub async fn end(ctx: &Context, person: &str, dialogue: Dialogue) -> Result<()> {
    ctx.transact((person.to_owned(), dialogue), |tx, (person, dialogue)| {
        Box::pin(async move { Ok(dialogues::end(tx, person, dialogue).await?) })
    })
    .await
}

/// Waits no more for anything about a card.
pub async fn end_about(ctx: &Context, person: &str, card: CardId) -> Result<()> {
    match of_person(ctx, person).await? {
        Some(dialogue) if dialogue.card_id() == card => end(ctx, person, dialogue).await,
        _ => Ok(()),
    }
}
