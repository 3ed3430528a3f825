//! Signing in and out, and the sessions of one's own.

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::Timestamp;
use crate::domain::staff::{AccountStatus, Actor, Channel};
use crate::store::staff_sessions::{self, LiveSession, NewSession};
use crate::store::users::{self, User};

use super::super::{Context, Error, FieldError, Refusal, Result};
use super::attempts::{self, Attempt};
use super::token::Claims;
use super::{actor_of, entry, password, token};

/// The life of a token (design §8).
const SESSION: TimeDelta = TimeDelta::hours(12);
/// Sessions of one account at a time; the next one ends the oldest.
const MAX_SESSIONS: i64 = 10;
/// Longest user name that is looked up.
const MAX_USERNAME_BYTES: usize = 200;

/// A session that has just begun.
#[derive(Debug)]
pub struct Login {
    /// The JWT.
    pub token: SecretString,
    /// Until when it is good, by the wall.
    pub expires_at: Timestamp,
    /// The account.
    pub user: User,
}

/// A member of staff who makes a request.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The account.
    pub user: User,
    /// As the audit remembers them.
    pub actor: Actor,
    /// Which of their sessions it is.
    pub session_id: String,
}

impl SignedIn {
    /// Who acts, unless they have to change their password first.
    ///
    /// # Errors
    /// [`Refusal::MustChangePassword`].
    pub fn at_work(self) -> Result<Self> {
        if self.user.must_change_password {
            Err(Refusal::MustChangePassword.into())
        } else {
            Ok(self)
        }
    }
}

/// Signs in with user name and password.
///
/// # Errors
/// [`Refusal::WrongPassword`], equally fast whether or not there is such an account,
/// [`Refusal::Locked`] after five of them, and [`Refusal::PasswordOver`].
pub async fn log_in(
    ctx: &Context,
    username: &str,
    password: SecretString,
    ip: Option<String>,
) -> Result<Login> {
    let too_long =
        username.len() > MAX_USERNAME_BYTES || password.expose_secret().len() > password::MAX_BYTES;
    if too_long {
        return Err(Refusal::WrongPassword.into());
    }
    let user = users::by_username(&mut ctx.db.read().await?, username).await?;
    let user = user.filter(|user| user.status == AccountStatus::Active);
    let attempt = Attempt {
        username,
        user: user.as_ref(),
        actor: None,
        ip: ip.clone(),
    };
    attempts::look(ctx, &attempt, password).await?;
    match user {
        Some(user) => open(ctx, user, ip).await,
        None => Err(Refusal::WrongPassword.into()),
    }
}

/// A session that is ready to be kept.
struct Opening {
    session: NewSession,
    token: SecretString,
    expires_at: Timestamp,
}

fn opening(ctx: &Context, user: &User, ip: Option<String>) -> Result<Opening> {
    let now = ctx.wall_now();
    let claims = Claims {
        sub: user.id.to_string(),
        jti: ctx.new_uuid().to_string(),
        iat: now.secs(),
        exp: now.plus(SESSION).secs(),
    };
    let signed = token::sign(ctx, &claims)?;
    let expires_at = token::expires_at(&claims);
    let session = NewSession {
        id: claims.jti,
        user: user.id,
        ip,
        now,
        expires_at,
    };
    Ok(Opening {
        session,
        token: signed.into(),
        expires_at,
    })
}

async fn open(ctx: &Context, user: User, ip: Option<String>) -> Result<Login> {
    let Opening {
        session,
        token,
        expires_at,
    } = opening(ctx, &user, ip.clone())?;
    let actor = actor_of(&user, Channel::Console, ip);
    let audit = entry(ctx, &actor, "staff.login", user.id);
    let (seen, at, now) = (user.clone(), ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                attempts::succeed(tx, &seen.username, &seen, now).await?;
                staff_sessions::insert(tx, &session, MAX_SESSIONS);
                users::note_login(tx, seen.id, at);
                tx.audit(audit);
                Ok::<_, Error>(())
            })
        })
        .await?;
    Ok(Login {
        token,
        expires_at,
        user,
    })
}

/// Opens a session of an account by its link to WeCom; none if, looked at again in the transaction,
/// the account may not be used any more or is linked otherwise.
pub(super) async fn open_linked(
    ctx: &Context,
    user: User,
    ip: Option<String>,
) -> Result<Option<Login>> {
    let Opening {
        session,
        token,
        expires_at,
    } = opening(ctx, &user, ip.clone())?;
    let actor = actor_of(&user, Channel::Console, ip);
    let audit = entry(ctx, &actor, "staff.login_by_wecom", user.id);
    let (seen, at) = (user.clone(), ctx.now());
    let is_open = ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                let present = users::by_id(tx, seen.id).await?;
                let is_same = present.is_some_and(|present| {
                    present.status == AccountStatus::Active
                        && present.wecom_userid == seen.wecom_userid
                });
                if is_same {
                    staff_sessions::insert(tx, &session, MAX_SESSIONS);
                    users::note_login(tx, seen.id, at);
                    tx.audit(audit);
                }
                Ok::<_, Error>(is_same)
            })
        })
        .await?;
    Ok(is_open.then_some(Login {
        token,
        expires_at,
        user,
    }))
}

