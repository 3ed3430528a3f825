//! Replies on their way to the outbox, and refusals as they are told.

use chrono::{Datelike as _, NaiveDate};

use crate::catalogue::ErrorKind;
use crate::domain::message::{CardSent, Refused};
use crate::domain::{CampId, Message, Recipients, Timestamp};
use crate::services::Error;
use crate::services::inbox::Reply;
use crate::store::cards::NewCard;
use crate::store::outbox::{NewMessage, Priority};

use super::Bot;

/// Tells the one person who asked.
pub(super) fn reply(bot: &Bot, person: &str, content: impl Into<Message>) -> Reply {
    reply_to(bot, Recipients::one(person), content)
}

/// Tells those who wait for it.
pub(super) fn reply_to(bot: &Bot, to: Recipients, content: impl Into<Message>) -> Reply {
    let mut reply = scheduled(to, content, bot.ctx.now());
    reply.message.priority = Priority::Reply;
    reply
}

/// Sends a card to its audience.
pub(super) fn card(bot: &Bot, card: NewCard) -> Reply {
    let to = Recipients::Members(card.audience.clone());
    let mut reply = scheduled(to, CardSent {}, bot.ctx.now());
    reply.message.camp_id = card.camp_id;
    reply.card = Some(card);
    reply
}

/// Tells somebody, not before `send_at`.
pub(super) fn scheduled(to: Recipients, content: impl Into<Message>, send_at: Timestamp) -> Reply {
    Reply {
        message: NewMessage {
            content: content.into(),
            to,
            priority: Priority::Notice,
            camp_id: None,
            card_id: None,
            dedupe_key: None,
            send_at,
        },
        card: None,
    }
}

/// The same reply, about a camp.
pub(super) fn about(mut reply: Reply, camp: CampId) -> Reply {
    reply.message.camp_id = Some(camp);
    reply
}

/// Tells somebody that their wish was refused; none for what is not theirs to mend.
pub(super) fn refusal(bot: &Bot, person: &str, error: &Error) -> Option<Reply> {
    match error.kind() {
        ErrorKind::Overtaken | ErrorKind::DatabaseUnavailable | ErrorKind::Internal => None,
        kind => Some(refused(bot, person, &kind)),
    }
}

/// Tells somebody why something was not done.
pub(super) fn refused(bot: &Bot, person: &str, kind: &ErrorKind) -> Reply {
    let sentence = bot.ctx.settings.catalogue.say_in_full(kind);
    reply(bot, person, Refused { sentence })
}

/// `11-20 09:05`, on a Shanghai clock.
pub(super) fn moment(at: Timestamp) -> String {
    at.shanghai().format("%m-%d %H:%M").to_string()
}

/// `09:05`, on a Shanghai clock: of today.
pub(super) fn clock(at: Timestamp) -> String {
    at.shanghai().format("%H:%M").to_string()
}

/// `11月20日`.
pub(super) fn month_day(day: NaiveDate) -> String {
    format!("{}月{}日", day.month(), day.day())
}

/// `09:05:30`, on a Shanghai clock: the end of the undo window.
pub(super) fn moment_s(at: Timestamp) -> String {
    at.shanghai().format("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_on_a_shanghai_clock() {
        let at = Timestamp::from_micros(1_767_225_600_000_000);
        assert_eq!(moment(at), "01-01 08:00");
        assert_eq!(moment_s(at), "08:00:00");
    }
}
