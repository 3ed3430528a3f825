//! `campkeeper match`: the matcher as a tool for people who work with exports.

use std::collections::HashSet;
use std::io::{Read, Write};

use serde::Serialize;
use thiserror::Error;

use crate::domain::matching::{self, Candidate, Claim, Decision, Verdict};
use crate::domain::table::{self, Columns, HeadingsError, Inexact, Line};
use crate::platforms::sheets::{self, Row, SheetError};

/// Ids of accounts have ten digits at least (zsxq §3).
const SHORTEST_ID: f64 = 1e9;
/// Between the reasons in one cell.
const REASON_SEPARATOR: &str = "；";

/// The reason why nothing was matched.
#[derive(Debug, Error)]
pub enum MatchFilesError {
    /// The file of payments cannot be read.
    #[error("payments: {0}")]
    Payments(#[source] SheetError),
    /// The file of planet users cannot be read.
    #[error("planet users: {0}")]
    PlanetUsers(#[source] SheetError),
    /// A file lacks a column.
    #[error("{file}: no column {column}")]
    MissingColumn {
        /// `payments` or `planet users`.
        file: &'static str,
        /// The heading that was looked for.
        column: &'static str,
    },
    /// Two columns of one name.
    #[error("{file}: two columns {heading}")]
    ColumnTwice {
        /// `payments` or `planet users`.
        file: &'static str,
        /// The heading.
        heading: String,
    },
    /// A spreadsheet program has rounded an id, so that it is nobody's any more.
    #[error(
        "{file}, row {row}: a spreadsheet program has rounded the id to {cell}; \
         set the column to text and export again"
    )]
    RoundedId {
        /// `payments` or `planet users`.
        file: &'static str,
        /// As the spreadsheet counts it.
        row: usize,
        /// The digits that are left of the id.
        cell: String,
    },
    /// The result cannot be written.
    #[error("cannot write the result: {0}")]
    Write(#[source] csv::Error),
}

/// The decisions in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Rows of the payments.
    pub payments: usize,
    /// Rows of the planet users.
    pub planet_users: usize,
    /// Score ≥ 80.
    pub matched: usize,
    /// Score 50–79.
    pub review: usize,
    /// Score < 50.
    pub manual: usize,
}

/// Matches `payments` (`order_no, planet_user_id, planet_nickname, wechat_nickname`) with `users`
/// (`planet_user_id, planet_nickname, …`, and `member_number`, `wechat_nickname`, `card_name` where
/// present), CSV or xlsx, and writes `order_no, planet_user_id, score, decision, reasons` as CSV in
/// the order of the payments.
///
/// # Errors
/// When a file cannot be read or lacks a column, or the result cannot be written.
pub fn match_files(
    payments: impl Read,
    users: impl Read,
    out: impl Write,
) -> Result<Summary, MatchFilesError> {
    let payments = sheets::read_rows_from(payments).map_err(MatchFilesError::Payments)?;
    let users = sheets::read_rows_from(users).map_err(MatchFilesError::PlanetUsers)?;
    let claims = claims(&payments)?;
    let candidates = candidates(&users)?;
    let verdicts = matching::assign(&claims, &candidates, &HashSet::new());
    write_verdicts(&verdicts, out).map_err(MatchFilesError::Write)?;
    let decided = |decision| verdicts.iter().filter(|v| v.decision == decision).count();
    Ok(Summary {
        payments: claims.len(),
        planet_users: candidates.len(),
        matched: decided(Decision::Matched),
        review: decided(Decision::Review),
        manual: decided(Decision::Manual),
    })
}

const PAYMENTS: &str = "payments";
const USERS: &str = "planet users";

fn claims(rows: &[Row]) -> Result<Vec<Claim>, MatchFilesError> {
    let names = [
        "order_no",
        "planet_user_id",
        "planet_nickname",
        "wechat_nickname",
    ];
    let lines = lines(rows);
    let (columns, below) = headings(PAYMENTS, &lines, &names, names.len())?;
    let claim = |(row, cells): &Line<'_>| {
        let cell = |column| columns.cell(column, cells).and_then(filled);
        let id = cell(1);
        Ok(Claim {
            key: cell(0).map_or_else(String::new, |key| table::text(&key).to_owned()),
            typed_planet_id: id.map(|id| unwrapped(PAYMENTS, *row, id)).transpose()?,
            typed_nickname: cell(2),
            wechat_nickname: cell(3),
            earlier_accounts: Vec::new(),
        })
    };
    below.iter().map(claim).collect()
}

