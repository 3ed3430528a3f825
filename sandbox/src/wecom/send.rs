//! message/send and message/recall (wecom-app §5, §8).

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{
    Wecom,
    call::{Answer, Call, ok},
    card::{self, Purpose},
    content::{self, Uploads},
    delivery::Door,
    fields::Fields,
    message::{Author, Card, Message, View},
    refusal::Refusal,
    state::State,
};

const KINDS: [&str; 11] = [
    "text",
    "image",
    "voice",
    "video",
    "file",
    "textcard",
    "news",
    "mpnews",
    "markdown",
    "miniprogram_notice",
    "template_card",
];
const COMMON: [&str; 9] = [
    "touser",
    "toparty",
    "totag",
    "msgtype",
    "agentid",
    "safe",
    "enable_id_trans",
    "enable_duplicate_check",
    "duplicate_check_interval",
];
/// Messages from the app to one member within a minute; more are dropped without a word.
const PER_MINUTE: usize = 30;
/// The same within an hour.
const PER_HOUR: usize = 1000;

/// POST message/send.
pub(crate) fn send(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    check_agent(wecom, &fields)?;
    let msgtype = kind(&fields)?;
    let wall = wecom.world().clock.wall_now();
    let has_address = wecom.callback_url(Door::App).is_some();
    let mut state = wecom.state();
    let audience = Audience::read(&fields, &state)?;
    let content_fields = fields.required_object(msgtype, 40063)?;
    let uploads = Uploads {
        media: &state.media,
        now: wall,
    };
    let content = content::check(&content_fields, msgtype, &body, uploads)?;
    let calls_back = calls_back(has_address, msgtype, &content_fields)?;
    let repetition = Repetition::read(&fields, call, wall)?;
    if let Some(msgid) = repetition.known(&mut state, wall) {
        return ok(audience.answer(&msgid));
    }
    let task_id = content_fields
        .text("task_id")?
        .unwrap_or_default()
        .to_owned();
    if audience.reached.is_empty() {
        return Err(audience.refusal());
    }
    if !task_id.is_empty() && !state.task_ids.insert(task_id.clone()) {
        return Err(Refusal::broken(42014, "task_id was used before"));
    }

    let msgid = format!("msg_{:06}", state.next_number());
    repetition.record(&mut state, &msgid);
    let now = wecom.world().clock.now();
    let arrived = deliverable(&mut state, &audience.reached, wall, &fields);
    let card = (msgtype == "template_card").then(|| Card {
        calls_back,
        task_id,
        original: View {
            json: content.clone(),
            replaced_button: None,
        },
        replaced: HashMap::new(),
    });
    state.keep_message(Message {
        id: msgid.clone(),
        at: now,
        author: Author::App,
        audience: arrived,
        msgtype: msgtype.to_owned(),
        content,
        card,
        is_recalled: false,
    });
    let mut answer = audience.answer(&msgid);
    if calls_back {
        answer["response_code"] = json!(state.issue_response_code(&msgid, now));
    }
    drop(state);
    wecom.tell_waiters();
    ok(answer)
}

/// POST message/recall.
pub(crate) fn recall(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&["msgid"]);
    let msgid = fields.required_text("msgid", 40063)?;
    let now = wecom.world().clock.now();
    let mut state = wecom.state();
    let message = state
        .message_mut(msgid)
        .filter(|message| message.author == Author::App)
        .ok_or_else(|| Refusal::broken(40058, "msgid is one of this app"))?;
    if now.signed_duration_since(message.at) > TimeDelta::hours(24) {
        return Err(Refusal::outcome(42052, "msgid older than 24 hours"));
    }
    if message.is_recalled {
        fields.note("a message is recalled once", msgid);
    }
    message.is_recalled = true;
    drop(state);
    wecom.tell_waiters();
    ok(json!({}))
}

/// `agentid` must be the integer of this app.
pub(crate) fn check_agent(wecom: &Wecom, fields: &Fields<'_>) -> Result<(), Refusal> {
    match fields.integer("agentid")? {
        None => Err(Refusal::broken(41011, "agentid is required")),
        Some(agent_id) if agent_id == wecom.app().agent_id => Ok(()),
        Some(_) => Err(Refusal::broken(301002, "the token belongs to this agentid")),
    }
}

/// The message's type, with the flags that this type takes.
fn kind<'a>(fields: &Fields<'a>) -> Result<&'a str, Refusal> {
    let msgtype = fields.required_text("msgtype", 40008)?;
    if !KINDS.contains(&msgtype) {
        return Err(Refusal::broken(
            40008,
            format!("msgtype {msgtype} is not known"),
        ));
    }
    fields.only(&[&COMMON[..], &[msgtype]].concat());
    check_flags(fields, msgtype)?;
    Ok(msgtype)
}

/// Whether the message is a card that calls back. Such a card needs a callback URL.
fn calls_back(has_address: bool, msgtype: &str, content: &Fields<'_>) -> Result<bool, Refusal> {
    let calls_back = msgtype == "template_card" && card::check(content, Purpose::Send)?;
    if calls_back && !has_address {
        return Err(Refusal::broken(
            43012,
            "an interactive card needs a callback URL",
        ));
    }
    Ok(calls_back)
}

/// The suppression of identical bodies, if the caller asked for it. What the platform answers to
/// a suppressed call is not documented (wecom-app §14); here it is the first message's id, without
/// a response code.
struct Repetition {
    body: Option<String>,
    until: DateTime<Utc>,
}

