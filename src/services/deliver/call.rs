//! The one call that tells a parcel, and what its answer means.

use std::collections::BTreeSet;
use std::time::Duration;

use wecom::ErrorClass;
use wecom::card::Replacement;
use wecom::group_robot::GroupMessage;
use wecom::message::{CardAudience, Content, Message, Recipients, Sent, Text};

use crate::domain::{CampId, CardId};
use crate::services::camps::ROBOT_KEY_PLACE;
use crate::services::{Context, Result, cards};
use crate::store::camps;
use crate::store::outbox::{DueMessage, Lane};

use super::outcome::Ended;
use super::parcel::Parcel;
use super::{LEASE, Worded, WordedCard};

/// Answers are recognised as duplicates for this many seconds at least. A worker that dies over one
/// holds it until its [`LEASE`] runs out, and only then it is told again.
const ANSWER_INTERVAL_S: u64 = 2 * LEASE.num_seconds().unsigned_abs();
/// Notices are recognised as duplicates for this many seconds at least.
const NOTICE_INTERVAL_S: u64 = 1800;

/// Makes the call of a parcel that has begun, and records what came of it.
pub(super) async fn carry_out(ctx: &Context, parcel: &Parcel) -> Result<Ended> {
    let Some(client) = &ctx.wecom else {
        return parcel
            .failed(ctx, "wecom is not configured".to_owned())
            .await;
    };
    match &parcel.worded {
        Worded::Text(text) => send_text(ctx, client, parcel, text, None).await,
        Worded::Card(card) => send_card(ctx, client, parcel, card).await,
        Worded::Group(content) => send_by_robot(ctx, client, parcel, content).await,
        Worded::Update(card, replacement) => {
            update_for_all(ctx, client, parcel, *card, replacement).await
        }
        Worded::NotYet(at) => parcel.not_yet(ctx, *at).await,
        Worded::Nothing => parcel.nothing(ctx).await,
    }
}

async fn send_text(
    ctx: &Context,
    client: &wecom::Client,
    parcel: &Parcel,
    text: &Text,
    note: Option<String>,
) -> Result<Ended> {
    match send(client, &parcel.first, text.clone().into()).await {
        Ok(sent) => {
            let notes = [note, not_reached(&sent)].into_iter().flatten();
            let notes = notes.collect::<Vec<_>>().join("; ");
            let note = (!notes.is_empty()).then_some(notes);
            parcel.sent(ctx, None, note).await
        }
        Err(error) if is_worth_another_try(&error) => parcel.try_again(ctx, &error).await,
        Err(error) => parcel.failed(ctx, error.to_string()).await,
    }
}

/// Sends a card; where WeCom takes no such card, the same in words with a link to the page.
async fn send_card(
    ctx: &Context,
    client: &wecom::Client,
    parcel: &Parcel,
    worded: &WordedCard,
) -> Result<Ended> {
    let error = match Content::card(worded.card.clone()) {
        Ok(content) => match send(client, &parcel.first, content).await {
            Ok(sent) => {
                let note = not_reached(&sent);
                let card = worded.id.map(|id| (id, sent));
                return parcel.sent(ctx, card, note).await;
            }
            Err(error) => error,
        },
        Err(limit) => wecom::Error::from(limit),
    };
    if is_refusal_of_the_card(&error) {
        let message = parcel.first.id;
        tracing::warn!(message, %error, "a card could not be sent; a text takes its place");
        let note = Some(format!("told in words: {error}"));
        return send_text(ctx, client, parcel, &worded.in_words, note).await;
    }
    if is_worth_another_try(&error) {
        return parcel.try_again(ctx, &error).await;
    }
    parcel.failed(ctx, error.to_string()).await
}

/// Whether another message to the same people may be taken.
fn is_refusal_of_the_card(error: &wecom::Error) -> bool {
    match error.class() {
        Some(ErrorClass::Recipient | ErrorClass::Audience | ErrorClass::Spam) => false,
        Some(ErrorClass::NoCallbackUrl) => true,
        Some(_) => !is_worth_another_try(error),
        None => matches!(error, wecom::Error::Limit(_)),
    }
}

