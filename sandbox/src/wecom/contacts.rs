//! Members, the app itself and the platform's addresses (wecom-app §11, §12).

use serde_json::{Value, json};

use super::{
    Wecom,
    call::{Answer, Call, ok},
    directory::{DEPARTMENTS, Member},
    refusal::Refusal,
};

/// GET user/get.
pub(crate) fn user(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let userid = call.required_query("userid", 40003)?;
    let state = wecom.state();
    let member = state.directory.member(userid);
    let member = member.ok_or_else(|| Refusal::outcome(60111, "userid not found"))?;
    if !member.is_visible {
        return Err(Refusal::outcome(60011, "no privilege to access user"));
    }
    ok(record(member))
}

/// GET user/list.
pub(crate) fn list(wecom: &Wecom, call: &Call<'_>) -> Answer {
    by_department(wecom, call, record)
}

/// GET user/simplelist.
pub(crate) fn simple_list(wecom: &Wecom, call: &Call<'_>) -> Answer {
    by_department(
        wecom,
        call,
        |member| json!({"userid": member.userid, "name": member.name, "department": [member.department]}),
    )
}

/// POST user/list_id: for the secret of the contact sync only.
pub(crate) fn list_id(_wecom: &Wecom, _call: &Call<'_>) -> Answer {
    Err(Refusal::broken(
        48002,
        "user/list_id is called with the contact-sync secret",
    ))
}

/// POST user/convert_to_openid.
pub(crate) fn convert_to_openid(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&["userid"]);
    let userid = fields.required_text("userid", 40003)?;
    let state = wecom.state();
    let member = state.directory.visible(userid);
    let member = member.ok_or_else(|| Refusal::outcome(60111, "userid not found"))?;
    if !member.has_wechat {
        return Err(Refusal::outcome(43004, "member has not bound WeChat"));
    }
    ok(json!({"openid": member.openid()}))
}

/// POST user/convert_to_userid.
pub(crate) fn convert_to_userid(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&["openid"]);
    let openid = fields.required_text("openid", 40063)?;
    let state = wecom.state();
    let mut members = state
        .directory
        .all_visible()
        .filter(|member| member.has_wechat);
    let member = members.find(|member| member.openid() == openid);
    let member = member.ok_or_else(|| Refusal::outcome(40073, "openid not found"))?;
    ok(json!({"userid": member.userid}))
}

/// POST batch/openuserid_to_userid (wecom-bots-h5 §1.10). A robot's ids have no source agent.
pub(crate) fn openuserid_to_userid(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&["open_userid_list"]);
    let asked = fields.texts("open_userid_list")?;
    if asked.is_empty() || asked.len() > 1000 {
        let rule = "open_userid_list has 1 to 1000 ids";
        return Err(Refusal::broken(40058, rule));
    }
    let state = wecom.state();
    let (mut users, mut invalid) = (Vec::new(), Vec::new());
    for open_userid in asked {
        let mut members = state.directory.all_visible();
        match members.find(|member| member.open_userid() == open_userid) {
            Some(member) => {
                users.push(json!({"open_userid": open_userid, "userid": member.userid}));
            }
            None => invalid.push(open_userid),
        }
    }
    ok(json!({"userid_list": users, "invalid_open_userid_list": invalid}))
}

/// GET agent/get.
pub(crate) fn agent(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let app = wecom.app();
    if call.required_query("agentid", 41011)? != app.agent_id.to_string() {
        return Err(Refusal::broken(301002, "the token belongs to this agentid"));
    }
    let trusted = wecom.trusted_domain();
    let state = wecom.state();
    let users: Vec<Value> = state
        .directory
        .all_visible()
        .map(|member| json!({"userid": member.userid}))
        .collect();
    ok(json!({
        "agentid": app.agent_id, "name": "训练营助手", "square_logo_url": "", "description": "",
        "allow_userinfos": {"user": users}, "allow_partys": {"partyid": []},
        "allow_tags": {"tagid": []}, "close": i32::from(state.is_closed), "redirect_domain": trusted,
        "report_location_flag": 0, "isreportenter": 1, "home_url": "",
    }))
}

/// GET getcallbackip and get_api_domain_ip.
pub(crate) fn ip_list(_wecom: &Wecom, _call: &Call<'_>) -> Answer {
    ok(json!({"ip_list": ["127.0.0.1"]}))
}

fn by_department(wecom: &Wecom, call: &Call<'_>, shape: fn(&Member) -> Value) -> Answer {
    let department: i64 = call
        .required_query("department_id", 40063)?
        .parse()
        .map_err(|_| Refusal::broken(40058, "department_id is an integer"))?;
    if !DEPARTMENTS.iter().any(|(id, _, _)| *id == department) {
        return Err(Refusal::outcome(60003, "department not found"));
    }
    let state = wecom.state();
    let users: Vec<Value> = state
        .directory
        .in_department(department)
        .map(shape)
        .collect();
    ok(json!({"userlist": users}))
}

/// The full record of a member. An app made after 2022-06-20 never sees phone, mail or picture.
fn record(member: &Member) -> Value {
    json!({
        "userid": member.userid, "name": member.name, "department": [member.department],
        "order": [0], "position": member.position, "is_leader_in_dept": [0],
        "direct_leader": [], "telephone": "", "alias": "", "status": 1,
        "main_department": member.department, "extattr": {"attrs": []},
    })
}
