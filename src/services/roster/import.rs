//! Importing an export: read first, compared with what is known, staged few rows at a time, and
//! then written as a whole.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;

use serde_json::json;

use crate::domain::roster::{self, KnownAccount, Names, Plan, Roster, Unseen};
use crate::domain::staff::Actor;
use crate::domain::table::RowError;
use crate::domain::{Action, PlanetUserId};
use crate::services::imports::{self, Mode, Report};
use crate::services::{Context, Error, Result, matching, require_anywhere};
use crate::store::audit::Entry;
use crate::store::roster_staging::{self, StagedRow};
use crate::store::{Conn, Lock};

use super::link;
use super::unlink::unlink_namesakes;

/// Rows that are staged in one transaction: SQLite has one writer, and callbacks are to be answered
/// within a second.
const STAGED_AT_ONCE: usize = 500;
/// The pause in which others may write. On the command line an import has no queue to stand in:
/// who runs beside it only waits for a moment in which nobody writes.
const PAUSE: Duration = Duration::from_millis(20);
/// After this no import is still on its way.
const CUT_OFF_AFTER: TimeDelta = TimeDelta::days(1);

/// Refuses who may not import the roster, before room is kept for a file.
///
/// # Errors
/// [`Error::Forbidden`].
pub fn may_import(actor: &Actor) -> Result<()> {
    require_anywhere(actor, Action::ImportRoster)
}

/// Imports the member export of the planet's back office, or a table of our own columns, as CSV or
/// xlsx; `actor` is none on the command line. What it proves is matched at once.
///
/// # Errors
/// [`Error::Forbidden`]; `Refusal::TooLarge`; `Refusal::NotATable`; [`Error::Invalid`] for a
/// table without the columns that every row needs.
pub async fn import(
    ctx: &Context,
    actor: Option<&Actor>,
    bytes: Vec<u8>,
    mode: Mode,
) -> Result<Report> {
    if let Some(actor) = actor {
        may_import(actor)?;
    }
    let roster = imports::read(ctx, bytes, roster::parse_roster).await?;
    if mode == Mode::DryRun {
        let plan = planned(&mut ctx.db.read().await?, &roster).await?;
        return Ok(report(ctx, &plan, &roster.errors).with_changes(plan.changes));
    }
    let report = write(ctx, actor.cloned(), roster).await?;
    match_with_it(ctx).await;
    Ok(report)
}

/// Plans the changes that the roster makes in what is known now.
async fn planned(conn: &mut Conn, roster: &Roster) -> Result<Plan> {
    let accounts: Vec<KnownAccount> = link::accounts(conn).await?;
    let unseen: Vec<Unseen> = link::unseen(conn).await?;
    Ok(roster::plan(roster, &accounts, &unseen))
}

fn report(ctx: &Context, plan: &Plan, errors: &[RowError]) -> Report {
    Report {
        added: plan.added,
        changed: plan.changed,
        unchanged: plan.unchanged,
        errors: imports::told(ctx, errors),
        changes: Vec::new(),
    }
}

async fn write(ctx: &Context, actor: Option<Actor>, roster: Roster) -> Result<Report> {
    let plan = planned(&mut ctx.db.read().await?, &roster).await?;
    let import = ctx.new_uuid().to_string();
    stage(ctx, &import, staged(&plan)).await?;
    let report = report(ctx, &plan, &roster.errors);
    let (kept, audited, now) = (import.clone(), report.clone(), ctx.now());
    let context = ctx.clone();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                // Before any row, as everybody who decides about a match.
                tx.lock(Lock::Decisions).await?;
                roster_staging::keep(tx, &kept, now).await?;
                let unlinked = unlink_namesakes(&context, tx, now).await?;
                let linked = link::link(tx, now).await?;
                tx.audit(Entry {
                    actor,
                    action: "roster.import",
                    object_type: "roster",
                    object_id: String::new(),
                    details: json!({
                        "added": audited.added,
                        "changed": audited.changed,
                        "unchanged": audited.unchanged,
                        "errors": audited.errors.len(),
                        "linked": linked,
                        "unlinked": unlinked,
                    }),
                    at: now,
                });
                Ok::<_, Error>(())
            })
        })
        .await?;
    ctx.db
        .write(move |tx| Box::pin(async move { roster_staging::forget(tx, &import).await }))
        .await?;
    Ok(report)
}

/// Every row as it is to be, also what is unchanged: its names were seen today. Of two rows that
/// speak of one account the later one counts.
fn staged(plan: &Plan) -> Vec<StagedRow> {
    let accounts: BTreeMap<PlanetUserId, &KnownAccount> = plan
        .accounts
        .iter()
        .map(|account| (account.planet_user_id, account))
        .collect();
    let accounts = accounts.into_values().map(|account| {
        let id = Some(account.planet_user_id);
        (id, account.member_number, &account.names)
    });
    let unseen = plan.unseen.iter();
    let unseen = unseen.map(|row| (None, Some(row.member_number), &row.names));
    let staged = |(place, (planet_user_id, member_number, names)): (i64, Row<'_>)| StagedRow {
        place,
        proves_number: planet_user_id.is_some_and(|id| plan.proven.contains(&id)),
        planet_user_id,
        member_number: member_number.map(i64::from),
        nickname: names.nickname.clone(),
        card_name: names.card_name.clone(),
        wechat_nickname: names.wechat_nickname.clone(),
    };
    (0..).zip(accounts.chain(unseen)).map(staged).collect()
}

/// Account, number and names.
type Row<'a> = (Option<PlanetUserId>, Option<u32>, &'a Names);

/// Stages the rows, few at a time. Nobody uses them before they are kept: an import that is cut off
/// here has changed nothing, and the same file imported again starts over.
async fn stage(ctx: &Context, import: &str, rows: Vec<StagedRow>) -> Result<()> {
    let long_ago = ctx.wall_now().minus(CUT_OFF_AFTER);
    ctx.db
        .write(move |tx| Box::pin(async move { roster_staging::forget_before(tx, long_ago).await }))
        .await?;
    for rows in rows.chunks(STAGED_AT_ONCE) {
        let (import, rows, wall_now) = (import.to_owned(), rows.to_vec(), ctx.wall_now());
        ctx.db
            .write(move |tx| {
                Box::pin(async move {
                    for row in &rows {
                        roster_staging::stage(tx, &import, row, wall_now).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// The roster stands whatever comes of it: the next sync and the night's match try again.
async fn match_with_it(ctx: &Context) {
    match matching::smart_match(ctx).await {
        Ok(done) => tracing::info!(
            confirmed = done.confirmed,
            matched = done.matched,
            "a roster is imported"
        ),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "nobody was matched with a new roster"
            );
        }
    }
}
