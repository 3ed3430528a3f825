//! Staff accounts: made, changed, disabled and deleted by who may manage users.

use std::collections::HashMap;

use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::domain::staff::{AccountStatus, Action, Actor, Role};
use crate::domain::{Timestamp, UserId};
use crate::store::audit::{Entry, Origin};
use crate::store::users::{AllUsers, NewUser, User};
use crate::store::{
    Conn, Listing as _, Lock, Page, PageRequest, StoreError, Tx, login_attempts, staff_sessions,
    users,
};

use super::super::rows::{logged, readable};
use super::super::{
    Context, Duplicate, Error, FieldError, FieldErrors, Refusal, Result, WrongState,
    require_anywhere,
};
use super::{entry, password};

const MIN_USERNAME_CHARS: usize = 2;
const MAX_USERNAME_CHARS: usize = 50;
const MAX_DISPLAY_NAME_CHARS: usize = 50;
/// WeCom: 1–64 bytes (wecom-app §7).
const MAX_WECOM_USERID_BYTES: usize = 64;
/// Letters of a made-up password: none that look alike.
const PASSWORD_LETTERS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
/// 5 bits each, all from the random half of a v4 UUID.
const PASSWORD_CHARS: u32 = 12;

/// How long a password is good that somebody else has chosen (design §8).
const CHOSEN_FOR_OTHERS: TimeDelta = TimeDelta::days(7);

/// An account and how many sessions it has open.
#[derive(Debug)]
pub struct Account {
    /// The account.
    pub user: User,
    /// Its sessions that are good.
    pub sessions: i64,
}

/// An account to be made.
#[derive(Debug)]
pub struct NewAccount {
    /// The name typed at sign-in.
    pub username: String,
    /// In clear; hashed here.
    pub password: SecretString,
    /// Their role.
    pub role: Role,
    /// The name that others see; the user name if none is given.
    pub display_name: Option<String>,
    /// Their WeCom account.
    pub wecom_userid: Option<String>,
}

/// A change of an account; `None` stays as it is.
#[derive(Debug, Default)]
pub struct AccountChange {
    /// The name typed at sign-in.
    pub username: Option<String>,
    /// In clear; a new one ends every session of the account.
    pub password: Option<SecretString>,
    /// Their role.
    pub role: Option<Role>,
    /// The name that others see.
    pub display_name: Option<String>,
    /// Their WeCom account; `Some(None)` takes it away.
    pub wecom_userid: Option<Option<String>>,
    /// Active or disabled.
    pub status: Option<AccountStatus>,
}

/// Everybody who can sign in, for who creates camps and picks their coaches.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn at_work(ctx: &Context, actor: &Actor) -> Result<Vec<User>> {
    require_anywhere(actor, Action::ManageCamps)?;
    let mut conn = ctx.db.read().await?;
    let mut users = readable(AllUsers.all(&mut conn).await?);
    users.retain(|user| user.status == AccountStatus::Active);
    Ok(users)
}

/// Reads a page of all accounts.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(ctx: &Context, actor: &Actor, page: PageRequest) -> Result<Page<Account>> {
    require_anywhere(actor, Action::ManageUsers)?;
    let mut conn = ctx.db.read().await?;
    let users = logged(AllUsers.page(&mut conn, page).await?);
    let sessions = staff_sessions::counts(&mut conn, ctx.wall_now()).await?;
    let sessions: HashMap<UserId, i64> = sessions.into_iter().collect();
    Ok(users.map(|user| Account {
        sessions: sessions.get(&user.id).copied().unwrap_or_default(),
        user,
    }))
}

async fn account(conn: &mut Conn, id: UserId, wall_now: Timestamp) -> Result<Account> {
    let user = users::by_id(conn, id).await?.ok_or(Error::NotFound)?;
    let sessions = staff_sessions::live(conn, id, wall_now).await?.len();
    Ok(Account {
        user,
        sessions: i64::try_from(sessions).unwrap_or(i64::MAX),
    })
}

