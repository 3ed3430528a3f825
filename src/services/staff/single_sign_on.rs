//! Signing staff in by who they are in WeCom: only accounts that are linked and may be used. It rests
//! on no password, so that a name locked by wrong ones keeps nobody out, and frees no name.

use wecom::oauth::Visitor;

use crate::domain::staff::AccountStatus;
use crate::store::users::{self, User};

use super::super::sign_in_way::{self, Came, Way};
use super::super::{Context, Result};
use super::session::{self, Login};

pub use super::super::sign_in_way::{Begun, Page, Returned, SIGN_IN_WITHIN};

const WAY: Way = Way {
    purpose: "staff",
    callback: "/api/auth/wecom/callback",
    pages: "/admin",
    home: "/admin/",
};

/// What becomes of a browser that has come back.
pub enum Ended {
    /// It is signed in, and goes on to this page.
    SignedIn(Box<Login>, String),
    /// Who holds it has no account with us that may be used; their WeCom account, if they are of the
    /// corp.
    Stranger(Option<String>),
    /// It begins anew.
    Anew(Begun),
    /// It has begun anew before. A person decides whether to try again, for this page.
    Failed(String),
}

/// Begins a sign-in. `browser` is what the browser holds of one before; `redirect` is where it goes
/// afterwards, one of the console's pages.
///
/// # Errors
/// [`super::super::Error::Invalid`] for another page, and `NotConfigured` without WeCom.
pub async fn begin(
    ctx: &Context,
    page: Page,
    redirect: &str,
    browser: Option<&str>,
) -> Result<Begun> {
    sign_in_way::begin(ctx, &WAY, page, redirect, browser).await
}

/// Ends a sign-in: asks WeCom who holds the code, and opens a session of their account.
///
/// # Errors
/// WeCom or the store cannot.
pub async fn finish(
    ctx: &Context,
    page: Page,
    returned: &Returned,
    ip: Option<String>,
) -> Result<Ended> {
    let (visitor, sign_in) = match sign_in_way::visitor(ctx, &WAY, page, returned).await? {
        Came::Somebody(visitor, sign_in) => (visitor, sign_in),
        Came::Anew(begun) => return Ok(Ended::Anew(begun)),
        Came::Failed(redirect) => return Ok(Ended::Failed(redirect)),
    };
    let Visitor::Member { userid, .. } = visitor else {
        return Ok(Ended::Stranger(None));
    };
    let Some(user) = account(ctx, &userid).await? else {
        tracing::warn!("somebody of the corp without an account wanted to sign in");
        return Ok(Ended::Stranger(Some(userid)));
    };
    match session::open_linked(ctx, user, ip).await? {
        Some(login) => Ok(Ended::SignedIn(Box::new(login), sign_in.redirect)),
        None => Ok(Ended::Stranger(Some(userid))),
    }
}

/// The account that is linked to a member of the corp, if it may be used.
async fn account(ctx: &Context, userid: &str) -> Result<Option<User>> {
    let mut conn = ctx.db.read().await?;
    let user = users::by_wecom_userid(&mut conn, &userid.to_lowercase()).await?;
    Ok(user.filter(|user| user.status == AccountStatus::Active))
}
