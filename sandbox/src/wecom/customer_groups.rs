//! Customer groups and their join ways (wecom-bots-h5 §8).

use axum::response::{Html, IntoResponse};
use serde_json::{Map, Value, json};

use super::{
    Wecom,
    call::{Answer, Call, ok},
    delivery::{Delivery, Outgoing, Subject},
    directory::Outsider,
    fields::Fields,
    oauth::escape,
    random::secret_text,
    refusal::Refusal,
    state::{CustomerGroups, Group, Joined},
    xml::EventXml,
};

impl Wecom {
    /// Somebody from outside joins a customer group, through the QR code of a join way with this
    /// `state` or without one. Tells the application; `None` if there is no such group.
    pub async fn join_group(
        &self,
        chat_id: &str,
        person: &Outsider,
        state_text: Option<&str>,
    ) -> Option<Delivery> {
        let external_userid = external_userid(person);
        let at = self.world().clock.now();
        let (last, current) = {
            let mut state = self.state();
            let group = state.customer_groups.groups.get_mut(chat_id)?;
            group.members.push(Joined {
                external_userid: external_userid.clone(),
                name: person.name.clone(),
                at,
                state: state_text.map(str::to_owned),
            });
            group.version += 1;
            (group.version - 1, group.version)
        };
        let created = self.world().clock.wall_now().timestamp();
        let mut xml = EventXml::new(self.app(), "sys", created, "event");
        xml.cdata("Event", "change_external_chat");
        xml.cdata("ChatId", chat_id);
        xml.cdata("ChangeType", "update");
        xml.cdata("UpdateDetail", "add_member");
        xml.plain("JoinScene", 3);
        xml.plain("MemChangeCnt", 1);
        xml.nested("MemChangeList", |list| list.cdata("Item", &external_userid));
        xml.cdata("LastMemVer", &last.to_string());
        xml.cdata("CurMemVer", &current.to_string());
        let kind = "change_external_chat".to_owned();
        Some(
            self.deliver(Outgoing {
                kind,
                userid: "sys".to_owned(),
                plaintext: xml.finish(),
                subject: Subject::App { clicked: None },
            })
            .await,
        )
    }
}

/// The id a person outside has for the corp.
fn external_userid(person: &Outsider) -> String {
    format!("wm{}", person.openid)
}

/// POST externalcontact/groupchat/list.
pub(crate) fn list(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&["status_filter", "owner_filter", "cursor", "limit"]);
    let status = fields.choice("status_filter", &[0, 1, 2, 3], 40058)?;
    let limit = fields
        .integer("limit")?
        .ok_or_else(|| fields.missing("limit", 40063))?;
    if !(1..=1000).contains(&limit) {
        return Err(Refusal::broken(40058, "limit is 1..1000"));
    }
    let owners = match fields.object("owner_filter")? {
        Some(filter) => filter.texts("userid_list")?,
        None => Vec::new(),
    };
    if owners.len() > 100 {
        return Err(Refusal::broken(
            40058,
            "owner_filter.userid_list has at most 100",
        ));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let start: usize = match fields.text("cursor")? {
        Some(cursor) => cursor
            .parse()
            .map_err(|_| Refusal::broken(40058, "cursor is one that was answered"))?,
        None => 0,
    };
    let state = wecom.state();
    let is_owner_wanted = |group: &Group| {
        owners.is_empty()
            || owners
                .iter()
                .any(|owner| owner.eq_ignore_ascii_case(&group.owner))
    };
    // No owner here has left or handed over: every group has status 0.
    let mut matching = state
        .customer_groups
        .groups
        .iter()
        .filter(|(_, group)| status.unwrap_or(0) == 0 && is_owner_wanted(group))
        .skip(start);
    let page: Vec<Value> = matching
        .by_ref()
        .take(limit)
        .map(|(id, _)| json!({"chat_id": id, "status": 0}))
        .collect();
    let next_cursor = if matching.next().is_some() {
        (start + limit).to_string()
    } else {
        String::new()
    };
    ok(json!({"group_chat_list": page, "next_cursor": next_cursor}))
}

/// POST externalcontact/groupchat/get.
pub(crate) fn get(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&["chat_id", "need_name"]);
    let chat_id = fields.required_text("chat_id", 40063)?;
    let needs_name = fields.choice("need_name", &[0, 1], 40058)? == Some(1);
    let state = wecom.state();
    let group = state.customer_groups.groups.get(chat_id);
    let group = group.ok_or_else(|| Refusal::outcome(40050, "chat_id not found"))?;
    let owner = json!({"userid": group.owner, "type": 1, "join_time": 0, "join_scene": 1});
    let members = group.members.iter().map(|member| {
        let mut json = json!({
            "userid": member.external_userid, "type": 2, "join_time": member.at.timestamp(),
            "join_scene": 3, "group_nickname": "",
        });
        if needs_name {
            json["name"] = json!(member.name);
        }
        if let Some(state) = &member.state {
            json["state"] = json!(state);
        }
        json
    });
    let member_list: Vec<Value> = [owner].into_iter().chain(members).collect();
    ok(json!({"group_chat": {
        "chat_id": chat_id, "name": group.name, "owner": group.owner, "create_time": 0,
        "notice": "", "member_list": member_list,
        "admin_list": [], "member_version": group.version.to_string(),
    }}))
}

