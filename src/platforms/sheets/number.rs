//! What the numbers of a workbook mean, and how they are written.

use chrono::{Days, NaiveDate};

/// Spreadsheets keep fifteen digits of a number.
const INEXACT_FROM: f64 = 1e15;
/// From here on a number in binary may be its neighbour.
const BINARY_FROM: f64 = 9_007_199_254_740_992.0;
/// The last day that spreadsheets know: 9999-12-31.
const MAX_DAYS: u64 = 2_958_465;
/// Digits that are read of the part of a day.
const DAY_DIGITS: usize = 12;
const SECONDS_OF_DAY: u64 = 86_400;

/// What the number of a cell is, by its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    /// Days since the beginning of the calendar, and a part of a day.
    Moment,
}

impl Kind {
    /// Of a format that spreadsheet programs know by its number, Chinese ones included.
    pub(super) fn of_built_in(id: &str) -> Self {
        match id.parse().unwrap_or(0_u16) {
            14..=22 | 27..=36 | 45..=47 | 50..=58 => Self::Moment,
            _ => Self::Number,
        }
    }

    /// Of a format in letters: texts, colours and languages in it say nothing.
    pub(super) fn of_code(code: &str) -> Self {
        let mut letters = code.chars();
        let mut bracketed = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => drop(letters.by_ref().find(|c| *c == '"')),
                '\\' | '_' | '*' => drop(letters.next()),
                '[' => {
                    bracketed.clear();
                    bracketed.extend(letters.by_ref().take_while(|c| *c != ']'));
                    let is_span = |span: &char| {
                        !bracketed.is_empty()
                            && bracketed.chars().all(|c| c.eq_ignore_ascii_case(span))
                    };
                    if ['h', 'm', 's'].iter().any(is_span) {
                        return Self::Moment;
                    }
                }
                ';' => return Self::Number,
                'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => return Self::Moment,
                _ => {}
            }
        }
        Self::Number
    }

    /// Whole numbers without exponent or point, times as `YYYY-MM-DD HH:MM:SS`. What the program
    /// that wrote it may not have kept exactly shows its exponent, so that nobody takes it for an
    /// id.
    pub(super) fn shown(self, value: &str, counts_from_1904: bool) -> String {
        let Ok(number) = value.trim().parse::<f64>() else {
            return value.to_owned();
        };
        match self {
            Self::Moment => moment(number, counts_from_1904),
            Self::Number => None,
        }
        .unwrap_or_else(|| plain(number))
    }
}

fn plain(number: f64) -> String {
    let text = number.to_string();
    // Fifteen digits were kept where a sixteenth is not 0.
    let is_exact =
        number.abs() < INEXACT_FROM || (number.abs() < BINARY_FROM && !text.ends_with('0'));
    if is_exact {
        text
    } else {
        format!("{number:E}")
    }
}

fn moment(number: f64, counts_from_1904: bool) -> Option<String> {
    // In digits: arithmetic on floats would move the second.
    let text = format!("{number:.DAY_DIGITS$}");
    let (days, part) = text.split_once('.')?;
    let (mut days, part): (u64, u64) = (days.parse().ok()?, part.parse().ok()?);
    let whole = 10_u64.pow(u32::try_from(DAY_DIGITS).ok()?);
    let mut seconds = (part * SECONDS_OF_DAY + whole / 2) / whole;
    if seconds == SECONDS_OF_DAY {
        (days, seconds) = (days + 1, 0);
    }
    if days > MAX_DAYS {
        return None;
    }
    let first = match counts_from_1904 {
        true => NaiveDate::from_ymd_opt(1904, 1, 1)?,
        // Spreadsheets count a 29th of February 1900, the sixtieth day, which never was.
        false if days < 60 => NaiveDate::from_ymd_opt(1899, 12, 31)?,
        false => NaiveDate::from_ymd_opt(1899, 12, 30)?,
    };
    let day = first.checked_add_days(Days::new(days))?;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    Some(format!("{day} {hours:02}:{minutes:02}:{:02}", seconds % 60))
}

/// Characters that XML cannot have stand in a workbook as `_x000D_`.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let code = from
            .get(2..6)
            .filter(|_| from.as_bytes().get(6) == Some(&b'_'));
        let character = code
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        let end = match character {
            Some(character) => {
                out.push(character);
                "_x0000_".len()
            }
            None => {
                out.push_str("_x");
                2
            }
        };
        rest = &from[end..];
    }
    out.push_str(rest);
    out
}
