//! What was done and what was told, for who may see it.

use crate::domain::staff::{Action, Actor};
use crate::store::audit::Row;
use crate::store::audit_lists::{self, AuditFilter};
use crate::store::outbox::MessageStatus;
use crate::store::outbox_lists::{self, ListedMessage};

use super::{Context, Result, require_anywhere};

/// A page of the audit, newest first, and how many rows there are.
pub async fn actions(
    ctx: &Context,
    actor: &Actor,
    filter: &AuditFilter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Row>, i64)> {
    require_anywhere(actor, Action::ViewLogs)?;
    let mut conn = ctx.db.read().await?;
    Ok(audit_lists::list(&mut conn, filter, limit, offset).await?)
}

/// A page of the outbox, newest first, and how many messages there are.
pub async fn notices(
    ctx: &Context,
    actor: &Actor,
    status: Option<MessageStatus>,
    limit: i64,
    offset: i64,
) -> Result<(Vec<ListedMessage>, i64)> {
    require_anywhere(actor, Action::ViewLogs)?;
    let mut conn = ctx.db.read().await?;
    Ok(outbox_lists::list(&mut conn, status, limit, offset).await?)
}
