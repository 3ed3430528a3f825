//! What was done and what was told, for who may see it.

use crate::domain::staff::{Action, Actor};
use crate::store::audit::Row;
use crate::store::audit_lists::AuditFilter;
use crate::store::outbox_lists::{ListedMessage, MessageFilter};
use crate::store::{Listing as _, Page, PageRequest};

use super::rows::logged;
use super::{Context, Result, require_anywhere};

/// Reads a page of the audit, newest first.
pub async fn actions(
    ctx: &Context,
    actor: &Actor,
    filter: &AuditFilter,
    page: PageRequest,
) -> Result<Page<Row>> {
    require_anywhere(actor, Action::ViewLogs)?;
    let mut conn = ctx.db.read().await?;
    Ok(logged(filter.page(&mut conn, page).await?))
}

/// Reads a page of the outbox, newest first.
pub async fn notices(
    ctx: &Context,
    actor: &Actor,
    filter: MessageFilter,
    page: PageRequest,
) -> Result<Page<ListedMessage>> {
    require_anywhere(actor, Action::ViewLogs)?;
    let mut conn = ctx.db.read().await?;
    Ok(logged(filter.page(&mut conn, page).await?))
}
