//! The life of a camp: published and withdrawn by people, moved on by the calendar.

use crate::domain::camp::{LINGERS_AFTER_DAYS, REOPENED_FOR_DAYS};
use crate::domain::message::{CampEnded, CampLingers};
use crate::domain::promise::PromiseRules;
use crate::domain::staff::{Action, Actor};
use crate::domain::{CampId, CampStatus, Machine as _, Role};
use crate::store::audit::Entry;
use crate::store::camps::{self, Camp};
use crate::store::{Lock, Note, Rows, Tx, appeals, camp_edits, custody, reports, settlements};
use chrono::{NaiveDate, TimeDelta};

use super::super::by_camp::FailedCamps;
use super::super::notify::{self, Notice};
use super::super::settlements::publish as publish_edition;
use super::super::{
    Context, Error, FieldError, FieldErrors, Refusal, Result, Settings, WrongState,
    require_anywhere,
};
use super::edit::form_of;
use super::{entry, found, note};

/// Characters of a reason at most.
const MAX_REASON_CHARS: usize = 200;

/// The camps that the calendar moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Advanced {
    /// Camps that began.
    pub begun: usize,
    /// Camps that ended.
    pub ended: usize,
    /// Camps that were put away.
    pub archived: usize,
    /// Editions of settlement pages that were published.
    pub published: usize,
}

/// Publishes a pending camp: members may pay.
///
/// # Errors
/// [`Refusal::Incomplete`] with what is missing in a draft, or [`Refusal::WrongState`].
pub async fn publish(ctx: &Context, actor: &Actor, id: CampId) -> Result<()> {
    require_anywhere(actor, Action::ManageCamps)?;
    let published = note(ctx, actor, "published");
    let audit = entry(ctx, actor, "camp.publish", id);
    let given = (id, ctx.today(), ctx.settings.promise, published, audit);
    ctx.transact(given, |tx, (id, today, promise, published, audit)| {
        Box::pin(async move {
            let camp = found(tx, *id).await?;
            let missing = form_of(tx, &camp).await?.missing();
            if camp.status == CampStatus::Draft && !missing.is_empty() {
                return Err(Refusal::Incomplete(missing).into());
            }
            let change = camp.status.to(CampStatus::Enrolling)?;
            refuse_unless_timely(&camp, *today, promise)?;
            camps::advance(tx, *id, change, published).await?;
            tx.audit(audit.clone());
            Ok(())
        })
    })
    .await
}

/// A camp that would have begun takes nobody in, nor one whose deposits could not go back in time.
pub(super) fn refuse_unless_timely(
    camp: &Camp,
    today: NaiveDate,
    promise: &PromiseRules,
) -> Result<()> {
    let mut problems = FieldErrors::new();
    if camp.terms.start_date < today {
        problems.insert("startDate".into(), FieldError::HasPassed);
    }
    if let Some(error) = promise.objection(&camp.terms, today) {
        problems.insert("endDate".into(), error);
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Incomplete(problems).into())
    }
}

/// Takes a published camp back, while nobody has paid.
///
/// # Errors
/// [`Refusal::WrongState`].
pub async fn withdraw(ctx: &Context, actor: &Actor, id: CampId) -> Result<()> {
    require_anywhere(actor, Action::ManageCamps)?;
    let withdrawn = note(ctx, actor, "withdrawn");
    let audit = entry(ctx, actor, "camp.withdraw", id);
    ctx.transact((id, withdrawn, audit), |tx, (id, withdrawn, audit)| {
        Box::pin(async move {
            tx.lock(Lock::Camp(*id)).await?;
            let camp = found(tx, *id).await?;
            let status = camp.status;
            if status != CampStatus::Enrolling {
                return Err(WrongState::CampNotPublished { status }.into());
            }
            refuse_if_paid(tx, *id).await?;
            let change = status.to(CampStatus::Pending)?;
            camps::advance(tx, *id, change, withdrawn).await?;
            tx.audit(audit.clone());
            Ok(())
        })
    })
    .await
}

/// Deletes a camp that has not started and that nobody has paid for.
///
/// # Errors
/// [`Refusal::WrongState`].
pub async fn delete(ctx: &Context, actor: &Actor, id: CampId) -> Result<()> {
    require_anywhere(actor, Action::ManageCamps)?;
    let audit = entry(ctx, actor, "camp.delete", id);
    let given = (id, ctx.now(), audit);
    ctx.transact(given, |tx, (id, now, audit)| {
        Box::pin(async move {
            tx.lock(Lock::Camp(*id)).await?;
            let camp = found(tx, *id).await?;
            let status = camp.status;
            if status.is_over() || status == CampStatus::Ongoing {
                return Err(WrongState::CampBegun { status }.into());
            }
            refuse_if_paid(tx, *id).await?;
            if !camp_edits::delete(tx, *id, status, *now).await? {
                return Err(Error::NotFound);
            }
            tx.audit(audit.clone());
            Ok(())
        })
    })
    .await
}

/// Opens a camp again that was put away: somebody is owed something after all.
///
/// # Errors
/// [`Refusal::WrongState`] for one that was not put away.
pub async fn reopen(ctx: &Context, actor: &Actor, id: CampId, reason: &str) -> Result<()> {
    require_anywhere(actor, Action::ManageCamps)?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::invalid("reason", FieldError::Missing));
    }
    let max = MAX_REASON_CHARS;
    if reason.chars().count() > max {
        return Err(Error::invalid("reason", FieldError::TooLong { max }));
    }
    let reopened = note(ctx, actor, reason);
    let audit = Entry {
        details: serde_json::json!({ "reason": reason }),
        ..entry(ctx, actor, "camp.reopen", id)
    };
    ctx.transact((id, reopened, audit), |tx, (id, reopened, audit)| {
        Box::pin(async move {
            let status = found(tx, *id).await?.status;
            if status != CampStatus::Archived {
                return Err(WrongState::CampNotArchived { status }.into());
            }
            camps::advance(tx, *id, status.to(CampStatus::Settling)?, reopened).await?;
            tx.audit(audit.clone());
            Ok(())
        })
    })
    .await
}

