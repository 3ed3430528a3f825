//! Whether we are well.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::store::{Engine, health, outbox};

use super::{Context, Result};

/// How we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// When check-ins were last synced completely.
    pub last_sync_at: Option<Timestamp>,
    /// Notices of the last week that reached nobody.
    pub undelivered: i64,
}

/// What reached nobody is shown for so long.
const SHOWN_FOR: TimeDelta = TimeDelta::days(7);

/// `sqlite` or `postgres`, whether or not it answers.
#[must_use]
pub const fn database(ctx: &Context) -> &'static str {
    match ctx.db.engine() {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    }
}

/// Asks the database.
///
/// # Errors
/// It does not answer.
pub async fn check(ctx: &Context) -> Result<Health> {
    let mut conn = ctx.db.read().await?;
    Ok(Health {
        last_sync_at: health::last_sync_at(&mut conn).await?,
        undelivered: outbox::undelivered(&mut conn, ctx.now().minus(SHOWN_FOR)).await?,
    })
}
