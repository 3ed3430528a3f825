//! `campkeeper match`: the matcher as a tool for people who work with exports.

use std::collections::HashSet;
use std::io::{Read, Write};

use serde::Serialize;
use thiserror::Error;

use crate::domain::matching::{self, Candidate, Claim, Decision, Verdict};
use crate::platforms::sheets::{self, SheetError, Table};

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
    let payments = sheets::read_table_from(payments).map_err(MatchFilesError::Payments)?;
    let users = sheets::read_table_from(users).map_err(MatchFilesError::PlanetUsers)?;
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

fn claims(table: &Table) -> Result<Vec<Claim>, MatchFilesError> {
    let column = |name| required(table, "payments", name);
    let order_no = column("order_no")?;
    let id = column("planet_user_id")?;
    let nickname = column("planet_nickname")?;
    let wechat = column("wechat_nickname")?;
    refuse_rounded(table, "payments", id)?;
    let claim = |row: &sheets::Row| Claim {
        key: row.cell(order_no).trim().to_owned(),
        typed_planet_id: filled(row.cell(id)),
        typed_nickname: filled(row.cell(nickname)),
        wechat_nickname: filled(row.cell(wechat)),
        earlier_accounts: Vec::new(),
    };
    Ok(table.rows.iter().map(claim).collect())
}

fn candidates(table: &Table) -> Result<Vec<Candidate>, MatchFilesError> {
    let id = required(table, "planet users", "planet_user_id")?;
    let nickname = required(table, "planet users", "planet_nickname")?;
    refuse_rounded(table, "planet users", id)?;
    let number = find(table, "member_number");
    let wechat = find(table, "wechat_nickname");
    let card = find(table, "card_name");
    let optional = |row: &sheets::Row, at: Option<usize>| at.and_then(|at| filled(row.cell(at)));
    let candidate = |row: &sheets::Row| Candidate {
        user_id: row.cell(id).trim().to_owned(),
        member_number: optional(row, number).and_then(|number| number.trim().parse().ok()),
        nickname: filled(row.cell(nickname)),
        card_name: optional(row, card),
        wechat_nickname: optional(row, wechat),
        earlier_names: Vec::new(),
    };
    Ok(table
        .rows
        .iter()
        .map(candidate)
        .filter(|user| !user.user_id.is_empty())
        .collect())
}

fn find(table: &Table, column: &str) -> Option<usize> {
    table
        .headings
        .iter()
        .position(|heading| heading.eq_ignore_ascii_case(column))
}

fn required(
    table: &Table,
    file: &'static str,
    column: &'static str,
) -> Result<usize, MatchFilesError> {
    find(table, column).ok_or(MatchFilesError::MissingColumn { file, column })
}

fn refuse_rounded(table: &Table, file: &'static str, id: usize) -> Result<(), MatchFilesError> {
    match table.rows.iter().find(|row| is_rounded(row.cell(id))) {
        None => Ok(()),
        Some(row) => Err(MatchFilesError::RoundedId {
            file,
            row: row.number,
            cell: row.cell(id).trim().to_owned(),
        }),
    }
}

/// `8.4E+14`, but not the `1e5` that a member may have typed.
fn is_rounded(cell: &str) -> bool {
    cell.contains(['e', 'E'])
        && cell
            .trim()
            .parse()
            .is_ok_and(|number: f64| number >= SHORTEST_ID)
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
