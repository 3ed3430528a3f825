//! Days that somebody answers for, where the planet cannot tell.

use serde_json::json;

use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, CampStatus, MemberId};
use crate::services::refund::worded;
use crate::services::{Context, Error, FieldError, Result, WrongState, require};
use crate::store::audit::Entry;
use crate::store::stated_days::{self, Statement};
use crate::store::{Lock, Tx, camps, evidence, members};

use super::judge::judge_member;
use super::listing::build_list_if_over;

/// Answers for a member's days, in place of what was attested before. They count where the planet
/// says less; 0 takes an attestation back.
///
/// # Errors
/// [`Error::Invalid`] for days that the member's own dates do not have, or without a reason;
/// `wrong_state` for a camp that was put away.
pub async fn attest(
    ctx: &Context,
    actor: &Actor,
    member: MemberId,
    days: i64,
    reason: &str,
) -> Result<()> {
    let reason = worded("reason", reason)?;
    let statement = Statement {
        by: actor.user_id,
        reason,
        at: ctx.now(),
    };
    let given = (actor.clone(), member, days, statement);
    let attested = ctx.transact(given, |tx, (actor, member, days, statement)| {
        Box::pin(write(tx, actor, *member, *days, statement))
    });
    let camp = attested.await?;
    build_list_if_over(ctx, camp).await;
    Ok(())
}

async fn write(
    tx: &mut Tx,
    actor: &Actor,
    id: MemberId,
    days: i64,
    statement: &Statement,
) -> Result<CampId> {
    // An approval rests on the days that are written here.
    tx.lock(Lock::Decisions).await?;
    let member = members::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    let camp_id = member.camp_id;
    require(tx, actor, Action::StateDays, camp_id).await?;
    let camp = camps::by_id(tx, camp_id).await?.ok_or(Error::NotFound)?;
    if camp.status == CampStatus::Archived {
        return Err(WrongState::CampArchived.into());
    }
    let before = evidence::of_member(tx, id).await?.ok_or(Error::NotFound)?;
    let (min, max) = (0, before.terms.unwrap_or(camp.terms).calendar_days());
    if !(min..=max).contains(&days) {
        return Err(Error::invalid("days", FieldError::OutOfRange { min, max }));
    }
    stated_days::attest(tx, camp_id, id, days, statement).await?;
    judge_member(tx, id, statement.at).await?;
    let after = members::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    tx.audit(Entry {
        actor: Some(actor.clone()),
        action: "member.attest",
        object_type: "member",
        object_id: id.to_string(),
        details: json!({
            "campId": camp_id,
            "from": {"attested": before.evidence.attested.map(|it| it.days),
                     "days": before.checked_in_days, "source": before.days_source},
            "to": {"attested": days,
                   "days": after.checked_in_days, "source": after.days_source},
            "reason": statement.reason,
        }),
        at: statement.at,
    });
    Ok(camp_id)
}
