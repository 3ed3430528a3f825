//! Signing members in at WeCom: a sign-in belongs to the browser that began it.
//!
//! What comes back from WeCom has gone through the hands of whoever held the phone: it is delivered
//! twice, reloaded from a history, opened in another browser. A return that is none of ours is not
//! an error of the person who stands there. The sign-in begins anew, once.

use chrono::TimeDelta;
use wecom::oauth::{Scope, State, Visitor};

use crate::store::payments;
use crate::store::sessions::{self, SESSION_OPENID, Session};
use crate::store::sign_ins::{self, SignIn};

use super::access_token::hash;
use super::session::{NewSession, secret, wecom_failure};
use super::{Context, Error, FieldError, Result};

/// The time that a sign-in may take, and that its browser is known for.
pub const SIGN_IN_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// The member never linked WeChat (wecom-app §11).
const NO_WECHAT: i64 = 43004;
/// A code that is none, is used up or too old (wecom-bots-h5 §3).
const BAD_CODE: i64 = 40029;
/// What a sign-in of a member is remembered for.
const PURPOSE: &str = "h5";
/// Where members go who wanted nothing else.
const HOME: &str = "/h5/";
const MAX_REDIRECT_BYTES: usize = 1024;
/// What the secret of a browser looks like.
const SECRET_CHARS: usize = 64;
/// The state of a sign-in that was begun because the one before it came to nothing. Its first letter
/// says so to whom the browser brings back nothing else of ours; a forged one only ends sooner.
const ANEW: char = 'r';
const FIRST: char = 'f';

/// A sign-in that has begun.
pub struct Begun {
    /// WeCom's page that asks who holds the phone.
    pub authorize_url: String,
    /// What the browser has to bring back.
    pub browser: String,
}

/// What a browser has brought back from WeCom.
#[derive(Debug, Default)]
pub struct Returned {
    /// What WeCom says who it is by.
    pub code: Option<String>,
    /// What we had sent along.
    pub state: Option<String>,
    /// What the browser was given when it began.
    pub browser: Option<String>,
}

/// What becomes of a browser that has come back.
pub enum Ended {
    /// It is signed in, in a session of its own, and goes on to this page.
    SignedIn(Box<NewSession>, String),
    /// It has been signed in by this sign-in before, and goes on to this page.
    Before(String),
    /// It begins anew.
    Anew(Begun),
    /// It has begun anew before. A person decides whether to try again, for this page.
    Failed(String),
}

/// Begins a sign-in. `browser` is what the browser holds of one before; `redirect` is where it goes
/// afterwards, one of our own member pages.
///
/// # Errors
/// [`Error::Invalid`] for another page, [`Error::NotConfigured`] without WeCom.
pub async fn begin(ctx: &Context, redirect: &str, browser: Option<&str>) -> Result<Begun> {
    if !is_member_page(redirect) {
        return Err(Error::invalid("redirect", FieldError::Malformed));
    }
    send_off(ctx, redirect.to_owned(), browser, false).await
}

fn is_member_page(path: &str) -> bool {
    (path == "/h5" || path.starts_with("/h5/") || path.starts_with("/h5?"))
        && !path.contains(['\\', '\r', '\n'])
        && path.len() <= MAX_REDIRECT_BYTES
}

async fn send_off(
    ctx: &Context,
    redirect: String,
    browser: Option<&str>,
    is_retry: bool,
) -> Result<Begun> {
    let wecom = ctx.wecom()?;
    // One secret for all pages that a browser has open: each can come back.
    let known = browser.filter(|browser| is_secret(browser));
    let browser = known.map_or_else(|| secret(ctx), str::to_owned);
    let mark = if is_retry { ANEW } else { FIRST };
    let state = format!("{mark}{}", ctx.new_uuid().simple());
    let sign_in = SignIn {
        browser_hash: hash(&browser),
        redirect,
        is_retry,
        session_hash: None,
    };
    let (state_hash, until) = (hash(&state), ctx.wall_now().plus(SIGN_IN_WITHIN));
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                sign_ins::add(tx, &state_hash, PURPOSE, &sign_in, until);
                Ok::<_, Error>(())
            })
        })
        .await?;
    let callback = format!("{}/api/h5/auth/callback", ctx.settings.public_url);
    let state = State::new(state).map_err(|error| Error::Invariant(error.to_string()))?;
    Ok(Begun {
        authorize_url: wecom.authorize_url(&callback, Scope::Base, &state),
        browser,
    })
}