/// Under [`Lock::Camp`], or somebody may be paying.
async fn refuse_if_paid(tx: &mut Tx, id: CampId) -> Result<()> {
    if camps::has_payments(tx, id).await? {
        Err(WrongState::CampPaidFor.into())
    } else {
        Ok(())
    }
}

/// Moves every camp on that the calendar asks for, each in a transaction of its own, and puts
/// away those that are settled. Running it twice changes nothing.
///
/// # Errors
/// [`Error::PartlyDone`]: the others have been moved all the same.
pub async fn advance_by_calendar(ctx: &Context) -> Result<Advanced> {
    let mut advanced = Advanced::default();
    let mut failed = FailedCamps::default();
    // In this order a camp that was slept through moves all its steps in one run.
    for status in [CampStatus::Enrolling, CampStatus::Ongoing] {
        for camp in failed.take(in_status(ctx, status).await?) {
            let moved = advance_one(ctx, camp.id).await;
            match failed.unless(camp.id, moved).flatten() {
                Some(CampStatus::Ongoing) => advanced.begun += 1,
                Some(CampStatus::Ended) => advanced.ended += 1,
                _ => {}
            }
        }
    }
    for camp in failed.take(in_status(ctx, CampStatus::Settling).await?) {
        let archived = archive_if_settled(ctx, camp.id).await;
        advanced.archived += usize::from(failed.unless(camp.id, archived) == Some(true));
    }
    let due = settlements::due(&mut ctx.db.read().await?).await?;
    for camp in due {
        let published = publish_edition(ctx, camp).await;
        advanced.published += usize::from(failed.unless(camp, published) == Some(true));
    }
    failed.end(advanced)
}

async fn in_status(ctx: &Context, status: CampStatus) -> Result<Rows<Camp>> {
    let mut conn = ctx.db.read().await?;
    Ok(camps::in_status(&mut conn, status).await?)
}

async fn advance_one(ctx: &Context, id: CampId) -> Result<Option<CampStatus>> {
    let by_calendar = Note::new("advance-camps", "calendar", ctx.now());
    let given = (id, ctx.today(), ctx.settings.clone(), by_calendar);
    ctx.transact(given, |tx, (id, today, settings, by_calendar)| {
        Box::pin(async move {
            let Some(camp) = camps::by_id(tx, *id).await? else {
                return Ok(None);
            };
            let Some(next) = camp.status.due_by_calendar(&camp.terms, *today) else {
                return Ok(None);
            };
            camps::advance(tx, *id, camp.status.to(next)?, by_calendar).await?;
            if next == CampStatus::Ended {
                tell_ended(tx, settings, &camp, by_calendar).await?;
            }
            Ok(Some(next))
        })
    })
    .await
}

async fn tell_ended(tx: &mut Tx, settings: &Settings, camp: &Camp, note: &Note) -> Result<()> {
    let sums = reports::sums_of(tx, camp.id).await?;
    let ended = CampEnded {
        camp_id: camp.id,
        camp_name: camp.name.clone(),
        start_date: camp.terms.start_date,
        end_date: camp.terms.end_date,
        members: sums.enrolled,
    };
    let notice = Notice {
        content: ended.into(),
        camp_id: Some(camp.id),
        dedupe_key: camp.id.to_string(),
    };
    notify::tell_deciders(tx, settings, &notice, note.at).await
}

/// Puts a settling camp away of which nothing is in custody any more. One that lingers is told of
/// instead, once: nothing is put away with money inside, nor at once after it was reopened.
async fn archive_if_settled(ctx: &Context, id: CampId) -> Result<bool> {
    let settled = Note::new("advance-camps", "nothing is in custody", ctx.now());
    let given = (ctx.clone(), id, settled);
    ctx.transact(given, |tx, (ctx, id, settled)| {
        Box::pin(async move {
            let camp = camps::by_id(tx, *id).await?;
            let camp = camp.filter(|camp| camp.status == CampStatus::Settling);
            let Some(camp) = camp else {
                return Ok(false);
            };
            let is_objected = appeals::any_open_of_camp(tx, *id).await?;
            if is_objected || custody::any_of_camp(tx, *id).await? {
                tell_if_lingering(ctx, tx, &camp).await?;
                return Ok(false);
            }
            let reopened_at = camps::reopened_at(tx, *id).await?;
            let for_days = TimeDelta::days(REOPENED_FOR_DAYS);
            if reopened_at.is_some_and(|at| at.plus(for_days) > ctx.now()) {
                return Ok(false);
            }
            let change = camp.status.to(CampStatus::Archived)?;
            camps::advance(tx, *id, change, settled).await?;
            Ok(true)
        })
    })
    .await
}

async fn tell_if_lingering(ctx: &Context, tx: &mut Tx, camp: &Camp) -> Result<()> {
    let long_ago = ctx.now().minus(TimeDelta::days(LINGERS_AFTER_DAYS));
    if camp.settling_since.is_none_or(|since| since > long_ago) {
        return Ok(());
    }
    let lingers = CampLingers {
        camp_id: camp.id,
        camp_name: camp.name.clone(),
        days: LINGERS_AFTER_DAYS,
    };
    let notice = Notice {
        content: lingers.into(),
        camp_id: Some(camp.id),
        dedupe_key: camp.id.to_string(),
    };
    notify::tell_role(tx, Role::SuperAdmin, &notice, ctx.now()).await
}
