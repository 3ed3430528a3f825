//! The one call of a delivery, and what its answer means.

use std::collections::BTreeSet;
use std::time::Duration;

use wecom::ErrorClass;
use wecom::card::Replacement;
use wecom::group_robot::GroupMessage;
use wecom::media::{MediaFile, MediaKind};
use wecom::message::{self, CardAudience, Content, Sent, Text};

use crate::domain::{CardId, Recipients, WecomUserid};
use crate::services::camps::ROBOT_KEY_PLACE;
use crate::services::{Context, Error, Result, cards};
use crate::store::camps;
use crate::store::outbox::{DueMessage, Priority};

use super::delivery::{Delivery, LEASE};
use super::outcome::Attempt;
use super::rendered::{Rendered, RenderedCard, Renderer};

/// Replies are recognised as duplicates for this many seconds at least. A worker that dies over one
/// holds it until its [`LEASE`] runs out, and only then it is sent again.
const REPLY_INTERVAL_S: u64 = 2 * LEASE.num_seconds().unsigned_abs();
/// Notices are recognised as duplicates for this many seconds at least.
const NOTICE_INTERVAL_S: u64 = 1800;

/// Sends a text past the outbox, for when it cannot be written to. Nothing is recorded of it.
///
/// # Errors
/// WeCom is not configured, or does not take it.
pub async fn send_directly(
    ctx: &Context,
    renderer: &dyn Renderer,
    to: Recipients,
    content: crate::domain::Message,
) -> Result<()> {
    let now = ctx.now();
    let message = DueMessage {
        id: 0,
        content,
        to,
        priority: Priority::Notice,
        camp_id: None,
        card_id: None,
        attempts: 0,
        send_at: now,
        lease_until: now,
        tried_at: None,
        carried_by: None,
        created_at: now,
    };
    let Rendered::Text(text) = renderer.render(ctx, &message).await? else {
        let kind = message.content.kind();
        return Err(Error::Invariant(format!("{kind} is no text")));
    };
    let sent = send(ctx.wecom()?, &message, text.into()).await;
    sent.map(drop).map_err(|error| Error::PlatformUnavailable {
        platform: "wecom",
        what: error.to_string(),
    })
}

/// Makes the call of a delivery that has begun, and records its outcome.
pub(super) async fn carry_out(ctx: &Context, delivery: &Delivery) -> Result<Attempt> {
    let client = ctx.wecom()?;
    match &delivery.rendered {
        Rendered::Text(text) => send_text(ctx, client, delivery, text, None).await,
        Rendered::Card(card) => send_card(ctx, client, delivery, card).await,
        Rendered::Picture(picture) => send_picture(ctx, client, delivery, picture).await,
        Rendered::Group(content) => send_by_robot(ctx, client, delivery, content).await,
        Rendered::Update(card, replacement) => {
            update_for_all(ctx, client, delivery, *card, replacement).await
        }
        Rendered::NotYet(at) => delivery.not_yet(ctx, *at).await,
        Rendered::Nothing => delivery.nothing(ctx).await,
    }
}

/// Uploads a picture and sends it. An upload that is repeated does no harm: what nobody sends is
/// gone after three days.
async fn send_picture(
    ctx: &Context,
    client: &wecom::Client,
    delivery: &Delivery,
    picture: &MediaFile,
) -> Result<Attempt> {
    let sent = match client.upload_media(MediaKind::Image, picture).await {
        Ok(uploaded) => match Content::image(uploaded.media_id) {
            Ok(content) => send(client, &delivery.first, content).await,
            Err(limit) => Err(limit.into()),
        },
        Err(error) => Err(error),
    };
    match sent {
        Ok(sent) => delivery.sent(ctx, None, not_reached(&sent)).await,
        Err(error) if is_worth_another_try(&error) => delivery.try_again(ctx, &error).await,
        Err(error) => delivery.failed(ctx, error.to_string()).await,
    }
}

async fn send_text(
    ctx: &Context,
    client: &wecom::Client,
    delivery: &Delivery,
    text: &Text,
    note: Option<String>,
) -> Result<Attempt> {
    match send(client, &delivery.first, text.clone().into()).await {
        Ok(sent) => {
            let notes = [note, not_reached(&sent)].into_iter().flatten();
            let notes = notes.collect::<Vec<_>>().join("; ");
            let note = (!notes.is_empty()).then_some(notes);
            delivery.sent(ctx, None, note).await
        }
        Err(error) if is_worth_another_try(&error) => delivery.try_again(ctx, &error).await,
        Err(error) => delivery.failed(ctx, error.to_string()).await,
    }
}

/// Sends a card; where WeCom takes no such card, the same as a text with a link to the page.
async fn send_card(
    ctx: &Context,
    client: &wecom::Client,
    delivery: &Delivery,
    rendered: &RenderedCard,
) -> Result<Attempt> {
    let error = match Content::card(rendered.card.clone()) {
        Ok(content) => match send(client, &delivery.first, content).await {
            Ok(sent) => {
                let note = not_reached(&sent);
                let card = rendered.id.map(|id| (id, sent));
                return delivery.sent(ctx, card, note).await;
            }
            Err(error) => error,
        },
        Err(limit) => wecom::Error::from(limit),
    };
    if is_refusal_of_the_card(&error) {
        let message = delivery.first.id;
        tracing::warn!(message, %error, "a card could not be sent; a text takes its place");
        let note = Some(format!("sent as text: {error}"));
        return send_text(ctx, client, delivery, &rendered.as_text, note).await;
    }
    if is_worth_another_try(&error) {
        return delivery.try_again(ctx, &error).await;
    }
    delivery.failed(ctx, error.to_string()).await
}

