//! Sending what the outbox holds: claim → call → record, no transaction open while a call is out.
//! What a message says is asked of a [`Wording`], which this module knows nothing more about.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream;
use wecom::card::{Card, Replacement};
use wecom::group_robot::GroupMessage;
use wecom::message::{CardAudience, Content, Message, Recipients, Sent, Text};

use crate::domain::{CampId, CardId, Timestamp};
use crate::store::outbox::{self, Channel, DueMessage, MessageStatus};
use crate::store::{StoreError, camps, cards};

use super::camps::ROBOT_KEY_PLACE;
use super::{Context, Error, Result};

/// Messages taken at once.
const BATCH: i64 = 64;
/// Rounds of one call, so that a full outbox does not hold the caller for ever.
const MAX_ROUNDS: usize = 32;
/// Recipients served side by side.
const SIDE_BY_SIDE: usize = 8;
/// How long a worker may hold a message: longer than a call can take.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Messages of their own to one person within a minute. WeCom drops the 31st without a word
/// (wecom-app §4); the rest is left for cards that go to several people at once.
const PER_MINUTE: i64 = 20;
/// Tries before a message is given up.
const MAX_ATTEMPTS: i64 = 10;
/// Answers are forgotten as duplicates after this many seconds, since people ask twice.
const ANSWER_INTERVAL_S: u64 = 10;
/// Notices are recognised as duplicates for this many seconds at least.
const NOTICE_INTERVAL_S: u64 = 1800;
/// Between messages merged into one.
const MERGED_BY: &str = "\n————\n";

/// What a message turns out to be.
#[derive(Debug, Clone)]
pub enum Worded {
    /// A text of the app.
    Text(Text),
    /// A card of the app; it has a number if it can call back.
    Card(Option<CardId>, Box<Card>),
    /// A message of a group's robot.
    Group(GroupMessage),
    /// A sent card becomes another one, for everybody who has it.
    Update(CardId, Box<Replacement>),
    /// It cannot be said yet; ask again at this moment.
    NotYet(Timestamp),
    /// There is nothing left to say.
    Nothing,
}

/// Who puts messages into words.
pub trait Wording: Send + Sync {
    /// What `message` says now. An error is final: the message is marked failed.
    fn word<'a>(
        &'a self,
        ctx: &'a Context,
        message: &'a DueMessage,
    ) -> BoxFuture<'a, Result<Worded>>;
}

/// What one call has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// Taken by the platform.
    pub sent: u64,
    /// Told together with another one.
    pub merged: u64,
    /// Put off: the budget of a person, or the platform is busy.
    pub put_off: u64,
    /// Refused for good.
    pub failed: u64,
    /// Nobody can say.
    pub unknown: u64,
}

impl Delivered {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.merged += other.merged;
        self.put_off += other.put_off;
        self.failed += other.failed;
        self.unknown += other.unknown;
    }
}

/// Sends every message whose turn has come.
///
/// # Errors
/// Those of the store. A platform's refusal is recorded with its message.
pub async fn send_outbox(ctx: &Context, wording: &dyn Wording) -> Result<Delivered> {
    let mut total = Delivered::default();
    for _ in 0..MAX_ROUNDS {
        let due = lease(ctx).await?;
        if due.is_empty() {
            break;
        }
        let mut by_recipient: BTreeMap<String, Vec<DueMessage>> = BTreeMap::new();
        for message in due {
            let address = format!("{}:{}", message.channel, message.recipient);
            by_recipient.entry(address).or_default().push(message);
        }
        let served = stream::iter(by_recipient.into_values())
            .map(|messages| serve(ctx, wording, messages))
            .buffer_unordered(SIDE_BY_SIDE)
            .collect::<Vec<_>>()
            .await;
        for delivered in served {
            total.add(delivered?);
        }
    }
    Ok(total)
}

async fn lease(ctx: &Context) -> Result<Vec<DueMessage>> {
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                Ok(outbox::lease_due(tx, now, wall_now, wall_now.plus(LEASE), BATCH).await?)
            })
        })
        .await
}

