//! Sessions of the member pages: who holds the phone, as far as a platform has told us.

use chrono::TimeDelta;
use wecom::jssdk::TicketKind;
use wecom::oauth::{Scope, State, Visitor};

use crate::store::payments::{OPENID, Person};
use crate::store::sessions::{self, SESSION_OPENID, Session};
use crate::store::{Keyring, Macs};

use super::access_token::hash;
use super::{Context, Error, FieldError, Refusal, Result};

/// The life of a session of the member pages: a camp, its refund and some time to look back.
const SESSION_LIVES: TimeDelta = TimeDelta::days(180);
/// The time that a sign-in may take.
const SIGN_IN_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// The member never linked WeChat (wecom-app §11).
const NO_WECHAT: i64 = 43004;
/// What a sign-in of a member is remembered for.
const PURPOSE: &str = "h5";

/// A new session and what its cookie holds.
pub struct NewSession {
    /// Known to the browser only.
    pub cookie: String,
    /// As we keep it.
    pub session: Session,
}

/// Opens a session for a browser that has none. `platform` is `wecom`, `wechat` or `browser`.
pub async fn open(ctx: &Context, platform: &'static str) -> Result<NewSession> {
    let (fresh, wall_now) = (NewSession::of(ctx, platform), ctx.wall_now());
    let kept = fresh.session.clone();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                sessions::insert(tx, &kept, wall_now).await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    Ok(fresh)
}

impl NewSession {
    /// One that is nobody's yet, and not kept yet.
    pub fn of(ctx: &Context, platform: &str) -> Self {
        let cookie = format!("{}{}", ctx.new_uuid().simple(), ctx.new_uuid().simple());
        let session = Session {
            id_hash: hash(&cookie),
            platform: platform.to_owned(),
            openid: None,
            wecom_userid: None,
            expires_at: ctx.wall_now().plus(SESSION_LIVES),
        };
        Self { cookie, session }
    }
}

/// The session that a cookie stands for, if it is still good.
pub async fn load(ctx: &Context, cookie: &str) -> Result<Option<Session>> {
    let mut conn = ctx.db.read().await?;
    Ok(sessions::by_hash(&mut conn, &hash(cookie), ctx.wall_now()).await?)
}

/// The address of WeCom's page that asks a member who they are; `redirect` is where they go
/// afterwards, one of our own member pages.
pub async fn begin_sign_in(ctx: &Context, redirect: &str) -> Result<String> {
    ctx.wecom()?;
    if !is_member_page(redirect) {
        return Err(Error::invalid("redirect", FieldError::Malformed));
    }
    let state = ctx.new_uuid().simple().to_string();
    let (kept, to, until) = (
        hash(&state),
        redirect.to_owned(),
        ctx.wall_now().plus(SIGN_IN_WITHIN),
    );
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                sessions::add_oauth_state(tx, &kept, PURPOSE, &to, until).await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    let callback = format!("{}/api/h5/auth/callback", ctx.settings.public_url);
    let state = State::new(state).map_err(|error| Error::Invariant(error.to_string()))?;
    Ok(ctx.wecom()?.authorize_url(&callback, Scope::Base, &state))
}

fn is_member_page(path: &str) -> bool {
    (path == "/h5" || path.starts_with("/h5/") || path.starts_with("/h5?"))
        && !path.contains(['\\', '\r', '\n'])
        && path.len() <= 1024
}

/// Ends a sign-in: asks WeCom who holds the code, and writes it on a session. Gives where to go
/// and, if the browser had no session, the cookie of a new one.
pub async fn finish_sign_in(
    ctx: &Context,
    code: &str,
    state: &str,
    present: Option<Session>,
) -> Result<(String, Option<NewSession>)> {
    let (taken, wall_now) = (hash(state), ctx.wall_now());
    let redirect = ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                Ok::<_, Error>(sessions::take_oauth_state(tx, &taken, PURPOSE, wall_now).await?)
            })
        })
        .await?
        .ok_or(Refusal::LinkExpired)?;
    let visitor = ctx.wecom()?.visitor(code).await.map_err(wecom_failure)?;
    let (openid, userid) = who(ctx, visitor).await?;
    let (mut session, fresh) = match present {
        Some(session) => (session, None),
        None => {
            let fresh = open(ctx, "wecom").await?;
            (fresh.session.clone(), Some(fresh))
        }
    };
    session.platform = "wecom".to_owned();
    session.wecom_userid = userid.map(|userid| userid.to_lowercase());
    if let Some(openid) = openid {
        session.openid = Some(ctx.keys().seal(SESSION_OPENID, openid.as_bytes())?);
    }
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                sessions::sign_in(tx, &session).await?;
                Ok::<_, Error>(())
            })
        })
        .await?;
    Ok((redirect, fresh))
}

