//! Access tokens and JS tickets (wecom-app §4, wecom-bots-h5 §4.1).

use chrono::TimeDelta;
use serde_json::json;

use super::{
    Wecom,
    call::{Answer, Call, ok},
    random::secret_text,
    refusal::Refusal,
};

/// Seconds that a token or ticket lives.
const LIFE_SECONDS: i64 = 7200;
/// Wrong secrets from one address before it is blocked for an hour. The platform does not say how
/// many; what matters is that a loop of retries is caught.
const WRONG_SECRETS: u32 = 5;
/// Calls to gettoken within a minute before the caller is taken to fetch one per call.
const TOKENS_PER_MINUTE: usize = 60;

/// GET gettoken.
pub(crate) fn gettoken(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let now = wecom.world().clock.wall_now();
    let corp_id = call.required_query("corpid", 41002)?;
    let secret = call.required_query("corpsecret", 41004)?;
    let mut state = wecom.state();
    let tokens = &mut state.tokens;
    let wrong = &mut tokens.wrong_secrets;
    if wrong
        .blocked_until
        .get(&call.caller)
        .is_some_and(|until| *until > now)
    {
        return Err(Refusal::broken(
            45009,
            "address blocked for an hour after wrong secrets",
        ));
    }
    if corp_id != wecom.app().corp_id {
        return Err(Refusal::broken(40013, "invalid corpid"));
    }
    if secret != wecom.app().secret {
        let tries = wrong.tries.entry(call.caller).or_default();
        *tries += 1;
        if *tries >= WRONG_SECRETS {
            *tries = 0;
            wrong
                .blocked_until
                .insert(call.caller, now + TimeDelta::hours(1));
        }
        return Err(Refusal::broken(40001, "invalid credential"));
    }
    wrong.tries.remove(&call.caller);
    if !tokens
        .asked
        .allows(now, TimeDelta::minutes(1), TOKENS_PER_MINUTE)
    {
        return Err(Refusal::broken(
            45009,
            "one token for many calls, not one per call",
        ));
    }
    tokens.asked.count(now);
    if tokens
        .current
        .as_ref()
        .is_some_and(|(_, expires)| *expires <= now)
    {
        tokens.revoke();
    }
    let life = TimeDelta::seconds(LIFE_SECONDS);
    let (token, expires) = tokens
        .current
        .get_or_insert_with(|| (format!("at_{}", secret_text()), now + life));
    let left = expires.signed_duration_since(now).num_seconds();
    ok(json!({"access_token": token, "expires_in": left}))
}

/// GET get_jsapi_ticket: the corp's ticket, 400 times an hour.
pub(crate) fn corp_ticket(wecom: &Wecom, _call: &Call<'_>) -> Answer {
    ticket(wecom, "corp", 400)
}

/// GET ticket/get: the app's ticket, 100 times an hour.
pub(crate) fn app_ticket(wecom: &Wecom, call: &Call<'_>) -> Answer {
    if call.required_query("type", 40063)? != "agent_config" {
        return Err(Refusal::broken(91040, "type is agent_config"));
    }
    ticket(wecom, "agent", 100)
}

fn ticket(wecom: &Wecom, kind: &'static str, per_hour: usize) -> Answer {
    let now = wecom.world().clock.wall_now();
    let mut state = wecom.state();
    let ticket = state.tokens.tickets.entry(kind).or_default();
    if !ticket.asked.allows(now, TimeDelta::hours(1), per_hour) {
        return Err(Refusal::broken(
            45009,
            format!("{kind} ticket at most {per_hour} an hour"),
        ));
    }
    ticket.asked.count(now);
    if ticket
        .current
        .as_ref()
        .is_some_and(|(_, expires)| *expires <= now)
    {
        ticket.current = None;
    }
    let life = TimeDelta::seconds(LIFE_SECONDS);
    let (text, expires) = ticket
        .current
        .get_or_insert_with(|| (format!("{kind}Ticket-{}", secret_text()), now + life));
    let left = expires.signed_duration_since(now).num_seconds();
    ok(json!({"ticket": text, "expires_in": left}))
}

impl Wecom {
    /// Revokes the access token early; the next call with it answers 42001.
    pub fn revoke_token(&self) {
        self.state().tokens.revoke();
    }

    /// The ticket that pages of this corp (`agent` false) or of the app (`agent` true) must sign
    /// with at this moment, if one was asked for.
    pub fn js_ticket(&self, kind: JsTicket) -> Option<String> {
        let kind = match kind {
            JsTicket::Corp => "corp",
            JsTicket::Agent => "agent",
        };
        let state = self.state();
        state
            .tokens
            .tickets
            .get(kind)?
            .current
            .as_ref()
            .map(|(text, _)| text.clone())
    }
}

/// Which JS ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsTicket {
    /// For `config`.
    Corp,
    /// For `agentConfig`.
    Agent,
}
