//! The planet's project of a camp while it is being made: what was asked for, until it is known
//! whether the planet has made it.

use crate::domain::{CampId, Timestamp};

use super::StoreResult;
use super::db::{Conn, Tx, run};

statements! {
    ASKED = "SELECT asked_project FROM training_camp WHERE id = $1 AND asked_project IS NOT NULL";
    CLAIM = "UPDATE training_camp SET asked_project = $2, asked_project_at = $3 \
             WHERE id = $1 AND planet_project_id IS NULL AND deleted_at IS NULL \
             AND (asked_project_at IS NULL OR asked_project_at < $4)";
    RENEW = "UPDATE training_camp SET asked_project = $2 \
             WHERE id = $1 AND asked_project_at = $3 AND planet_project_id IS NULL";
    RELEASE = "UPDATE training_camp SET asked_project = NULL, asked_project_at = NULL \
               WHERE id = $1 AND asked_project_at = $2";
    RECORD = "UPDATE training_camp SET planet_project_id = $2, asked_project = NULL, \
              asked_project_at = NULL, updated_at = $3 \
              WHERE id = $1 AND planet_project_id IS NULL AND deleted_at IS NULL";
    IS_USED = "SELECT CAST(COUNT(*) AS BIGINT) FROM training_camp \
               WHERE planet_project_id = $1 AND deleted_at IS NULL";
}

/// What the planet was asked for without a known outcome, as JSON.
pub async fn asked(conn: &mut Conn, id: CampId) -> StoreResult<Option<String>> {
    let row: Option<(String,)> =
        run!(conn, c => sqlx::query_as(ASKED).bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(|(asked,)| asked))
}

/// Takes it upon oneself to have the project made; `false` if the camp has one, or somebody has
/// asked since `quiet_since`.
pub async fn claim(
    tx: &mut Tx,
    id: CampId,
    asked: &str,
    wall_now: Timestamp,
    quiet_since: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(CLAIM)
        .bind(id.0)
        .bind(asked)
        .bind(wall_now.micros())
        .bind(quiet_since.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Writes over what an earlier attempt asked for; `false` if the claim is no longer this one.
pub async fn renew(
    tx: &mut Tx,
    id: CampId,
    asked: &str,
    claimed_at: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(RENEW)
        .bind(id.0)
        .bind(asked)
        .bind(claimed_at.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Forgets a claim: the planet has made nothing.
pub async fn release(tx: &mut Tx, id: CampId, claimed_at: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(RELEASE)
        .bind(id.0)
        .bind(claimed_at.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Writes the project of a camp that has none; `false` if it got one in the meantime.
pub async fn record(tx: &mut Tx, id: CampId, project: &str, now: Timestamp) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(RECORD)
        .bind(id.0)
        .bind(project)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Whether a camp of ours follows a project.
pub async fn is_used(conn: &mut Conn, project: &str) -> StoreResult<bool> {
    let (count,): (i64,) =
        run!(conn, c => sqlx::query_as(IS_USED).bind(project).fetch_one(c).await)?;
    Ok(count > 0)
}
