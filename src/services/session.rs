//! Sessions of the member pages: who holds the phone, as far as a platform has told us.

use chrono::TimeDelta;
use wecom::jssdk::TicketKind;

use crate::store::payments::{OPENID, Person};
use crate::store::sessions::{self, SESSION_OPENID, Session};
use crate::store::{Keyring, Macs};

use super::access_token::hash;
use super::{Context, Error, FieldError, Result};

/// The life of a session of the member pages: a camp, its refund and some time to look back.
const SESSION_LIVES: TimeDelta = TimeDelta::days(180);

/// A new session and what its cookie holds.
pub struct NewSession {
    /// Known to the browser only.
    pub cookie: String,
    /// As we keep it.
    pub session: Session,
}

impl NewSession {
    /// One that is nobody's yet, and not kept yet. `platform` is `wecom`, `wechat` or `browser`.
    pub fn of(ctx: &Context, platform: &str) -> Self {
        let cookie = secret(ctx);
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

/// What only one browser knows.
pub(super) fn secret(ctx: &Context) -> String {
    format!("{}{}", ctx.new_uuid().simple(), ctx.new_uuid().simple())
}

/// The session that a cookie stands for, if it is still good.
pub async fn load(ctx: &Context, cookie: &str) -> Result<Option<Session>> {
    let mut conn = ctx.db.read().await?;
    Ok(sessions::by_hash(&mut conn, &hash(cookie), ctx.wall_now()).await?)
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
