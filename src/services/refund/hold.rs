//! The hold of the merchant account. What it cannot pay for one refund, it cannot pay for any: all
//! wait, one of them probes, and when that one passes the rest go on by themselves.
//!
//! A hold is placed by whatever refund meets the trouble, and lifted by the report that WeChat Pay
//! has the refund that probed. No answer, and an answer that tells nothing, do neither.

use serde_json::json;

use crate::domain::merchant::probe_after;
use crate::domain::message::{MerchantHeld, MerchantResumed};
use crate::domain::refund::FailureReason;
use crate::domain::{Message, RefundId, Timestamp};
use crate::services::notify::{Notice, tell_deciders};
use crate::store::{Signal, Tx, audit, merchant};

use super::{Context, Result};

/// Lets a refund be sent: always while nothing is held; else only the one that probes, which it may
/// become if a probe is due and none is under way. `until`: when its runner's lease ends, by the
/// wall.
pub(super) async fn admit(
    ctx: &Context,
    tx: &mut Tx,
    refund: RefundId,
    until: Timestamp,
) -> Result<bool> {
    let Some(hold) = merchant::hold(tx).await? else {
        return Ok(true);
    };
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    if hold.is_probed_by(refund, wall_now) {
        return Ok(true);
    }
    if !hold.may_be_probed(now, wall_now) {
        return Ok(false);
    }
    merchant::begin_probe(tx, &hold, refund, until, wall_now).await?;
    Ok(true)
}

/// Stops every refund, and tells people once what to do.
pub(super) async fn place(
    ctx: &Context,
    tx: &mut Tx,
    met_by: RefundId,
    reason: FailureReason,
) -> Result<()> {
    let now = ctx.now();
    if merchant::place(tx, &reason, now, now.plus(probe_after(0))).await? {
        return tell_held(ctx, tx, &reason, now, 0).await;
    }
    end_probe(ctx, tx, met_by, Some(reason)).await
}

/// Ends the probe of a refund that did not pass, if it is the one that probes: the next one is due
/// later. `met`: the merchant's trouble that it met; people are told if that is another one now.
pub(super) async fn end_probe(
    ctx: &Context,
    tx: &mut Tx,
    refund: RefundId,
    met: Option<FailureReason>,
) -> Result<()> {
    let Some(hold) = merchant::hold(tx).await? else {
        return Ok(());
    };
    if hold.probe_refund != Some(refund) || hold.probe_until.is_none() {
        return Ok(());
    }
    let reason = met.unwrap_or_else(|| hold.reason.clone());
    let next = ctx.now().plus(probe_after(hold.probes + 1));
    merchant::end_probe(tx, &hold, refund, &reason, next).await?;
    if reason == hold.reason {
        Ok(())
    } else {
        tell_held(ctx, tx, &reason, hold.since, hold.probes + 1).await
    }
}

/// Lifts the hold if it was this refund that probed, of which WeChat Pay says now that it has it:
/// the rest go on, and people are told so.
pub(super) async fn lift_if_probed(ctx: &Context, tx: &mut Tx, refund: RefundId) -> Result<()> {
    if !merchant::lift(tx, refund).await? {
        return Ok(());
    }
    let waiting = merchant::waiting(tx).await?.count;
    audit_hold(ctx, tx, "merchant.resumed", json!({ "probe": refund }));
    tx.wake(Signal::Refunds);
    let key = ctx.now().micros().to_string();
    tell(ctx, tx, MerchantResumed { waiting }.into(), key).await
}

async fn tell_held(
    ctx: &Context,
    tx: &mut Tx,
    reason: &FailureReason,
    since: Timestamp,
    probes: i64,
) -> Result<()> {
    let waiting = merchant::waiting(tx).await?;
    let details = json!({ "reason": reason.word(), "neededFen": waiting.sum });
    audit_hold(ctx, tx, "merchant.held", details);
    let held = MerchantHeld {
        reason: reason.word(),
        waiting: waiting.count,
        needed: waiting.sum,
    };
    // A trouble that comes back within one hold is told again.
    let key = format!("{}:{probes}:{}", since.micros(), reason.as_str());
    tell(ctx, tx, held.into(), key).await
}

async fn tell(ctx: &Context, tx: &mut Tx, content: Message, dedupe_key: String) -> Result<()> {
    let notice = Notice {
        content,
        camp_id: None,
        dedupe_key,
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

fn audit_hold(ctx: &Context, tx: &mut Tx, action: &'static str, details: serde_json::Value) {
    tx.audit(audit::Entry {
        actor: None,
        action,
        object_type: "merchant",
        object_id: String::new(),
        details,
        at: ctx.now(),
    });
}

/// True if only what is under way is to be looked at: all else is held, and no probe is due.
pub(super) async fn is_closed(ctx: &Context, tx: &mut Tx) -> Result<bool> {
    let hold = merchant::hold(tx).await?;
    Ok(hold.is_some_and(|hold| !hold.may_be_probed(ctx.now(), ctx.wall_now())))
}