fn candidates(rows: &[Row]) -> Result<Vec<Candidate>, MatchFilesError> {
    let names = [
        "planet_user_id",
        "planet_nickname",
        "member_number",
        "wechat_nickname",
        "card_name",
    ];
    let lines = lines(rows);
    let (columns, below) = headings(USERS, &lines, &names, 2)?;
    let candidate = |(row, cells): &Line<'_>| {
        let cell = |column| columns.cell(column, cells).and_then(filled);
        let id = cell(0)?;
        let number = cell(2).and_then(|number| table::digits(&number).ok());
        Some(unwrapped(USERS, *row, id).map(|user_id| Candidate {
            user_id,
            member_number: number.and_then(|number| number.parse().ok()),
            nickname: cell(1),
            card_name: cell(4),
            wechat_nickname: cell(3),
            earlier_names: Vec::new(),
        }))
    };
    below.iter().filter_map(candidate).collect()
}

fn lines(rows: &[Row]) -> Vec<Line<'_>> {
    let lines = rows.iter().map(|row| (row.number, row.cells.as_slice()));
    lines.collect()
}

/// Finds the headings, of which the first `required` are needed, and the rows below.
fn headings<'l, 'a, const N: usize>(
    file: &'static str,
    lines: &'l [Line<'a>],
    names: &[&'static str; N],
    required: usize,
) -> Result<(Columns<N>, &'l [Line<'a>]), MatchFilesError> {
    let known = names.each_ref().map(std::slice::from_ref);
    let missing = |columns: &Columns<N>| {
        let required = names.iter().take(required).enumerate();
        let mut missing = required.filter(|(at, _)| !columns.has(*at));
        missing.next().map(|(_, name)| *name)
    };
    table::find(lines, &known, missing).map_err(|error| match error {
        HeadingsError::Missing(column) => MatchFilesError::MissingColumn { file, column },
        HeadingsError::Twice { heading } => MatchFilesError::ColumnTwice { file, heading },
        HeadingsError::NoRow => MatchFilesError::MissingColumn {
            file,
            column: names.first().copied().unwrap_or_default(),
        },
    })
}

/// An id without what a spreadsheet program has put around it. What is no number stays as somebody
/// typed it, `1e5` too.
fn unwrapped(file: &'static str, row: usize, cell: String) -> Result<String, MatchFilesError> {
    let is_long = |cell: &str| cell.parse().is_ok_and(|number: f64| number >= SHORTEST_ID);
    match table::digits(&cell) {
        Ok(digits) => Ok(digits),
        Err(Inexact::Rounded) if is_long(table::bare(&cell)) => Err(MatchFilesError::RoundedId {
            file,
            row,
            cell: cell.trim().to_owned(),
        }),
        Err(_) => Ok(cell),
    }
}

fn filled(cell: &str) -> Option<String> {
    (!cell.trim().is_empty()).then(|| cell.to_owned())
}

fn write_verdicts(verdicts: &[Verdict], out: impl Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["order_no", "planet_user_id", "score", "decision", "reasons"])?;
    for verdict in verdicts {
        let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
        writer.write_record([
            verdict.claim.as_str(),
            verdict.best.as_deref().unwrap_or_default(),
            &verdict.score.to_string(),
            verdict.decision.as_str(),
            &reasons.join(REASON_SEPARATOR),
        ])?;
    }
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "planet_user_id,planet_nickname,checkin_days\n\
                         54231919143797,小明同学,7\n81179376462529,Coco,3\n";

    #[test]
    fn exports_go_in_and_a_decision_per_payment_comes_out() {
        let payments = "order_no,planet_user_id,planet_nickname,wechat_nickname\n\
                        ord_1,5423 1919143797,小明同學,\n\
                        ord_2,,Ｃｏｃｏ,coco\n\
                        ord_3,,,\n";
        let mut out = Vec::new();
        let summary = match_files(payments.as_bytes(), USERS.as_bytes(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        order_no,planet_user_id,score,decision,reasons
        ord_1,54231919143797,100,matched,星球ID相同；昵称相同
        ord_2,81179376462529,58,review,昵称相同；微信名与星球昵称相同；仅凭名字，没有ID佐证
        ord_3,,0,manual,
        ");
        let expected = Summary {
            payments: 3,
            planet_users: 2,
            matched: 1,
            review: 1,
            manual: 1,
        };
        assert_eq!(summary, expected);
    }

    #[test]
    fn a_rounded_id_is_refused_with_its_row() {
        let users = "planet_user_id,planet_nickname\n1e5,a\n8.4E+14,小明\n";
        let payments = "order_no,planet_user_id,planet_nickname,wechat_nickname\n";
        let error = match_files(payments.as_bytes(), users.as_bytes(), Vec::new()).unwrap_err();
        assert!(
            error.to_string().starts_with("planet users, row 3: "),
            "{error}"
        );
    }

    #[test]
    fn a_missing_column_is_named() {
        let error = match_files("order_no\n1\n".as_bytes(), USERS.as_bytes(), Vec::new());
        assert_eq!(
            error.unwrap_err().to_string(),
            "payments: no column planet_user_id"
        );
    }
}