/// The openid to pay with and the corp account. A member who never linked WeChat has no openid
/// (43004) and pays by QR code instead.
async fn who(ctx: &Context, visitor: Visitor) -> Result<(Option<String>, Option<String>)> {
    match visitor {
        Visitor::Member { userid, .. } => {
            let openid = match ctx.wecom()?.openid_of(&userid).await {
                Ok(openid) => Some(openid),
                Err(wecom::Error::Api {
                    code: NO_WECHAT, ..
                }) => None,
                Err(error) => return Err(wecom_failure(error)),
            };
            Ok((openid, Some(userid)))
        }
        Visitor::Outsider { openid, .. } => Ok((Some(openid), None)),
        _ => Err(Error::Platform {
            platform: "wecom",
            what: "a visitor of an unknown kind".to_owned(),
        }),
    }
}

/// A failure of WeCom as doors show it.
pub(super) fn wecom_failure(error: wecom::Error) -> Error {
    let what = error.to_string();
    if error.outcome_unknown() || error.is_retryable() {
        Error::PlatformUnavailable {
            platform: "wecom",
            what,
        }
    } else {
        Error::Platform {
            platform: "wecom",
            what,
        }
    }
}

impl Session {
    /// Whose orders this session may see: its own, and those of the person it is signed in as.
    ///
    /// # Errors
    /// The key that its openid is sealed under is gone.
    pub fn person(&self, keys: &Keyring) -> Result<Person> {
        Ok(Person {
            session_hash: Some(self.id_hash.clone()),
            openid_macs: match self.openid(keys)? {
                Some(openid) => keys.lookup(OPENID, openid.as_bytes()),
                None => Macs::default(),
            },
            wecom_userid: self.wecom_userid.clone(),
        })
    }

    /// The openid of whom the session is signed in as.
    ///
    /// # Errors
    /// The key that it is sealed under is gone.
    pub(super) fn openid(&self, keys: &Keyring) -> Result<Option<String>> {
        let sealed = self.openid.as_ref();
        let openid = sealed.map(|sealed| keys.open_text(SESSION_OPENID, sealed));
        Ok(openid.transpose()?)
    }
}

/// The signatures that a page inside WeCom needs to call its client (wecom-bots-h5 §4.1).
#[derive(Debug, Clone)]
pub struct JsConfig {
    /// Unix seconds.
    pub timestamp: i64,
    /// Random.
    pub nonce: String,
    /// Under the corp's ticket.
    pub config_signature: String,
    /// Under the application's ticket.
    pub agent_config_signature: String,
}

/// Signs the address of one of our pages for WeCom's client.
pub async fn js_config(ctx: &Context, url: &str) -> Result<JsConfig> {
    let own = url.strip_prefix(ctx.settings.public_url.as_str());
    if !own.is_some_and(|path| path.is_empty() || path.starts_with(['/', '?'])) {
        return Err(Error::invalid("url", FieldError::Malformed));
    }
    let (wecom, nonce) = (ctx.wecom()?, ctx.new_uuid().simple().to_string());
    let timestamp = ctx.wall_now().secs();
    let corp = wecom
        .js_signature(TicketKind::Corp, url, &nonce, timestamp)
        .await;
    let agent = wecom
        .js_signature(TicketKind::Agent, url, &nonce, timestamp)
        .await;
    Ok(JsConfig {
        config_signature: corp.map_err(wecom_failure)?.signature,
        agent_config_signature: agent.map_err(wecom_failure)?.signature,
        timestamp,
        nonce,
    })
}