/// POST externalcontact/groupchat/add_join_way.
pub(crate) fn add_join_way(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let mut state = wecom.state();
    check_join_way(&call.fields(&body), false, &state.customer_groups)?;
    let config_id = secret_text();
    state
        .customer_groups
        .join_ways
        .insert(config_id.clone(), with_defaults(body));
    ok(json!({"config_id": config_id}))
}

/// POST externalcontact/groupchat/get_join_way.
pub(crate) fn get_join_way(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let config_id = config_id(call)?;
    let state = wecom.state();
    let way = state.customer_groups.join_ways.get(&config_id);
    let mut way = way
        .ok_or_else(|| Refusal::outcome(40058, "config_id not found"))?
        .clone();
    let qr_code = format!(
        "{}/wecom/join?config_id={config_id}",
        wecom.world().base_url()
    );
    way.insert("config_id".to_owned(), json!(config_id));
    way.insert("qr_code".to_owned(), json!(qr_code));
    ok(json!({"join_way": way}))
}

/// POST externalcontact/groupchat/update_join_way: overwrites everything.
pub(crate) fn update_join_way(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    let config_id = fields.required_text("config_id", 40063)?;
    let mut state = wecom.state();
    check_join_way(&fields, true, &state.customer_groups)?;
    let way = state.customer_groups.join_ways.get_mut(config_id);
    *way.ok_or_else(|| Refusal::outcome(40058, "config_id not found"))? =
        with_defaults(body.clone());
    ok(json!({}))
}

/// POST externalcontact/groupchat/del_join_way.
pub(crate) fn del_join_way(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let config_id = config_id(call)?;
    let removed = wecom.state().customer_groups.join_ways.remove(&config_id);
    removed.ok_or_else(|| Refusal::outcome(40058, "config_id not found"))?;
    ok(json!({}))
}

/// GET join: what somebody sees who scans a group's QR code.
pub(crate) fn join_page(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let config_id = call.required_query("config_id", 40063)?;
    let state = wecom.state();
    let way = state.customer_groups.join_ways.get(config_id);
    let way = way.ok_or_else(|| Refusal::outcome(40058, "config_id not found"))?;
    let chat_ids = way
        .get("chat_id_list")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let names: Vec<String> = chat_ids
        .filter_map(|id| state.customer_groups.groups.get(id.as_str()?))
        .map(|group| escape(&group.name))
        .collect();
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><h1>加入群聊</h1>{}",
        names.join("<br>")
    );
    Ok(Html(page).into_response())
}

fn config_id(call: &Call<'_>) -> Result<String, Refusal> {
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&["config_id"]);
    fields.required_text("config_id", 40063).map(str::to_owned)
}

/// What a join way is that does not say otherwise.
fn with_defaults(mut way: Map<String, Value>) -> Map<String, Value> {
    way.entry("auto_create_room").or_insert_with(|| json!(1));
    way
}

fn check_join_way(
    fields: &Fields<'_>,
    is_update: bool,
    known_groups: &CustomerGroups,
) -> Result<(), Refusal> {
    const KNOWN: [&str; 8] = [
        "scene",
        "remark",
        "auto_create_room",
        "room_base_name",
        "room_base_id",
        "chat_id_list",
        "state",
        "mark_source",
    ];
    let known = if is_update {
        [&KNOWN[..], &["config_id"]].concat()
    } else {
        KNOWN.to_vec()
    };
    fields.only(&known);
    fields
        .choice("scene", &[1, 2], 40058)?
        .ok_or_else(|| fields.missing("scene", 40063))?;
    fields.choice("auto_create_room", &[0, 1], 40058)?;
    fields.integer("room_base_id")?;
    fields.boolean("mark_source")?;
    let chat_ids = fields.texts("chat_id_list")?;
    if chat_ids.is_empty() || chat_ids.len() > 5 {
        return Err(Refusal::broken(40058, "chat_id_list has 1 to 5 groups"));
    }
    if !chat_ids
        .iter()
        .all(|chat_id| known_groups.groups.contains_key(*chat_id))
    {
        return Err(Refusal::broken(40050, "chat_id_list names known groups"));
    }
    for (name, most) in [("remark", 30), ("room_base_name", 40), ("state", 30)] {
        if fields
            .text(name)?
            .is_some_and(|text| text.chars().count() > most)
        {
            return Err(Refusal::broken(
                40058,
                format!("{name} <= {most} characters"),
            ));
        }
    }
    Ok(())
}
