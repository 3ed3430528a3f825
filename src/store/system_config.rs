//! Stored settings, sealed, and the number of their last change.

use aws_lc_rs::digest;

use crate::domain::{Timestamp, UserId};

use super::db::{Conn, run};
use super::{Keyring, KeyringError, Sealed, StoreResult, Tx, held};

const TABLE: &str = "config_generation";

/// Bytes of a hash that tell two rows apart.
const MARK_BYTES: usize = 8;

statements! {
    GENERATION = "SELECT generation FROM config_generation WHERE id = 1";
    RAISE = "UPDATE config_generation SET generation = generation + 1 \
             WHERE id = 1 AND generation = $1";
    ALL = "SELECT config_key, value FROM system_config ORDER BY config_key";
    PUT = "INSERT INTO system_config (config_key, value, updated_by, updated_at) \
           VALUES ($1, $2, $3, $4) ON CONFLICT (config_key) DO UPDATE SET \
           value = excluded.value, updated_by = excluded.updated_by, \
           updated_at = excluded.updated_at";
    REMOVE = "DELETE FROM system_config WHERE config_key = $1";
}

/// A stored setting.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Row {
    config_key: String,
    value: Vec<u8>,
}

impl Row {
    /// The key as in the configuration file.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.config_key
    }

    /// A mark of what was written: never twice the same, since no value is sealed twice alike.
    #[must_use]
    pub fn mark(&self) -> String {
        let hash = digest::digest(&digest::SHA256, &self.value);
        let bytes = hash.as_ref().iter().take(MARK_BYTES);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    /// Decrypts the value.
    pub fn open(&self, keys: &Keyring) -> Result<String, KeyringError> {
        keys.open_text(&place(&self.config_key), &Sealed(self.value.clone()))
    }
}

/// What a value is sealed for: its key, so that it cannot be moved to another one.
#[must_use]
pub fn place(key: &str) -> String {
    format!("system_config.value:{key}")
}

/// Encrypts a value for its key.
pub fn seal(keys: &Keyring, key: &str, value: &str) -> Result<Sealed, KeyringError> {
    keys.seal(&place(key), value.as_bytes())
}

/// The number of the last change.
pub async fn generation(conn: &mut Conn) -> StoreResult<i64> {
    let (generation,): (i64,) = run!(conn, c => sqlx::query_as(GENERATION).fetch_one(c).await)?;
    Ok(generation)
}

/// Counts a change that was decided on what `seen` was.
pub async fn raise(tx: &mut Tx, seen: i64) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(RAISE)
        .bind(seen)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, 1)
}

/// Every stored setting.
pub async fn all(conn: &mut Conn) -> StoreResult<Vec<Row>> {
    Ok(run!(conn, c => sqlx::query_as(ALL).fetch_all(c).await)?)
}

/// Stores a value; `by` is none on the command line.
pub async fn put(
    tx: &mut Tx,
    key: &str,
    value: &Sealed,
    by: Option<UserId>,
    now: Timestamp,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(PUT)
        .bind(key)
        .bind(&value.0)
        .bind(by.map(|user| user.0))
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Forgets a stored value.
pub async fn remove(tx: &mut Tx, key: &str) -> StoreResult<()> {
    run!(tx, c => sqlx::query(REMOVE).bind(key).execute(c).await.map(drop))?;
    Ok(())
}
