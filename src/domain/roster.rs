//! The rows of a roster import: the member export of the planet's back office, or our own columns.
//!
//! Knows headings and cells; what a file is, and what the database already knows, is the business
//! of others. Columns are found by their headings, in any order, so that an export with more of
//! them still fits.

use std::collections::HashMap;

use super::field_error::FieldError;
use super::ids::PlanetUserId;
use super::table::{self, ACCOUNT, Columns, Inexact, Line, RowError, RowFault};

mod link;
mod plan;

pub use link::{NameLink, doubtful, link};
pub use plan::{KnownAccount, Names, Plan, Unseen, plan};

/// Characters of a name that are kept.
const MAX_NAME_CHARS: usize = 100;

const ID: usize = 0;
const NUMBER: usize = 1;
const NICKNAME: usize = 2;
const WECHAT_NICKNAME: usize = 3;
const CARD_NAME: usize = 4;
/// What the columns are called; ours first, then the back office's.
const COLUMNS: [&[&str]; 5] = [
    ACCOUNT,
    &[
        "member_number",
        "number",
        "成员编号",
        "星球成员编号",
        "编号",
    ],
    &[
        "planet_nickname",
        "nickname",
        "用户昵称",
        "星球昵称",
        "昵称",
    ],
    &["wechat_nickname", "微信昵称", "微信名"],
    &["card_name", "星球名片昵称", "名片昵称", "星球名片"],
];

/// One account of the import. At least one of `planet_user_id` and `member_number` is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    /// The row it came from.
    pub row: usize,
    /// The account, where the file has it; else the number leads to it.
    pub planet_user_id: Option<PlanetUserId>,
    /// 成员编号.
    pub member_number: Option<u32>,
    /// `None` where the file has no such column or the cell is blank; the same below.
    pub nickname: Option<String>,
    pub wechat_nickname: Option<String>,
    /// The name on the planet card.
    pub card_name: Option<String>,
}

/// The accounts of a file, and the rows that could not be understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// In the file's order.
    pub entries: Vec<RosterEntry>,
    /// In the file's order.
    pub errors: Vec<RowError>,
}

