//! Group robots: webhooks without a token, 20 messages a minute (wecom-bots-h5 §2).

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use md5::{Digest, Md5};
use serde_json::{Map, Value};

use super::{
    Wecom,
    call::{Answer, Call, ESCAPED_LETTERS, ok},
    card::{self, Purpose},
    fields::Fields,
    media::is_jpg_or_png,
    refusal::Refusal,
    shown::readable_text,
    state::{Robot, RobotMessage, State},
};

/// Messages of one robot within a minute.
const PER_MINUTE: usize = 20;
/// Largest picture of a robot.
const IMAGE_BYTES: usize = 2 << 20;
const KINDS: [&str; 8] = [
    "text",
    "markdown",
    "markdown_v2",
    "image",
    "news",
    "file",
    "voice",
    "template_card",
];

impl Wecom {
    /// Every robot: (webhook key, name of the group).
    pub fn robots(&self) -> Vec<(String, String)> {
        let state = self.state();
        state
            .robots
            .iter()
            .map(|(key, robot)| (key.clone(), robot.group_name.clone()))
            .collect()
    }

    /// Adds a robot to a group.
    pub fn add_robot(&self, key: &str, group_name: &str) {
        self.state()
            .robots
            .insert(key.to_owned(), Robot::new(group_name));
        self.tell_waiters();
    }

    /// Throws a robot out of its group; its webhook then answers 93000.
    pub fn remove_robot(&self, key: &str) {
        if let Some(robot) = self.state().robots.get_mut(key) {
            robot.is_removed = true;
        }
    }

    /// What a robot has said, oldest first.
    pub fn group_messages(&self, key: &str) -> Vec<RobotMessage> {
        self.state()
            .robots
            .get(key)
            .map(|robot| robot.messages.clone())
            .unwrap_or_default()
    }
}

/// POST webhook/send.
pub(crate) fn send(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let key = call.required_query("key", 93000)?.to_owned();
    let body = call.object().map_err(malformed)?;
    let fields = call.fields(&body);
    let msgtype = fields.required_text("msgtype", 40008)?;
    if !KINDS.contains(&msgtype) {
        return Err(Refusal::broken(
            40008,
            format!("msgtype {msgtype} is not for robots"),
        ));
    }
    fields.only(&["msgtype", msgtype]);
    let wall = wecom.world().clock.wall_now();
    let mut state = wecom.state();
    let is_there = state
        .robots
        .get(&key)
        .is_some_and(|robot| !robot.is_removed);
    if !is_there {
        return Err(Refusal::outcome(
            93000,
            "invalid webhook url, or robot removed from group",
        ));
    }
    let content_fields = fields.required_object(msgtype, 40063)?;
    check(&content_fields, msgtype, &key, &state, wall)?;

    let content = body.get(msgtype).cloned().unwrap_or_default();
    let Some(robot) = state.robots.get_mut(&key) else {
        return Err(Refusal::outcome(93000, "invalid webhook url"));
    };
    if !robot.pace.allows(wall, TimeDelta::minutes(1), PER_MINUTE) {
        return Err(Refusal::broken(
            45009,
            "api freq out of limit: 20 a minute for one robot",
        ));
    }
    robot.pace.count(wall);
    robot.messages.push(RobotMessage {
        at: wecom.world().clock.now(),
        msgtype: msgtype.to_owned(),
        text: readable_text(&content),
        content,
    });
    drop(state);
    wecom.tell_waiters();
    ok(Value::Object(Map::new()))
}

/// A webhook answers 40008 to what is no JSON object; escaped letters stay what they are.
fn malformed(refusal: Refusal) -> Refusal {
    if refusal.code == ESCAPED_LETTERS {
        refusal
    } else {
        Refusal::broken(40008, "a JSON object with msgtype")
    }
}

fn check(
    content: &Fields<'_>,
    msgtype: &str,
    key: &str,
    state: &State,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    match msgtype {
        "text" => {
            content.only(&["content", "mentioned_list", "mentioned_mobile_list"]);
            content.required_text("content", 44004)?;
            content.texts("mentioned_list")?;
            content.texts("mentioned_mobile_list")?;
            content.at_most_bytes("content", 2048, 40058)
        }
        "markdown" | "markdown_v2" => {
            content.only(&["content"]);
            let text = content.required_text("content", 44004)?;
            if msgtype == "markdown_v2" {
                note_older_marks(content, text);
            }
            content.at_most_bytes("content", 4096, 40058)
        }
        "image" => image(content, IMAGE_BYTES),
        "news" => news(content),
        "file" | "voice" => {
            content.only(&["media_id"]);
            let media_id = content.required_text("media_id", 40063)?;
            let media = state
                .media
                .get(media_id)
                .filter(|media| media.expires > now);
            let is_own = media.is_some_and(|media| {
                media.robot_key.as_deref() == Some(key) && media.kind == msgtype
            });
            if is_own {
                return Ok(());
            }
            Err(Refusal::broken(
                40007,
                "media_id was uploaded with the same key, within 3 days",
            ))
        }
        _ => card::check(content, Purpose::GroupRobot).map(drop),
    }
}

/// What `markdown` knows and its second version does not.
fn note_older_marks(content: &Fields<'_>, text: &str) {
    for (mark, what) in [("<font", "font colours"), ("<@", "mentions")] {
        if text.contains(mark) {
            content.note(format!("markdown_v2 has no {what}"), "shown as it stands");
        }
    }
}

/// A picture by its base64 and the MD5 of its raw bytes, of at most so many bytes.
pub(crate) fn image(content: &Fields<'_>, most_bytes: usize) -> Result<(), Refusal> {
    content.only(&["base64", "md5"]);
    let encoded = content.required_text("base64", 40063)?;
    let picture = STANDARD
        .decode(encoded)
        .map_err(|_| Refusal::broken(40058, "image.base64 is base64 without a prefix"))?;
    if picture.len() > most_bytes || !is_jpg_or_png(&picture) {
        let rule = format!("image is JPG or PNG of at most {} MB", most_bytes >> 20);
        return Err(Refusal::broken(40009, rule));
    }
    let digest: String = Md5::digest(&picture)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if content.required_text("md5", 40063)? != digest {
        return Err(Refusal::broken(40058, "image.md5 is that of the raw bytes"));
    }
    Ok(())
}

fn news(content: &Fields<'_>) -> Result<(), Refusal> {
    content.only(&["articles"]);
    let articles = content.objects("articles")?;
    if articles.is_empty() || articles.len() > 8 {
        return Err(Refusal::broken(45008, "articles has 1 to 8 articles"));
    }
    for article in &articles {
        article.only(&["title", "description", "url", "picurl"]);
        article.required_text("title", 41016)?;
        article.required_url("url", 41033)?;
        for (name, most) in [("title", 128), ("description", 512)] {
            if article.text(name)?.is_some_and(|text| text.len() > most) {
                article.note(format!("{} <= {most} bytes", article.at(name)), "truncated");
            }
        }
    }
    Ok(())
}
