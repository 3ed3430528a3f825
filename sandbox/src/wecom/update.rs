//! message/update_template_card (wecom-app §7).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    Wecom,
    call::{Answer, Call, ok},
    card::{self, Purpose},
    fields::Fields,
    message::{Message, View},
    refusal::Refusal,
    send::check_agent,
    state::State,
};

const KNOWN: [&str; 9] = [
    "userids",
    "partyids",
    "tagids",
    "atall",
    "agentid",
    "response_code",
    "enable_id_trans",
    "button",
    "template_card",
];

/// What becomes of the card.
pub(super) enum Change {
    /// Its buttons turn grey and say this.
    Button(String),
    /// Another card takes its place.
    Card(Value),
}

/// POST message/update_template_card.
pub(crate) fn update(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&KNOWN);
    check_agent(wecom, &fields)?;
    let change = read_change(&fields, &body)?;
    let code = fields.required_text("response_code", 40063)?;
    let now = wecom.world().clock.now();
    let mut state = wecom.state();

    let issued = state.response_codes.get(code).cloned();
    let issued = issued
        .filter(|issued| !issued.is_used && issued.expires > now)
        .ok_or_else(|| Refusal::outcome(60140, "response_code invalid, expired or used"))?;
    let message = state
        .message(&issued.message_id)
        .ok_or_else(|| Refusal::outcome(42016, "card not found"))?;
    check_change(message, &change)?;
    if message.is_recalled {
        fields.note("a recalled card is not updated", &message.id);
    }
    let (targets, invalid) = targets(&fields, message, &state)?;
    if let Some(issued) = state.response_codes.get_mut(code) {
        issued.is_used = true;
    }
    if let Some(message) = state.message_mut(&issued.message_id) {
        apply(message, &change, &targets);
    }
    drop(state);
    wecom.tell_waiters();
    ok(json!({"invaliduser": invalid}))
}

fn read_change(fields: &Fields<'_>, body: &Map<String, Value>) -> Result<Change, Refusal> {
    match (fields.object("button")?, fields.object("template_card")?) {
        (Some(button), None) => {
            button.only(&["replace_name"]);
            Ok(Change::Button(
                button.required_text("replace_name", 40063)?.to_owned(),
            ))
        }
        (None, Some(card)) => {
            card::check(&card, Purpose::Update)?;
            Ok(Change::Card(
                body.get("template_card").cloned().unwrap_or_default(),
            ))
        }
        _ => Err(Refusal::broken(40063, "either button or template_card")),
    }
}

/// The button form works on interactive cards only, the card form on those that call back.
pub(super) fn check_change(message: &Message, change: &Change) -> Result<(), Refusal> {
    let card = message.card.as_ref().filter(|card| card.calls_back);
    let card = card.ok_or_else(|| Refusal::broken(42016, "the card calls back"))?;
    let card_type = card.original.json["card_type"].as_str().unwrap_or_default();
    if matches!(change, Change::Button(_)) && !card_type.ends_with("_interaction") {
        return Err(Refusal::broken(
            42031,
            "button form is for interactive cards",
        ));
    }
    Ok(())
}

/// Recipients who are to see the change, and names that are none.
fn targets(
    fields: &Fields<'_>,
    message: &Message,
    state: &State,
) -> Result<(BTreeSet<String>, Vec<String>), Refusal> {
    let userids = fields.texts("userids")?;
    let parties = fields.integers("partyids")?;
    let tags = fields.integers("tagids")?;
    for (name, seen, most) in [
        ("userids", userids.len(), 1000),
        ("partyids", parties.len(), 100),
        ("tagids", tags.len(), 100),
    ] {
        if seen > most {
            return Err(Refusal::broken(40058, format!("{name} has at most {most}")));
        }
    }
    if fields.choice("atall", &[0, 1], 40058)? == Some(1) {
        return Ok((message.audience.clone(), Vec::new()));
    }
    if userids.is_empty() && parties.is_empty() && tags.is_empty() {
        return Err(Refusal::broken(82101, "somebody is named, or atall"));
    }
    let of_parties = parties
        .iter()
        .flat_map(|party| state.directory.in_department(*party))
        .map(|member| member.userid.clone());
    let named = userids
        .iter()
        .map(|userid| userid.to_lowercase())
        .chain(of_parties);
    let (reached, others): (BTreeSet<String>, BTreeSet<String>) =
        named.partition(|userid| message.audience.contains(userid));
    if reached.is_empty() {
        let refusal = Refusal::broken(82102, "those named are recipients of the card");
        return Err(refusal.with("invaliduser", json!(others)));
    }
    Ok((reached, others.into_iter().collect()))
}

/// Shows the change to these viewers.
pub(super) fn apply(message: &mut Message, change: &Change, targets: &BTreeSet<String>) {
    let Some(card) = &mut message.card else {
        return;
    };
    for userid in targets {
        let view = match change {
            Change::Button(name) => View {
                json: card.view(userid).json.clone(),
                replaced_button: Some(name.clone()),
            },
            Change::Card(json) => View {
                json: json.clone(),
                replaced_button: None,
            },
        };
        card.replaced.insert(userid.clone(), view);
    }
}
