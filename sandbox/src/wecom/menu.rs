//! The app's menu (wecom-app §9).

use serde_json::{Value, json};

use super::{
    Wecom,
    call::{Answer, Call, ok},
    fields::Fields,
    refusal::Refusal,
};

const KINDS: [&str; 9] = [
    "click",
    "view",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
    "view_miniprogram",
];

/// POST menu/create: replaces the whole menu.
pub(crate) fn create(wecom: &Wecom, call: &Call<'_>) -> Answer {
    check_agent(wecom, call)?;
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&["button"]);
    let buttons = fields.objects("button")?;
    if buttons.is_empty() || buttons.len() > 3 {
        return Err(Refusal::broken(40016, "1 to 3 top buttons"));
    }
    for button in &buttons {
        name(button, 16)?;
        let children = button.objects("sub_button")?;
        if children.is_empty() {
            action(button)?;
            continue;
        }
        if children.len() > 5 {
            return Err(Refusal::broken(40023, "1 to 5 sub buttons"));
        }
        button.only(&["name", "sub_button"]);
        for child in &children {
            if !child.objects("sub_button")?.is_empty() {
                return Err(Refusal::broken(40022, "two levels of menu"));
            }
            name(child, 40)?;
            action(child)?;
        }
    }
    wecom.state().menu = Some(Value::Object(body.clone()));
    wecom.tell_waiters();
    ok(json!({}))
}

/// GET menu/get.
pub(crate) fn get(wecom: &Wecom, call: &Call<'_>) -> Answer {
    check_agent(wecom, call)?;
    let menu = wecom.state().menu.clone();
    ok(menu.ok_or_else(|| Refusal::outcome(46003, "menu no exist"))?)
}

/// GET menu/delete.
pub(crate) fn delete(wecom: &Wecom, call: &Call<'_>) -> Answer {
    check_agent(wecom, call)?;
    wecom.state().menu = None;
    wecom.tell_waiters();
    ok(json!({}))
}

fn check_agent(wecom: &Wecom, call: &Call<'_>) -> Result<(), Refusal> {
    if call.required_query("agentid", 41011)? == wecom.app().agent_id.to_string() {
        return Ok(());
    }
    Err(Refusal::broken(40056, "agentid of the app"))
}

fn name(button: &Fields<'_>, most_bytes: usize) -> Result<(), Refusal> {
    button.required_text("name", 40018)?;
    button.at_most_bytes("name", most_bytes, 40018)
}

fn action(button: &Fields<'_>) -> Result<(), Refusal> {
    let kind = button.required_text("type", 40017)?;
    if !KINDS.contains(&kind) {
        return Err(Refusal::broken(
            40017,
            format!("{} is one of nine", button.at("type")),
        ));
    }
    match kind {
        "view" => {
            button.only(&["type", "name", "url", "sub_button"]);
            button.required_url("url", 40055)?;
            button.at_most_bytes("url", 1024, 40020)
        }
        "view_miniprogram" => {
            button.only(&["type", "name", "appid", "pagepath", "sub_button"]);
            button.required_text("appid", 40058)?;
            button.required_text("pagepath", 40058).map(drop)
        }
        _ => {
            button.only(&["type", "name", "key", "sub_button"]);
            button.required_text("key", 40019)?;
            button.at_most_bytes("key", 128, 40019)
        }
    }
}
