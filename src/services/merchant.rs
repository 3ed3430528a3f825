//! The merchant account as the admins see it, and having it tried again now.

use serde_json::json;

use crate::domain::merchant::{MerchantHold, Waiting};
use crate::domain::staff::Actor;
use crate::domain::{Action, Fen};
use crate::store::{Conn, Signal, audit, merchant};

use super::{Context, Result, require_anywhere};

/// Whether refunds go out.
#[derive(Debug)]
pub struct MerchantState {
    /// None: they do.
    pub hold: Option<MerchantHold>,
    /// The refunds that wait behind the hold.
    pub waiting: Waiting,
}

/// Reads whether refunds go out, and what waits if they do not.
///
/// # Errors
/// [`super::Error::Forbidden`] for who is no admin.
pub async fn state(ctx: &Context, actor: &Actor) -> Result<MerchantState> {
    require_anywhere(actor, Action::ProbeMerchant)?;
    read(&mut ctx.db.read().await?).await
}

/// Has the next refund probe at once, as after a top-up; nothing happens where nothing is held.
///
/// # Errors
/// [`super::Error::Forbidden`] for who is no admin.
pub async fn probe(ctx: &Context, actor: &Actor) -> Result<MerchantState> {
    require_anywhere(actor, Action::ProbeMerchant)?;
    let given = (actor.clone(), ctx.now());
    ctx.transact(given, |tx, (actor, now)| {
        Box::pin(async move {
            merchant::bring_probe_forward(tx, *now).await?;
            let state = read(tx).await?;
            if state.hold.is_some() {
                tx.audit(audit::Entry {
                    actor: Some(actor.clone()),
                    action: "merchant.probe",
                    object_type: "merchant",
                    object_id: String::new(),
                    details: json!(null),
                    at: *now,
                });
                tx.wake(Signal::Refunds);
            }
            Ok(state)
        })
    })
    .await
}

async fn read(conn: &mut Conn) -> Result<MerchantState> {
    let hold = merchant::hold(conn).await?;
    let waiting = match hold {
        Some(_) => merchant::waiting(conn).await?,
        None => Waiting {
            count: 0,
            sum: Fen::ZERO,
        },
    };
    Ok(MerchantState { hold, waiting })
}
