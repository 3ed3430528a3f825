//! Answering an objection.

use serde_json::json;

use crate::domain::appeal::Answer;
use crate::domain::message::AppealAnswered;
use crate::domain::refund::Decision;
use crate::domain::staff::Actor;
use crate::domain::{Action, AppealId, AppealKind, AppealStatus, CampId, Machine as _};
use crate::services::evidence::{build_list_if_over, judge_member};
use crate::services::notify::{Notice, tell_payer};
use crate::services::refund::{self, worded};
use crate::store::appeals::{self, Listed};
use crate::store::audit::Entry;
use crate::store::{Conn, Lock, Note, Tx, payments, refunds};

use super::list::{Shown, one};
use super::{Context, Error, Refusal, Result, require, require_anywhere};

/// What the answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The member is right.
    Accept,
    /// It stays as it was.
    Refuse,
}

impl Verdict {
    const fn status(self) -> AppealStatus {
        match self {
            Self::Accept => AppealStatus::Accepted,
            Self::Refuse => AppealStatus::Refused,
        }
    }
}

/// Answers an objection with a reason that the member reads. A day that is granted counts from then
/// on; to be right about the verdict or a rejection makes a proposal that another person decides.
///
/// # Errors
/// `already_decided` with who was first; `needs_second_approver` for whoever decided what is objected
/// to; `wrong_state` where nothing is left to give back; [`Error::Forbidden`], [`Error::Invalid`].
pub async fn answer(
    ctx: &Context,
    actor: &Actor,
    id: AppealId,
    verdict: Verdict,
    text: &str,
) -> Result<Shown> {
    let text = worded("text", text)?;
    let given = (ctx.clone(), actor.clone(), id, verdict, text);
    let camp = ctx.transact(given, |tx, (ctx, actor, id, verdict, text)| {
        Box::pin(write(ctx, tx, actor, *id, *verdict, text))
    });
    if let Some(camp) = camp.await? {
        build_list_if_over(ctx, camp).await;
    }
    one(ctx, id).await
}

async fn write(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    id: AppealId,
    verdict: Verdict,
    text: &str,
) -> Result<Option<CampId>> {
    // An approval rests on the days and on the objection.
    tx.lock(Lock::Decisions).await?;
    let listed = appeals::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    may(tx, actor, Action::AnswerAppeals, &listed).await?;
    if let Some(before) = &listed.appeal.answer {
        return Err(Refusal::AlreadyDecided {
            by: before.by.name.clone(),
            at: before.by.at,
            status: listed.appeal.status.to_string(),
        }
        .into());
    }
    refuse_decider(tx, actor, &listed).await?;
    let now = ctx.now();
    let answer = Answer {
        text: text.to_owned(),
        by: Decision {
            by: actor.user_id,
            name: actor.name.clone(),
            at: now,
        },
    };
    let note = Note::new(actor, text, now);
    let change = listed.appeal.status.to(verdict.status())?;
    appeals::answer(tx, id, change, &answer, &note).await?;
    if verdict == Verdict::Accept {
        accept(ctx, tx, actor, &listed, text).await?;
    }
    if let Some(camp) = listed.camp_id {
        refund::follow(ctx, tx, camp, &[listed.payment_id], &note).await?;
    }
    tx.audit(Entry {
        actor: Some(actor.clone()),
        action: "appeal.answer",
        object_type: "appeal",
        object_id: id.to_string(),
        details: json!({
            "orderNo": listed.order_no,
            "campId": listed.camp_id,
            "kind": listed.appeal.kind,
            "day": listed.appeal.day,
            "from": listed.appeal.status,
            "to": verdict.status(),
            "answer": text,
        }),
        at: now,
    });
    tell_member(ctx, tx, &listed, verdict, text).await?;
    Ok(listed.camp_id)
}

async fn accept(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    listed: &Listed,
    text: &str,
) -> Result<()> {
    let appeal = &listed.appeal;
    match (appeal.kind, appeal.day, listed.member_id) {
        (AppealKind::Day, Some(day), Some(member)) => {
            // It states a day where the planet has none.
            may(tx, actor, Action::StateDays, listed).await?;
            appeals::grant_day(tx, member, day, appeal.id, ctx.now()).await?;
            judge_member(tx, member, ctx.now()).await
        }
        (AppealKind::Day, ..) => Err(Error::Invariant(format!(
            "objection {} to a day has no day or no member",
            appeal.id
        ))),
        (AppealKind::Verdict | AppealKind::Rejection, ..) => {
            refund::propose_appealed(ctx, tx, actor, listed.payment_id, text).await
        }
    }
}

async fn may(conn: &mut Conn, actor: &Actor, action: Action, listed: &Listed) -> Result<()> {
    match listed.camp_id {
        Some(camp) => require(conn, actor, action, camp).await,
        None => require_anywhere(actor, action),
    }
}

/// Whoever said the no that is objected to does not answer, whatever became of the refund since.
async fn refuse_decider(conn: &mut Conn, actor: &Actor, listed: &Listed) -> Result<()> {
    let appeal = &listed.appeal;
    if appeal.kind != AppealKind::Rejection {
        return Ok(());
    }
    let rejected_by = refunds::rejected_by(conn, listed.payment_id, appeal.made_at).await?;
    if rejected_by == Some(actor.user_id) {
        return Err(Refusal::NeedsSecondApprover.into());
    }
    Ok(())
}

async fn tell_member(
    ctx: &Context,
    tx: &mut Tx,
    listed: &Listed,
    verdict: Verdict,
    text: &str,
) -> Result<()> {
    let payment = payments::by_id(tx, listed.payment_id).await?;
    let payer = payment.and_then(|payment| payment.wecom_userid);
    let answered = AppealAnswered {
        camp_name: listed.camp_name.clone(),
        kind: listed.appeal.kind,
        day: listed.appeal.day,
        is_accepted: verdict == Verdict::Accept,
        answer: text.to_owned(),
    };
    let notice = Notice {
        content: answered.into(),
        camp_id: listed.camp_id,
        dedupe_key: listed.appeal.id.to_string(),
    };
    tell_payer(tx, &ctx.settings, payer.as_deref(), &notice, ctx.now()).await
}