/// Makes an account. `actor` is `None` on the command line of the machine itself.
pub async fn create(ctx: &Context, actor: Option<&Actor>, account: NewAccount) -> Result<User> {
    if let Some(actor) = actor {
        require_anywhere(actor, Action::ManageUsers)?;
    }
    let username = account.username.trim().to_owned();
    let display_name = account
        .display_name
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| username.clone());
    let wecom_userid = folded(account.wecom_userid);
    let mut wrong = wrong_fields(&username, &display_name, wecom_userid.as_deref());
    if let Err(what) = password::check(&username, &account.password) {
        wrong.insert("password".into(), what);
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let new = NewUser {
        username,
        password_hash: ctx.passwords.hash(account.password, ctx.new_uuid()).await?,
        role: account.role,
        display_name,
        wecom_userid,
        // Who chose the password is not who will use it, unless it is the machine's owner.
        password_expires_at: actor.map(|_| ctx.wall_now().plus(CHOSEN_FOR_OTHERS)),
    };
    let (actor, now) = (actor.cloned(), ctx.now());
    ctx.db
        .write(move |tx| Box::pin(insert(tx, new, actor, now)))
        .await
        .map_err(as_duplicate)
}

async fn insert(tx: &mut Tx, new: NewUser, actor: Option<Actor>, now: Timestamp) -> Result<User> {
    if let Some(actor) = &actor {
        // The request may have been held back since they were looked at.
        lock_rights(tx, actor).await?;
    }
    let id = users::insert(tx, &new, now).await?;
    let entry = Entry {
        actor,
        action: "user.create",
        object_type: "user",
        object_id: id.to_string(),
        details: json!({
            "username": new.username,
            "displayName": new.display_name,
            "role": new.role,
            "wecomUserId": new.wecom_userid,
        }),
        at: now,
    };
    tx.audit_from(Origin::COMMAND_LINE, entry);
    users::by_id(tx, id).await?.ok_or(Error::NotFound)
}

/// Changes an account. Nobody demotes or disables themselves, and one super admin always remains.
/// One's own password is changed by who knows the old one.
pub async fn update(
    ctx: &Context,
    actor: &Actor,
    id: UserId,
    change: AccountChange,
) -> Result<Account> {
    require_anywhere(actor, Action::ManageUsers)?;
    let is_self = actor.user_id == id;
    if is_self && change.password.is_some() {
        return Err(WrongState::OwnPassword.into());
    }
    let new_hash = match &change.password {
        Some(new) => Some(hash_for(ctx, id, change.username.as_deref(), new).await?),
        None => None,
    };
    let audit = entry(ctx, actor, "user.update", id);
    let (actor, now, wall_now) = (actor.clone(), ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                lock_rights(tx, &actor).await?;
                let before = users::by_id(tx, id).await?.ok_or(Error::NotFound)?;
                let after = changed(before.clone(), change)?;
                users::update(tx, &after, now).await?;
                refuse_without_super_admin(tx).await?;
                if is_self && (before.role, before.status) != (after.role, after.status) {
                    return Err(WrongState::OwnRole.into());
                }
                if let Some(hash) = &new_hash {
                    let until = wall_now.plus(CHOSEN_FOR_OTHERS);
                    users::set_password(tx, id, hash, Some(until), now).await?;
                }
                if new_hash.is_some() || after.status != AccountStatus::Active {
                    staff_sessions::revoke_all(tx, id, wall_now).await?;
                }
                let mut details = changes(&before, &after);
                details.insert("passwordSet".to_owned(), json!(new_hash.is_some()));
                tx.audit(Entry {
                    details: details.into(),
                    ..audit
                });
                account(tx, id, wall_now).await
            })
        })
        .await
        .map_err(as_duplicate)
}

