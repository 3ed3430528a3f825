//! A refund that was settled by hand.

use serde_json::json;

use crate::domain::refund::ClosedAs;
use crate::domain::staff::Actor;
use crate::domain::{Action, RefundId, RefundStatus};
use crate::store::Note;
use crate::store::refunds::Refund;

use super::{
    Context, Result, WrongState, audit_refund, decision, in_one_transaction, load, step, worded,
};

/// Closes a refund that needs a person, with a note of how it was settled. No machine touches it
/// any more.
///
/// # Errors
/// `Refusal::WrongState` for what does not need a person.
pub async fn close(ctx: &Context, actor: &Actor, id: RefundId, note: &str) -> Result<Refund> {
    let worded = worded("note", note)?;
    let actor = actor.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let (actor, worded) = (actor.clone(), worded.clone());
        Box::pin(async move {
            let now = ctx.now();
            let refund = load(tx, &actor, Action::ReviewRefunds, id).await?;
            let status = refund.status();
            if status != RefundStatus::ManualRequired {
                return Err(WrongState::NeedsNoPerson { status }.into());
            }
            let closed_as = ClosedAs::SettledOutside(decision(&actor, now));
            let note = Note::new(&actor, worded.clone(), now);
            let refund = step(tx, refund, |state| state.close(closed_as), &note).await?;
            let details = json!({ "note": worded });
            audit_refund(tx, Some(&actor), "refund.close", &refund, details, now);
            Ok(refund)
        })
    })
    .await
}
