//! The way of a browser to WeCom and back. It belongs to the browser that began it, of members and
//! of staff alike.
//!
//! What comes back has gone through the hands of whoever held the phone: it is delivered twice,
//! reloaded from a history, opened in another browser. A return that is none of ours is not an error
//! of the person who stands there. The way begins anew, once.

use chrono::TimeDelta;
use wecom::oauth::{LoginLanguage, Scope, State, Visitor};

use crate::store::sign_ins::{self, SignIn};

use super::access_token::hash;
use super::session::{secret, wecom_failure};
use super::{Context, Error, FieldError, Result};

/// The time that a way may take, and that its browser is known for.
pub const SIGN_IN_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// A code that is none, is used up or too old (wecom-bots-h5 §3).
const BAD_CODE: i64 = 40029;
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

/// By which of its pages WeCom asks who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Inside WeCom and WeChat, which know it.
    Authorize,
    /// In any other browser: a code to scan, or the client on the same desktop.
    Scan,
}

/// For whom a way is, and where it begins and ends.
pub(super) struct Way {
    /// What it is remembered for.
    pub(super) purpose: &'static str,
    /// Where WeCom sends the browser back to.
    pub(super) callback: &'static str,
    /// Below here are the pages that it may lead to.
    pub(super) pages: &'static str,
    /// Where somebody goes who wanted nothing else.
    pub(super) home: &'static str,
}

/// What has come back.
pub(super) enum Came {
    /// Somebody whom WeCom knows, on a way that this browser began.
    Somebody(Visitor, SignIn),
    /// Nothing of ours: it begins anew.
    Anew(Begun),
    /// It has begun anew before. A person decides whether to try again, for this page.
    Failed(String),
}

impl Way {
    /// Whether a path is one of the pages that this way may lead to.
    fn leads_to(&self, path: &str) -> bool {
        path.strip_prefix(self.pages)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
            && !path.contains(['\\', '\r', '\n'])
            && path.len() <= MAX_REDIRECT_BYTES
    }
}

/// Begins a way. `browser` is what the browser holds of one before; `redirect` is where it goes
/// afterwards.
///
/// # Errors
/// [`Error::Invalid`] for a page that is none of the way's, [`Error::NotConfigured`] without WeCom.
pub(super) async fn begin(
    ctx: &Context,
    way: &Way,
    page: Page,
    redirect: &str,
    browser: Option<&str>,
) -> Result<Begun> {
    if !way.leads_to(redirect) {
        return Err(Error::invalid("redirect", FieldError::Malformed));
    }
    send_off(ctx, way, page, redirect.to_owned(), browser, false).await
}

/// Takes what has come back, once, and asks WeCom who holds the code.
///
/// # Errors
/// WeCom or the store cannot.
pub(super) async fn visitor(
    ctx: &Context,
    way: &Way,
    page: Page,
    returned: &Returned,
) -> Result<Came> {
    let known = sign_in_of(ctx, way, returned).await?;
    let Some(sign_in) = known.filter(|sign_in| began_here(sign_in, returned)) else {
        return anew(ctx, way, page, returned).await;
    };
    let Some(code) = returned.code.as_deref().filter(|code| !code.is_empty()) else {
        return anew(ctx, way, page, returned).await;
    };
    if !take(ctx, way, returned).await? {
        return anew(ctx, way, page, returned).await;
    }
    match ctx.wecom()?.visitor(code).await {
        Ok(visitor) => Ok(Came::Somebody(visitor, sign_in)),
        Err(wecom::Error::Api { code: BAD_CODE, .. }) => anew(ctx, way, page, returned).await,
        Err(error) => Err(wecom_failure(error)),
    }
}

async fn send_off(
    ctx: &Context,
    way: &Way,
    page: Page,
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
    let purpose = way.purpose;
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                sign_ins::add(tx, &state_hash, purpose, &sign_in, until);
                Ok::<_, Error>(())
            })
        })
        .await?;
    let callback = format!("{}{}", ctx.settings.public_url, way.callback);
    let state = State::new(state).map_err(|error| Error::Invariant(error.to_string()))?;
    Ok(Begun {
        authorize_url: match page {
            Page::Authorize => wecom.authorize_url(&callback, Scope::Base, &state),
            Page::Scan => wecom.login_url(&callback, &state, LoginLanguage::Chinese),
        },
        browser,
    })
}

fn is_secret(text: &str) -> bool {
    text.len() == SECRET_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn began_here(sign_in: &SignIn, returned: &Returned) -> bool {
    let browser = returned.browser.as_deref();
    browser.is_some_and(|browser| hash(browser) == sign_in.browser_hash)
}

/// The sign-in that a return is of, taken or not.
pub(super) async fn sign_in_of(
    ctx: &Context,
    way: &Way,
    returned: &Returned,
) -> Result<Option<SignIn>> {
    let Some(state) = &returned.state else {
        return Ok(None);
    };
    let mut conn = ctx.db.read().await?;
    Ok(sign_ins::by_state(&mut conn, &hash(state), way.purpose, ctx.wall_now()).await?)
}

/// Takes the sign-in, which comes back once.
async fn take(ctx: &Context, way: &Way, returned: &Returned) -> Result<bool> {
    let (Some(state), Some(browser)) = (&returned.state, &returned.browser) else {
        return Ok(false);
    };
    let (state, browser, wall_now) = (hash(state), hash(browser), ctx.wall_now());
    let purpose = way.purpose;
    ctx.db
        .write(move |tx| {
            Box::pin(
                async move { Ok(sign_ins::take(tx, &state, &browser, purpose, wall_now).await?) },
            )
        })
        .await
}

/// Begins anew, unless that was done already: a browser that keeps nothing would go round for ever.
async fn anew(ctx: &Context, way: &Way, page: Page, returned: &Returned) -> Result<Came> {
    let state = returned.state.as_deref().unwrap_or_default();
    let before = match returned.browser.as_deref().filter(|it| is_secret(it)) {
        Some(browser) => {
            let mut conn = ctx.db.read().await?;
            let (browser, now) = (hash(browser), ctx.wall_now());
            sign_ins::newest_of_browser(&mut conn, &browser, way.purpose, now).await?
        }
        None => None,
    };
    let known = sign_in_of(ctx, way, returned).await?;
    let was_anew = state.starts_with(ANEW)
        || [&known, &before]
            .into_iter()
            .flatten()
            .any(|it| it.is_retry);
    let redirect = known
        .or(before)
        .map_or(way.home.to_owned(), |it| it.redirect);
    if was_anew {
        return Ok(Came::Failed(redirect));
    }
    let begun = send_off(ctx, way, page, redirect, returned.browser.as_deref(), true).await?;
    Ok(Came::Anew(begun))
}
