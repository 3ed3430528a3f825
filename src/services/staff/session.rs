//! Signing in and out.

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::domain::Timestamp;
use crate::domain::staff::{AccountStatus, Actor, Channel};
use crate::store::audit::Entry;
use crate::store::users::User;
use crate::store::{StoreError, staff_sessions, users};

use super::super::{Context, Error, FieldError, Refusal, Result};
use super::token::Claims;
use super::{actor_of, entry, password, token};

/// The life of a token (design §8).
const SESSION: TimeDelta = TimeDelta::hours(12);
/// A user name is locked, and a wrong password counts, so long.
const LOCK: TimeDelta = TimeDelta::minutes(15);
/// Wrong passwords that lock a user name.
const MAX_FAILURES: i64 = 5;
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

/// Signs in with user name and password.
///
/// # Errors
/// [`Refusal::WrongPassword`], equally fast whether or not there is such an account, and
/// [`Refusal::Locked`] after five of them.
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
    let now = ctx.wall_now();
    let user = {
        let mut conn = ctx.db.read().await?;
        if let Some(until) = users::locked_until(&mut conn, username).await?
            && until > now
        {
            return Err(Refusal::Locked { until }.into());
        }
        users::by_username(&mut conn, username).await?
    };
    let user = user.filter(|user| user.status == AccountStatus::Active);
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let right = ctx.passwords.verify(password, hash).await?;
    match user.filter(|_| right) {
        Some(user) => open(ctx, user, ip).await,
        None => Err(record_failure(ctx, username).await?),
    }
}

async fn open(ctx: &Context, user: User, ip: Option<String>) -> Result<Login> {
    let now = ctx.wall_now();
    let claims = Claims {
        sub: user.id.to_string(),
        jti: ctx.new_uuid().to_string(),
        iat: now.secs(),
        exp: now.plus(SESSION).secs(),
    };
    let signed = token::sign(ctx, &claims)?;
    let expires_at = token::expires_at(&claims);
    let audit = entry(
        ctx,
        &actor_of(&user, Channel::Console, ip),
        "staff.login",
        user.id,
    );
    let (user_id, username) = (user.id, user.username.clone());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                users::forget_failures(tx, &username).await?;
                staff_sessions::insert(tx, &claims.jti, user_id, now, expires_at).await?;
                tx.audit(audit);
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    Ok(Login {
        token: signed.into(),
        expires_at,
        user,
    })
}

/// Counts the failure, locks at the fifth, and answers what the person is told.
async fn record_failure(ctx: &Context, username: &str) -> Result<Error> {
    let (now, at) = (ctx.wall_now(), ctx.now());
    let username = username.to_owned();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                let failures = users::add_failure(tx, &username, now.minus(LOCK), now).await?;
                if failures >= MAX_FAILURES {
                    users::lock(tx, &username, now.plus(LOCK)).await?;
                    tx.audit(Entry {
                        actor: None,
                        action: "staff.login_locked",
                        object_type: "user",
                        object_id: username,
                        details: json!({"failures": failures}),
                        at,
                    });
                }
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    Ok(Refusal::WrongPassword.into())
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
    let now = ctx.wall_now();
    let audit = entry(ctx, &who.actor, "staff.logout", who.user.id);
    let session_id = who.session_id.clone();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                staff_sessions::revoke(tx, &session_id, now).await?;
                tx.audit(audit);
                Ok::<_, Error>(())
            })
        })
        .await
}

/// Changes one's own password; every session of the account ends, this one too.
///
/// # Errors
/// [`Error::Invalid`] when the old one is wrong or the new one is not acceptable.
pub async fn change_password(
    ctx: &Context,
    who: &SignedIn,
    old: SecretString,
    new: SecretString,
) -> Result<()> {
    password::check(&new).map_err(|what| Error::invalid("new", what))?;
    let same = old.expose_secret() == new.expose_secret();
    if !ctx
        .passwords
        .verify(old, Some(who.user.password_hash.clone()))
        .await?
    {
        return Err(Error::invalid("old", FieldError::Wrong));
    }
    if same {
        return Err(Error::invalid("new", FieldError::Unchanged));
    }
    let hash = ctx.passwords.hash(new, ctx.new_uuid()).await?;
    let (user_id, now, wall_now) = (who.user.id, ctx.now(), ctx.wall_now());
    let audit = entry(ctx, &who.actor, "staff.change_password", user_id);
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                if !users::set_password(tx, user_id, &hash, false, now).await? {
                    return Err(Error::NotFound);
                }
                staff_sessions::revoke_all(tx, user_id, wall_now).await?;
                tx.audit(audit);
                Ok(())
            })
        })
        .await
}
