//! Keeping what is final: whoever does not qualify, or was rejected, and has not objected in time.

use serde_json::json;

use crate::domain::PaymentId;
use crate::domain::custody::Awaited;
use crate::domain::ledger::Account;
use crate::services::books::{self, Owner};
use crate::store::audit::Entry;
use crate::store::{Lock, Tx, payments};

use super::{Context, Held, Result, of_payment};

/// Keeps the money of a payment whose refusal has become final. `false` if it has not, by what is
/// known in this transaction.
pub(super) async fn keep_final(ctx: &Context, payment: PaymentId) -> Result<bool> {
    ctx.transact((ctx.clone(), payment), |tx, (ctx, payment)| {
        Box::pin(async move {
            // Who approves, reopens or proposes meanwhile is waited for.
            tx.lock(Lock::Decisions).await?;
            let held = of_payment(ctx, tx, *payment).await?;
            match held.filter(|held| is_final(ctx, held)) {
                Some(held) => keep(ctx, tx, &held).await.map(|()| true),
                None => Ok(false),
            }
        })
    })
    .await
}

pub(super) fn is_final(ctx: &Context, held: &Held) -> bool {
    held.next.what == Awaited::Object && held.is_overdue(ctx.now())
}

async fn keep(ctx: &Context, tx: &mut Tx, held: &Held) -> Result<()> {
    let (payment, now) = (&held.payment, ctx.now());
    let owner = Owner {
        camp: payment.camp_id,
        id: payment.payment_id,
        refund: None,
    };
    let cause = format!("keep:{}", payment.order_no);
    books::take(tx, owner, &cause, held.amount, Account::Kept, now).await?;
    payments::release(tx, payment.payment_id, now);
    tx.audit(Entry {
        actor: None,
        action: "payment.keep",
        object_type: "payment",
        object_id: payment.order_no.clone(),
        details: json!({ "fen": held.amount, "refusedAt": payment.refused_at }),
        at: now,
    });
    Ok(())
}
