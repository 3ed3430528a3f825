//! Somebody's word that an odd ranking is right.

use serde_json::json;

use crate::domain::staff::Actor;
use crate::domain::{Action, CampStatus, SyncId};
use crate::services::refund::worded;
use crate::services::{Context, Error, Refusal, Result, WrongState, require};
use crate::store::audit::Entry;
use crate::store::syncs::{self, Confirmation, SyncRun};
use crate::store::{Lock, Tx, camps};

use super::{apply, poll, run};

/// Confirms an empty or shrunken ranking, which decides from then on.
///
/// # Errors
/// `already_decided` with who was first; `wrong_state` for a run that needs nobody's word, or once
/// a newer ranking decides.
pub async fn confirm(ctx: &Context, actor: &Actor, id: SyncId, reason: &str) -> Result<SyncRun> {
    let confirmation = Confirmation {
        by: actor.user_id,
        reason: worded("reason", reason)?,
        at: ctx.now(),
    };
    let given = (ctx.clone(), actor.clone(), id, confirmation);
    let confirmed = ctx.transact(given, |tx, (ctx, actor, id, confirmation)| {
        Box::pin(write(ctx, tx, actor, *id, confirmation))
    });
    let camp = confirmed.await?.camp_id;
    run::follow(ctx, camp).await;
    poll(ctx, actor, id).await
}

async fn write(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    id: SyncId,
    confirmation: &Confirmation,
) -> Result<SyncRun> {
    // An approval rests on the days and matches that are written here.
    tx.lock(Lock::Decisions).await?;
    let run = syncs::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    require(tx, actor, Action::SyncCheckIns, run.camp_id).await?;
    if let Some((by, at)) = run.confirmed {
        let status = run.state.to_string();
        return Err(Refusal::AlreadyDecided { by, at, status }.into());
    }
    if !run.waits_for_confirmation() {
        return Err(WrongState::NothingToConfirm.into());
    }
    let camp = camps::by_id(tx, run.camp_id)
        .await?
        .ok_or(Error::NotFound)?;
    if camp.status == CampStatus::Archived {
        return Err(WrongState::CampArchived.into());
    }
    if camp.current_sync.is_some_and(|current| current > id) {
        return Err(WrongState::NewerRanking.into());
    }
    let counts = apply::decide(ctx, tx, id, run.camp_id, &[]).await?;
    syncs::confirm(tx, id, counts, confirmation).await?;
    tx.audit(Entry {
        actor: Some(actor.clone()),
        action: "checkins.confirm",
        object_type: "camp",
        object_id: run.camp_id.to_string(),
        details: json!({
            "from": camp.current_sync,
            "to": id,
            "suspicion": run.suspicion,
            "people": counts.members,
            "reason": confirmation.reason,
        }),
        at: confirmation.at,
    });
    Ok(run)
}
