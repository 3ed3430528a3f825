//! What staff take away as a spreadsheet: the lists with their filters, and the report.
//!
//! A list is read chunk by chunk, and no connection is held while rows are written; the writing goes
//! on beside, in memory that does not grow with the list.

mod rows;
mod words;

use std::fs::File;

use chrono::NaiveDate;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::domain::FieldError;
use crate::domain::staff::Actor;
use crate::platforms::workbook::{Cell, SheetWriter, WorkbookError};
use crate::store::audit::Entry;
use crate::store::camp_lists::CampFilter;
use crate::store::refunds::Filter as RefundFilter;
use crate::store::{Conn, Listing, Rows};

use super::members::MemberQuery;
use super::payments::PaymentQuery;
use super::rows::{log, readable};
use super::sync::CheckInQuery;
use super::{Context, Error, Result, refund, statistics};
use rows::CampNames;
use words::Words;

/// Rows that are read at once.
const AT_ONCE: i64 = 1_000;
/// Chunks that wait for the writer at most.
const WAITING: usize = 2;

/// A file that can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFile {
    Members,
    CheckIns,
    Refunds,
    Payments,
    Report,
}

impl ExportFile {
    /// Its name in addresses and downloads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Members => "members.xlsx",
            Self::CheckIns => "checkins.xlsx",
            Self::Refunds => "refunds.xlsx",
            Self::Payments => "payments.xlsx",
            Self::Report => "report.xlsx",
        }
    }

    const fn section(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::CheckIns => "checkins",
            Self::Refunds => "refunds",
            Self::Payments => "payments",
            Self::Report => "report",
        }
    }
}

/// Exports the members that somebody may see.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] for more rows than a sheet can have.
pub async fn members(ctx: &Context, actor: &Actor, query: MemberQuery) -> Result<File> {
    let asked = json!(query);
    let filter = query.seen_by(actor)?;
    export(
        ctx,
        actor,
        (ExportFile::Members, asked),
        filter,
        rows::member,
    )
    .await
}

/// Exports the check-ins that somebody may see.
///
/// # Errors
/// Those of [`members`].
pub async fn check_ins(ctx: &Context, actor: &Actor, query: CheckInQuery) -> Result<File> {
    let asked = json!(query);
    let filter = {
        let mut conn = ctx.db.read().await?;
        query.seen_by(&mut conn, actor).await?
    };
    export(
        ctx,
        actor,
        (ExportFile::CheckIns, asked),
        filter,
        rows::check_in,
    )
    .await
}

/// Exports the refunds that somebody may review.
///
/// # Errors
/// Those of [`members`].
pub async fn refunds(ctx: &Context, actor: &Actor, filter: RefundFilter) -> Result<File> {
    let asked = json!({
        "status": filter.status, "campId": filter.camp, "minConfidence": filter.min_confidence,
        "flag": filter.flag, "minFen": filter.min_fen, "maxFen": filter.max_fen,
        "text": filter.text, "from": filter.from, "until": filter.until,
    });
    let filter = refund::seen_by(actor, filter)?;
    export(
        ctx,
        actor,
        (ExportFile::Refunds, asked),
        filter,
        rows::refund,
    )
    .await
}

/// Exports the payments that somebody may see.
///
/// # Errors
/// Those of [`members`].
pub async fn payments(ctx: &Context, actor: &Actor, query: PaymentQuery) -> Result<File> {
    let asked = json!(query);
    let filter = query.seen_by(actor)?;
    export(
        ctx,
        actor,
        (ExportFile::Payments, asked),
        filter,
        rows::payment,
    )
    .await
}

/// Exports the report of the camps of a span of time.
///
/// # Errors
/// Those of [`statistics::report`].
pub async fn report(
    ctx: &Context,
    actor: &Actor,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<File> {
    let report = statistics::report(ctx, actor, from, to).await?;
    let (written, rows) = begin(ExportFile::Report)?;
    let count = report.camps.len();
    let all = report.camps.iter().map(rows::camp).collect();
    // The writer has gone only if it failed, which is told below.
    let _ = rows.send(all).await;
    drop(rows);
    let file = end(written).await?;
    let asked = json!({ "from": from, "to": to });
    record(ctx, actor, ExportFile::Report, asked, count).await?;
    Ok(file)
}

async fn export<L: Listing + Send>(
    ctx: &Context,
    actor: &Actor,
    (what, asked): (ExportFile, Value),
    list: L,
    row: impl Fn(&Words, &CampNames, L::Item) -> Vec<Cell>,
) -> Result<File> {
    let words = Words::load()?;
    let names = {
        let mut conn = ctx.db.read().await?;
        camp_names(&mut conn).await?
    };
    let (written, rows) = begin(what)?;
    let (mut count, mut after) = (0, None);
    loop {
        let chunk = {
            let mut conn = ctx.db.read().await?;
            list.chunk(&mut conn, after.as_ref(), AT_ONCE).await?
        };
        let Rows { good, bad } = chunk.rows;
        log(&bad);
        count += good.len();
        let good = good.into_iter().map(|item| row(&words, &names, item));
        // A writer that has failed says below why.
        if rows.send(good.collect()).await.is_err() {
            break;
        }
        after = chunk.next;
        if after.is_none() {
            break;
        }
    }
    drop(rows);
    let file = end(written).await?;
    record(ctx, actor, what, asked, count).await?;
    Ok(file)
}

async fn camp_names(conn: &mut Conn) -> Result<CampNames> {
    let camps = readable(CampFilter::default().all(conn).await?);
    Ok(camps.into_iter().map(|camp| (camp.id, camp.name)).collect())
}

type Written = tokio::task::JoinHandle<std::result::Result<File, WorkbookError>>;

/// Begins to write beside whoever reads.
fn begin(what: ExportFile) -> Result<(Written, mpsc::Sender<Vec<Vec<Cell>>>)> {
    let sheet = Words::load()?.sheet(what.section())?;
    let (rows, mut to_write) = mpsc::channel::<Vec<Vec<Cell>>>(WAITING);
    let written = tokio::task::spawn_blocking(move || {
        let mut writer = SheetWriter::begin(&sheet.name, &sheet.columns)?;
        while let Some(rows) = to_write.blocking_recv() {
            for row in rows {
                writer.add(&row)?;
            }
        }
        writer.finish()
    });
    Ok((written, rows))
}

async fn end(written: Written) -> Result<File> {
    let written = written
        .await
        .map_err(|error| Error::Invariant(error.to_string()))?;
    written.map_err(|error| match error {
        WorkbookError::TooManyRows => Error::invalid("from", FieldError::SpanTooLong),
        error => Error::Invariant(super::error::with_causes(&error)),
    })
}

/// Who took what away stands in the audit: these are people's names.
async fn record(
    ctx: &Context,
    actor: &Actor,
    what: ExportFile,
    asked: Value,
    rows: usize,
) -> Result<()> {
    let entry = Entry {
        actor: Some(actor.clone()),
        action: "export",
        object_type: "export",
        object_id: what.name().to_owned(),
        details: json!({ "rows": rows, "asked": asked }),
        at: ctx.now(),
    };
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                tx.audit(entry);
                Ok(())
            })
        })
        .await
}