/// Reads the rows of a file.
///
/// # Errors
/// Only when there are no headings for what every row needs; faulty rows are listed in
/// [`Roster::errors`].
pub fn parse_roster(lines: &[Line<'_>]) -> Result<Roster, FieldError> {
    let (columns, below) = table::find(lines, &COLUMNS, |columns| {
        if !columns.has(ID) && !columns.has(NUMBER) {
            Some(FieldError::NoIdColumn)
        } else {
            (!columns.has(NICKNAME)).then_some(FieldError::NoNicknameColumn)
        }
    })?;
    let mut roster = Roster::default();
    let mut seen = Seen::default();
    for (row, cells) in below {
        let entry = entry(&columns, *row, cells);
        match entry.and_then(|entry| seen.first(entry, &columns)) {
            Ok(entry) => roster.entries.push(entry),
            Err(fault) => roster.errors.push(RowError { row: *row, fault }),
        }
    }
    Ok(roster)
}

fn entry(columns: &Columns<5>, row: usize, cells: &[String]) -> Result<RosterEntry, RowFault> {
    let planet_user_id = columns
        .cell(ID, cells)
        .map(|cell| table::account(cell, columns.heading(ID)))
        .transpose()?;
    let member_number = columns
        .cell(NUMBER, cells)
        .map(|cell| number(cell, columns.heading(NUMBER)))
        .transpose()?;
    if planet_user_id.is_none() && member_number.is_none() {
        let both = [ID, NUMBER].into_iter().filter(|at| columns.has(*at));
        let columns = both.map(|at| columns.heading(at)).collect();
        return Err(RowFault::NobodyNamed { columns });
    }
    let name = |column| {
        let name = columns.cell(column, cells).map(table::text);
        name.map(|name| name.chars().take(MAX_NAME_CHARS).collect())
    };
    Ok(RosterEntry {
        row,
        planet_user_id,
        member_number,
        nickname: name(NICKNAME),
        wechat_nickname: name(WECHAT_NICKNAME),
        card_name: name(CARD_NAME),
    })
}

/// A member number may be written as `No. 12` or `#12`.
fn number(cell: &str, column: String) -> Result<u32, RowFault> {
    let cell = table::bare(cell).trim_start_matches(['#', '＃', 'N', 'n', 'O', 'o', '№', '.', ' ']);
    match table::digits(cell) {
        Ok(digits) => digits.parse().map_err(|_| RowFault::NotANumber { column }),
        Err(Inexact::Rounded) => Err(RowFault::Rounded { column }),
        Err(Inexact::NotDigits) => Err(RowFault::NotANumber { column }),
    }
}

/// The rows of ids and numbers.
#[derive(Default)]
struct Seen {
    ids: HashMap<PlanetUserId, usize>,
    numbers: HashMap<u32, usize>,
}

impl Seen {
    fn first(&mut self, entry: RosterEntry, columns: &Columns<5>) -> Result<RosterEntry, RowFault> {
        let id = entry.planet_user_id.and_then(|id| self.ids.get(&id));
        let number = entry.member_number.and_then(|it| self.numbers.get(&it));
        let repeated = id
            .map(|row| (ID, *row))
            .or_else(|| number.map(|row| (NUMBER, *row)));
        if let Some((column, row)) = repeated {
            let column = columns.heading(column);
            return Err(RowFault::RepeatedOf { column, row });
        }
        let row = entry.row;
        self.ids.extend(entry.planet_user_id.map(|id| (id, row)));
        self.numbers.extend(entry.member_number.map(|it| (it, row)));
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rows: &[&[&str]]) -> Result<Roster, FieldError> {
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|cells| cells.iter().map(|&cell| cell.to_owned()).collect())
            .collect();
        let lines: Vec<Line<'_>> = (1..).zip(rows.iter().map(Vec::as_slice)).collect();
        parse_roster(&lines)
    }

    #[test]
    fn the_back_offices_columns_are_found_by_their_headings() {
        let roster = parse(&[
            &["知识星球成员（共 2 人）"],
            &[
                "加入时间",
                "*成员编号",
                "微信昵称",
                "用户昵称（必填）",
                "星球名片昵称",
            ],
            &["2026-01-03", "4805", "明", " 小明同学 ", "'"],
            &["", "１２", "=\"明明\"", "'小红'"],
        ])
        .unwrap();
        assert!(roster.errors.is_empty());
        assert_eq!(
            roster.entries[0],
            RosterEntry {
                row: 3,
                planet_user_id: None,
                member_number: Some(4805),
                nickname: Some("小明同学".to_owned()),
                wechat_nickname: Some("明".to_owned()),
                card_name: None,
            }
        );
        let second = &roster.entries[1];
        assert_eq!(second.member_number, Some(12));
        assert_eq!(second.wechat_nickname.as_deref(), Some("明明"));
        assert_eq!(second.nickname.as_deref(), Some("'小红'"));
    }

    #[test]
    fn numbers_are_read_as_spreadsheets_write_them() {
        let cells = [
            "101.0", "'102", "=\"103\"", "1,104", "No. 105", "#106", "№107", "`108",
        ];
        let rows: Vec<[&str; 2]> = cells.iter().map(|cell| [*cell, "x"]).collect();
        let rows = rows.iter().map(|row| row.as_slice());
        let headings: &[&str] = &["成员编号", "昵称"];
        let roster = parse(&[headings].into_iter().chain(rows).collect::<Vec<_>>()).unwrap();
        assert_eq!(roster.errors, []);
        let numbers: Vec<_> = roster
            .entries
            .iter()
            .filter_map(|it| it.member_number)
            .collect();
        assert_eq!(numbers, [101, 102, 103, 1104, 105, 106, 107, 108]);
    }

    #[test]
    fn faulty_rows_are_named_and_the_others_kept() {
        let roster = parse(&[
            &["用户ID(必填)", "Member_Number", "planet_nickname"],
            &["'54231919143797", "1", "甲"],
            &["8.4E+14", "2", "乙"],
            &["841235000000000", "20", "乙"],
            &["12", "3", "丙"],
            &["", "'", "丁"],
            &["54231919143798", "x", "戊"],
            &["54,231,919,143,797.0", "9", "己"],
            &["54231919143799", "1", "庚"],
            &["54231919143700", "", "辛"],
            &["", "1.5", "壬"],
        ])
        .unwrap();
        let id = || "用户ID(必填)".to_owned();
        let number = || "Member_Number".to_owned();
        let faults: Vec<(usize, RowFault)> = roster
            .errors
            .into_iter()
            .map(|error| (error.row, error.fault))
            .collect();
        let columns = vec![id(), number()];
        assert_eq!(
            faults,
            [
                (3, RowFault::Rounded { column: id() }),
                (4, RowFault::Rounded { column: id() }),
                (5, RowFault::NotAnId { column: id() }),
                (6, RowFault::NobodyNamed { columns }),
                (7, RowFault::NotANumber { column: number() }),
                (
                    8,
                    RowFault::RepeatedOf {
                        column: id(),
                        row: 2
                    }
                ),
                (
                    9,
                    RowFault::RepeatedOf {
                        column: number(),
                        row: 2
                    }
                ),
                (11, RowFault::NotANumber { column: number() }),
            ]
        );
        let kept: Vec<usize> = roster.entries.iter().map(|entry| entry.row).collect();
        assert_eq!(kept, [2, 10]);
    }

    #[test]
    fn a_file_without_the_needed_columns_is_refused() {
        assert_eq!(parse(&[&["用户昵称"]]), Err(FieldError::NoIdColumn));
        assert_eq!(parse(&[&["成员编号"]]), Err(FieldError::NoNicknameColumn));
    }
}
