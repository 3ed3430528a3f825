//! The authorize page, the login page, and the exchange of codes (wecom-bots-h5 §3).
//!
//! Who authorizes is, in this order: `as=` in the query, the person whose phone opened the page
//! last (a cookie set by `/wecom/open?as=…&url=…`), or whoever is picked on the page.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect},
};
use chrono::TimeDelta;
use serde_json::json;

use super::{
    Wecom,
    call::{Answer, Call, ok},
    random::secret_text,
    refusal::Refusal,
    state::{Identity, IssuedCode},
};

/// Name of the cookie that says whose phone opened a page.
const PERSON_COOKIE: &str = "sandbox_person";
/// Name of the cookie by which the cashier knows its payer.
const PAYER_COOKIE: &str = "sandbox_payer";
/// How long a page remembers whose phone opened it.
const COOKIE_SECONDS: u32 = 600;
/// Minutes that a code lives.
const CODE_MINUTES: i64 = 5;
/// Seconds that a user ticket lives.
const TICKET_SECONDS: i64 = 1800;

/// GET connect/oauth2/authorize.
pub(crate) fn authorize(wecom: &Wecom, call: &Call<'_>) -> Answer {
    const ORDER: [&str; 6] = [
        "appid",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
        "agentid",
    ];
    let sent: Vec<&str> = call.query_order.iter().map(String::as_str).collect();
    let ordered: Vec<&str> = ORDER
        .into_iter()
        .filter(|name| sent.contains(name))
        .collect();
    let known: Vec<&str> = sent
        .into_iter()
        .filter(|name| ORDER.contains(name))
        .collect();
    if known != ordered {
        call.notes.note(
            "authorize link keeps its order of parameters",
            known.join(","),
        );
    }
    if call.query("response_type") != Some("code") {
        return refuse(call, "response_type=code", "response_type 参数错误");
    }
    let scope = call.query("scope").unwrap_or_default();
    if !["snsapi_base", "snsapi_privateinfo"].contains(&scope) {
        return refuse(
            call,
            "scope is snsapi_base or snsapi_privateinfo",
            "scope 参数错误",
        );
    }
    let has_ticket = scope == "snsapi_privateinfo" && names_app(wecom, call);
    if scope == "snsapi_privateinfo" && !has_ticket {
        let agent_id = call.query("agentid").unwrap_or("no agentid");
        call.notes.note(
            "snsapi_privateinfo comes with the app's agentid",
            format!("{agent_id}, treated as snsapi_base"),
        );
    }
    pick_person(wecom, call, has_ticket, true)
}

fn names_app(wecom: &Wecom, call: &Call<'_>) -> bool {
    call.query("agentid") == Some(wecom.app().agent_id.to_string().as_str())
}

/// GET wwlogin/sso/login: scanning with WeCom in an ordinary browser.
pub(crate) fn web_login(wecom: &Wecom, call: &Call<'_>) -> Answer {
    if call.query("login_type") != Some("CorpApp") {
        return refuse(call, "login_type=CorpApp", "login_type 参数错误");
    }
    if !names_app(wecom, call) {
        return refuse(call, "agentid of the app", "agentid 参数错误");
    }
    pick_person(wecom, call, false, false)
}

