//! Writes spreadsheets row by row, in memory that does not grow with them: the rows lie in temporary
//! files until the sheet is packed.

use std::fs::File;
use std::io::{BufWriter, Seek as _, SeekFrom, Write as _};

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

/// Rows of a sheet at most, its head included: Excel opens no more.
pub const MAX_ROWS: u32 = 1_048_576;

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Empty,
    /// Text stays text: numbers of accounts keep their digits, and what looks like a formula is none.
    Text(String),
    Number(i64),
    /// Money, shown in yuan.
    Fen(i64),
    /// Shown with its sign.
    Percent(i64),
    Day(NaiveDate),
    /// As the clock shows it where the sheet is read.
    Moment(NaiveDateTime),
}

/// A column: its heading, and its width in characters.
#[derive(Debug, Clone)]
pub struct Column {
    pub heading: String,
    pub width: u16,
}

/// Why a sheet could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// There are more rows than a sheet can have.
    #[error("more than {MAX_ROWS} rows")]
    TooManyRows,
    /// The library could not write it.
    #[error("the sheet could not be written")]
    Unwritable(#[from] XlsxError),
    /// The disk could not keep it.
    #[error("the file could not be kept")]
    Io(#[from] std::io::Error),
}

/// A sheet that is being written.
pub struct SheetWriter {
    workbook: Workbook,
    next_row: u32,
    formats: Formats,
}

struct Formats {
    text: Format,
    /// For what a spreadsheet would otherwise take for a formula once somebody edits it.
    inert: Format,
    money: Format,
    percent: Format,
    day: Format,
    moment: Format,
}

impl SheetWriter {
    /// Begins a sheet with its head, which stays in view.
    ///
    /// # Errors
    /// The disk; a title that no sheet can have.
    pub fn begin(title: &str, columns: &[Column]) -> Result<Self, WorkbookError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(title)?;
        sheet.set_freeze_panes(1, 0)?;
        let head = Format::new().set_bold();
        for (place, column) in (0..).zip(columns) {
            sheet.set_column_width(place, column.width)?;
            sheet.write_string_with_format(0, place, &column.heading, &head)?;
        }
        Ok(Self {
            workbook,
            next_row: 1,
            formats: Formats {
                text: Format::new().set_num_format("@"),
                inert: Format::new().set_num_format("@").set_quote_prefix(),
                money: Format::new().set_num_format("#,##0.00"),
                percent: Format::new().set_num_format("0\"%\""),
                day: Format::new().set_num_format("yyyy-mm-dd"),
                moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            },
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The disk; a row too many.
    pub fn add(&mut self, cells: &[Cell]) -> Result<(), WorkbookError> {
        if self.next_row >= MAX_ROWS {
            return Err(WorkbookError::TooManyRows);
        }
        let sheet = self.workbook.worksheet_from_index(0)?;
        for (place, cell) in (0..).zip(cells) {
            self.formats.write(sheet, self.next_row, place, cell)?;
        }
        self.next_row += 1;
        Ok(())
    }

    /// Packs the sheet into a file without a name, at its beginning.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(mut self) -> Result<File, WorkbookError> {
        let mut file = BufWriter::new(tempfile::tempfile()?);
        self.workbook.save_to_writer(&mut file)?;
        file.flush()?;
        let mut file = file.into_inner().map_err(|error| error.into_error())?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

impl Formats {
    fn write(
        &self,
        sheet: &mut Worksheet,
        row: u32,
        column: u16,
        cell: &Cell,
    ) -> Result<(), XlsxError> {
        match cell {
            Cell::Empty => return Ok(()),
            Cell::Text(text) => {
                let format = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
                    &self.inert
                } else {
                    &self.text
                };
                sheet.write_string_with_format(row, column, text, format)?
            }
            Cell::Number(number) => {
                sheet.write_number(row, column, as_number(&number.to_string()))?
            }
            Cell::Fen(fen) => {
                sheet.write_number_with_format(row, column, yuan(*fen), &self.money)?
            }
            Cell::Percent(number) => {
                let number = as_number(&number.to_string());
                sheet.write_number_with_format(row, column, number, &self.percent)?
            }
            Cell::Day(day) => {
                let day = excel_day(*day)?;
                sheet.write_datetime_with_format(row, column, day, &self.day)?
            }
            Cell::Moment(moment) => {
                let moment = excel_moment(*moment)?;
                sheet.write_datetime_with_format(row, column, moment, &self.moment)?
            }
        };
        Ok(())
    }
}

fn yuan(fen: i64) -> f64 {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    as_number(&format!("{sign}{}.{:02}", fen / 100, fen % 100))
}

/// A sheet knows no integers: the digits are read as the number next to them, and nothing is computed
/// with it here.
fn as_number(digits: &str) -> f64 {
    digits.parse().unwrap_or_default()
}

fn excel_day(day: NaiveDate) -> Result<ExcelDateTime, XlsxError> {
    let year = u16::try_from(day.year()).unwrap_or_default();
    ExcelDateTime::from_ymd(year, small(day.month()), small(day.day()))
}

fn excel_moment(moment: NaiveDateTime) -> Result<ExcelDateTime, XlsxError> {
    let hour = small(moment.hour()).into();
    excel_day(moment.date())?.and_hms_milli(hour, small(moment.minute()), small(moment.second()), 0)
}

/// Parts of dates and times are below 60.
fn small(part: u32) -> u8 {
    u8::try_from(part).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Data, Reader as _, Xlsx};

    #[test]
    fn what_is_written_can_be_read_back() {
        let columns = ["编号", "金额", "比例", "日期", "时间"].map(|heading| Column {
            heading: heading.to_owned(),
            width: 12,
        });
        let day = NaiveDate::from_ymd_opt(2026, 1, 3).unwrap();
        let mut sheet = SheetWriter::begin("会员", &columns).unwrap();
        let first = [
            Cell::Text("300000000000071".to_owned()),
            Cell::Fen(9_999_999_999_901),
            Cell::Percent(87),
            Cell::Day(day),
            Cell::Moment(day.and_hms_opt(23, 59, 59).unwrap()),
        ];
        sheet.add(&first).unwrap();
        sheet
            .add(&[Cell::Text("=1+1".to_owned()), Cell::Empty, Cell::Number(-3)])
            .unwrap();
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(sheet.finish().unwrap()).unwrap();
        let read = book.worksheet_range("会员").unwrap();
        let text = |row, column| read.get_value((row, column)).unwrap().to_string();
        assert_eq!(text(0, 0), "编号");
        assert_eq!(
            read.get_value((1, 0)),
            Some(&Data::String("300000000000071".to_owned()))
        );
        assert_eq!(
            (text(1, 1), text(1, 2)),
            ("99999999999.01".to_owned(), "87".to_owned())
        );
        assert_eq!(text(1, 3).parse::<f64>().unwrap(), 46025.0);
        assert_eq!(
            read.get_value((2, 0)),
            Some(&Data::String("=1+1".to_owned()))
        );
        assert_eq!(text(2, 2), "-3");
    }
}
