//! The rows of a roster import: the member export of the planet's back office, or our own columns.
//!
//! Knows headings and cells; what a file is, and what the database already knows, is the business
//! of others. Columns are found by their headings, in any order, so that an export with more of
//! them still fits.

use std::collections::HashSet;
use std::fmt;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;

use super::ids::PlanetUserId;

mod link;
mod plan;

pub use link::{NameLink, doubtful, link};
pub use plan::{KnownAccount, Names, Plan, Unseen, plan};

/// Zeros at the end of an id that only a spreadsheet program's rounding leaves there.
const ROUNDED: &str = "000000";

/// Digits of a `user_id` (10–15, zsxq §3; a little room on either side).
const ID_DIGITS: std::ops::RangeInclusive<usize> = 8..=18;

/// Characters of a name that are kept.
const MAX_NAME_CHARS: usize = 100;

/// A column of the import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// The account's `user_id`.
    PlanetUserId,
    /// 成员编号.
    MemberNumber,
    /// 用户昵称.
    Nickname,
    /// 微信昵称.
    WechatNickname,
    /// 星球名片昵称.
    CardName,
}

impl Column {
    const ALL: [Self; 5] = [
        Self::PlanetUserId,
        Self::MemberNumber,
        Self::Nickname,
        Self::WechatNickname,
        Self::CardName,
    ];

    /// Headings that name the column, folded as [`folded`] does; ours first, then the back
    /// office's.
    fn headings(self) -> &'static [&'static str] {
        match self {
            Self::PlanetUserId => &[
                "planet_user_id",
                "user_id",
                "用户id",
                "星球用户id",
                "星球id",
            ],
            Self::MemberNumber => &[
                "member_number",
                "number",
                "成员编号",
                "星球成员编号",
                "编号",
            ],
            Self::Nickname => &[
                "planet_nickname",
                "nickname",
                "用户昵称",
                "星球昵称",
                "昵称",
            ],
            Self::WechatNickname => &["wechat_nickname", "微信昵称", "微信名"],
            Self::CardName => &["card_name", "星球名片昵称", "名片昵称", "星球名片"],
        }
    }

    pub(super) fn find(self, headings: &[String]) -> Option<usize> {
        let folded: Vec<String> = headings.iter().map(|heading| fold(heading)).collect();
        self.headings()
            .iter()
            .find_map(|known| folded.iter().position(|heading| heading == known))
    }
}

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

/// What is wrong with one row. `Display` is the text that staff read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFault {
    /// Neither id nor number.
    NoId,
    /// The id is not a number of 8–18 digits.
    BadId,
    /// A spreadsheet program has rounded the id to something like 8.4E+14, or to the zeros that this
    /// leaves.
    RoundedId,
    /// The member number is not a whole number.
    BadNumber,
    /// The id or number stands in an earlier row too.
    Repeated,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoId => "没有用户ID，也没有成员编号",
            Self::BadId => "用户ID应为8–18位数字",
            Self::RoundedId => "用户ID已被表格软件改成科学计数，请将该列设为文本后重新导出",
            Self::BadNumber => "成员编号应为整数",
            Self::Repeated => "用户ID或成员编号与前面的行重复",
        })
    }
}

/// A row that was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowError {
    /// The row's number as a spreadsheet shows it.
    pub row: usize,
    /// What is wrong with it.
    pub fault: RowFault,
}

/// The accounts of a file, and the rows that could not be understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// In the file's order.
    pub entries: Vec<RosterEntry>,
    /// In the file's order.
    pub errors: Vec<RowError>,
}

/// Why no row could be read.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum RosterError {
    /// Neither a column of ids nor one of numbers.
    #[error("no column of user ids or member numbers (用户ID, 成员编号)")]
    NoIdColumn,
    /// No column of nicknames.
    #[error("no column of nicknames (用户昵称)")]
    NoNicknameColumn,
}

/// Reads the rows (number and cells) of a table with these headings.
///
/// # Errors
/// Only when the headings lack what every row needs; faulty rows are listed in [`Roster::errors`].
pub fn parse_roster<'a>(
    headings: &[String],
    rows: impl IntoIterator<Item = (usize, &'a [String])>,
) -> Result<Roster, RosterError> {
    let columns = Columns(Column::ALL.map(|column| (column, column.find(headings))));
    if columns.at(Column::PlanetUserId).is_none() && columns.at(Column::MemberNumber).is_none() {
        return Err(RosterError::NoIdColumn);
    }
    if columns.at(Column::Nickname).is_none() {
        return Err(RosterError::NoNicknameColumn);
    }
    let mut roster = Roster::default();
    let mut seen = Seen::default();
    for (row, cells) in rows {
        match columns
            .entry(row, cells)
            .and_then(|entry| seen.first(entry))
        {
            Ok(entry) => roster.entries.push(entry),
            Err(fault) => roster.errors.push(RowError { row, fault }),
        }
    }
    Ok(roster)
}

/// Where each column stands.
struct Columns([(Column, Option<usize>); 5]);

impl Columns {
    fn at(&self, column: Column) -> Option<usize> {
        self.0
            .iter()
            .find(|(each, _)| *each == column)
            .and_then(|(_, at)| *at)
    }

