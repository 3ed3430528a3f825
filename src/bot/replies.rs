//! Answers on their way to the outbox, and refusals put into words.

use serde_json::{Value, json};

use crate::domain::{CampId, Timestamp};
use crate::services::inbox::Reply;
use crate::services::{Error, Refusal};
use crate::store::cards::NewCard;
use crate::store::outbox::{Channel, Lane, NewMessage};

use super::Bot;

/// The people whom a message goes to.
pub(super) fn readers(recipient: &str) -> Vec<String> {
    recipient.split('|').map(str::to_owned).collect()
}

/// A text of the template `kind` to the one person who asked.
pub(super) fn text(bot: &Bot, person: &str, kind: &'static str, body: Value) -> Reply {
    let mut reply = later(person, kind, body, bot.ctx.now());
    reply.message.lane = Lane::Answer;
    reply
}

/// What is told to one person, not before `send_at`.
pub(super) fn later(person: &str, kind: &'static str, body: Value, send_at: Timestamp) -> Reply {
    Reply {
        message: NewMessage {
            kind,
            channel: Channel::WecomApp,
            lane: Lane::Notice,
            recipient: person.to_owned(),
            camp_id: None,
            card_id: None,
            body,
            dedupe_key: None,
            send_at,
        },
        card: None,
    }
}

/// A card of the template `card.kind` to one person.
pub(super) fn card(
    bot: &Bot,
    person: &str,
    kind: &'static str,
    body: Value,
    card: NewCard,
) -> Reply {
    let mut reply = text(bot, person, kind, body);
    reply.message.camp_id = card.camp_id;
    reply.card = Some(card);
    reply
}

/// The same reply, about a camp.
pub(super) fn about(mut reply: Reply, camp: CampId) -> Reply {
    reply.message.camp_id = Some(camp);
    reply
}

/// What is said to somebody whose wish was refused; none for what is not theirs to mend.
pub(super) fn refusal(bot: &Bot, person: &str, error: &Error) -> Option<Reply> {
    let body = match error {
        Error::NotFound => json!({"word": "not_found"}),
        Error::Forbidden(_) => json!({"word": "forbidden"}),
        Error::NotConfigured(block) => json!({"word": "not_configured", "block": block}),
        Error::Platform { platform, .. } => json!({"word": "platform", "platform": platform}),
        Error::PlatformUnavailable { platform, .. } => {
            json!({"word": "platform_unavailable", "platform": platform})
        }
        Error::Invalid(fields) => {
            json!({"word": "invalid", "reasons": fields.values().collect::<Vec<_>>()})
        }
        Error::Refused(refusal) => of_refusal(refusal),
        _ => return None,
    };
    Some(text(bot, person, "answer_refused", body))
}

fn of_refusal(refusal: &Refusal) -> Value {
    match refusal {
        Refusal::AlreadyDecided { by, at, status } => json!({
            "word": "already_decided", "by": by, "at": moment(*at), "status": status,
        }),
        Refusal::ProposalChanged => json!({"word": "proposal_changed"}),
        Refusal::UndoOver => json!({"word": "undo_over"}),
        Refusal::NeedsSecondApprover => json!({"word": "needs_second_approver"}),
        Refusal::SyncRunning { .. } => json!({"word": "sync_running"}),
        Refusal::WrongState(reason) | Refusal::Duplicate(reason) => {
            json!({"word": "wrong_state", "reason": reason})
        }
        other => json!({"word": "wrong_state", "reason": format!("{other:?}")}),
    }
}

/// `11-20 09:05`, on a Shanghai clock.
pub(super) fn moment(at: Timestamp) -> String {
    at.shanghai().format("%m-%d %H:%M").to_string()
}

/// `09:05:30`, on a Shanghai clock: the end of the undo window.
pub(super) fn moment_s(at: Timestamp) -> String {
    at.shanghai().format("%H:%M:%S").to_string()
}

/// The page on which what a card is about can be gone on with, and what its link is called.
pub(super) fn page_of(site: &str, card_kind: &str, camp: Option<i64>) -> (&'static str, String) {
    let (label, page) = match card_kind {
        "match" | "match_nobody" | "match_choose" => ("打开成员页", "members"),
        _ => ("打开审核页", "refunds"),
    };
    let query = camp.map_or_else(String::new, |camp| format!("?campId={camp}"));
    (label, format!("{site}/admin/{page}{query}"))
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
