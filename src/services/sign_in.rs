//! Signing members in at WeCom: who holds the phone, in a session of its own.

use wecom::oauth::Visitor;

use crate::store::payments;
use crate::store::sessions::{self, SESSION_OPENID, Session};
use crate::store::sign_ins;

use super::access_token::hash;
use super::session::{NewSession, wecom_failure};
use super::sign_in_way::{self, Came, Page, Way};
use super::{Context, Error, Result};

pub use super::sign_in_way::{Begun, Returned, SIGN_IN_WITHIN};

/// The member never linked WeChat (wecom-app §11).
const NO_WECHAT: i64 = 43004;
const WAY: Way = Way {
    purpose: "h5",
    callback: "/api/h5/auth/callback",
    pages: "/h5",
    home: "/h5/",
};

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
    sign_in_way::begin(ctx, &WAY, Page::Authorize, redirect, browser).await
}

/// Ends a sign-in: asks WeCom who holds the code, and opens a new session for them. `present` is the
/// session that the browser is in.
///
/// # Errors
/// WeCom or the store cannot.
pub async fn finish(ctx: &Context, returned: &Returned, present: Option<Session>) -> Result<Ended> {
    let known = sign_in_way::sign_in_of(ctx, &WAY, returned).await?;
    if let Some(sign_in) = &known
        && let Some(present) = &present
        && sign_in.session_hash.as_ref() == Some(&present.id_hash)
    {
        return Ok(Ended::Before(sign_in.redirect.clone()));
    }
    let came = sign_in_way::visitor(ctx, &WAY, Page::Authorize, returned).await?;
    let (visitor, sign_in) = match came {
        Came::Somebody(visitor, sign_in) => (visitor, sign_in),
        Came::Anew(begun) => return Ok(Ended::Anew(begun)),
        Came::Failed(redirect) => return Ok(Ended::Failed(redirect)),
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
                sign_ins::finish(tx, &state, &browser, WAY.purpose, &fresh.id_hash);
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
