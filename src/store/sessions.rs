//! Sessions of the member pages and access tokens. Only hashes of what people hold are kept.

use crate::domain::{PaymentId, Timestamp};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{KeyId, Sealed, StoreResult, Tx};

/// The column that a session's openid is sealed for.
pub const SESSION_OPENID: &str = "h5_session.openid";

statements! {
    INSERT = "INSERT INTO h5_session (id_hash, platform, openid, wecom_userid, created_at, \
              expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    BY_HASH = "SELECT id_hash, platform, openid, wecom_userid, expires_at \
               FROM h5_session WHERE id_hash = $1 AND expires_at > $2";
    END = "DELETE FROM h5_session WHERE id_hash = $1";
    FORGET_OVER = "DELETE FROM h5_session WHERE id_hash IN \
                   (SELECT id_hash FROM h5_session WHERE expires_at <= $1 LIMIT $2)";
    ADD_TOKEN = "INSERT INTO access_token (token_hash, payment_id, key_id, expires_at, created_at) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (token_hash) DO NOTHING";
    TOKEN_KEYS = "SELECT key_id FROM access_token WHERE payment_id = $1";
    TOKEN_UNTIL = "SELECT MAX(expires_at) FROM access_token WHERE payment_id = $1";
    TOKEN = "SELECT payment_id, expires_at FROM access_token WHERE token_hash = $1";
}

/// A session of the member pages.
#[derive(Debug, Clone)]
pub struct Session {
    /// SHA-256 of what the cookie holds.
    pub id_hash: Vec<u8>,
    /// `wecom`, `wechat` or `browser`.
    pub platform: String,
    /// The openid, encrypted for [`SESSION_OPENID`], once signed in.
    pub openid: Option<Sealed>,
    /// The corp member's account, in lower case.
    pub wecom_userid: Option<String>,
    /// Until when it is good, by the wall.
    pub expires_at: Timestamp,
}

impl Session {
    /// Whether a platform has said who it is.
    #[must_use]
    pub const fn is_signed_in(&self) -> bool {
        self.openid.is_some() || self.wecom_userid.is_some()
    }
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id_hash: Vec<u8>,
    platform: String,
    openid: Option<Vec<u8>>,
    wecom_userid: Option<String>,
    expires_at: i64,
}

/// Adds a session.
pub async fn insert(tx: &mut Tx, session: &Session, wall_now: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(INSERT)
        .bind(&session.id_hash)
        .bind(&session.platform)
        .bind(session.openid.as_ref().map(|sealed| &sealed.0))
        .bind(&session.wecom_userid)
        .bind(wall_now.micros())
        .bind(session.expires_at.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// A session that is still good.
pub async fn by_hash(
    conn: &mut Conn,
    id_hash: &[u8],
    wall_now: Timestamp,
) -> StoreResult<Option<Session>> {
    let row: Option<SessionRow> = run!(conn, c => sqlx::query_as(BY_HASH)
        .bind(id_hash)
        .bind(wall_now.micros())
        .fetch_optional(c)
        .await)?;
    Ok(row.map(|row| Session {
        id_hash: row.id_hash,
        platform: row.platform,
        openid: row.openid.map(Sealed),
        wecom_userid: row.wecom_userid,
        expires_at: Timestamp::from_micros(row.expires_at),
    }))
}

/// Ends a session.
pub fn end(tx: &mut Tx, id_hash: &[u8]) {
    tx.put_off(Statement::new(END).bind(id_hash));
}

/// Deletes at most `limit` sessions whose time is over; how many.
pub async fn forget_over(tx: &mut Tx, wall_now: Timestamp, limit: i64) -> StoreResult<u64> {
    Ok(run!(tx, c => sqlx::query(FORGET_OVER)
        .bind(wall_now.micros())
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}

/// Remembers the hash of an access token and the key that the token was made under; the same token
/// twice is one.
pub fn add_access_token(
    tx: &mut Tx,
    token_hash: &[u8],
    payment: PaymentId,
    key: KeyId,
    expires_at: Timestamp,
    now: Timestamp,
) {
    tx.put_off(
        Statement::new(ADD_TOKEN)
            .bind(token_hash)
            .bind(payment.0)
            .bind(key.as_slice())
            .bind(expires_at.micros())
            .bind(now.micros()),
    );
}

/// The keys under which a payment has an access token.
pub async fn token_keys(conn: &mut Conn, payment: PaymentId) -> StoreResult<Vec<Vec<u8>>> {
    let keys = Statement::new(TOKEN_KEYS).bind(payment.0);
    let rows: Vec<(Vec<u8>,)> = conn.ask_all(keys).await?;
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

/// Until when the access token of a payment is good at least; none where it has none.
pub async fn token_until(conn: &mut Conn, payment: PaymentId) -> StoreResult<Option<Timestamp>> {
    let (until,): (Option<i64>,) =
        run!(conn, c => sqlx::query_as(TOKEN_UNTIL).bind(payment.0).fetch_one(c).await)?;
    Ok(until.map(Timestamp::from_micros))
}

/// Which payment an access token is for, and until when it is good by business time.
pub async fn access_token(
    conn: &mut Conn,
    token_hash: &[u8],
) -> StoreResult<Option<(PaymentId, Timestamp)>> {
    let row: Option<(i64, i64)> =
        run!(conn, c => sqlx::query_as(TOKEN).bind(token_hash).fetch_optional(c).await)?;
    Ok(row.map(|(id, until)| (PaymentId(id), Timestamp::from_micros(until))))
}
