//! Attempts at a password: counted before they are looked at, so that of any number at once only five
//! are looked at, and none succeeds once the name is locked. Signing in and the old password of a
//! change count alike.

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::domain::Timestamp;
use crate::domain::staff::{AccountStatus, Actor};
use crate::store::audit::{Entry, Origin};
use crate::store::users::User;
use crate::store::{Lock, StoreError, Tx, login_attempts, users};

use super::super::{Context, Error, Refusal, Result};

/// A name is locked, and an attempt counts, so long.
const LOCK: TimeDelta = TimeDelta::minutes(15);
/// Attempts that are looked at before a name is locked.
const MAX_ATTEMPTS: i64 = 5;

/// Names that are tried within [`LOCK`] before what nobody's names try is only counted: whoever makes
/// up one name after the other must not fill an audit that is kept for ever.
const MAX_NAMES_WRITTEN: i64 = 100;

/// Somebody who types a password.
pub(super) struct Attempt<'a> {
    /// The name typed.
    pub(super) username: &'a str,
    /// The account of this name; without one it takes as long, and is wrong.
    pub(super) user: Option<&'a User>,
    /// Who it is, if they have signed in before.
    pub(super) actor: Option<&'a Actor>,
    /// From where.
    pub(super) ip: Option<String>,
}

/// Looks at a password. Who has the right one calls [`succeed`] in the transaction of what they do
/// with it; whether it is right is worth nothing before that.
///
/// # Errors
/// [`Refusal::Locked`], and [`Refusal::WrongPassword`] for one that is not right or is over.
pub(super) async fn look(
    ctx: &Context,
    attempt: &Attempt<'_>,
    password: SecretString,
) -> Result<()> {
    count(ctx, attempt).await?;
    let hash = attempt.user.map(|user| user.password_hash.clone());
    match ctx.passwords.verify(password, hash).await {
        Ok(true) => refuse_if_over(ctx, attempt).await,
        Ok(false) => {
            fail(ctx, attempt, "staff.login_failed").await?;
            Err(Refusal::WrongPassword.into())
        }
        Err(error) => {
            // Nothing was looked at: it is no attempt.
            take_back(ctx, attempt).await?;
            Err(error)
        }
    }
}

/// Forgets the attempts of somebody who has the right password, if the name is not locked and it
/// still is their password.
pub(super) async fn succeed(
    tx: &mut Tx,
    username: &str,
    seen: &User,
    wall_now: Timestamp,
) -> Result<()> {
    tx.lock(Lock::Accounts).await?;
    login_attempts::clear(tx, username, wall_now).await?;
    if let Some(until) = login_attempts::locked_until(tx, username, wall_now).await? {
        return Err(Refusal::Locked { until }.into());
    }
    let user = users::by_id(tx, seen.id).await?;
    let is_same = user.is_some_and(|user| {
        user.status == AccountStatus::Active
            && user.password_hash.expose_secret() == seen.password_hash.expose_secret()
    });
    if is_same {
        Ok(())
    } else {
        Err(Refusal::WrongPassword.into())
    }
}

/// Counts one before it is looked at; locks the name if there are more than may be looked at.
async fn count(ctx: &Context, attempt: &Attempt<'_>) -> Result<()> {
    let now = ctx.wall_now();
    let (username, until) = (attempt.username.to_owned(), now.plus(LOCK));
    let locked = locked_outcome(ctx, attempt);
    let locked_until = ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                let since = now.minus(LOCK);
                let Some(attempts) = login_attempts::count(tx, &username, since, now).await? else {
                    return login_attempts::locked_until(tx, &username, now).await;
                };
                if attempts <= MAX_ATTEMPTS {
                    return Ok(None);
                }
                lock(tx, &username, until, now, locked).await?;
                Ok::<_, StoreError>(Some(until))
            })
        })
        .await?;
    match locked_until {
        Some(until) => Err(Refusal::Locked { until }.into()),
        None => Ok(()),
    }
}

/// Notes a wrong one, and locks the name if it was the last that is looked at.
async fn fail(ctx: &Context, attempt: &Attempt<'_>, action: &'static str) -> Result<()> {
    let now = ctx.wall_now();
    let (username, until) = (attempt.username.to_owned(), now.plus(LOCK));
    let failed = outcome(ctx, attempt, action);
    let locked = locked_outcome(ctx, attempt);
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                write(tx, failed).await?;
                Ok::<_, Error>(lock(tx, &username, until, now, locked).await?)
            })
        })
        .await
}

async fn lock(
    tx: &mut Tx,
    username: &str,
    until: Timestamp,
    now: Timestamp,
    locked: Outcome,
) -> Result<(), StoreError> {
    if login_attempts::lock_if_spent(tx, username, MAX_ATTEMPTS, until, now).await? {
        write(tx, locked).await?;
    }
    Ok(())
}

/// Writes what became of an attempt into the audit.
async fn write(tx: &mut Tx, outcome: Outcome) -> Result<(), StoreError> {
    if outcome.has_account || login_attempts::names(tx).await? <= MAX_NAMES_WRITTEN {
        tx.audit_from(outcome.origin, outcome.entry);
    }
    Ok(())
}

/// Takes back the counting of one that came to nothing by no fault of whoever made it.
pub(super) async fn take_back(ctx: &Context, attempt: &Attempt<'_>) -> Result<()> {
    let username = attempt.username.to_owned();
    ctx.db
        .write(move |tx| {
            Box::pin(async move { Ok(login_attempts::take_back(tx, &username).await?) })
        })
        .await
}

/// A password that somebody else has chosen is good for a time only. Who has it is told so.
async fn refuse_if_over(ctx: &Context, attempt: &Attempt<'_>) -> Result<()> {
    let until = attempt.user.and_then(|user| user.password_expires_at);
    if until.is_none_or(|until| ctx.wall_now() < until) {
        return Ok(());
    }
    fail(ctx, attempt, "staff.password_over").await?;
    Err(Refusal::PasswordOver.into())
}

/// What became of an attempt, for the audit.
struct Outcome {
    /// The name typed is somebody's.
    has_account: bool,
    origin: Origin,
    entry: Entry,
}

fn locked_outcome(ctx: &Context, attempt: &Attempt<'_>) -> Outcome {
    let mut locked = outcome(ctx, attempt, "staff.login_locked");
    locked.entry.details = json!({"attempts": MAX_ATTEMPTS});
    locked
}

/// Who fails to sign in is nobody yet: the name is what they typed.
fn outcome(ctx: &Context, attempt: &Attempt<'_>, action: &'static str) -> Outcome {
    let entry = Entry {
        actor: attempt.actor.cloned(),
        action,
        object_type: "user",
        object_id: attempt.username.to_owned(),
        details: json!({"account": attempt.user.map(|user| user.id)}),
        at: ctx.now(),
    };
    Outcome {
        has_account: attempt.user.is_some(),
        origin: Origin::stranger(attempt.ip.clone()),
        entry,
    }
}