/// Tells a refusal of this card from one that another message to the same people would meet too.
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
    let members = match &message.to {
        Recipients::Members(userids) => userids.iter().map(WecomUserid::as_str).collect(),
        Recipients::Group(_) => Vec::new(),
    };
    let recipients = message::Recipients::users(members)?;
    let ready = message::Message::new(recipients, content);
    let ready = ready.suppress_duplicates(duplicate_interval(message))?;
    client.send(&ready).await
}

/// Names the recipients that were left out, if any, as it is kept with the message.
fn not_reached(sent: &Sent) -> Option<String> {
    let left_out = [&sent.invalid_users, &sent.unlicensed_users];
    let left_out: BTreeSet<&str> = left_out.into_iter().flatten().map(String::as_str).collect();
    let names = left_out.into_iter().collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| format!("not reached: {names}"))
}

/// The interval in which WeCom recognises a repeat. It differs from message to message, so that
/// two that say the same are two requests, while a repeat of one is the same request to the letter.
fn duplicate_interval(message: &DueMessage) -> Duration {
    let id = message.id.unsigned_abs();
    Duration::from_secs(if message.priority == Priority::Reply {
        REPLY_INTERVAL_S + id % 600
    } else {
        NOTICE_INTERVAL_S + id % 7200
    })
}

async fn send_by_robot(
    ctx: &Context,
    client: &wecom::Client,
    delivery: &Delivery,
    content: &GroupMessage,
) -> Result<Attempt> {
    let Some(key) = robot_key(ctx, &delivery.first).await? else {
        let why = "the camp has no group robot".to_owned();
        return delivery.failed(ctx, why).await;
    };
    let sent = match client.group_robot(key) {
        Ok(robot) => robot.try_send(content).await,
        Err(no_key) => Err(no_key.into()),
    };
    match sent {
        Ok(()) => delivery.sent(ctx, None, None).await,
        Err(error) if error.outcome_unknown() => delivery.unknown(ctx, error.to_string()).await,
        Err(error) if error.is_retryable() => delivery.try_again(ctx, &error).await,
        Err(error) => delivery.failed(ctx, error.to_string()).await,
    }
}

async fn robot_key(ctx: &Context, message: &DueMessage) -> Result<Option<String>> {
    let Recipients::Group(camp) = message.to else {
        return Ok(None);
    };
    let mut conn = ctx.db.read().await?;
    let camp = camps::by_id(&mut conn, camp).await?;
    let sealed = camp.and_then(|camp| camp.group_robot_key);
    let key = sealed.map(|sealed| ctx.keys().open_text(ROBOT_KEY_PLACE, &sealed));
    Ok(key.transpose()?)
}

async fn update_for_all(
    ctx: &Context,
    client: &wecom::Client,
    delivery: &Delivery,
    card: CardId,
    replacement: &Replacement,
) -> Result<Attempt> {
    let all = CardAudience::all();
    match cards::update(ctx, client, card, all, replacement.clone()).await? {
        cards::Updated::Done => delivery.sent(ctx, None, None).await,
        // Its buttons explain themselves to whoever presses one.
        cards::Updated::NoCode => {
            let note = "no response code is left".to_owned();
            delivery.sent(ctx, None, Some(note)).await
        }
        cards::Updated::Busy(error) => delivery.try_again(ctx, &error).await,
        cards::Updated::Failed(error) => delivery.failed(ctx, error).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::message::CookieDead;

    fn message(id: i64, priority: Priority) -> DueMessage {
        let moment = Timestamp::from_micros(0);
        DueMessage {
            id,
            content: CookieDead {}.into(),
            to: Recipients::one("a"),
            priority,
            camp_id: None,
            card_id: None,
            attempts: 0,
            send_at: moment,
            lease_until: moment,
            tried_at: None,
            carried_by: None,
            created_at: moment,
        }
    }

    #[test]
    fn a_repeat_after_a_lease_is_recognised() {
        for id in 0..1200 {
            let interval = duplicate_interval(&message(id, Priority::Reply));
            assert!(
                interval >= (LEASE * 2).to_std().unwrap(),
                "{id}: {interval:?}"
            );
        }
    }

    #[test]
    fn equal_words_of_two_messages_are_two_requests() {
        let of = |id, priority| duplicate_interval(&message(id, priority)).as_secs();
        assert_ne!(of(1, Priority::Reply), of(2, Priority::Reply));
        assert_eq!(of(1, Priority::Reply), of(1, Priority::Reply));
        assert!((120..720).contains(&of(i64::MAX, Priority::Reply)));
        assert!((1800..14_400).contains(&of(i64::MAX, Priority::Notice)));
    }
}