    fn cell<'a>(&self, column: Column, cells: &'a [String]) -> Option<&'a str> {
        let cell = cells.get(self.at(column)?)?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    fn entry(&self, row: usize, cells: &[String]) -> Result<RosterEntry, RowFault> {
        let planet_user_id = self
            .cell(Column::PlanetUserId, cells)
            .map(parse_id)
            .transpose()?;
        let member_number = self
            .cell(Column::MemberNumber, cells)
            .map(parse_number)
            .transpose()?;
        if planet_user_id.is_none() && member_number.is_none() {
            return Err(RowFault::NoId);
        }
        let name = |column| {
            self.cell(column, cells)
                .map(|name| name.chars().take(MAX_NAME_CHARS).collect())
        };
        Ok(RosterEntry {
            row,
            planet_user_id,
            member_number,
            nickname: name(Column::Nickname),
            wechat_nickname: name(Column::WechatNickname),
            card_name: name(Column::CardName),
        })
    }
}

/// Ids and numbers of earlier rows.
#[derive(Default)]
struct Seen {
    ids: HashSet<PlanetUserId>,
    numbers: HashSet<u32>,
}

impl Seen {
    fn first(&mut self, entry: RosterEntry) -> Result<RosterEntry, RowFault> {
        let known = entry
            .planet_user_id
            .is_some_and(|id| self.ids.contains(&id))
            || entry
                .member_number
                .is_some_and(|number| self.numbers.contains(&number));
        if known {
            return Err(RowFault::Repeated);
        }
        self.ids.extend(entry.planet_user_id);
        self.numbers.extend(entry.member_number);
        Ok(entry)
    }
}

/// Width, case and blanks aside.
pub(super) fn fold(text: &str) -> String {
    text.nfkc()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

pub(super) fn parse_id(cell: &str) -> Result<PlanetUserId, RowFault> {
    let id = fold(cell);
    if id.contains('e') && id.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(RowFault::RoundedId);
    }
    if !ID_DIGITS.contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RowFault::BadId);
    }
    if id.ends_with(ROUNDED) {
        return Err(RowFault::RoundedId);
    }
    id.parse().map(PlanetUserId).map_err(|_| RowFault::BadId)
}

fn parse_number(cell: &str) -> Result<u32, RowFault> {
    fold(cell)
        .trim_start_matches(['#', 'n', 'o', '.'])
        .parse()
        .map_err(|_| RowFault::BadNumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(headings: &[&str], rows: &[&[&str]]) -> Result<Roster, RosterError> {
        let owned = |cells: &[&str]| {
            cells
                .iter()
                .map(|&cell| cell.to_owned())
                .collect::<Vec<_>>()
        };
        let rows: Vec<Vec<String>> = rows.iter().map(|cells| owned(cells)).collect();
        parse_roster(
            &owned(headings),
            rows.iter()
                .enumerate()
                .map(|(at, cells)| (at + 2, cells.as_slice())),
        )
    }

    #[test]
    fn the_back_offices_columns_are_found_by_their_headings() {
        let roster = parse(
            &[
                "加入时间",
                "成员编号",
                "微信昵称",
                "用户昵称",
                "星球名片昵称",
            ],
            &[
                &["2026-01-03", "4805", "明", " 小明同学 ", ""],
                &["", "１２"],
            ],
        )
        .unwrap();
        assert!(roster.errors.is_empty());
        assert_eq!(
            roster.entries[0],
            RosterEntry {
                row: 2,
                planet_user_id: None,
                member_number: Some(4805),
                nickname: Some("小明同学".to_owned()),
                wechat_nickname: Some("明".to_owned()),
                card_name: None,
            }
        );
        assert_eq!(roster.entries[1].member_number, Some(12));
    }

    #[test]
    fn faulty_rows_are_named_and_the_others_kept() {
        let roster = parse(
            &["planet_user_id", "Member_Number", "planet_nickname"],
            &[
                &["54231919143797", "1", "甲"],
                &["8.4E+14", "2", "乙"],
                &["841235000000000", "20", "乙"],
                &["12", "3", "丙"],
                &["", "", "丁"],
                &["54231919143798", "x", "戊"],
                &["54231919143797", "9", "己"],
                &["54231919143799", "1", "庚"],
                &["54231919143700", "", "辛"],
            ],
        )
        .unwrap();
        let faults: Vec<(usize, RowFault)> = roster
            .errors
            .iter()
            .map(|error| (error.row, error.fault))
            .collect();
        assert_eq!(
            faults,
            [
                (3, RowFault::RoundedId),
                (4, RowFault::RoundedId),
                (5, RowFault::BadId),
                (6, RowFault::NoId),
                (7, RowFault::BadNumber),
                (8, RowFault::Repeated),
                (9, RowFault::Repeated),
            ]
        );
        let kept: Vec<usize> = roster.entries.iter().map(|entry| entry.row).collect();
        assert_eq!(kept, [2, 10]);
    }

    #[test]
    fn a_file_without_the_needed_columns_is_refused() {
        assert_eq!(parse(&["用户昵称"], &[]), Err(RosterError::NoIdColumn));
        assert_eq!(
            parse(&["成员编号"], &[]),
            Err(RosterError::NoNicknameColumn)
        );
    }
}
