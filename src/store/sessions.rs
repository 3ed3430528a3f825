//! Sessions of the member pages, sign-ins under way, and access tokens. Only hashes of what
//! people hold are kept.

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
    SIGN_IN = "UPDATE h5_session SET platform = $2, openid = $3, wecom_userid = $4 \
               WHERE id_hash = $1";
    ADD_STATE = "INSERT INTO oauth_state (state_hash, purpose, redirect, expires_at) \
                 VALUES ($1, $2, $3, $4)";
    TAKE_STATE = "DELETE FROM oauth_state WHERE state_hash = $1 AND purpose = $2 \
                  AND expires_at > $3 RETURNING redirect";
    ADD_TOKEN = "INSERT INTO access_token (token_hash, payment_id, key_id, expires_at, created_at) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (token_hash) DO NOTHING";
    TOKEN_KEYS = "SELECT key_id FROM access_token WHERE payment_id = $1";
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

/// Says who a session is.
pub async fn sign_in(tx: &mut Tx, session: &Session) -> StoreResult<()> {
    run!(tx, c => sqlx::query(SIGN_IN)
        .bind(&session.id_hash)
        .bind(&session.platform)
        .bind(session.openid.as_ref().map(|sealed| &sealed.0))
        .bind(&session.wecom_userid)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Remembers a sign-in under way.
pub async fn add_oauth_state(
    tx: &mut Tx,
    state_hash: &[u8],
    purpose: &str,
    redirect: &str,
    expires_at: Timestamp,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(ADD_STATE)
        .bind(state_hash)
        .bind(purpose)
        .bind(redirect)
        .bind(expires_at.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Takes a sign-in under way, once: where to go afterwards.
pub async fn take_oauth_state(
    tx: &mut Tx,
    state_hash: &[u8],
    purpose: &str,
    wall_now: Timestamp,
) -> StoreResult<Option<String>> {
    let row: Option<(String,)> = run!(tx, c => sqlx::query_as(TAKE_STATE)
        .bind(state_hash)
        .bind(purpose)
        .bind(wall_now.micros())
        .fetch_optional(c)
        .await)?;
    Ok(row.map(|(redirect,)| redirect))
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

/// Which payment an access token is for, and until when it is good by business time.
pub async fn access_token(
    conn: &mut Conn,
    token_hash: &[u8],
) -> StoreResult<Option<(PaymentId, Timestamp)>> {
    let row: Option<(i64, i64)> =
        run!(conn, c => sqlx::query_as(TOKEN).bind(token_hash).fetch_optional(c).await)?;
    Ok(row.map(|(id, until)| (PaymentId(id), Timestamp::from_micros(until))))
}
