//! Files of check-ins that staff import where the planet cannot be read: one row a day, or one row
//! an account with its number of days.
//!
//! Knows headings, cells and the dates of a camp; what a file is, and who is known, is handed in.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use chrono::{NaiveDate, NaiveTime};
use thiserror::Error;

use super::evidence::CheckInSource;
use super::roster::{self, Column, RowFault};
use super::{PlanetUserId, Timestamp};

const DATE: &[&str] = &["date", "日期", "打卡日期"];
const TIME: &[&str] = &["time", "时间", "打卡时间"];
const DAYS: &[&str] = &["checkin_days", "checkined_days", "打卡天数", "天数"];

const DATE_FORMATS: [&str; 3] = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"];
const TIME_FORMATS: [&str; 2] = ["%H:%M:%S", "%H:%M"];

/// Why no row could be read.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum FileError {
    /// No column of accounts.
    #[error("no column of user ids (planet_user_id)")]
    NoIdColumn,
    /// Neither dates nor numbers of days.
    #[error("no column of dates or days (date, checkin_days)")]
    NoDayColumn,
}

/// What is wrong with one row. `Display` is the text that staff read: the column, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The account cannot be read.
    Id(RowFault),
    /// Nobody knows the account.
    UnknownAccount,
    BadDate,
    BadTime,
    BadDays,
    /// More days than the camp has.
    TooManyDays {
        most: i64,
    },
    /// Not a day of the camp.
    OutsideCamp {
        from: NaiveDate,
        to: NaiveDate,
    },
    /// A day that has not begun.
    InFuture,
    /// An earlier row gives the account another number of days.
    Contradicts {
        row: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(RowFault::NoId) => f.write_str("planet_user_id 是空的，请填写星球用户ID"),
            Self::Id(fault) => write!(f, "planet_user_id：{fault}"),
            Self::UnknownAccount => f.write_str(
                "planet_user_id：没有见过这个星球账号，请核对，或先导入含用户ID的成员名单",
            ),
            Self::BadDate => f.write_str("date：请写成 2026-01-31 这样的日期"),
            Self::BadTime => f.write_str("time：请写成 21:30 这样的时间，不知道可以留空"),
            Self::BadDays => f.write_str("checkin_days：请填写整数天数"),
            Self::TooManyDays { most } => {
                write!(f, "checkin_days：训练营一共 {most} 天，请核对天数")
            }
            Self::OutsideCamp { from, to } => {
                write!(f, "date：不在训练营的 {from} 至 {to} 之内，请核对日期")
            }
            Self::InFuture => f.write_str("date：这一天还没有到，请核对日期"),
            Self::Contradicts { row } => {
                write!(
                    f,
                    "checkin_days：与第 {row} 行同一账号的天数不同，请只留一行"
                )
            }
        }
    }
}

/// A row that was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowError {
    /// The row's number as a spreadsheet shows it.
    pub row: usize,
    pub fault: Fault,
}

/// One row that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    row: usize,
    account: PlanetUserId,
    says: Says,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// A check-in on a day, and when.
    Day(NaiveDate, Option<NaiveTime>),
    /// So many days in all.
    Total(i64),
}

/// The rows of a file, those that cannot be read apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckInFile {
    lines: Vec<Line>,
    errors: Vec<RowError>,
}

/// Reads the rows (number and cells) of a table with these headings. Where there are dates, they
/// count, and numbers of days are not looked at.
///
/// # Errors
/// Only when the headings lack what every row needs.
pub fn parse<'a>(
    headings: &[String],
    rows: impl IntoIterator<Item = (usize, &'a [String])>,
) -> Result<CheckInFile, FileError> {
    let id = Column::PlanetUserId
        .find(headings)
        .ok_or(FileError::NoIdColumn)?;
    let folded: Vec<String> = headings.iter().map(|text| roster::fold(text)).collect();
    let find = |names: &[&str]| folded.iter().position(|it| names.contains(&it.as_str()));
    let (date, time, days) = (find(DATE), find(TIME), find(DAYS));
    if date.is_none() && days.is_none() {
        return Err(FileError::NoDayColumn);
    }
    let mut file = CheckInFile::default();
    for (row, cells) in rows {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", |it| it.trim());
        let line = account(cell(Some(id))).and_then(|account| {
            let says = match date {
                Some(_) => day(cell(date), cell(time))?,
                None => Says::Total(total(cell(days))?),
            };
            Ok(Line { row, account, says })
        });
        match line {
            Ok(line) => file.lines.push(line),
            Err(fault) => file.errors.push(RowError { row, fault }),
        }
    }
    Ok(file)
}

fn account(cell: &str) -> Result<PlanetUserId, Fault> {
    if cell.is_empty() {
        return Err(Fault::Id(RowFault::NoId));
    }
    roster::parse_id(cell).map_err(Fault::Id)
}

/// A date cell of a spreadsheet holds a time too; midnight there is no time.
fn day(date: &str, time: &str) -> Result<Says, Fault> {
    let (date, of_date) = date.split_once([' ', 'T']).unwrap_or((date, ""));
    let date = DATE_FORMATS
        .iter()
        .find_map(|format| NaiveDate::parse_from_str(date, format).ok())
        .ok_or(Fault::BadDate)?;
    // A time cell of a spreadsheet holds a day too, of 1899.
    let of_time = time.rsplit([' ', 'T']).next().unwrap_or(time);
    let at = match (of_time.is_empty(), of_date.is_empty()) {
        (false, _) => Some(clock_time(of_time)?),
        (true, false) => Some(clock_time(of_date)?).filter(|at| *at != NaiveTime::MIN),
        (true, true) => None,
    };
    Ok(Says::Day(date, at))
}

