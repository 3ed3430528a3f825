//! `催打卡`: the check-ins are read anew where they are old; then the one who asks sees what the
//! group will read, and lets it go.

use crate::bot::replies;
use crate::bot::turn::Turn;
use crate::domain::Recipients;
use crate::domain::message::{SyncStarted, UrgeReady};
use crate::services::inbox::Reply;
use crate::services::{Result, urge};
use crate::store::camps::Camp;
use crate::store::outbox::Priority;

pub(super) async fn ask(turn: &Turn<'_>, camp: &Camp) -> Result<Vec<Reply>> {
    let sync_id = urge::prepare(turn.ctx(), &turn.actor, camp.id).await?;
    let ready = UrgeReady {
        camp_id: camp.id,
        sync_id,
    };
    let mut ready = replies::scheduled(Recipients::one(turn.person), ready, turn.now);
    if sync_id.is_none() {
        ready.message.priority = Priority::Reply;
    }
    let started = sync_id.map(|_| {
        let camp_name = camp.name.clone();
        turn.reply_about(camp.id, SyncStarted { camp_name })
    });
    let ready = replies::about(ready, camp.id);
    Ok(started.into_iter().chain([ready]).collect())
}