/// A repeat does no harm, since WeCom suppresses what it has taken; and settings can be mended.
fn is_worth_another_try(error: &wecom::Error) -> bool {
    error.outcome_unknown() || error.is_retryable() || error.needs_admin()
}

async fn send(
    client: &wecom::Client,
    message: &DueMessage,
    content: Content,
) -> Result<Sent, wecom::Error> {
    let recipients = Recipients::users(message.recipient.split('|'))?;
    let ready = Message::new(recipients, content);
    let ready = ready.suppress_duplicates(duplicate_interval(message))?;
    client.send(&ready).await
}

/// Who of the recipients was left out, if anybody, as it is kept with the message.
fn not_reached(sent: &Sent) -> Option<String> {
    let left_out = [&sent.invalid_users, &sent.unlicensed_users];
    let left_out: BTreeSet<&str> = left_out.into_iter().flatten().map(String::as_str).collect();
    let names = left_out.into_iter().collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| format!("not reached: {names}"))
}

/// The interval in which WeCom recognises a repeat. It differs from message to message, so that
/// two that say the same are told apart, while a repeat of one is the same request to the letter.
fn duplicate_interval(message: &DueMessage) -> Duration {
    let id = message.id.unsigned_abs();
    Duration::from_secs(if message.lane == Lane::Answer {
        ANSWER_INTERVAL_S + id % 600
    } else {
        NOTICE_INTERVAL_S + id % 7200
    })
}

async fn send_by_robot(
    ctx: &Context,
    client: &wecom::Client,
    parcel: &Parcel,
    content: &GroupMessage,
) -> Result<Ended> {
    let Some(key) = robot_key(ctx, &parcel.first).await? else {
        let why = "the camp has no group robot".to_owned();
        return parcel.failed(ctx, why).await;
    };
    let sent = match client.group_robot(key) {
        Ok(robot) => robot.try_send(content).await,
        Err(no_key) => Err(no_key.into()),
    };
    match sent {
        Ok(()) => parcel.sent(ctx, None, None).await,
        Err(error) if error.outcome_unknown() => parcel.unknown(ctx, error.to_string()).await,
        Err(error) if error.is_retryable() => parcel.try_again(ctx, &error).await,
        Err(error) => parcel.failed(ctx, error.to_string()).await,
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
    parcel: &Parcel,
    card: CardId,
    replacement: &Replacement,
) -> Result<Ended> {
    let all = CardAudience::all();
    match cards::update(ctx, client, card, all, replacement.clone()).await? {
        cards::Updated::Done => parcel.sent(ctx, None, None).await,
        // Its buttons explain themselves to whoever presses one.
        cards::Updated::NoCode => {
            let note = "no response code is left".to_owned();
            parcel.sent(ctx, None, Some(note)).await
        }
        cards::Updated::Busy(error) => parcel.try_again(ctx, &error).await,
        cards::Updated::Failed(error) => parcel.failed(ctx, error).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::outbox::Channel;

    fn message(id: i64, lane: Lane) -> DueMessage {
        DueMessage {
            id,
            kind: "sync_failed".to_owned(),
            channel: Channel::WecomApp,
            lane,
            recipient: "a".to_owned(),
            camp_id: None,
            card_id: None,
            body: "{}".to_owned(),
            attempts: 0,
            send_at: 0,
            lease_until: 0,
            tried_at: None,
            carried_by: None,
            created_at: 0,
        }
    }

    #[test]
    fn a_repeat_after_a_lease_is_recognised() {
        for id in 0..1200 {
            let interval = duplicate_interval(&message(id, Lane::Answer));
            assert!(
                interval >= (LEASE * 2).to_std().unwrap(),
                "{id}: {interval:?}"
            );
        }
    }

    #[test]
    fn equal_words_of_two_messages_are_two_requests() {
        let of = |id, lane| duplicate_interval(&message(id, lane)).as_secs();
        assert_ne!(of(1, Lane::Answer), of(2, Lane::Answer));
        assert_eq!(of(1, Lane::Answer), of(1, Lane::Answer));
        assert!((120..720).contains(&of(i64::MAX, Lane::Answer)));
        assert!((1800..14_400).contains(&of(i64::MAX, Lane::Notice)));
    }
}
