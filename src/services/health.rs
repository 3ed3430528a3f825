//! Whether we are well.

use crate::domain::Timestamp;
use crate::store::{Engine, health};

use super::{Context, Result};

/// How we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// When check-ins were last synced completely.
    pub last_sync_at: Option<Timestamp>,
}

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
    })
}
