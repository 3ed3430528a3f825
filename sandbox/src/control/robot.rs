//! The smart robot's part of the control API: what people do in its chats, and what these show.

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Outcome, refused,
    wecom::{ButtonPress, known, verified},
};
use crate::wecom::{Delivery, FeedbackKind, Rating, RobotChat, RobotWords, Wecom};

/// Messages shown of one chat.
const SHOWN_MESSAGES: usize = 200;

/// GET: `chats`, `connected`. POST: `say`, `enter`, `press`, `rate`, `groups`, `verify-url`.
pub(super) fn router(wecom: Wecom) -> Router {
    Router::new()
        .route("/chats", get(chats))
        .route("/connected", get(connected))
        .route("/say", post(say))
        .route("/enter", post(enter))
        .route("/press", post(press))
        .route("/rate", post(rate))
        .route("/groups", post(add_group))
        .route("/verify-url", post(verify_url))
        .with_state(wecom)
}

/// Userids separated by commas.
#[derive(Deserialize)]
struct Shown {
    people: String,
}

async fn chats(State(wecom): State<Wecom>, Query(shown): Query<Shown>) -> Json<Value> {
    let people = shown
        .people
        .split(',')
        .filter(|userid| !userid.is_empty())
        .map(|userid| {
            let chats = wecom.robot_chats(userid).into_iter().map(|(chat, name)| {
                let messages = wecom.robot_chat(userid, &chat);
                let start = messages.len().saturating_sub(SHOWN_MESSAGES);
                let chat_id = match &chat {
                    RobotChat::Single(_) => None,
                    RobotChat::Group(chat_id) => Some(chat_id.as_str()),
                };
                json!({"chatId": chat_id, "name": name, "messages": messages.get(start..)})
            });
            json!({"userid": userid, "chats": chats.collect::<Vec<Value>>()})
        });
    let people: Vec<Value> = people.collect();
    Json(json!({"name": wecom.smart_robot().name, "people": people}))
}

/// Somebody says something, in their own chat with the robot or in a group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Words {
    userid: String,
    chat_id: Option<String>,
    text: String,
    /// Message that is quoted.
    quote: Option<String>,
}

async fn say(State(wecom): State<Wecom>, Json(words): Json<Words>) -> Outcome<Option<Delivery>> {
    let chat = match words.chat_id {
        Some(chat_id) => RobotChat::Group(chat_id),
        None => RobotChat::Single(words.userid.clone()),
    };
    let text = RobotWords::text(words.text);
    let text = match words.quote {
        Some(message_id) => text.quoting(message_id),
        None => text,
    };
    let asked = wecom.ask_robot(&words.userid, &chat, text).await;
    asked
        .map(Json)
        .map_err(|error| refused(StatusCode::CONFLICT, error.to_string()))
}

/// Somebody, and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Somebody {
    userid: String,
}

async fn enter(
    State(wecom): State<Wecom>,
    Json(somebody): Json<Somebody>,
) -> Outcome<Option<Delivery>> {
    known(&wecom, &somebody.userid)?;
    Ok(Json(wecom.enter_robot_chat(&somebody.userid).await))
}

async fn press(State(wecom): State<Wecom>, Json(press): Json<ButtonPress>) -> Outcome<Delivery> {
    wecom
        .press_robot_card(
            &press.userid,
            &press.message_id,
            &press.button,
            &press.selections(),
        )
        .await
        .map(Json)
        .map_err(|error| refused(StatusCode::CONFLICT, error.to_string()))
}

/// Thumbs under an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Thumbs {
    userid: String,
    message_id: String,
    kind: FeedbackKind,
    #[serde(default)]
    content: String,
    #[serde(default)]
    reasons: Vec<i64>,
}

async fn rate(State(wecom): State<Wecom>, Json(thumbs): Json<Thumbs>) -> Outcome<Delivery> {
    let rating = Rating {
        kind: thumbs.kind,
        content: thumbs.content,
        reasons: thumbs.reasons,
    };
    let told = wecom
        .rate_robot(&thumbs.userid, &thumbs.message_id, rating)
        .await;
    told.map(Json)
        .ok_or_else(|| refused(StatusCode::CONFLICT, "this message asks for no feedback"))
}

/// An internal group with the robot in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Group {
    chat_id: String,
    name: String,
    members: Vec<String>,
}

async fn add_group(State(wecom): State<Wecom>, Json(group): Json<Group>) -> StatusCode {
    let members: Vec<&str> = group.members.iter().map(String::as_str).collect();
    wecom.add_robot_group(&group.chat_id, &group.name, &members);
    StatusCode::NO_CONTENT
}

async fn connected(State(wecom): State<Wecom>) -> Json<Value> {
    Json(json!({"connected": wecom.is_robot_connected().await}))
}

async fn verify_url(State(wecom): State<Wecom>) -> Outcome<Value> {
    verified(wecom.verify_robot_url().await)
}
