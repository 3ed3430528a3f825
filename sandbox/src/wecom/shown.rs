//! What a person's phone shows: messages and cards in their present state.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::message::{Author, Message, View};

/// A message on somebody's phone.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownMessage {
    /// The `msgid` of the message.
    pub message_id: String,
    /// In business time.
    pub at: DateTime<Utc>,
    /// Whether the app said it; otherwise the person.
    pub is_from_app: bool,
    /// `text`, `markdown`, `template_card` …
    pub msgtype: String,
    /// Everything readable in it, line by line.
    pub text: String,
    /// The object named like the type, in its present state.
    pub content: Value,
    /// The card's parts, if it is one.
    pub card: Option<ShownCard>,
}

/// A card on somebody's phone.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownCard {
    /// One of the five types.
    pub card_type: String,
    /// Main title.
    pub title: String,
    /// Text under the title.
    pub desc: String,
    /// Task id it was sent with.
    pub task_id: String,
    /// Buttons, the submit button and the menu's actions, in this order.
    pub buttons: Vec<ShownButton>,
    /// Check boxes and drop-downs.
    pub questions: Vec<ShownQuestion>,
    /// What the one grey button says that took the place of the others.
    pub replaced_by: Option<String>,
}

impl ShownCard {
    /// Whether a button can still be pressed.
    pub fn is_live(&self) -> bool {
        self.replaced_by.is_none() && !self.buttons.is_empty()
    }

    /// A button by its label, its key or the last part of its key.
    pub fn button(&self, label_or_key: &str) -> Option<&ShownButton> {
        let is_it = |button: &&ShownButton| {
            button.text == label_or_key
                || button.key == label_or_key
                || button.key.rsplit('.').next() == Some(label_or_key)
        };
        let starts = |button: &&ShownButton| button.text.starts_with(label_or_key);
        self.buttons
            .iter()
            .find(is_it)
            .or_else(|| self.buttons.iter().find(starts))
    }
}

/// A button.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownButton {
    /// Label.
    pub text: String,
    /// Key; empty for a button that opens a page.
    pub key: String,
    /// 1–4.
    pub style: i64,
    /// The page it opens instead of calling back.
    pub url: Option<String>,
    /// Whether it stands in the menu at the top right.
    pub is_in_menu: bool,
}

/// Check boxes or a drop-down.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownQuestion {
    /// `question_key`.
    pub key: String,
    /// Title of a drop-down.
    pub title: String,
    /// Check boxes (or radio buttons) rather than a drop-down.
    pub is_checkbox: bool,
    /// Whether several options may be chosen.
    pub is_multiple: bool,
    /// Whether it is greyed.
    pub is_disabled: bool,
    /// Options with what is chosen before the person does anything.
    pub options: Vec<ShownOption>,
}

/// One option.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownOption {
    pub id: String,
    /// Label.
    pub text: String,
    /// Chosen beforehand.
    pub is_checked: bool,
}

impl ShownMessage {
    /// What `userid` sees of `message`; `None` if nothing.
    pub(crate) fn of(message: &Message, userid: &str) -> Option<Self> {
        if message.is_recalled || !message.audience.contains(userid) {
            return None;
        }
        let view = message.card.as_ref().map(|card| card.view(userid));
        let content = view.map_or(&message.content, |view| &view.json);
        let card = message
            .card
            .as_ref()
            .zip(view)
            .map(|(card, view)| shown_card(&card.task_id, view));
        let mut lines = Vec::new();
        readable(content, &mut lines);
        lines.extend(card.iter().filter_map(|card| card.replaced_by.clone()));
        Some(Self {
            message_id: message.id.clone(),
            at: message.at,
            is_from_app: message.author == Author::App,
            msgtype: message.msgtype.clone(),
            text: lines.join("\n"),
            content: content.clone(),
            card,
        })
    }
}