/// GET open: opens a page on somebody's phone. The authorize page and the cashier of WeChat Pay
/// then know who holds it.
pub(crate) fn open_as(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let person = call.required_query("as", 40063)?;
    let url = call.required_query("url", 40063)?;
    let identity = wecom.identity(person);
    let identity = identity.ok_or_else(|| Refusal::outcome(60111, "nobody of this name"))?;
    let mut answer = redirect(url)?;
    let cookies = [
        Some(format!("{PERSON_COOKIE}={person}; Path=/")),
        wecom
            .openid_of(&identity)
            .map(|openid| format!("{PAYER_COOKIE}={openid}; Path=/wechat-pay")),
    ];
    for cookie in cookies.into_iter().flatten() {
        let cookie = format!("{cookie}; Max-Age={COOKIE_SECONDS}; SameSite=Lax; HttpOnly");
        let cookie = HeaderValue::from_str(&cookie)
            .map_err(|_| Refusal::broken(40058, "as is a userid or openid"))?;
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

fn pick_person(wecom: &Wecom, call: &Call<'_>, has_ticket: bool, outsiders_may: bool) -> Answer {
    if call.query("appid") != Some(wecom.app().corp_id.as_str()) {
        return refuse(call, "appid is the CorpID", "appid 参数错误");
    }
    let state_text = call.query("state").unwrap_or_default();
    let is_legal = state_text.len() <= 128 && state_text.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_legal {
        return refuse(
            call,
            "state is at most 128 of a-zA-Z0-9",
            "84025: state 参数错误",
        );
    }
    let redirect_uri = call.query("redirect_uri").unwrap_or_default();
    if !is_trusted(wecom, redirect_uri) {
        return refuse(
            call,
            "redirect_uri is on the trusted domain",
            "redirect_uri 参数错误",
        );
    }
    let person = call
        .query("as")
        .map(str::to_owned)
        .or_else(|| person_of_cookie(call));
    let identity = person.and_then(|person| wecom.identity(&person));
    match identity {
        Some(Identity::Outsider(_)) if !outsiders_may => {
            refuse(call, "members log in here", "非企业成员")
        }
        Some(identity) => {
            let code = wecom.issue_code(identity, has_ticket);
            redirect(&with_code(redirect_uri, &code, state_text))
        }
        None => Ok(Html(person_page(wecom, call, outsiders_may)).into_response()),
    }
}

/// Code and state belong to the query, which stands before a fragment.
fn with_code(redirect_uri: &str, code: &str, state_text: &str) -> String {
    let end = redirect_uri.find('#').unwrap_or(redirect_uri.len());
    let (address, fragment) = redirect_uri.split_at(end);
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}code={code}&state={state_text}{fragment}")
}

fn redirect(url: &str) -> Answer {
    if HeaderValue::from_str(url).is_err() {
        return Err(Refusal::broken(40058, "a redirect address is ASCII"));
    }
    let mut answer = Redirect::temporary(url).into_response();
    *answer.status_mut() = StatusCode::FOUND;
    Ok(answer)
}

/// The failure page of the platform, and a violation.
fn refuse(call: &Call<'_>, rule: &str, shown: &str) -> Answer {
    call.notes.note(rule, call.raw_query);
    let page =
        format!("<!doctype html><meta charset=\"utf-8\"><title>错误</title><h1>{shown}</h1>");
    Ok((StatusCode::OK, Html(page)).into_response())
}

/// The redirect host must equal the trusted domain, its port included (wecom-bots-h5 §3.1).
fn is_trusted(wecom: &Wecom, redirect_uri: &str) -> bool {
    let authority = |url: &str| {
        let (_, after) = url.split_once("://")?;
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        after.get(..end).map(str::to_lowercase)
    };
    match (authority(redirect_uri), wecom.world().app_url()) {
        (Some(host), Some(app)) => Some(host) == authority(&app),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn person_of_cookie(call: &Call<'_>) -> Option<String> {
    let cookies = call.headers.get(header::COOKIE)?.to_str().ok()?;
    let mut pairs = cookies
        .split(';')
        .filter_map(|cookie| cookie.trim().split_once('='));
    pairs
        .find(|(name, _)| *name == PERSON_COOKIE)
        .map(|(_, value)| value.to_owned())
}

fn person_page(wecom: &Wecom, call: &Call<'_>, outsiders_may: bool) -> String {
    let entry = |person: &str, label: &str| {
        let query = escape(call.raw_query);
        format!(
            "<a href=\"?{query}&amp;as={}\">{}</a>",
            escape(person),
            escape(label)
        )
    };
    let state = wecom.state();
    let members = state.directory.members.values();
    let mut entries: Vec<String> = members
        .map(|member| {
            entry(
                &member.userid,
                &format!("{} · {}", member.name, member.position),
            )
        })
        .collect();
    if outsiders_may {
        let outsiders = state.directory.outsiders.iter();
        entries.extend(
            outsiders.map(|person| entry(&person.openid, &format!("{} · 微信用户", person.name))),
        );
    }
    format!(
        "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>选择身份</title>\
         <style>body{{font:16px system-ui;max-width:24rem;margin:2rem auto;padding:0 1rem}}\
         a{{display:block;padding:.8rem 1rem;margin:.4rem 0;background:#f2f5f9;border-radius:8px;\
         color:#1f2d3d;text-decoration:none}}</style><h1>以谁的身份进入？</h1>{}</html>",
        entries.concat()
    )
}

/// Escapes text for HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// GET auth/getuserinfo.
pub(crate) fn getuserinfo(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let code = call.required_query("code", 40029)?;
    let now = wecom.world().clock.wall_now();
    // A code read once is gone: single use.
    let issued = wecom
        .state()
        .oauth_codes
        .remove(code)
        .filter(|issued| issued.expires > now);
    let issued = issued.ok_or_else(|| Refusal::outcome(40029, "invalid code"))?;
    if call.path == "cgi-bin/user/getuserinfo" {
        return ok(match issued.identity {
            Identity::Member(userid) => json!({"UserId": userid, "DeviceId": "sandbox"}),
            Identity::Outsider(openid) => json!({"OpenId": openid, "DeviceId": "sandbox"}),
        });
    }
    match issued.identity {
        Identity::Member(userid) => {
            let mut answer = json!({"userid": userid});
            let is_visible = wecom.state().directory.visible(&userid).is_some();
            if issued.has_ticket && is_visible {
                let ticket = format!("ut_{}", secret_text());
                let expires = now + TimeDelta::seconds(TICKET_SECONDS);
                wecom
                    .state()
                    .user_tickets
                    .insert(ticket.clone(), (userid, expires));
                answer["user_ticket"] = json!(ticket);
                answer["expires_in"] = json!(TICKET_SECONDS);
            }
            ok(answer)
        }
        Identity::Outsider(openid) => ok(json!({"openid": openid})),
    }
}

/// POST auth/getuserdetail.
pub(crate) fn getuserdetail(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let body = call.object()?;
    let fields = call.fields(&body);
    fields.only(&["user_ticket"]);
    let ticket = fields.required_text("user_ticket", 84015)?;
    let known = wecom.state().user_tickets.get(ticket).cloned();
    let (userid, expires) = known.ok_or_else(|| Refusal::outcome(84015, "user_ticket invalid"))?;
    if expires <= wecom.world().clock.wall_now() {
        return Err(Refusal::outcome(84014, "user_ticket expired"));
    }
    ok(json!({"userid": userid, "gender": "0"}))
}

impl Wecom {
    /// A code for a person (userid or openid), as if they had passed the authorize page.
    pub fn oauth_code(&self, person: &str) -> Option<String> {
        let identity = self.identity(person)?;
        Some(self.issue_code(identity, false))
    }

    fn identity(&self, person: &str) -> Option<Identity> {
        let state = self.state();
        if let Some(member) = state.directory.member(person) {
            return Some(Identity::Member(member.userid.clone()));
        }
        let outsider = state
            .directory
            .outsiders
            .iter()
            .find(|known| known.openid == person)?;
        Some(Identity::Outsider(outsider.openid.clone()))
    }

    /// The openid somebody pays with, if they have WeChat.
    fn openid_of(&self, identity: &Identity) -> Option<String> {
        match identity {
            Identity::Member(userid) => {
                let state = self.state();
                let member = state
                    .directory
                    .member(userid)
                    .filter(|member| member.has_wechat)?;
                Some(member.openid())
            }
            Identity::Outsider(openid) => Some(openid.clone()),
        }
    }

    fn issue_code(&self, identity: Identity, has_ticket: bool) -> String {
        let code = secret_text();
        let expires = self.world().clock.wall_now() + TimeDelta::minutes(CODE_MINUTES);
        let issued = IssuedCode {
            identity,
            has_ticket,
            expires,
        };
        self.state().oauth_codes.insert(code.clone(), issued);
        code
    }
}
