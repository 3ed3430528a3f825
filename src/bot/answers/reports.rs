//! `报表`: how the camps of a month went, beside the month before.

use crate::bot::dates::{self, Month};
use crate::bot::turn::Turn;
use crate::domain::message::{MonthFigures, MonthReport, ReportCampLine};
use crate::services::inbox::Reply;
use crate::services::statistics::{self, Report, Share};
use crate::services::{Error, FieldError, Result};

/// Camps that one answer lists.
const MAX_CAMPS: usize = 8;

/// Answers `报表 [本月|上月|2026-10]`.
pub(super) async fn of_month(turn: &Turn<'_>, words: &[String]) -> Result<Reply> {
    let today = turn.ctx().today();
    let month = if words.is_empty() {
        Month::of(today)
    } else {
        // A month that is not understood is asked for again: no other one is reported instead.
        let said = dates::month_in(&words.join(""), today);
        said.ok_or_else(|| Error::invalid("month", FieldError::Malformed))?
    };
    let before = month.before();
    let now = report(turn, month).await?;
    let shown = now.camps.iter().take(MAX_CAMPS);
    let camps = shown.map(|camp| ReportCampLine {
        name: camp.name.clone(),
        members: camp.enrolled,
        completion: camp.completion.percent(),
    });
    Ok(turn.reply(MonthReport {
        month: month.first(),
        camps: camps.collect(),
        more: now.camps.len().saturating_sub(MAX_CAMPS),
        now: figures(&now),
        before: figures(&report(turn, before).await?),
    }))
}

async fn report(turn: &Turn<'_>, month: Month) -> Result<Report> {
    let (from, to) = (month.first(), month.last());
    statistics::report(turn.ctx(), &turn.actor, Some(from), Some(to)).await
}

fn figures(report: &Report) -> MonthFigures {
    let sum = |share: fn(&statistics::CampReport) -> Share| {
        let all = report.camps.iter().map(share);
        let sum = all.fold(Share::default(), |sum, share| Share {
            some: sum.some + share.some,
            all: sum.all + share.all,
        });
        sum.percent()
    };
    MonthFigures {
        camps: report.camps.len(),
        members: report.members,
        paid_fen: report.money.paid_fen,
        returned_fen: report.money.returned_fen,
        settled_outside_fen: report.money.settled_outside_fen,
        kept_fen: report.money.kept_fen,
        participation: sum(|camp| camp.participation),
        completion: sum(|camp| camp.completion),
        promises: report.promises.percent(),
    }
}
