//! Staff accounts: made, changed, disabled and deleted by who may manage users.

use secrecy::SecretString;
use serde_json::json;

use crate::domain::staff::{AccountStatus, Action, Actor, Role};
use crate::domain::{Timestamp, UserId};
use crate::store::audit::Entry;
use crate::store::users::{AllUsers, NewUser, User};
use crate::store::{Listing as _, Page, PageRequest, StoreError, Tx, staff_sessions, users};

use super::super::rows::logged;
use super::super::{
    Context, Duplicate, Error, FieldError, FieldErrors, Result, WrongState, require_anywhere,
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

/// Reads a page of all accounts. Who creates camps picks coaches from it.
pub async fn list(ctx: &Context, actor: &Actor, page: PageRequest) -> Result<Page<User>> {
    require_anywhere(actor, Action::ManageCamps)?;
    let mut conn = ctx.db.read().await?;
    Ok(logged(AllUsers.page(&mut conn, page).await?))
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
    if let Err(what) = password::check(&account.password) {
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
        must_change_password: actor.is_some(),
    };
    let (actor, now) = (actor.cloned(), ctx.now());
    ctx.db
        .write(move |tx| Box::pin(insert(tx, new, actor, now)))
        .await
        .map_err(as_duplicate)
}

async fn insert(tx: &mut Tx, new: NewUser, actor: Option<Actor>, now: Timestamp) -> Result<User> {
    let id = users::insert(tx, &new, now).await?;
    tx.audit(Entry {
        actor,
        action: "user.create",
        object_type: "user",
        object_id: id.to_string(),
        details: json!({"username": new.username, "role": new.role}),
        at: now,
    });
    users::by_id(tx, id).await?.ok_or(Error::NotFound)
}

/// Changes an account. Nobody demotes or disables themselves, so that one who may manage users
/// always remains.
pub async fn update(
    ctx: &Context,
    actor: &Actor,
    id: UserId,
    change: AccountChange,
) -> Result<User> {
    require_anywhere(actor, Action::ManageUsers)?;
    let new_hash = match &change.password {
        Some(new) => {
            password::check(new).map_err(|what| Error::invalid("password", what))?;
            Some(ctx.passwords.hash(new.clone(), ctx.new_uuid()).await?)
        }
        None => None,
    };
    let audit = entry(ctx, actor, "user.update", id);
    let is_self = actor.user_id == id;
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                let before = users::by_id(tx, id).await?.ok_or(Error::NotFound)?;
                let after = changed(before.clone(), change, is_self)?;
                users::update(tx, &after, now).await?;
                if let Some(hash) = &new_hash {
                    users::set_password(tx, id, hash, !is_self, now).await?;
                }
                if new_hash.is_some() || after.status != AccountStatus::Active {
                    staff_sessions::revoke_all(tx, id, wall_now).await?;
                }
                tx.audit(Entry {
                    details: json!({
                        "username": after.username,
                        "role": after.role,
                        "status": after.status,
                        "roleBefore": before.role,
                        "passwordSet": new_hash.is_some(),
                    }),
                    ..audit
                });
                users::by_id(tx, id).await?.ok_or(Error::NotFound)
            })
        })
        .await
        .map_err(as_duplicate)
}

fn changed(mut user: User, change: AccountChange, is_self: bool) -> Result<User> {
    let role = change.role.unwrap_or(user.role);
    let status = change.status.unwrap_or(user.status);
    if is_self && (role != user.role || status != user.status) {
        return Err(WrongState::OwnRole.into());
    }
    (user.role, user.status) = (role, status);
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

/// Deletes an account; its sessions and chat rights end at once.
pub async fn delete(ctx: &Context, actor: &Actor, id: UserId) -> Result<()> {
    require_anywhere(actor, Action::ManageUsers)?;
    if actor.user_id == id {
        return Err(WrongState::OwnAccount.into());
    }
    let audit = entry(ctx, actor, "user.delete", id);
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                if !users::delete(tx, id, now).await? {
                    return Err(Error::NotFound);
                }
                staff_sessions::revoke_all(tx, id, wall_now).await?;
                tx.audit(audit);
                Ok(())
            })
        })
        .await
}

/// Gives an account a new password that has to be changed, and answers it: shown once, kept only
/// as a hash.
pub async fn reset_password(ctx: &Context, actor: &Actor, id: UserId) -> Result<SecretString> {
    require_anywhere(actor, Action::ManageUsers)?;
    let password = made_up(ctx);
    let hash = ctx.passwords.hash(password.clone(), ctx.new_uuid()).await?;
    let audit = entry(ctx, actor, "user.reset_password", id);
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                let user = users::by_id(tx, id).await?.ok_or(Error::NotFound)?;
                users::set_password(tx, id, &hash, true, now).await?;
                users::forget_failures(tx, &user.username).await?;
                staff_sessions::revoke_all(tx, id, wall_now).await?;
                tx.audit(audit);
                Ok::<_, Error>(())
            })
        })
        .await?;
    Ok(password)
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
