//! Whether we are well.

use crate::domain::Timestamp;
use crate::store::{Engine, health};

use super::{Context, Result};

/// How we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// When check-ins were last synced completely.
    pub last_sync_at: Option<Timestamp>,
}

/// Asks the database.
///
/// # Errors
/// It does not answer.
pub async fn check(ctx: &Context) -> Result<Health> {
    let mut conn = ctx.db.read().await?;
    Ok(Health {
        database: match ctx.db.engine() {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        },
        last_sync_at: health::last_sync_at(&mut conn).await?,
    })
}