/// Serves one recipient, in order, within their budget.
async fn serve(
    ctx: &Context,
    wording: &dyn Wording,
    messages: Vec<DueMessage>,
) -> Result<Delivered> {
    let mut delivered = Delivered::default();
    let mut left = budget(ctx, &messages).await?;
    let mut waiting = messages.into_iter().peekable();
    while let Some(message) = waiting.next() {
        let worded = match word(ctx, wording, &message).await? {
            Ok(worded) => worded,
            Err(ended) => {
                delivered.add(ended);
                continue;
            }
        };
        if left <= 0 && matches!(worded, Worded::Text(_) | Worded::Card(..)) {
            put_off(
                ctx,
                &message,
                TimeDelta::seconds(15),
                "the person's budget is used up",
            )
            .await?;
            delivered.put_off += 1;
            continue;
        }
        let worded = match worded {
            // The last place in the budget takes all the texts that are still waiting.
            Worded::Text(text) if left == 1 && waiting.peek().is_some() => {
                let rest: Vec<DueMessage> = waiting.by_ref().collect();
                let (text, merged) = merge(ctx, wording, text, rest, &mut delivered).await?;
                delivered.merged += merged;
                Worded::Text(text)
            }
            worded => worded,
        };
        left -= 1;
        delivered.add(send(ctx, &message, worded).await?);
    }
    Ok(delivered)
}

/// How many messages the recipient may still get within this minute.
async fn budget(ctx: &Context, messages: &[DueMessage]) -> Result<i64> {
    let Some(recipient) = messages
        .iter()
        .find(|message| message.channel == Channel::WecomApp.as_str())
        .map(|message| message.recipient.clone())
    else {
        return Ok(i64::MAX);
    };
    let since = ctx.now().minus(TimeDelta::minutes(1));
    let sent = ctx
        .db
        .write(move |tx| Box::pin(async move { outbox::sent_since(tx, &recipient, since).await }))
        .await?;
    Ok(PER_MINUTE - sent)
}

/// Words a message; one that cannot be said is recorded as such.
async fn word(
    ctx: &Context,
    wording: &dyn Wording,
    message: &DueMessage,
) -> Result<Result<Worded, Delivered>> {
    let ended = match wording.word(ctx, message).await {
        Ok(Worded::NotYet(at)) => {
            retry_at(ctx, message.id, at, "not yet").await?;
            Delivered {
                put_off: 1,
                ..Delivered::default()
            }
        }
        Ok(Worded::Nothing) => {
            settle(
                ctx,
                message.id,
                MessageStatus::Merged,
                Some("nothing left to say".into()),
            )
            .await?;
            Delivered {
                merged: 1,
                ..Delivered::default()
            }
        }
        Ok(worded) => return Ok(Ok(worded)),
        Err(Error::Store(error)) => return Err(error.into()),
        Err(error) => fail(ctx, message, error.to_string()).await?,
    };
    Ok(Err(ended))
}

/// Puts the texts among `rest` behind `text` as far as they fit; what does not fit or is no text
/// waits.
async fn merge(
    ctx: &Context,
    wording: &dyn Wording,
    text: Text,
    rest: Vec<DueMessage>,
    delivered: &mut Delivered,
) -> Result<(Text, u64)> {
    let mut whole = text;
    let mut merged = 0;
    for message in rest {
        let other = match word(ctx, wording, &message).await? {
            Ok(Worded::Text(other)) => Some(other),
            Ok(_) => None,
            Err(ended) => {
                delivered.add(ended);
                continue;
            }
        };
        let joined = other
            .and_then(|other| Text::new([whole.as_str(), other.as_str()].join(MERGED_BY)).ok());
        if let Some(joined) = joined {
            whole = joined;
            settle(ctx, message.id, MessageStatus::Merged, None).await?;
            merged += 1;
        } else {
            put_off(
                ctx,
                &message,
                TimeDelta::seconds(15),
                "the person's budget is used up",
            )
            .await?;
            delivered.put_off += 1;
        }
    }
    Ok((whole, merged))
}