/// The parts of a card as somebody sees it.
pub(super) fn shown_card(task_id: &str, view: &View) -> ShownCard {
    let json = &view.json;
    let replaced_by = view
        .replaced_button
        .clone()
        .or_else(|| optional(&json["replace_text"]));
    ShownCard {
        card_type: string(&json["card_type"]),
        title: string(&json["main_title"]["title"]),
        desc: string(&json["main_title"]["desc"]),
        task_id: task_id.to_owned(),
        buttons: buttons(json),
        questions: questions(json),
        replaced_by,
    }
}

fn buttons(card: &Value) -> Vec<ShownButton> {
    let listed = items(&card["button_list"]).map(|button| ShownButton {
        text: string(&button["text"]),
        key: string(&button["key"]),
        style: button["style"]
            .as_i64()
            .filter(|style| (1..=4).contains(style))
            .unwrap_or(1),
        url: (button["type"] == 1).then(|| string(&button["url"])),
        is_in_menu: false,
    });
    let submit = card
        .get("submit_button")
        .map(|button| plain_button(button, false));
    let menu = items(&card["action_menu"]["action_list"]).map(|action| plain_button(action, true));
    listed.chain(submit).chain(menu).collect()
}

fn plain_button(button: &Value, is_in_menu: bool) -> ShownButton {
    ShownButton {
        text: string(&button["text"]),
        key: string(&button["key"]),
        style: 1,
        url: None,
        is_in_menu,
    }
}

fn questions(card: &Value) -> Vec<ShownQuestion> {
    let checkbox = card.get("checkbox").map(|checkbox| {
        let options = items(&checkbox["option_list"])
            .map(|option| shown_option(option, option["is_checked"] == true));
        let is_multiple = checkbox["mode"] == 1;
        let question = shown_question(checkbox, options.collect());
        ShownQuestion {
            is_checkbox: true,
            is_multiple,
            ..question
        }
    });
    let selects = card
        .get("button_selection")
        .into_iter()
        .chain(items(&card["select_list"]))
        .map(|select| {
            let ids: Vec<String> = items(&select["option_list"])
                .map(|option| string(&option["id"]))
                .collect();
            // Unknown or missing selected_id: the first (wecom-app §6).
            let selected = optional(&select["selected_id"])
                .filter(|selected| ids.contains(selected))
                .or_else(|| ids.first().cloned());
            let options = items(&select["option_list"])
                .map(|option| shown_option(option, Some(string(&option["id"])) == selected));
            shown_question(select, options.collect())
        });
    checkbox.into_iter().chain(selects).collect()
}

fn shown_question(json: &Value, options: Vec<ShownOption>) -> ShownQuestion {
    ShownQuestion {
        key: string(&json["question_key"]),
        title: string(&json["title"]),
        is_checkbox: false,
        is_multiple: false,
        is_disabled: json["disable"] == true,
        options,
    }
}

fn shown_option(option: &Value, is_checked: bool) -> ShownOption {
    ShownOption {
        id: string(&option["id"]),
        text: string(&option["text"]),
        is_checked,
    }
}

/// Everything readable in a message, line by line.
pub(crate) fn readable_text(content: &Value) -> String {
    let mut lines = Vec::new();
    readable(content, &mut lines);
    lines.join("\n")
}

/// Collects every text that a person can read, in the order of the JSON.
fn readable(value: &Value, lines: &mut Vec<String>) {
    const HIDDEN: [&str; 14] = [
        "card_type",
        "key",
        "question_key",
        "id",
        "task_id",
        "url",
        "icon_url",
        "appid",
        "pagepath",
        "media_id",
        "userid",
        "selected_id",
        "picurl",
        "image_url",
    ];
    const HEADINGS: [&str; 4] = ["source", "main_title", "title", "keyname"];
    match value {
        Value::String(text) if !text.is_empty() => lines.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| readable(item, lines)),
        Value::Object(fields) => {
            let is_heading = |name: &str| HEADINGS.contains(&name);
            let (headings, others): (Vec<_>, Vec<_>) = fields
                .iter()
                .filter(|(name, _)| !HIDDEN.contains(&name.as_str()))
                .partition(|(name, _)| is_heading(name));
            headings
                .into_iter()
                .chain(others)
                .for_each(|(_, field)| readable(field, lines));
        }
        _ => {}
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn optional(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
