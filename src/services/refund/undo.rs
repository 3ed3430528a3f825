//! Withdrawing an approval while the money has not moved.

use serde_json::json;

use crate::domain::refund::RefundState;
use crate::domain::staff::Actor;
use crate::domain::{Action, RefundId};
use crate::store::Note;
use crate::store::refunds::Refund;

use super::{Context, Refusal, Result, WrongState, audit_refund, in_one_transaction, load, step};

/// Withdraws an approval: before `undo_until`, and before the runner has taken it.
///
/// # Errors
/// [`Refusal::UndoOver`] afterwards, [`Refusal::WrongState`] for what is not approved.
pub async fn undo(ctx: &Context, actor: &Actor, id: RefundId) -> Result<Refund> {
    let actor = actor.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let actor = actor.clone();
        Box::pin(async move {
            let now = ctx.now();
            let refund = load(tx, &actor, Action::ReviewRefunds, id).await?;
            match &refund.state {
                RefundState::Approved { history, .. } if now < history.approval.undo_until => {}
                RefundState::Pending
                | RefundState::AwaitingSecond { .. }
                | RefundState::Rejected { .. } => {
                    let status = refund.status();
                    return Err(WrongState::NotApproved { status }.into());
                }
                _ => return Err(Refusal::UndoOver.into()),
            }
            let note = Note::new(&actor, "withdrawn", now);
            let refund = step(tx, refund, RefundState::withdraw, &note).await?;
            audit_refund(tx, Some(&actor), "refund.undo", &refund, json!(null), now);
            Ok(refund)
        })
    })
    .await
}
