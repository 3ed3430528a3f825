//! Staff accounts.

use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::staff::{AccountStatus, Role};
use crate::domain::{Timestamp, UserId, WecomUserid};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::filter::{Bind, Conditions};
use super::listing::{Key, ListSql, Order, listing};
use super::{StoreError, StoreResult, Tx};

const TABLE: &str = "system_user";

/// The columns of [`UserRow`].
macro_rules! select_user {
    ($tail:literal) => {
        concat!(
            "SELECT id, username, password_hash, role, display_name, wecom_userid, status, ",
            "must_change_password, password_expires_at, last_login_at, created_at ",
            "FROM system_user WHERE deleted_at IS NULL ",
            $tail
        )
    };
}

statements! {
    BY_ID = select_user!("AND id = $1");
    BY_USERNAME = select_user!("AND username = $1");
    BY_WECOM_USERID = select_user!("AND wecom_userid = $1");
    USERIDS_OF_ROLE = "SELECT wecom_userid FROM system_user WHERE role = $1 \
                       AND status = 'active' AND deleted_at IS NULL \
                       AND wecom_userid IS NOT NULL ORDER BY id";
    LIST_HEAD = select_user!("");
    COUNT = "SELECT CAST(COUNT(*) AS BIGINT) FROM system_user WHERE deleted_at IS NULL";
    INSERT = "INSERT INTO system_user (username, password_hash, role, display_name, wecom_userid, \
              status, must_change_password, password_expires_at, created_at, updated_at) \
              VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $8) RETURNING id";
    UPDATE = "UPDATE system_user SET username = $2, role = $3, display_name = $4, \
              wecom_userid = $5, status = $6, updated_at = $7 WHERE id = $1 AND deleted_at IS NULL";
    SET_PASSWORD = "UPDATE system_user SET password_hash = $2, must_change_password = $3, \
                    password_expires_at = $4, updated_at = $5 \
                    WHERE id = $1 AND deleted_at IS NULL";
    NOTE_LOGIN = "UPDATE system_user SET last_login_at = $2 WHERE id = $1";
    SUPER_ADMINS = "SELECT CAST(COUNT(*) AS BIGINT) FROM system_user \
                    WHERE role = 'super_admin' AND status = 'active' AND deleted_at IS NULL";
    DELETE = "UPDATE system_user SET deleted_at = $2, updated_at = $2 \
              WHERE id = $1 AND deleted_at IS NULL";
}

