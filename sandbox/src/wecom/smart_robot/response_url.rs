//! POST aibot/response: one message outside of a callback, in plain JSON (wecom-bots-h5 §1.8).

use axum::http::header;
use serde_json::json;

use super::{
    chats::{Feedback, IssuedUrl, Said},
    snapshot::{CONTENT_BYTES, feedback_id},
};
use crate::wecom::{
    Wecom,
    call::{Answer, Call, ok},
    fields::Fields,
    message::Card,
    refusal::Refusal,
};

/// What the message says.
struct Push {
    msgtype: &'static str,
    content: String,
    card: Option<Card>,
    feedback_id: Option<String>,
}

/// POST aibot/response.
pub(crate) fn respond(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let code = call.required_query("response_code", 60140)?;
    let content_type = call.headers.get(header::CONTENT_TYPE);
    let is_json = content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    if !is_json {
        call.notes
            .note("Content-Type: application/json", "another content type");
    }
    let issued = wecom.usable_url(code)?;
    let body = call.object()?;
    let push = read(wecom, &call.fields(&body), &body)?;
    let now = wecom.world().clock.now();
    let mut state = wecom.state();
    let number = state.next_number();
    let robot = &mut state.smart_robot;
    match robot.response_urls.get_mut(code) {
        Some(issued) if !issued.is_used => issued.is_used = true,
        _ => return Err(spent()),
    }
    robot.keep(Said {
        content: push.content,
        card: push.card,
        quotes: issued.quotes,
        feedback: push.feedback_id.map(|id| Feedback { id, kind: None }),
        ..Said::new(number, now, &issued.chat, None, push.msgtype)
    });
    drop(state);
    wecom.tell_waiters();
    ok(json!({}))
}

fn read(
    wecom: &Wecom,
    fields: &Fields<'_>,
    body: &serde_json::Map<String, serde_json::Value>,
) -> Result<Push, Refusal> {
    match fields.required_text("msgtype", 40008)? {
        "markdown" => {
            fields.only(&["msgtype", "markdown"]);
            let markdown = fields.required_object("markdown", 40063)?;
            markdown.only(&["content", "feedback"]);
            let content = markdown.required_text("content", 44004)?.to_owned();
            markdown.at_most_bytes("content", CONTENT_BYTES, 40058)?;
            Ok(Push {
                msgtype: "markdown",
                content,
                card: None,
                feedback_id: feedback_id(&markdown)?,
            })
        }
        "template_card" => {
            fields.only(&["msgtype", "template_card"]);
            let (card, feedback_id) = wecom.new_robot_card(fields, body)?;
            Ok(Push {
                msgtype: "template_card",
                content: String::new(),
                card: Some(card),
                feedback_id,
            })
        }
        other => {
            let rule = format!("a response_url takes markdown or template_card, not {other}");
            Err(Refusal::broken(40008, rule))
        }
    }
}

/// What the platform answers to an address that is used up is not documented.
fn spent() -> Refusal {
    Refusal::outcome(60140, "response_code invalid, expired or used")
}

impl Wecom {
    fn usable_url(&self, code: &str) -> Result<IssuedUrl, Refusal> {
        let now = self.world().clock.now();
        let issued = self.state().smart_robot.response_urls.get(code).cloned();
        issued
            .filter(|issued| !issued.is_used && issued.expires > now)
            .ok_or_else(spent)
    }
}
