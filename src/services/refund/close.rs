//! A refund that was settled by hand.

use serde_json::json;

use crate::domain::ledger::{Account, Transfer};
use crate::domain::refund::ClosedAs;
use crate::domain::staff::Actor;
use crate::domain::{Action, RefundId, RefundStatus};
use crate::services::books;
use crate::store::Note;
use crate::store::refunds::Refund;

use super::{
    Context, Error, Result, WrongState, audit_refund, decision, in_one_transaction, load, step,
    worded,
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
            let position = books::position_of(tx, &refund).await?;
            let (cause, amount) = (
                format!("settle:{}", refund.refund_no),
                refund.proposal.amount_fen,
            );
            let settled = position.take(&cause, amount, Account::SettledOutside, now);
            let settled = settled.map_err(|short| Error::Invariant(short.to_string()))?;
            let refund_id = Some(refund.id);
            let settled = Transfer {
                refund_id,
                ..settled
            };
            books::post(tx, position, &settled)?;
            let details = json!({ "note": worded });
            audit_refund(tx, Some(&actor), "refund.close", &refund, details, now);
            Ok(refund)
        })
    })
    .await
}