/// A staff account.
#[derive(Debug, Clone)]
pub struct User {
    /// Its row.
    pub id: UserId,
    /// The name typed at sign-in.
    pub username: String,
    /// An argon2id PHC string.
    pub password_hash: SecretString,
    /// What the person may do.
    pub role: Role,
    /// The name that others see.
    pub display_name: String,
    /// Their WeCom account, in lower case.
    pub wecom_userid: Option<String>,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// Whether somebody else has chosen the password.
    pub must_change_password: bool,
    /// Until when such a password is good, by the wall.
    pub password_expires_at: Option<Timestamp>,
    /// When they last signed in.
    pub last_login_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The name typed at sign-in.
    pub username: String,
    /// An argon2id PHC string.
    pub password_hash: SecretString,
    /// What the person may do.
    pub role: Role,
    /// The name that others see.
    pub display_name: String,
    /// Their WeCom account, in lower case.
    pub wecom_userid: Option<String>,
    /// Of a password that somebody else has chosen: until when it is good, by the wall.
    pub password_expires_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
    id: i64,
    username: String,
    password_hash: String,
    role: String,
    display_name: String,
    wecom_userid: Option<String>,
    status: String,
    must_change_password: bool,
    password_expires_at: Option<i64>,
    last_login_at: Option<i64>,
    created_at: i64,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> StoreResult<Self> {
        let bad = |what: &str| StoreError::Inconsistent {
            table: TABLE,
            id: row.id,
            what: what.to_owned(),
        };
        Ok(Self {
            id: UserId(row.id),
            role: row.role.parse().map_err(|_| bad("role"))?,
            status: row.status.parse().map_err(|_| bad("status"))?,
            username: row.username,
            password_hash: row.password_hash.into(),
            display_name: row.display_name,
            wecom_userid: row.wecom_userid,
            must_change_password: row.must_change_password,
            password_expires_at: row.password_expires_at.map(Timestamp::from_micros),
            last_login_at: row.last_login_at.map(Timestamp::from_micros),
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

/// The WeCom accounts of those of a role who may be written to.
pub async fn wecom_userids(conn: &mut Conn, role: Role) -> StoreResult<Vec<WecomUserid>> {
    let rows: Vec<(String,)> = run!(conn, c => sqlx::query_as(USERIDS_OF_ROLE)
        .bind(role.as_str())
        .fetch_all(c)
        .await)?;
    let userids = rows.iter().map(|(userid,)| WecomUserid::new(userid));
    Ok(userids.collect())
}

/// An account that was not deleted.
pub async fn by_id(conn: &mut Conn, id: UserId) -> StoreResult<Option<User>> {
    let row: Option<UserRow> =
        run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?;
    row.map(User::try_from).transpose()
}

/// The account under the name typed at sign-in.
pub async fn by_username(conn: &mut Conn, username: &str) -> StoreResult<Option<User>> {
    let row: Option<UserRow> =
        run!(conn, c => sqlx::query_as(BY_USERNAME).bind(username).fetch_optional(c).await)?;
    row.map(User::try_from).transpose()
}

/// The account of a member of the corp; `userid` in lower case.
pub async fn by_wecom_userid(conn: &mut Conn, userid: &str) -> StoreResult<Option<User>> {
    let row: Option<UserRow> =
        run!(conn, c => sqlx::query_as(BY_WECOM_USERID).bind(userid).fetch_optional(c).await)?;
    row.map(User::try_from).transpose()
}

/// All accounts that were not deleted, the oldest first.
#[derive(Debug, Clone, Copy)]
pub struct AllUsers;

listing!(AllUsers => User);

impl ListSql for AllUsers {
    type Row = UserRow;
    type Item = User;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM system_user WHERE deleted_at IS NULL";
    const ID: &'static str = "id";
    const ORDER: Order = Order::Ascending(&["id"]);

    fn conditions(&self) -> Conditions {
        Conditions::default()
    }

    fn key(row: &UserRow) -> Key {
        Key(vec![Bind::Number(row.id)])
    }

    fn read(row: UserRow) -> StoreResult<User> {
        row.try_into()
    }
}

/// How many accounts there are.
pub async fn count(conn: &mut Conn) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(COUNT).fetch_one(c).await)?;
    Ok(count)
}

/// Makes an account.
pub async fn insert(tx: &mut Tx, user: &NewUser, now: Timestamp) -> StoreResult<UserId> {
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(INSERT)
        .bind(&user.username)
        .bind(user.password_hash.expose_secret())
        .bind(user.role.as_str())
        .bind(&user.display_name)
        .bind(&user.wecom_userid)
        .bind(user.password_expires_at.is_some())
        .bind(user.password_expires_at.map(Timestamp::micros))
        .bind(now.micros())
        .fetch_one(c)
        .await)?;
    Ok(UserId(id))
}

/// Writes all of an account but its password; `false` if it is gone.
pub async fn update(tx: &mut Tx, user: &User, now: Timestamp) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(UPDATE)
        .bind(user.id.0)
        .bind(&user.username)
        .bind(user.role.as_str())
        .bind(&user.display_name)
        .bind(&user.wecom_userid)
        .bind(user.status.as_str())
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Writes a password, and until when it is good if somebody else has chosen it; `false` if the
/// account is gone.
pub async fn set_password(
    tx: &mut Tx,
    id: UserId,
    hash: &SecretString,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(SET_PASSWORD)
        .bind(id.0)
        .bind(hash.expose_secret())
        .bind(expires_at.is_some())
        .bind(expires_at.map(Timestamp::micros))
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Remembers when somebody has last signed in.
pub fn note_login(tx: &mut Tx, id: UserId, now: Timestamp) {
    tx.put_off(Statement::new(NOTE_LOGIN).bind(id.0).bind(now.micros()));
}

/// How many may do all.
pub async fn super_admins(conn: &mut Conn) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(SUPER_ADMINS).fetch_one(c).await)?;
    Ok(count)
}

/// Deletes an account softly; `false` if it is gone.
pub async fn delete(tx: &mut Tx, id: UserId, now: Timestamp) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(DELETE)
        .bind(id.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}
