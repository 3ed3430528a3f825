//! A camp whose posts were never read as a whole is one question to a person, and not one for each
//! member.

use serde_json::json;

use crate::domain::staff::Actor;
use crate::domain::{Action, CampId};
use crate::store::{Lock, audit, camps};

use super::propose::{Built, build};
use super::{Context, Error, Result, WrongState, authorize, in_one_transaction, worded};

/// Says that the ranking of a camp suffices although its posts could never be read, and brings the
/// refund list up to date. Said once, it holds until posts are read after all; who passes by grace
/// alone is looked at all the same.
///
/// # Errors
/// `Refusal::WrongState` where posts were read, or before there is anything to judge by.
pub async fn waive_posts(
    ctx: &Context,
    actor: &Actor,
    camp_id: CampId,
    reason: &str,
) -> Result<Built> {
    let reason = worded("reason", reason)?;
    let actor = actor.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let (actor, reason) = (actor.clone(), reason.clone());
        Box::pin(async move {
            tx.lock(Lock::Decisions).await?;
            let camp = camps::by_id(tx, camp_id).await?.ok_or(Error::NotFound)?;
            authorize(tx, &actor, Action::ReviewRefunds, Some(camp_id)).await?;
            if camp.posts_sync.is_some() {
                return Err(WrongState::PostsWereRead.into());
            }
            let now = ctx.now();
            if camps::waive_posts(tx, camp_id, actor.user_id, now).await? {
                tx.audit(audit::Entry {
                    actor: Some(actor.clone()),
                    action: "refund.waive_posts",
                    object_type: "camp",
                    object_id: camp_id.to_string(),
                    details: json!({ "reason": reason }),
                    at: now,
                });
            }
            build(&ctx, tx, Some(&actor), camp_id).await
        })
    })
    .await
}