async fn send(ctx: &Context, message: &DueMessage, worded: Worded) -> Result<Delivered> {
    let Some(client) = &ctx.wecom else {
        return fail(ctx, message, "wecom is not configured".to_owned()).await;
    };
    match worded {
        Worded::Text(text) => send_by_app(ctx, client, message, text.into(), None).await,
        Worded::Card(id, card) => match Content::card(*card) {
            Ok(content) => send_by_app(ctx, client, message, content, id).await,
            Err(error) => fail(ctx, message, error.to_string()).await,
        },
        Worded::Group(content) => send_by_robot(ctx, client, message, &content).await,
        Worded::Update(card, replacement) => {
            update_for_all(ctx, client, message, card, *replacement).await
        }
        Worded::NotYet(_) | Worded::Nothing => Ok(Delivered::default()),
    }
}

async fn send_by_app(
    ctx: &Context,
    client: &wecom::Client,
    message: &DueMessage,
    content: Content,
    card: Option<CardId>,
) -> Result<Delivered> {
    let recipients = Recipients::users(message.recipient.split('|'));
    let ready = recipients
        .map(|recipients| Message::new(recipients, content))
        .and_then(|ready| ready.suppress_duplicates(duplicate_interval(message)));
    let ready = match ready {
        Ok(ready) => ready,
        Err(error) => return fail(ctx, message, error.to_string()).await,
    };
    match client.send(&ready).await {
        Ok(sent) => taken(ctx, message.id, card, sent).await,
        // A repeat does no harm: WeCom suppresses what it has taken.
        Err(error) if error.outcome_unknown() || error.is_retryable() || error.needs_admin() => {
            try_again(ctx, message, &error).await
        }
        Err(error) => fail(ctx, message, error.to_string()).await,
    }
}

/// The interval in which WeCom recognises a repeat. It differs from message to message, so that
/// two that say the same are told apart, while a repeat of one is the same request to the letter.
fn duplicate_interval(message: &DueMessage) -> Duration {
    let id = message.id.unsigned_abs();
    Duration::from_secs(if message.kind.starts_with("answer_") {
        ANSWER_INTERVAL_S + id % 20
    } else {
        NOTICE_INTERVAL_S + id % 7200
    })
}

async fn taken(ctx: &Context, id: i64, card: Option<CardId>, sent: Sent) -> Result<Delivered> {
    if !sent.invalid_users.is_empty() {
        tracing::warn!(
            message = id,
            not_reached = sent.invalid_users.len(),
            "a message did not reach everybody"
        );
    }
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    let code = sent
        .response_code
        .filter(|code| !code.is_empty())
        .map(|code| cards::seal_code(ctx.keys(), &code))
        .transpose()?;
    let msgid = sent.msgid.unwrap_or_default();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                outbox::settle(tx, id, MessageStatus::Sent, None, now).await?;
                if let Some(card) = card {
                    cards::sent(tx, card, &msgid, now).await?;
                    if let Some(code) = code {
                        cards::add_code(tx, card, "", &code, wall_now).await?;
                    }
                }
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    Ok(Delivered {
        sent: 1,
        ..Delivered::default()
    })
}

/// A robot cannot suppress a repeat: what may have arrived is never sent again (design §6).
async fn send_by_robot(
    ctx: &Context,
    client: &wecom::Client,
    message: &DueMessage,
    content: &GroupMessage,
) -> Result<Delivered> {
    if message.lease_until.is_some() {
        return unknown(ctx, message, "the worker that sent it died").await;
    }
    let Some(key) = robot_key(ctx, message).await? else {
        return fail(ctx, message, "the camp has no group robot".to_owned()).await;
    };
    match client.group_robot(key).try_send(content).await {
        Ok(()) => {
            settle(ctx, message.id, MessageStatus::Sent, None).await?;
            Ok(Delivered {
                sent: 1,
                ..Delivered::default()
            })
        }
        Err(error) if error.outcome_unknown() => unknown(ctx, message, &error.to_string()).await,
        Err(error) if error.is_retryable() => try_again(ctx, message, &error).await,
        Err(error) => fail(ctx, message, error.to_string()).await,
    }
}

async fn robot_key(ctx: &Context, message: &DueMessage) -> Result<Option<String>> {
    let Some(camp) = message.camp_id else {
        return Ok(None);
    };
    let mut conn = ctx.db.read().await?;
    let camp = camps::by_id(&mut conn, CampId(camp)).await?;
    let sealed = camp.and_then(|camp| camp.group_robot_key);
    let key = sealed.map(|sealed| ctx.keys().open_text(ROBOT_KEY_PLACE, &sealed));
    Ok(key.transpose()?)
}

