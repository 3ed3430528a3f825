//! Working off the inbox: one event after the other of each person, several people side by side.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures::StreamExt as _;
use futures::stream;
use wecom::event::{Body, Content, Event, Inbound, SYSTEM_USER};

use crate::domain::message::Failed;
use crate::services::inbox::{self, Reply, WECOM_APP, Worked};
use crate::services::{Error, Result};
use crate::store::StoreError;
use crate::store::inbox::InboundEvent;

use super::cards::press::may_pass;
use super::chat::WecomChat;
use super::{Bot, answers, cards, replies};

/// People served side by side.
const SIDE_BY_SIDE: usize = 8;
/// Rounds of one call, so that a full inbox does not hold the caller for ever.
const MAX_ROUNDS: usize = 32;
/// Tries before an event is given up.
const MAX_ATTEMPTS: i64 = 5;

enum Outcome {
    Done,
    Retried,
    GivenUp,
    /// Its lease ran out; whoever has it now records what becomes of it.
    TakenOver,
}

pub(super) async fn work(chat: &WecomChat) -> Result<Worked> {
    let mut worked = Worked::default();
    for _ in 0..MAX_ROUNDS {
        let bot = chat.bot();
        if bot.ctx.stop.is_cancelled() {
            break;
        }
        // What came in waits until it can be answered.
        bot.ctx.wecom()?;
        let leased = inbox::lease(&bot.ctx).await?;
        if leased.is_empty() {
            break;
        }
        // What comes in from now on wakes us again.
        let was_all = leased.len() < inbox::BATCH;
        let mut by_person: BTreeMap<String, Vec<(InboundEvent, Option<Inbound>)>> = BTreeMap::new();
        for event in leased {
            let inbound = read(&event);
            let person = inbound
                .as_ref()
                .map(|inbound| inbound.from_user.to_lowercase());
            by_person
                .entry(person.unwrap_or_default())
                .or_default()
                .push((event, inbound));
        }
        let outcomes: Vec<Result<Vec<Outcome>>> = stream::iter(by_person.into_values())
            .map(|events| serve(&bot, events))
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        for outcome in outcomes {
            for outcome in outcome? {
                match outcome {
                    Outcome::Done => worked.done += 1,
                    Outcome::Retried => worked.retried += 1,
                    Outcome::GivenUp => worked.given_up += 1,
                    Outcome::TakenOver => {}
                }
            }
        }
        if was_all {
            break;
        }
    }
    Ok(worked)
}

/// Reads an event again: it was verified before it was kept.
fn read(event: &InboundEvent) -> Option<Inbound> {
    if event.source != WECOM_APP {
        return None;
    }
    let xml = String::from_utf8(event.payload.clone()).ok()?;
    Inbound::parse(xml).ok()
}

async fn serve(bot: &Bot, events: Vec<(InboundEvent, Option<Inbound>)>) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(events.len());
    for (event, inbound) in events {
        outcomes.push(match inbound {
            Some(inbound) => work_off(bot, &event, &inbound).await?,
            None => {
                let why = "it cannot be read".to_owned();
                tracing::error!(event = event.id, why, "an event was given up");
                let given_up = inbox::give_up(&bot.ctx, event.lease, why, Vec::new()).await;
                unless_lost(given_up, Outcome::GivenUp)?
            }
        });
    }
    Ok(outcomes)
}

async fn work_off(bot: &Bot, event: &InboundEvent, inbound: &Inbound) -> Result<Outcome> {
    let person = inbound.from_user.to_lowercase();
    let error = match route(bot, &person, inbound).await {
        Ok(answers) => {
            let finished = inbox::finish(&bot.ctx, event.lease, answers).await;
            return unless_lost(finished, Outcome::Done);
        }
        Err(error) => error,
    };
    if let Some(refused) = replies::refusal(bot, &person, &error) {
        let finished = inbox::finish(&bot.ctx, event.lease, vec![refused]).await;
        return unless_lost(finished, Outcome::Done);
    }
    tracing::error!(
        error = &error as &dyn std::error::Error,
        event = event.id,
        attempt = event.attempts,
        "an event could not be worked off"
    );
    if event.attempts < MAX_ATTEMPTS && may_pass(&error) {
        let wait = TimeDelta::seconds(1 << event.attempts.clamp(0, 6));
        let put_back = inbox::retry(&bot.ctx, event.lease, wait, error.to_string()).await;
        return unless_lost(put_back, Outcome::Retried);
    }
    let sorry = replies::reply(bot, &person, Failed {});
    let given_up = inbox::give_up(&bot.ctx, event.lease, error.to_string(), vec![sorry]).await;
    unless_lost(given_up, Outcome::GivenUp)
}

fn unless_lost(recorded: Result<()>, outcome: Outcome) -> Result<Outcome> {
    match recorded {
        Ok(()) => Ok(outcome),
        Err(Error::Store(StoreError::Stale { .. })) => Ok(Outcome::TakenOver),
        Err(error) => Err(error),
    }
}

/// What an event leads to.
async fn route(bot: &Bot, person: &str, inbound: &Inbound) -> Result<Vec<Reply>> {
    // What no member did asks for nothing, and there is nobody to answer.
    if person.is_empty() || person == SYSTEM_USER {
        return Ok(Vec::new());
    }
    match &inbound.body {
        Body::Message(message) => match &message.content {
            Content::Text(text) => answers::answer(bot, person, text).await,
            _ => Ok(answers::answer_other(bot, person)),
        },
        Body::Event(Event::Click { key, .. }) => answers::answer_tap(bot, person, key).await,
        Body::Event(Event::TemplateCard(click)) => cards::press(bot, person, click).await,
        // Opening the chat, entering the visible range and the like ask for nothing.
        Body::Event(_) => Ok(Vec::new()),
        _ => Ok(Vec::new()),
    }
}