/// Finds whom a token stands for.
///
/// # Errors
/// [`Refusal::TokenInvalid`] or [`Refusal::TokenExpired`], also when its session has been ended or
/// its account disabled or deleted.
pub async fn authenticate(ctx: &Context, token: &str, ip: Option<String>) -> Result<SignedIn> {
    let claims = token::read(ctx, token)?;
    let user_id = claims.user()?;
    let mut conn = ctx.db.read().await?;
    if !staff_sessions::is_live(&mut conn, &claims.jti, user_id, ctx.wall_now()).await? {
        return Err(Refusal::TokenInvalid.into());
    }
    let user = users::by_id(&mut conn, user_id)
        .await?
        .filter(|user| user.status == AccountStatus::Active)
        .ok_or(Refusal::TokenInvalid)?;
    Ok(SignedIn {
        actor: actor_of(&user, Channel::Console, ip),
        user,
        session_id: claims.jti,
    })
}

/// The staff member behind a WeCom account, if there is one. WeCom userids ignore case.
pub async fn actor_by_wecom_userid(
    ctx: &Context,
    userid: &str,
    channel: Channel,
) -> Result<Option<Actor>> {
    let mut conn = ctx.db.read().await?;
    let user = users::by_wecom_userid(&mut conn, &userid.to_lowercase()).await?;
    Ok(user
        .filter(|user| user.status == AccountStatus::Active)
        .map(|user| actor_of(&user, channel, None)))
}

/// Ends the session.
pub async fn log_out(ctx: &Context, who: &SignedIn) -> Result<()> {
    end(ctx, who, &who.session_id, "staff.logout").await
}

/// The sessions of one's own that are good, the newest first.
pub async fn sessions(ctx: &Context, who: &SignedIn) -> Result<Vec<LiveSession>> {
    let mut conn = ctx.db.read().await?;
    Ok(staff_sessions::live(&mut conn, who.user.id, ctx.wall_now()).await?)
}

/// Ends a session of one's own.
///
/// # Errors
/// [`Error::NotFound`] for one of somebody else, or that has ended.
pub async fn end_session(ctx: &Context, who: &SignedIn, session_id: &str) -> Result<()> {
    end(ctx, who, session_id, "staff.end_session").await
}

async fn end(ctx: &Context, who: &SignedIn, session_id: &str, action: &'static str) -> Result<()> {
    let (user_id, now) = (who.user.id, ctx.wall_now());
    let audit = entry(ctx, &who.actor, action, user_id);
    let session_id = session_id.to_owned();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                if !staff_sessions::revoke(tx, &session_id, user_id, now).await? {
                    return Err(Error::NotFound);
                }
                tx.audit(audit);
                Ok(())
            })
        })
        .await
}

/// Ends every session of one's own, this one too.
pub async fn end_all_sessions(ctx: &Context, who: &SignedIn) -> Result<()> {
    let (user_id, now) = (who.user.id, ctx.wall_now());
    let audit = entry(ctx, &who.actor, "staff.end_all_sessions", user_id);
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                staff_sessions::revoke_all(tx, user_id, now).await?;
                tx.audit(audit);
                Ok::<_, Error>(())
            })
        })
        .await
}

/// Changes one's own password; every session of the account ends, this one too.
///
/// # Errors
/// [`Error::Invalid`] when the old one is wrong or the new one is not acceptable, and
/// [`Refusal::Locked`]: a wrong old one counts as one at signing in does.
pub async fn change_password(
    ctx: &Context,
    who: &SignedIn,
    old: SecretString,
    new: SecretString,
) -> Result<()> {
    let user = &who.user;
    password::check(&user.username, &new).map_err(|what| Error::invalid("new", what))?;
    if old.expose_secret() == new.expose_secret() {
        return Err(Error::invalid("new", FieldError::Unchanged));
    }
    let attempt = Attempt {
        username: &user.username,
        user: Some(user),
        actor: Some(&who.actor),
        ip: who.actor.ip.clone(),
    };
    match attempts::look(ctx, &attempt, old).await {
        Err(Error::Refused(Refusal::WrongPassword)) => {
            return Err(Error::invalid("old", FieldError::Wrong));
        }
        looked => looked?,
    }
    let hash = match ctx.passwords.hash(new, ctx.new_uuid()).await {
        Ok(hash) => hash,
        Err(error) => {
            attempts::take_back(ctx, &attempt).await?;
            return Err(error);
        }
    };
    let (seen, now, wall_now) = (user.clone(), ctx.now(), ctx.wall_now());
    let audit = entry(ctx, &who.actor, "staff.change_password", user.id);
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                attempts::succeed(tx, &seen.username, &seen, wall_now).await?;
                if !users::set_password(tx, seen.id, &hash, None, now).await? {
                    return Err(Error::NotFound);
                }
                staff_sessions::revoke_all(tx, seen.id, wall_now).await?;
                tx.audit(audit);
                Ok(())
            })
        })
        .await
}
