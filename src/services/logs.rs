//! What was done and what was told, for who may see it.

use serde_json::json;

use crate::domain::staff::{Action, Actor};
use crate::store::audit::{Entry, Row};
use crate::store::audit_lists::AuditFilter;
use crate::store::object_names::object_names;
use crate::store::outbox::{self, MessageStatus};
use crate::store::outbox_lists::{self, ListedMessage, MessageFilter};
use crate::store::{Listing as _, Page, PageRequest};

use super::rows::logged;
use super::{Context, Error, Result, WrongState, require_anywhere};

/// Something that was done, and what the thing is called now that it was done to.
#[derive(Debug)]
pub struct Done {
    pub row: Row,
    pub object_name: Option<String>,
}

/// Reads a page of the audit, newest first.
pub async fn actions(
    ctx: &Context,
    actor: &Actor,
    filter: &AuditFilter,
    page: PageRequest,
) -> Result<Page<Done>> {
    require_anywhere(actor, Action::ViewLogs)?;
    let mut conn = ctx.db.read().await?;
    let found = logged(filter.page(&mut conn, page).await?);
    let rows = found.rows.good;
    let things: Vec<_> = rows
        .iter()
        .map(|row| (row.object_type.as_str(), row.object_id.as_str()))
        .collect();
    let names = object_names(&mut conn, &things).await?;
    let named = rows.into_iter().map(|row| Done {
        object_name: names
            .get(&(row.object_type.clone(), row.object_id.clone()))
            .cloned(),
        row,
    });
    Ok(Page {
        rows: named.collect::<Vec<_>>().into(),
        total: found.total,
        request: found.request,
    })
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

/// Has a message sent again that was refused, or of which nobody can say whether it arrived: then a
/// person has looked, and it may be there twice.
///
/// # Errors
/// `wrong_state` for one that was sent or still waits, and for one that there is nobody to send to.
pub async fn resend(ctx: &Context, actor: &Actor, id: i64) -> Result<ListedMessage> {
    require_anywhere(actor, Action::ViewLogs)?;
    let given = (actor.clone(), id, ctx.now());
    ctx.transact(given, |tx, (actor, id, now)| {
        Box::pin(async move {
            let message = outbox_lists::one(tx, *id).await?.ok_or(Error::NotFound)?;
            let from = match message.status.parse() {
                Ok(from @ (MessageStatus::Failed | MessageStatus::Unknown)) => from,
                _ => return Err(WrongState::MessageNotFailed.into()),
            };
            if message.recipient.is_empty() {
                return Err(WrongState::NobodyToTell.into());
            }
            outbox::resend(tx, *id, from, *now).await?;
            tx.audit(Entry {
                actor: Some(actor.clone()),
                action: "notification.resend",
                object_type: "notification",
                object_id: id.to_string(),
                details: json!({"kind": message.kind, "was": message.status, "error": message.error}),
                at: *now,
            });
            outbox_lists::one(tx, *id).await?.ok_or(Error::NotFound)
        })
    })
    .await
}