/// Checks and hashes a password that somebody else chooses for an account.
async fn hash_for(
    ctx: &Context,
    id: UserId,
    username: Option<&str>,
    password: &SecretString,
) -> Result<SecretString> {
    let user = users::by_id(&mut ctx.db.read().await?, id).await?;
    let user = user.ok_or(Error::NotFound)?;
    password::check(username.unwrap_or(&user.username), password)
        .map_err(|what| Error::invalid("password", what))?;
    ctx.passwords.hash(password.clone(), ctx.new_uuid()).await
}

/// Has changes of rights wait for each other, and looks again whether the actor has theirs.
async fn lock_rights(tx: &mut Tx, actor: &Actor) -> Result<()> {
    tx.lock(Lock::Accounts).await?;
    let now = users::by_id(tx, actor.user_id).await?;
    let now = now.filter(|user| user.status == AccountStatus::Active);
    let role = now.ok_or(Refusal::TokenInvalid)?.role;
    require_anywhere(
        &Actor {
            role,
            ..actor.clone()
        },
        Action::ManageUsers,
    )
}

/// To be asked once the change is written: the lock keeps others from changing it as well.
async fn refuse_without_super_admin(tx: &mut Tx) -> Result<()> {
    if users::super_admins(tx).await? == 0 {
        return Err(Refusal::LastSuperAdmin.into());
    }
    Ok(())
}

/// What of an account changed, from what to what.
fn changes(before: &User, after: &User) -> Map<String, Value> {
    let fields = [
        ("username", json!(before.username), json!(after.username)),
        (
            "displayName",
            json!(before.display_name),
            json!(after.display_name),
        ),
        ("role", json!(before.role), json!(after.role)),
        (
            "wecomUserId",
            json!(before.wecom_userid),
            json!(after.wecom_userid),
        ),
        ("status", json!(before.status), json!(after.status)),
    ];
    let changed = fields.into_iter().filter(|(_, from, to)| from != to);
    changed
        .map(|(field, from, to)| (field.to_owned(), json!({"from": from, "to": to})))
        .collect()
}

fn changed(mut user: User, change: AccountChange) -> Result<User> {
    user.role = change.role.unwrap_or(user.role);
    user.status = change.status.unwrap_or(user.status);
    if let Some(username) = change.username {
        username.trim().clone_into(&mut user.username);
    }
    if let Some(name) = change.display_name {
        name.trim().clone_into(&mut user.display_name);
    }
    if let Some(userid) = change.wecom_userid {
        user.wecom_userid = folded(userid);
    }
    let userid = user.wecom_userid.as_deref();
    let wrong = wrong_fields(&user.username, &user.display_name, userid);
    if wrong.is_empty() {
        Ok(user)
    } else {
        Err(Error::Invalid(wrong))
    }
}

/// Deletes an account; its sessions and chat rights end at once. One super admin always remains.
pub async fn delete(ctx: &Context, actor: &Actor, id: UserId) -> Result<()> {
    require_anywhere(actor, Action::ManageUsers)?;
    let is_self = actor.user_id == id;
    let audit = entry(ctx, actor, "user.delete", id);
    let (actor, now, wall_now) = (actor.clone(), ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                lock_rights(tx, &actor).await?;
                let user = users::by_id(tx, id).await?.ok_or(Error::NotFound)?;
                users::delete(tx, id, now).await?;
                refuse_without_super_admin(tx).await?;
                if is_self {
                    return Err(WrongState::OwnAccount.into());
                }
                staff_sessions::revoke_all(tx, id, wall_now).await?;
                tx.audit(Entry {
                    details: json!({"username": user.username, "role": user.role}),
                    ..audit
                });
                Ok(())
            })
        })
        .await
}

