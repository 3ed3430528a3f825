//! Files of check-ins that staff import where the planet cannot be read: one row a day, or one row
//! an account with its number of days.
//!
//! Knows headings, cells and the dates of a camp; what a file is, and who is known, is handed in.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{NaiveDate, NaiveTime};

use super::evidence::CheckInSource;
use super::field_error::FieldError;
use super::table::{self, ACCOUNT, Columns, Line, RowChange, RowError, RowFault};
use super::{PlanetUserId, Timestamp};

const ID: usize = 0;
const DATE: usize = 1;
const TIME: usize = 2;
const DAYS: usize = 3;
/// What the columns are called.
const COLUMNS: [&[&str]; 4] = [
    ACCOUNT,
    &["date", "日期", "打卡日期"],
    &["time", "时间", "打卡时间"],
    &["checkin_days", "checkined_days", "打卡天数", "天数"],
];

const DATE_FORMATS: [&str; 4] = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日"];
const TIME_FORMATS: [&str; 2] = ["%H:%M:%S", "%H:%M"];

/// One row that could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckInFile {
    columns: Columns<4>,
    entries: Vec<Entry>,
    errors: Vec<RowError>,
}

/// Reads the rows of a file. Where there are dates, they count, and numbers of days are not looked
/// at.
///
/// # Errors
/// Only when there are no headings for what every row needs.
pub fn parse(lines: &[Line<'_>]) -> Result<CheckInFile, FieldError> {
    let (columns, below) = table::find(lines, &COLUMNS, |columns| {
        if columns.has(ID) {
            (!columns.has(DATE) && !columns.has(DAYS)).then_some(FieldError::NoDayColumn)
        } else {
            Some(FieldError::NoAccountColumn)
        }
    })?;
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for (row, cells) in below {
        match entry(&columns, *row, cells) {
            Ok(entry) => entries.push(entry),
            Err(fault) => errors.push(RowError { row: *row, fault }),
        }
    }
    Ok(CheckInFile {
        columns,
        entries,
        errors,
    })
}

fn entry(columns: &Columns<4>, row: usize, cells: &[String]) -> Result<Entry, RowFault> {
    let cell = |column| columns.cell(column, cells).map(table::bare);
    let Some(id) = cell(ID) else {
        let columns = vec![columns.heading(ID)];
        return Err(RowFault::NobodyNamed { columns });
    };
    let account = table::account(id, columns.heading(ID))?;
    let says = if columns.has(DATE) {
        let (date, time) = (
            cell(DATE).unwrap_or_default(),
            cell(TIME).unwrap_or_default(),
        );
        day(columns, date, time)?
    } else {
        let days = table::digits(cell(DAYS).unwrap_or_default()).ok();
        let days = days.and_then(|days| days.parse().ok());
        let column = columns.heading(DAYS);
        Says::Total(days.ok_or(RowFault::NotDays { column })?)
    };
    Ok(Entry { row, account, says })
}

/// A date cell of a spreadsheet holds a time too; midnight there is no time.
fn day(columns: &Columns<4>, date: &str, time: &str) -> Result<Says, RowFault> {
    let clock_time = |text: &str, column| {
        let parsed = TIME_FORMATS
            .iter()
            .find_map(|format| NaiveTime::parse_from_str(text, format).ok());
        let column = columns.heading(column);
        parsed.ok_or(RowFault::NotATime { column })
    };
    let (date, of_date) = date.split_once([' ', 'T']).unwrap_or((date, ""));
    let date = DATE_FORMATS
        .iter()
        .find_map(|format| NaiveDate::parse_from_str(date, format).ok());
    let column = columns.heading(DATE);
    let date = date.ok_or(RowFault::NotADate { column })?;
    // A time cell of a spreadsheet holds a day too, of 1899.
    let of_time = time.rsplit([' ', 'T']).next().unwrap_or(time);
    let at = match (of_time.is_empty(), of_date.is_empty()) {
        (false, _) => Some(clock_time(of_time, TIME)?),
        (true, false) => Some(clock_time(of_date, DATE)?).filter(|at| *at != NaiveTime::MIN),
        (true, true) => None,
    };
    Ok(Says::Day(date, at))
}

/// A day that is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownDay {
    pub at: Option<Timestamp>,
    pub source: CheckInSource,
    /// A file has named it, whether or not there is a post too.
    pub is_stated: bool,
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
    /// Days that no file has named before, or another time of them. A post of the day stands, and
    /// that the file names it too is kept beside it: the post may turn out to be no post of this
    /// camp's.
    pub days: BTreeMap<(PlanetUserId, NaiveDate), Option<Timestamp>>,
    /// The accounts whose days the file names one by one.
    pub dated: BTreeSet<PlanetUserId>,
    /// The totals that it states.
    pub totals: BTreeMap<PlanetUserId, i64>,
    /// Rows that say something of which nothing was known.
    pub added: usize,
    /// Rows that say something else than was known.
    pub changed: usize,
    /// Rows that say what is known, or what an earlier row says.
    pub unchanged: usize,
    /// Those that say something new, in the order of the file.
    pub changes: Vec<RowChange>,
    /// In the order of the file.
    pub errors: Vec<RowError>,
}

/// The earliest time that a file says of each account and day, and the first row that names it.
type DaysHeard = BTreeMap<(PlanetUserId, NaiveDate), (usize, Option<Timestamp>)>;