impl Repetition {
    fn read(fields: &Fields<'_>, call: &Call<'_>, wall: DateTime<Utc>) -> Result<Self, Refusal> {
        let is_asked = fields.choice("enable_duplicate_check", &[0, 1], 40058)? == Some(1);
        let interval = fields.integer("duplicate_check_interval")?.unwrap_or(1800);
        Ok(Self {
            body: is_asked.then(|| String::from_utf8_lossy(call.body).into_owned()),
            until: wall + TimeDelta::seconds(interval),
        })
    }

    /// The message that the same body has made within the interval.
    fn known(&self, state: &mut State, wall: DateTime<Utc>) -> Option<String> {
        state.duplicates.retain(|_, (until, _)| *until > wall);
        let (_, msgid) = state.duplicates.get(self.body.as_ref()?)?;
        Some(msgid.clone())
    }

    fn record(self, state: &mut State, msgid: &str) {
        if let Some(body) = self.body {
            state
                .duplicates
                .insert(body, (self.until, msgid.to_owned()));
        }
    }
}

fn check_flags(fields: &Fields<'_>, msgtype: &str) -> Result<(), Refusal> {
    let allowed: &[i64] = match msgtype {
        "text" | "image" | "video" | "file" => &[0, 1],
        "mpnews" => &[0, 1, 2],
        _ => &[0],
    };
    let code = if msgtype == "news" { 40074 } else { 40058 };
    fields.choice("safe", allowed, code)?;
    fields.choice("enable_id_trans", &[0, 1], 40058)?;
    let interval = fields.integer("duplicate_check_interval")?;
    if interval.is_some_and(|seconds| !(0..=14_400).contains(&seconds)) {
        return Err(Refusal::broken(
            40058,
            "duplicate_check_interval is at most 14400 seconds",
        ));
    }
    Ok(())
}

/// The named recipients, those who exist and those who do not.
struct Audience {
    reached: BTreeSet<String>,
    invalid_users: Vec<String>,
    invalid_parties: Vec<String>,
    invalid_tags: Vec<String>,
}

impl Audience {
    fn read(fields: &Fields<'_>, state: &State) -> Result<Self, Refusal> {
        let users = ids(fields, "touser", 1000, 40032)?;
        let mut audience = Self {
            reached: BTreeSet::new(),
            invalid_users: Vec::new(),
            invalid_parties: Vec::new(),
            invalid_tags: Vec::new(),
        };
        let directory = &state.directory;
        if users == ["@all"] {
            audience
                .reached
                .extend(directory.all_visible().map(|member| member.userid.clone()));
            return Ok(audience);
        }
        let parties = ids(fields, "toparty", 100, 82002)?;
        let tags = ids(fields, "totag", 100, 82003)?;
        if users.is_empty() && parties.is_empty() && tags.is_empty() {
            return Err(Refusal::broken(
                82001,
                "touser, toparty and totag are not all empty",
            ));
        }
        for user in users {
            match directory.visible(user) {
                Some(member) => drop(audience.reached.insert(member.userid.clone())),
                None => audience.invalid_users.push(user.to_lowercase()),
            }
        }
        for party in parties {
            let department = party.parse().unwrap_or(0);
            let before = audience.reached.len();
            audience.reached.extend(
                directory
                    .in_department(department)
                    .map(|member| member.userid.clone()),
            );
            if audience.reached.len() == before {
                audience.invalid_parties.push(party.to_owned());
            }
        }
        audience
            .invalid_tags
            .extend(tags.into_iter().map(str::to_owned));
        Ok(audience)
    }

    fn answer(&self, msgid: &str) -> Value {
        let mut answer = Map::from_iter([("msgid".to_owned(), json!(msgid))]);
        answer.extend(self.invalid());
        Value::Object(answer)
    }

    fn invalid(&self) -> Map<String, Value> {
        Map::from_iter([
            (
                "invaliduser".to_owned(),
                json!(self.invalid_users.join("|")),
            ),
            (
                "invalidparty".to_owned(),
                json!(self.invalid_parties.join("|")),
            ),
            ("invalidtag".to_owned(), json!(self.invalid_tags.join("|"))),
        ])
    }

    fn refusal(&self) -> Refusal {
        let mut refusal = Refusal::outcome(81013, "user & party & tag all invalid");
        refusal.fields = self.invalid();
        refusal
    }
}

fn ids<'a>(
    fields: &Fields<'a>,
    name: &str,
    most: usize,
    code: i64,
) -> Result<Vec<&'a str>, Refusal> {
    let Some(joined) = fields.text(name)? else {
        return Ok(Vec::new());
    };
    let ids: Vec<&str> = joined.split('|').filter(|id| !id.is_empty()).collect();
    if ids.len() > most {
        return Err(Refusal::broken(code, format!("{name} has at most {most}")));
    }
    Ok(ids)
}

/// Those to whom the app has not written too often; the rest lose the message silently.
fn deliverable(
    state: &mut State,
    audience: &BTreeSet<String>,
    wall: DateTime<Utc>,
    fields: &Fields<'_>,
) -> BTreeSet<String> {
    let mut arrived = BTreeSet::new();
    for userid in audience {
        let pace = state.pace.entry(userid.clone()).or_default();
        let is_within = pace.allows(wall, TimeDelta::minutes(1), PER_MINUTE)
            && pace.allows(wall, TimeDelta::hours(1), PER_HOUR);
        if is_within {
            pace.count(wall);
            arrived.insert(userid.clone());
        } else {
            fields.note(
                format!("at most {PER_MINUTE} a minute and {PER_HOUR} an hour to one member"),
                format!("dropped for {userid}"),
            );
        }
    }
    arrived
}