fn is_secret(text: &str) -> bool {
    text.len() == SECRET_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Ends a sign-in: asks WeCom who holds the code, and opens a new session for them. `present` is the
/// session that the browser is in.
///
/// # Errors
/// WeCom or the store cannot.
pub async fn finish(ctx: &Context, returned: &Returned, present: Option<Session>) -> Result<Ended> {
    let known = sign_in_of(ctx, returned).await?;
    if let Some(sign_in) = &known
        && let Some(present) = &present
        && sign_in.session_hash.as_ref() == Some(&present.id_hash)
    {
        return Ok(Ended::Before(sign_in.redirect.clone()));
    }
    let Some(sign_in) = known.filter(|sign_in| began_here(sign_in, returned)) else {
        return anew(ctx, returned).await;
    };
    let Some(code) = returned.code.as_deref().filter(|code| !code.is_empty()) else {
        return anew(ctx, returned).await;
    };
    if !take(ctx, returned).await? {
        return anew(ctx, returned).await;
    }
    let visitor = match ctx.wecom()?.visitor(code).await {
        Ok(visitor) => visitor,
        Err(wecom::Error::Api { code: BAD_CODE, .. }) => return anew(ctx, returned).await,
        Err(error) => return Err(wecom_failure(error)),
    };
    let (openid, userid) = who(ctx, visitor).await?;
    let mut fresh = NewSession::of(ctx, "wecom");
    fresh.session.wecom_userid = userid.map(|userid| userid.to_lowercase());
    if let Some(openid) = &openid {
        fresh.session.openid = Some(ctx.keys().seal(SESSION_OPENID, openid.as_bytes())?);
    }
    let is_same = match &present {
        Some(present) => is_same_person(ctx, present, &fresh.session, openid.as_deref())?,
        None => false,
    };
    keep(ctx, returned, &fresh.session, present, is_same).await?;
    Ok(Ended::SignedIn(Box::new(fresh), sign_in.redirect))
}

fn began_here(sign_in: &SignIn, returned: &Returned) -> bool {
    let browser = returned.browser.as_deref();
    browser.is_some_and(|browser| hash(browser) == sign_in.browser_hash)
}

async fn sign_in_of(ctx: &Context, returned: &Returned) -> Result<Option<SignIn>> {
    let Some(state) = &returned.state else {
        return Ok(None);
    };
    let mut conn = ctx.db.read().await?;
    Ok(sign_ins::by_state(&mut conn, &hash(state), PURPOSE, ctx.wall_now()).await?)
}

/// Takes the sign-in, which comes back once.
async fn take(ctx: &Context, returned: &Returned) -> Result<bool> {
    let (Some(state), Some(browser)) = (&returned.state, &returned.browser) else {
        return Ok(false);
    };
    let (state, browser, wall_now) = (hash(state), hash(browser), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(
                async move { Ok(sign_ins::take(tx, &state, &browser, PURPOSE, wall_now).await?) },
            )
        })
        .await
}

/// Begins anew, unless that was done already: a browser that keeps nothing would go round for ever.
async fn anew(ctx: &Context, returned: &Returned) -> Result<Ended> {
    let state = returned.state.as_deref().unwrap_or_default();
    let before = match returned.browser.as_deref().filter(|it| is_secret(it)) {
        Some(browser) => {
            let mut conn = ctx.db.read().await?;
            let (browser, now) = (hash(browser), ctx.wall_now());
            sign_ins::newest_of_browser(&mut conn, &browser, PURPOSE, now).await?
        }
        None => None,
    };
    let known = sign_in_of(ctx, returned).await?;
    let was_anew = state.starts_with(ANEW)
        || [&known, &before]
            .into_iter()
            .flatten()
            .any(|it| it.is_retry);
    let redirect = known.or(before).map_or(HOME.to_owned(), |it| it.redirect);
    if was_anew {
        return Ok(Ended::Failed(redirect));
    }
    let begun = send_off(ctx, redirect, returned.browser.as_deref(), true).await?;
    Ok(Ended::Anew(begun))
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

fn is_same_person(
    ctx: &Context,
    present: &Session,
    fresh: &Session,
    openid: Option<&str>,
) -> Result<bool> {
    let was = present.openid(ctx.keys())?;
    let same_openid = was.is_some() && was.as_deref() == openid;
    let userid = &present.wecom_userid;
    Ok(same_openid || (userid.is_some() && *userid == fresh.wecom_userid))
}

/// Keeps the new session. The one that the browser was in ends if somebody was signed in in it; what
/// they had begun goes along if it is the same person. What was ordered in a session that nobody had
/// signed in in stays with that session, and whoever paid finds it by their openid: it may have been
/// put into the browser by somebody else.
async fn keep(
    ctx: &Context,
    returned: &Returned,
    fresh: &Session,
    present: Option<Session>,
    is_same: bool,
) -> Result<()> {
    let state = hash(returned.state.as_deref().unwrap_or_default());
    let browser = hash(returned.browser.as_deref().unwrap_or_default());
    let (fresh, wall_now) = (fresh.clone(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                sessions::insert(tx, &fresh, wall_now).await?;
                sign_ins::finish(tx, &state, &browser, PURPOSE, &fresh.id_hash);
                let signed_in = present.filter(Session::is_signed_in);
                if let Some(before) = signed_in {
                    if is_same {
                        payments::move_session(tx, &before.id_hash, &fresh.id_hash);
                    }
                    sessions::end(tx, &before.id_hash);
                }
                Ok::<_, Error>(())
            })
        })
        .await
}
