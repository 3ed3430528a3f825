//! Check-ins from a file, where the planet cannot be read.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use crate::domain::checkin_file::{self, CheckInFile, Known, KnownDay, Plan};
use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, CampStatus, PlanetUserId};
use crate::services::imports::{self, Mode, Report};
use crate::services::rows::readable;
use crate::services::{Context, Error, Result, WrongState, require};
use crate::store::audit::Entry;
use crate::store::checkins::{self, StatedDay};
use crate::store::stated_days::{self, Statement};
use crate::store::{Conn, Lock, Tx, camps, evidence, planet_users};

use super::judge::judge_camp;
use super::listing::build_list_if_over;

/// Refuses who may not state days of a camp, before room is kept for a file.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for a camp that is not there.
pub async fn may_import(ctx: &Context, actor: &Actor, camp: CampId) -> Result<()> {
    require(&mut ctx.db.read().await?, actor, Action::StateDays, camp).await
}

/// Imports check-ins of a camp, one row a day or one row an account, as CSV or xlsx. The days of
/// the file count where the planet says less; those of accounts that it does not name stay.
///
/// # Errors
/// [`Error::Forbidden`]; `too_large`; `unsupported_media_type`; [`Error::Invalid`] for a table
/// without the columns that every row needs; `wrong_state` for a camp that was put away.
pub async fn import(
    ctx: &Context,
    actor: &Actor,
    camp: CampId,
    bytes: Vec<u8>,
    mode: Mode,
) -> Result<Report> {
    may_import(ctx, actor, camp).await?;
    let file = imports::read(ctx, bytes, checkin_file::parse).await?;
    if mode == Mode::DryRun {
        let plan = planned(ctx, &mut ctx.db.read().await?, camp, &file).await?;
        return Ok(report(ctx, &plan).with_changes(plan.changes));
    }
    let given = (ctx.clone(), actor.clone(), camp, file);
    let report = ctx.transact(given, |tx, (ctx, actor, camp, file)| {
        Box::pin(write(tx, ctx, actor, *camp, file))
    });
    let report = report.await?;
    build_list_if_over(ctx, camp).await;
    Ok(report)
}

async fn write(
    tx: &mut Tx,
    ctx: &Context,
    actor: &Actor,
    camp_id: CampId,
    file: &CheckInFile,
) -> Result<Report> {
    // An approval rests on the days that are written here.
    tx.lock(Lock::Decisions).await?;
    let plan = planned(ctx, tx, camp_id, file).await?;
    let now = ctx.now();
    let days: Vec<StatedDay> = plan.days.iter().map(|(day, at)| (*day, *at)).collect();
    checkins::state(tx, camp_id, &days, now).await?;
    let statement = Statement {
        by: actor.user_id,
        reason: String::new(),
        at: now,
    };
    let dated = plan.dated.iter().map(|account| (account, None));
    let totals = plan
        .totals
        .iter()
        .map(|(account, days)| (account, Some(*days)));
    for (account, days) in dated.chain(totals) {
        stated_days::import(tx, camp_id, *account, days, &statement).await?;
    }
    judge_camp(tx, camp_id, now).await?;
    let report = report(ctx, &plan);
    tx.audit(Entry {
        actor: Some(actor.clone()),
        action: "checkins.import",
        object_type: "camp",
        object_id: camp_id.to_string(),
        details: json!({
            "added": report.added,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "errors": report.errors.len(),
            "accounts": plan.dated.len() + plan.totals.len(),
        }),
        at: now,
    });
    Ok(report)
}

async fn planned(
    ctx: &Context,
    conn: &mut Conn,
    camp_id: CampId,
    file: &CheckInFile,
) -> Result<Plan> {
    let camp = camps::by_id(conn, camp_id).await?.ok_or(Error::NotFound)?;
    if camp.status == CampStatus::Archived {
        return Err(WrongState::CampArchived.into());
    }
    let members = readable(evidence::of_camp(conn, camp_id).await?);
    let mut accounts: HashSet<PlanetUserId> = planet_users::ids(conn).await?.into_iter().collect();
    accounts.extend(members.iter().filter_map(|member| member.account));
    // Orders that were opened under other dates count too.
    let terms = members.iter().filter_map(|member| member.terms);
    let span = terms.fold(
        (camp.terms.start_date, camp.terms.end_date),
        |(from, to), terms| (from.min(terms.start_date), to.max(terms.end_date)),
    );
    let kept = readable(checkins::from_day(conn, camp_id, span.0).await?);
    let stated = checkins::stated(conn, camp_id).await?;
    let days: HashMap<_, _> = kept
        .into_iter()
        .map(|it| {
            let day = (it.account, it.day);
            let known = KnownDay {
                at: it.at,
                source: it.source,
                is_stated: stated.contains(&day),
            };
            (day, known)
        })
        .collect();
    let totals = stated_days::imported(conn, camp_id).await?;
    let known = Known {
        accounts,
        span,
        today: ctx.today(),
        days,
        totals: totals.into_iter().collect(),
    };
    Ok(checkin_file::plan(file, &known))
}

fn report(ctx: &Context, plan: &Plan) -> Report {
    Report {
        added: plan.added,
        changed: plan.changed,
        unchanged: plan.unchanged,
        errors: imports::told(ctx, &plan.errors),
        changes: Vec::new(),
    }
}