fn clock_time(text: &str) -> Result<NaiveTime, Fault> {
    let parsed = TIME_FORMATS
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(text, format).ok());
    parsed.ok_or(Fault::BadTime)
}

fn total(cell: &str) -> Result<i64, Fault> {
    let digits = roster::fold(cell);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let days = digits.parse().ok().filter(|_| is_number);
    days.ok_or(Fault::BadDays)
}

/// A day that is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownDay {
    pub at: Option<Timestamp>,
    pub source: CheckInSource,
}

/// What the rows are compared with.
#[derive(Debug, Clone)]
pub struct Known {
    /// The accounts that the planet, the roster or a member has named.
    pub accounts: HashSet<PlanetUserId>,
    /// The first and the last day that count for anybody.
    pub span: (NaiveDate, NaiveDate),
    pub today: NaiveDate,
    pub days: HashMap<(PlanetUserId, NaiveDate), KnownDay>,
    /// Totals that files have stated.
    pub totals: HashMap<PlanetUserId, i64>,
}

/// What a file changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Days that are new, or have another time.
    pub check_ins: BTreeMap<(PlanetUserId, NaiveDate), Option<Timestamp>>,
    /// The total of every account in the file: as it says, or the days that are known with it.
    pub totals: BTreeMap<PlanetUserId, i64>,
    /// Rows that say something of which nothing was known.
    pub added: usize,
    /// Rows that say something else than was known.
    pub changed: usize,
    /// Rows that say what is known, or what an earlier row says.
    pub unchanged: usize,
    /// In the order of the file.
    pub errors: Vec<RowError>,
}

/// The earliest time that a file says of each account and day.
type DaysHeard = BTreeMap<(PlanetUserId, NaiveDate), Option<Timestamp>>;

/// Compares a file with what is known. A post of the planet stands whatever a file says of its day;
/// of two rows about one day the earlier time counts.
#[must_use]
pub fn plan(file: &CheckInFile, known: &Known) -> Plan {
    let mut plan = Plan {
        errors: file.errors.clone(),
        ..Plan::default()
    };
    let mut said: HashMap<PlanetUserId, (usize, i64)> = HashMap::new();
    let mut dated: BTreeSet<PlanetUserId> = BTreeSet::new();
    let mut heard = DaysHeard::new();
    for line in &file.lines {
        let row = line.row;
        let fault = match line.says {
            _ if !known.accounts.contains(&line.account) => Some(Fault::UnknownAccount),
            Says::Day(date, time) => known.fault_of_day(date).or_else(|| {
                dated.insert(line.account);
                let at = time.map(|time| moment(date, time));
                plan.hear_day(&mut heard, (line.account, date), at);
                None
            }),
            Says::Total(days) => known
                .fault_of_total(days)
                .or_else(|| plan.take_total(&mut said, known, line, days)),
        };
        plan.errors
            .extend(fault.map(|fault| RowError { row, fault }));
    }
    for (key, at) in heard {
        plan.take_day(known, key, at);
    }
    let all: BTreeSet<_> = known.days.keys().chain(plan.check_ins.keys()).collect();
    for (account, day) in all {
        if dated.contains(account) && known.is_within(*day) {
            *plan.totals.entry(*account).or_default() += 1;
        }
    }
    plan.errors.sort_by_key(|error| error.row);
    plan
}

impl Plan {
    /// Takes what the file says of a day: of several rows, the earliest time.
    fn hear_day(
        &mut self,
        heard: &mut DaysHeard,
        key: (PlanetUserId, NaiveDate),
        at: Option<Timestamp>,
    ) {
        let Some(first) = heard.get_mut(&key) else {
            heard.insert(key, at);
            return;
        };
        self.unchanged += 1;
        if at.is_some() && first.is_none_or(|first| at < Some(first)) {
            *first = at;
        }
    }

    /// Compares what the file says of a day with what is known.
    fn take_day(&mut self, known: &Known, key: (PlanetUserId, NaiveDate), at: Option<Timestamp>) {
        match known.days.get(&key) {
            None => {
                self.added += 1;
                self.check_ins.insert(key, at);
            }
            Some(day) if day.source == CheckInSource::Import && day.at != at => {
                self.changed += 1;
                self.check_ins.insert(key, at);
            }
            Some(_) => self.unchanged += 1,
        }
    }

    fn take_total(
        &mut self,
        said: &mut HashMap<PlanetUserId, (usize, i64)>,
        known: &Known,
        line: &Line,
        days: i64,
    ) -> Option<Fault> {
        match said.get(&line.account) {
            Some((row, other)) if *other != days => return Some(Fault::Contradicts { row: *row }),
            Some(_) => {
                self.unchanged += 1;
                return None;
            }
            None => {}
        }
        said.insert(line.account, (line.row, days));
        self.totals.insert(line.account, days);
        match known.totals.get(&line.account) {
            None => self.added += 1,
            Some(before) if *before != days => self.changed += 1,
            Some(_) => self.unchanged += 1,
        }
        None
    }
}

impl Known {
    fn is_within(&self, day: NaiveDate) -> bool {
        (self.span.0..=self.span.1).contains(&day)
    }

    fn fault_of_day(&self, day: NaiveDate) -> Option<Fault> {
        let (from, to) = self.span;
        if !self.is_within(day) {
            return Some(Fault::OutsideCamp { from, to });
        }
        (day > self.today).then_some(Fault::InFuture)
    }

    fn fault_of_total(&self, days: i64) -> Option<Fault> {
        let most = (self.span.1 - self.span.0).num_days() + 1;
        (days > most).then_some(Fault::TooManyDays { most })
    }
}

fn moment(date: NaiveDate, time: NaiveTime) -> Timestamp {
    Timestamp::start_of_day(date).plus(time - NaiveTime::MIN)
}

#[cfg(test)]
mod tests;
