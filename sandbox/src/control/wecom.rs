//! The WeCom part of the control API: what people do on their phones, and what these show.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Outcome, Refused, refused};
use crate::wecom::{Delivery, Door, Member, Selections, Wecom};

/// Callbacks listed; older ones are left out.
const SHOWN_DELIVERIES: usize = 50;
/// Messages shown of one chat.
const SHOWN_MESSAGES: usize = 200;

/// GET: `people`, `phones`, `groups`, `deliveries`. POST: `say`, `click-menu`, `enter`, `press`,
/// `replay`, `members`, `join-group`, `verify-url`, `revoke-token`. Both: `callback-urls`. The smart
/// robot's are behind `robot`.
pub(crate) fn router(wecom: Wecom) -> Router {
    Router::new()
        .route("/people", get(people))
        .route("/phones", get(phones))
        .route("/groups", get(groups))
        .route("/deliveries", get(deliveries))
        .route("/say", post(say))
        .route("/click-menu", post(click_menu))
        .route("/enter", post(enter))
        .route("/press", post(press))
        .route("/replay", post(replay))
        .route("/members", post(put_member))
        .route("/join-group", post(join_group))
        .route("/verify-url", post(verify_url))
        .route("/callback-urls", get(callback_urls).post(set_callback_urls))
        .route("/revoke-token", post(revoke_token))
        .with_state(wecom)
}

async fn people(State(wecom): State<Wecom>) -> Json<Value> {
    Json(json!({"members": wecom.members(), "outsiders": wecom.outsiders()}))
}

/// Userids separated by commas.
#[derive(Deserialize)]
struct Shown {
    people: String,
}

async fn phones(State(wecom): State<Wecom>, Query(shown): Query<Shown>) -> Json<Value> {
    let phones = shown
        .people
        .split(',')
        .filter(|userid| !userid.is_empty())
        .map(|userid| {
            let chat = wecom.chat(userid);
            let start = chat.len().saturating_sub(SHOWN_MESSAGES);
            json!({"userid": userid, "chat": chat.get(start..)})
        });
    let phones: Vec<Value> = phones.collect();
    Json(json!({"phones": phones, "menu": wecom.menu()}))
}

async fn groups(State(wecom): State<Wecom>) -> Json<Vec<Value>> {
    let groups = wecom.robots().into_iter().map(|(key, group_name)| {
        let messages = wecom.group_messages(&key);
        json!({"key": key, "groupName": group_name, "messages": messages})
    });
    Json(groups.collect())
}

async fn deliveries(State(wecom): State<Wecom>) -> Json<Vec<Delivery>> {
    let mut deliveries = wecom.deliveries();
    let start = deliveries.len().saturating_sub(SHOWN_DELIVERIES);
    Json(deliveries.split_off(start))
}

/// Somebody says something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    userid: String,
    text: String,
}

async fn say(State(wecom): State<Wecom>, Json(words): Json<Words>) -> Outcome<Delivery> {
    known(&wecom, &words.userid)?;
    Ok(Json(wecom.say(&words.userid, &words.text).await))
}

/// Somebody taps an entry of the menu.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MenuClick {
    userid: String,
    key: String,
}

async fn click_menu(State(wecom): State<Wecom>, Json(click): Json<MenuClick>) -> Outcome<Delivery> {
    known(&wecom, &click.userid)?;
    if !wecom.has_in_menu(&click.key) {
        return Err(refused(StatusCode::CONFLICT, "the menu has no such entry"));
    }
    Ok(Json(wecom.click_menu(&click.userid, &click.key).await))
}

/// Somebody, and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Somebody {
    userid: String,
}

async fn enter(State(wecom): State<Wecom>, Json(somebody): Json<Somebody>) -> Outcome<Delivery> {
    known(&wecom, &somebody.userid)?;
    Ok(Json(wecom.enter(&somebody.userid).await))
}

/// A button by label or key, and what was chosen before: option ids by question key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ButtonPress {
    pub(super) userid: String,
    pub(super) message_id: String,
    pub(super) button: String,
    #[serde(default)]
    selections: BTreeMap<String, Vec<String>>,
}

impl ButtonPress {
    pub(super) fn selections(&self) -> Selections {
        let chosen = self.selections.clone().into_iter();
        chosen.fold(Selections::as_shown(), |chosen, (key, ids)| {
            chosen.choose(key, ids)
        })
    }
}

async fn press(State(wecom): State<Wecom>, Json(press): Json<ButtonPress>) -> Outcome<Delivery> {
    wecom
        .press(
            &press.userid,
            &press.message_id,
            &press.button,
            &press.selections(),
        )
        .await
        .map(|pressed| Json(pressed.delivery))
        .map_err(|error| refused(StatusCode::CONFLICT, error.to_string()))
}

/// A callback to be sent again, byte for byte.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Replay {
    delivery_id: u64,
}

async fn replay(State(wecom): State<Wecom>, Json(replay): Json<Replay>) -> Outcome<Delivery> {
    let again = wecom.replay(replay.delivery_id).await;
    again
        .map(Json)
        .ok_or_else(|| refused(StatusCode::NOT_FOUND, "nothing was sent under this number"))
}

async fn put_member(State(wecom): State<Wecom>, Json(member): Json<Member>) -> StatusCode {
    wecom.put_member(member);
    StatusCode::NO_CONTENT
}

/// Somebody from outside joins a customer group.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JoinGroup {
    chat_id: String,
    openid: String,
    state: Option<String>,
}

async fn join_group(State(wecom): State<Wecom>, Json(join): Json<JoinGroup>) -> Outcome<Delivery> {
    let missing = |what: &str| refused(StatusCode::NOT_FOUND, what);
    let mut outsiders = wecom.outsiders().into_iter();
    let person = outsiders
        .find(|person| person.openid == join.openid)
        .ok_or_else(|| missing("nobody outside has this openid"))?;
    let told = wecom
        .join_group(&join.chat_id, &person, join.state.as_deref())
        .await;
    told.map(Json).ok_or_else(|| missing("no such group"))
}

async fn verify_url(State(wecom): State<Wecom>) -> Outcome<Value> {
    verified(wecom.verify_callback_url().await)
}

/// What became of a verification.
pub(super) fn verified(outcome: Result<(), String>) -> Outcome<Value> {
    outcome
        .map(|()| Json(json!({"ok": true})))
        .map_err(|problem| refused(StatusCode::BAD_GATEWAY, problem))
}

async fn callback_urls(State(wecom): State<Wecom>) -> Json<Value> {
    Json(json!({
        "app": wecom.callback_url(Door::App),
        "robot": wecom.callback_url(Door::Robot),
    }))
}

/// The callback addresses, as an administrator would type them in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallbackUrls {
    app: Option<String>,
    robot: Option<String>,
}

async fn set_callback_urls(
    State(wecom): State<Wecom>,
    Json(urls): Json<CallbackUrls>,
) -> Json<Value> {
    for (door, url) in [(Door::App, urls.app), (Door::Robot, urls.robot)] {
        if let Some(url) = url {
            wecom.set_callback_url(door, url);
        }
    }
    callback_urls(State(wecom)).await
}

async fn revoke_token(State(wecom): State<Wecom>) -> StatusCode {
    wecom.revoke_token();
    StatusCode::NO_CONTENT
}

/// Only members have a phone here.
pub(super) fn known(wecom: &Wecom, userid: &str) -> Result<(), Refused> {
    let userid = userid.to_lowercase();
    if wecom.members().iter().any(|member| member.userid == userid) {
        return Ok(());
    }
    Err(refused(StatusCode::NOT_FOUND, "no member has this userid"))
}