async fn update_for_all(
    ctx: &Context,
    client: &wecom::Client,
    message: &DueMessage,
    card: CardId,
    replacement: Replacement,
) -> Result<Delivered> {
    match super::cards::update(ctx, client, card, CardAudience::all(), replacement).await? {
        super::cards::Updated::Done => {
            settle(ctx, message.id, MessageStatus::Sent, None).await?;
            Ok(Delivered {
                sent: 1,
                ..Delivered::default()
            })
        }
        super::cards::Updated::NoCode => {
            fail(ctx, message, "no response code is left".to_owned()).await
        }
        super::cards::Updated::Failed(error) => fail(ctx, message, error).await,
    }
}

async fn try_again(ctx: &Context, message: &DueMessage, error: &wecom::Error) -> Result<Delivered> {
    if message.attempts + 1 >= MAX_ATTEMPTS {
        return fail(ctx, message, error.to_string()).await;
    }
    let named = error
        .retry_after()
        .and_then(|wait| TimeDelta::from_std(wait).ok());
    let wait = named.unwrap_or_default().max(back_off(message.attempts));
    put_off(ctx, message, wait, &error.to_string()).await?;
    Ok(Delivered {
        put_off: 1,
        ..Delivered::default()
    })
}

/// 2, 4, 8 … seconds, ten minutes at most.
fn back_off(attempts: i64) -> TimeDelta {
    let doublings = u32::try_from(attempts.clamp(0, 9)).unwrap_or(9);
    TimeDelta::seconds((2 << doublings).min(600))
}

async fn put_off(ctx: &Context, message: &DueMessage, wait: TimeDelta, why: &str) -> Result<()> {
    retry_at(ctx, message.id, ctx.now().plus(wait), why).await
}

async fn retry_at(ctx: &Context, id: i64, at: Timestamp, why: &str) -> Result<()> {
    let why = why.to_owned();
    ctx.db
        .write(move |tx| Box::pin(async move { outbox::retry(tx, id, at, &why).await }))
        .await?;
    Ok(())
}

async fn settle(
    ctx: &Context,
    id: i64,
    status: MessageStatus,
    error: Option<String>,
) -> Result<()> {
    let now = ctx.now();
    ctx.db
        .write(move |tx| {
            Box::pin(async move { outbox::settle(tx, id, status, error.as_deref(), now).await })
        })
        .await?;
    Ok(())
}

async fn fail(ctx: &Context, message: &DueMessage, error: String) -> Result<Delivered> {
    tracing::error!(
        message = message.id,
        kind = message.kind,
        error,
        "a message was not sent"
    );
    settle(ctx, message.id, MessageStatus::Failed, Some(error)).await?;
    Ok(Delivered {
        failed: 1,
        ..Delivered::default()
    })
}

async fn unknown(ctx: &Context, message: &DueMessage, why: &str) -> Result<Delivered> {
    tracing::warn!(
        message = message.id,
        why,
        "nobody can say whether a message arrived"
    );
    settle(
        ctx,
        message.id,
        MessageStatus::Unknown,
        Some(why.to_owned()),
    )
    .await?;
    Ok(Delivered {
        unknown: 1,
        ..Delivered::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<i64> = (0..12).map(|n| back_off(n).num_seconds()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
    }

    #[test]
    fn equal_words_of_two_messages_are_two_requests() {
        let message = |id, kind: &str| DueMessage {
            id,
            kind: kind.to_owned(),
            channel: "wecom_app".to_owned(),
            recipient: "a".to_owned(),
            camp_id: None,
            card_id: None,
            body: "{}".to_owned(),
            attempts: 0,
            lease_until: None,
            created_at: 0,
        };
        let of = |id, kind: &str| duplicate_interval(&message(id, kind)).as_secs();
        assert_ne!(of(1, "answer_help"), of(2, "answer_help"));
        assert_eq!(of(1, "answer_help"), of(1, "answer_help"));
        assert!(of(19, "answer_help") < 60);
        assert!((1800..14_400).contains(&of(i64::MAX, "sync_failed")));
    }
}
