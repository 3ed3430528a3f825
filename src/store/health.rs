//! Signs of life.

use crate::domain::Timestamp;

use super::StoreResult;
use super::db::{Conn, run};

statements! {
    LAST_SYNC = "SELECT MAX(finished_at) FROM sync_run WHERE state = 'complete'";
}

/// When a sync last came to a complete end, if one ever has. It answers only if the database does.
pub async fn last_sync_at(conn: &mut Conn) -> StoreResult<Option<Timestamp>> {
    let (at,): (Option<i64>,) = run!(conn, c => sqlx::query_as(LAST_SYNC).fetch_one(c).await)?;
    Ok(at.map(Timestamp::from_micros))
}