/// Compares a file with what is known. A post of the planet stands whatever a file says of its day;
/// of two rows about one day the earlier time counts.
#[must_use]
pub fn plan(file: &CheckInFile, known: &Known) -> Plan {
    let mut plan = Plan {
        errors: file.errors.clone(),
        ..Plan::default()
    };
    let mut said: HashMap<PlanetUserId, (usize, i64)> = HashMap::new();
    let mut heard = DaysHeard::new();
    let columns = &file.columns;
    for entry in &file.entries {
        let row = entry.row;
        let fault = match entry.says {
            _ if !known.accounts.contains(&entry.account) => {
                let column = columns.heading(ID);
                Some(RowFault::UnknownAccount { column })
            }
            Says::Day(date, time) => {
                known
                    .fault_of_day(entry.account, date, columns)
                    .or_else(|| {
                        plan.dated.insert(entry.account);
                        let at = time.map(|time| moment(date, time));
                        plan.hear_day(&mut heard, (entry.account, date), (row, at));
                        None
                    })
            }
            Says::Total(days) => known
                .fault_of_total(days, columns)
                .or_else(|| plan.take_total(&mut said, known, entry, days, columns)),
        };
        plan.errors
            .extend(fault.map(|fault| RowError { row, fault }));
    }
    for (key, (row, at)) in heard {
        plan.take_day(known, key, at, row);
    }
    plan.changes.sort_by_key(|change| change.row);
    plan.errors.sort_by_key(|error| error.row);
    plan
}

impl Plan {
    /// Takes what the file says of a day: of several rows, the earliest time.
    fn hear_day(
        &mut self,
        heard: &mut DaysHeard,
        key: (PlanetUserId, NaiveDate),
        (row, at): (usize, Option<Timestamp>),
    ) {
        let Some((_, first)) = heard.get_mut(&key) else {
            heard.insert(key, (row, at));
            return;
        };
        self.unchanged += 1;
        if at.is_some() && first.is_none_or(|first| at < Some(first)) {
            *first = at;
        }
    }

    /// Compares what the file says of a day with what is known.
    fn take_day(
        &mut self,
        known: &Known,
        key: (PlanetUserId, NaiveDate),
        at: Option<Timestamp>,
        row: usize,
    ) {
        match known.days.get(&key) {
            None => {
                self.added += 1;
                self.days.insert(key, at);
                self.tell(row, key.0, None, told(key.1, at));
            }
            Some(day) if day.source == CheckInSource::Import && day.at != at => {
                self.changed += 1;
                self.days.insert(key, at);
                let before = told(key.1, day.at);
                self.tell(row, key.0, Some(before), told(key.1, at));
            }
            Some(day) => {
                self.unchanged += 1;
                if !day.is_stated {
                    self.days.insert(key, at);
                }
            }
        }
    }

    fn take_total(
        &mut self,
        said: &mut HashMap<PlanetUserId, (usize, i64)>,
        known: &Known,
        entry: &Entry,
        days: i64,
        columns: &Columns<4>,
    ) -> Option<RowFault> {
        match said.get(&entry.account) {
            Some((row, other)) if *other != days => {
                let (row, column) = (*row, columns.heading(DAYS));
                return Some(RowFault::Contradicts { column, row });
            }
            Some(_) => {
                self.unchanged += 1;
                return None;
            }
            None => {}
        }
        said.insert(entry.account, (entry.row, days));
        self.totals.insert(entry.account, days);
        let before = known.totals.get(&entry.account);
        match before {
            None => self.added += 1,
            Some(before) if *before != days => self.changed += 1,
            Some(_) => self.unchanged += 1,
        }
        if before != Some(&days) {
            let before = before.map(|days| vec![days.to_string()]);
            self.tell(entry.row, entry.account, before, vec![days.to_string()]);
        }
        None
    }

    fn tell(
        &mut self,
        row: usize,
        account: PlanetUserId,
        before: Option<Vec<String>>,
        after: Vec<String>,
    ) {
        self.changes.push(RowChange {
            row,
            account: Some(account),
            member_number: None,
            before,
            after,
        });
    }
}

impl Known {
    fn is_within(&self, day: NaiveDate) -> bool {
        (self.span.0..=self.span.1).contains(&day)
    }

    /// A number and single days cannot be added up: which of them it counted nobody knows. So what
    /// a file has stated as a number is only changed by another number.
    fn fault_of_day(
        &self,
        account: PlanetUserId,
        day: NaiveDate,
        columns: &Columns<4>,
    ) -> Option<RowFault> {
        if let Some(&days) = self.totals.get(&account) {
            let column = columns.heading(ID);
            return Some(RowFault::HasTotal { column, days });
        }
        let (from, to) = self.span;
        let column = columns.heading(DATE);
        if !self.is_within(day) {
            return Some(RowFault::OutsideCamp { column, from, to });
        }
        (day > self.today).then_some(RowFault::InFuture { column })
    }

    fn fault_of_total(&self, days: i64, columns: &Columns<4>) -> Option<RowFault> {
        let most = (self.span.1 - self.span.0).num_days() + 1;
        let column = columns.heading(DAYS);
        (days > most).then_some(RowFault::TooManyDays { column, most })
    }
}

/// A day, and its time where there is one.
fn told(day: NaiveDate, at: Option<Timestamp>) -> Vec<String> {
    let time = at.map(|at| at.shanghai().format("%H:%M").to_string());
    [day.to_string()].into_iter().chain(time).collect()
}

fn moment(date: NaiveDate, time: NaiveTime) -> Timestamp {
    Timestamp::start_of_day(date).plus(time - NaiveTime::MIN)
}

#[cfg(test)]
mod tests;