/// Gives an account a new password that has to be changed, and answers it: shown once, kept only
/// as a hash. One's own is changed by who knows the old one.
pub async fn reset_password(ctx: &Context, actor: &Actor, id: UserId) -> Result<SecretString> {
    require_anywhere(actor, Action::ManageUsers)?;
    if actor.user_id == id {
        return Err(WrongState::OwnPassword.into());
    }
    let password = made_up(ctx);
    let hash = ctx.passwords.hash(password.clone(), ctx.new_uuid()).await?;
    let audit = entry(ctx, actor, "user.reset_password", id);
    let (actor, now, wall_now) = (actor.clone(), ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                lock_rights(tx, &actor).await?;
                let user = users::by_id(tx, id).await?.ok_or(Error::NotFound)?;
                let until = wall_now.plus(CHOSEN_FOR_OTHERS);
                users::set_password(tx, id, &hash, Some(until), now).await?;
                login_attempts::forget(tx, &user.username).await?;
                staff_sessions::revoke_all(tx, id, wall_now).await?;
                tx.audit(audit);
                Ok::<_, Error>(())
            })
        })
        .await?;
    Ok(password)
}

/// Opens a user name that wrong passwords have locked, on the command line of the machine itself;
/// `false` if there was nothing to forget.
///
/// # Errors
/// [`Error::NotFound`] for a name that nobody has and nobody has tried.
pub async fn unlock(ctx: &Context, username: &str) -> Result<bool> {
    let (username, at) = (username.to_owned(), ctx.now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                let was_locked = login_attempts::forget(tx, &username).await?;
                let user = users::by_username(tx, &username).await?;
                if !was_locked && user.is_none() {
                    return Err(Error::NotFound);
                }
                let entry = Entry {
                    actor: None,
                    action: "user.unlock",
                    object_type: "user",
                    details: json!({
                        "account": user.map(|user| user.id),
                        "hadAttempts": was_locked,
                    }),
                    object_id: username,
                    at,
                };
                tx.audit_from(Origin::COMMAND_LINE, entry);
                Ok(was_locked)
            })
        })
        .await
}

fn made_up(ctx: &Context) -> SecretString {
    let bits = ctx.new_uuid().as_u128();
    let letters = (0..PASSWORD_CHARS).map(|place| {
        let index = (bits >> (place * 5)) & 31;
        char::from(*PASSWORD_LETTERS.get(index as usize).unwrap_or(&b'2'))
    });
    letters.collect::<String>().into()
}

fn folded(userid: Option<String>) -> Option<String> {
    userid
        .map(|userid| userid.trim().to_lowercase())
        .filter(|userid| !userid.is_empty())
}

fn wrong_fields(username: &str, display_name: &str, wecom_userid: Option<&str>) -> FieldErrors {
    let mut wrong = FieldErrors::new();
    let length = username.chars().count();
    if !(MIN_USERNAME_CHARS..=MAX_USERNAME_CHARS).contains(&length)
        || username
            .chars()
            .any(|c| c.is_whitespace() || c.is_control())
    {
        let (min, max) = (MIN_USERNAME_CHARS, MAX_USERNAME_CHARS);
        wrong.insert("username".into(), FieldError::LengthOutOfRange { min, max });
    }
    // Where no name was given the user name stands in, and what is wrong with it is said above.
    let is_own = display_name != username;
    if is_own && !(1..=MAX_DISPLAY_NAME_CHARS).contains(&display_name.chars().count()) {
        let (min, max) = (1, MAX_DISPLAY_NAME_CHARS);
        wrong.insert(
            "displayName".into(),
            FieldError::LengthOutOfRange { min, max },
        );
    }
    if wecom_userid.is_some_and(|userid| {
        userid.len() > MAX_WECOM_USERID_BYTES || userid.contains('|') || !userid.is_ascii()
    }) {
        wrong.insert("wecomUserId".into(), FieldError::Malformed);
    }
    wrong
}

fn as_duplicate(error: Error) -> Error {
    match error {
        Error::Store(StoreError::Conflict) => Duplicate::StaffAccount.into(),
        other => other,
    }
}
