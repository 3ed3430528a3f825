//! Spreadsheets that people upload or name on the command line: CSV and xlsx become one table of
//! text.
//!
//! Knows bytes, rows and headings; what a column means is the business of others. Everything is
//! bounded, since an xlsx is a zip and may unpack to anything.

use std::borrow::Cow;
use std::io::{self, Cursor, Read};

use calamine::{Data, DataRef, DataType as _, Reader as _, Xlsx, XlsxError};
use encoding_rs::{Encoding, GB18030};
use thiserror::Error;
use zip::ZipArchive;

/// Largest file that is read (design §8: imports 20 MiB).
pub const MAX_BYTES: usize = 20 * 1024 * 1024;
/// Most bytes an xlsx may unpack to.
pub const MAX_UNPACKED_BYTES: u64 = 256 * 1024 * 1024;
/// Most rows below the headings.
pub const MAX_ROWS: usize = 100_000;
/// Columns further right are not read.
pub const MAX_COLUMNS: usize = 64;
/// Characters of a cell that are kept.
pub const MAX_CELL_CHARS: usize = 500;

/// Spreadsheets keep fifteen digits of a number.
const INEXACT_FROM: f64 = 1e15;
const MAX_ZIP_ENTRIES: usize = 1_000;
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";
const DELIMITERS: [u8; 3] = [b',', b'\t', b';'];

/// Why a file could not be read.
#[derive(Debug, Error)]
pub enum SheetError {
    /// The source failed while it was read.
    #[error("cannot read the file")]
    Read(#[from] io::Error),
    /// More than [`MAX_BYTES`], or [`MAX_UNPACKED_BYTES`] once unpacked.
    #[error("the file is too large")]
    TooLarge,
    /// More than [`MAX_ROWS`].
    #[error("the file has more than {MAX_ROWS} rows")]
    TooManyRows,
    /// Neither UTF-8, UTF-16 nor GB 18030.
    #[error("the text of the file has an unknown encoding")]
    Encoding,
    /// U+0000 in its text, which PostgreSQL cannot keep; UTF-16 without its mark looks so.
    #[error("the text of the file has a NUL character")]
    Nul,
    /// Broken quoting, or another fault of the CSV.
    #[error("the file is not valid CSV")]
    Csv(#[from] csv::Error),
    /// Not a workbook, or a damaged one.
    #[error("the file is not a valid xlsx workbook")]
    Xlsx(#[from] XlsxError),
    /// A zip file that cannot be unpacked.
    #[error("the file is not a valid xlsx workbook")]
    Zip(#[from] zip::result::ZipError),
    /// No row at all.
    #[error("the file is empty")]
    Empty,
}

/// A table of text with trimmed headings; cells keep their blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The first row that is not blank.
    pub headings: Vec<String>,
    /// The other rows that are not blank.
    pub rows: Vec<Row>,
}

/// One row of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The row's number as a spreadsheet shows it, from 1.
    pub number: usize,
    /// Cells from the left; trailing empty ones may be missing.
    pub cells: Vec<String>,
}

/// Reads a whole source, at most [`MAX_BYTES`].
///
/// # Errors
/// [`SheetError::Read`], [`SheetError::TooLarge`], and those of [`read_table`].
pub fn read_table_from(source: impl Read) -> Result<Table, SheetError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    source.take(limit).read_to_end(&mut bytes)?;
    read_table(&bytes)
}

/// Reads the first sheet of an xlsx, or a CSV separated by comma, tab or semicolon in UTF-8,
/// UTF-16 (with its mark) or the GB 18030 that Excel writes on Chinese machines.
///
/// # Errors
/// Every variant of [`SheetError`] but [`SheetError::Read`].
pub fn read_table(bytes: &[u8]) -> Result<Table, SheetError> {
    if bytes.len() > MAX_BYTES {
        return Err(SheetError::TooLarge);
    }
    let rows = if bytes.starts_with(ZIP_MAGIC) {
        xlsx_rows(bytes)?
    } else {
        csv_rows(bytes)?
    };
    let mut cells = rows.iter().flat_map(|row| &row.cells);
    if cells.any(|cell| cell.contains('\0')) {
        return Err(SheetError::Nul);
    }
    let mut rows = rows.into_iter().filter(|row| !row.is_blank());
    let headings = rows.next().ok_or(SheetError::Empty)?;
    Ok(Table {
        headings: headings
            .cells
            .iter()
            .map(|cell| cell.trim().to_owned())
            .collect(),
        rows: rows.collect(),
    })
}

impl Row {
    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }

    /// The cell of a column; empty where the row ends before it.
    #[must_use]
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

fn csv_rows(bytes: &[u8]) -> Result<Vec<Row>, SheetError> {
    let text = decode(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for (at, record) in reader.records().enumerate() {
        if at > MAX_ROWS {
            return Err(SheetError::TooManyRows);
        }
        let cells = record?.iter().take(MAX_COLUMNS).map(clipped).collect();
        rows.push(Row {
            number: at + 1,
            cells,
        });
    }
    Ok(rows)
}

fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, SheetError> {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = match marked {
        Some(encoding) => encoding,
        None => match std::str::from_utf8(bytes) {
            Ok(text) => return Ok(Cow::Borrowed(text)),
            Err(_) => GB18030,
        },
    };
    let (text, _, broken) = encoding.decode(bytes);
    if broken {
        Err(SheetError::Encoding)
    } else {
        Ok(text)
    }
}

/// The separator that the heading row has most of.
fn delimiter(text: &str) -> u8 {
    let headings = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let count = |delimiter: &u8| headings.bytes().filter(|byte| byte == delimiter).count();
    // The first of equals wins: `max_by_key` would take the last.
    DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(count)
        .unwrap_or(b',')
}

fn clipped(cell: &str) -> String {
    cell.chars().take(MAX_CELL_CHARS).collect()
}

fn xlsx_rows(bytes: &[u8]) -> Result<Vec<Row>, SheetError> {
    refuse_bomb(bytes, MAX_UNPACKED_BYTES)?;
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
    let sheet = workbook
        .sheet_names()
        .into_iter()
        .next()
        .ok_or(SheetError::Empty)?;
    let mut cells = workbook.worksheet_cells_reader(&sheet)?;
    let mut rows: Vec<Row> = Vec::new();
    // Cell by cell: a dense range would be as large as a hostile sheet says it is.
    while let Some(cell) = cells.next_cell()? {
        let (row, column) = cell.get_position();
        let (Ok(number), Ok(column)) = (usize::try_from(row), usize::try_from(column)) else {
            continue;
        };
        if column >= MAX_COLUMNS {
            continue;
        }
        if rows.last().is_none_or(|last| last.number != number + 1) {
            if rows.len() > MAX_ROWS {
                return Err(SheetError::TooManyRows);
            }
            rows.push(Row {
                number: number + 1,
                cells: Vec::new(),
            });
        }
        if let Some(last) = rows.last_mut() {
            let width = last.cells.len().max(column + 1);
            last.cells.resize(width, String::new());
            if let Some(slot) = last.cells.get_mut(column) {
                *slot = cell_text(cell.get_value());
            }
        }
    }
    Ok(rows)
}

/// Unpacks every entry into nothing and counts: what a zip says of its sizes may be a lie.
fn refuse_bomb(bytes: &[u8], limit_bytes: u64) -> Result<(), SheetError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    if archive.len() > MAX_ZIP_ENTRIES {
        return Err(SheetError::TooLarge);
    }
    let mut left = limit_bytes;
    for at in 0..archive.len() {
        let entry = archive.by_index(at)?;
        let unpacked = io::copy(&mut entry.take(left + 1), &mut io::sink())?;
        left = left.checked_sub(unpacked).ok_or(SheetError::TooLarge)?;
    }
    Ok(())
}

/// Whole numbers without exponent or point, times as `YYYY-MM-DD HH:MM:SS`, all else as shown.
/// Numbers beyond what a spreadsheet keeps exactly show their exponent, so that nobody takes them
/// for an id.
fn cell_text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Float(number) if number.abs() >= INEXACT_FROM => format!("{number:E}"),
        DataRef::SharedString(text) => clipped(text),
        DataRef::DateTime(time) if time.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        other if other.is_empty() => String::new(),
        other => clipped(&Data::from(other.clone()).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn cells(table: &Table) -> Vec<Vec<&str>> {
        table
            .rows
            .iter()
            .map(|row| row.cells.iter().map(String::as_str).collect())
            .collect()
    }

    fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn workbook(sheet_data: &str) -> Vec<u8> {
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let package = "http://schemas.openxmlformats.org/package/2006/relationships";
        zipped(&[
            ("[Content_Types].xml", "<Types/>"),
            (
                "_rels/.rels",
                &format!(
                    r#"<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
                ),
            ),
            (
                "xl/workbook.xml",
                &format!(
                    r#"<workbook xmlns="{main}" xmlns:r="{rel}"><sheets><sheet name="成员" sheetId="1" r:id="rId1"/></sheets></workbook>"#
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                &format!(
                    r#"<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#
                ),
            ),
            (
                "xl/worksheets/sheet1.xml",
                &format!(
                    r#"<worksheet xmlns="{main}"><sheetData>{sheet_data}</sheetData></worksheet>"#
                ),
            ),
        ])
    }

    #[test]
    fn csv_is_read_in_the_encodings_and_separators_of_excel() {
        let expected = vec![vec!["12", "小明"]];
        let (gbk, _, _) = GB18030.encode("成员编号,用户昵称\r\n12,小明\r\n");
        let utf16: Vec<u8> = "\u{FEFF}成员编号\t用户昵称\n12\t小明\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let sources: [&[u8]; 4] = [
            "\u{FEFF}成员编号,用户昵称\n12,小明\n".as_bytes(),
            &gbk,
            &utf16,
            "\n成员编号;用户昵称\n;\n12;小明".as_bytes(),
        ];
        for source in sources {
            let table = read_table(source).unwrap();
            assert_eq!(table.headings, ["成员编号", "用户昵称"]);
            assert_eq!(cells(&table), expected);
        }
    }

    #[test]
    fn xlsx_keeps_long_ids_whole_and_row_numbers_true() {
        let table = read_table(&workbook(
            r#"<row r="1"><c r="A1" t="inlineStr"><is><t>用户ID</t></is></c><c r="C1" t="inlineStr"><is><t>用户昵称</t></is></c></row>
               <row r="4"><c r="A4"><v>8.4E+14</v></c><c r="C4" t="inlineStr"><is><t>小明</t></is></c></row>"#,
        ))
        .unwrap();
        assert_eq!(table.headings, ["用户ID", "", "用户昵称"]);
        assert_eq!(table.rows[0].number, 4);
        assert_eq!(cells(&table), [["840000000000000", "", "小明"]]);
    }

    #[test]
    fn a_sheet_as_large_as_it_claims_to_be_costs_nothing() {
        let table = read_table(&workbook(
            r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c><c r="A1048576"><v>3</v></c></row>"#,
        ))
        .unwrap();
        assert_eq!(table.rows[0].number, 1_048_576);
        assert_eq!(cells(&table), [["3"]]);
    }

    #[test]
    fn a_zip_bomb_is_refused() {
        let zeros = "0".repeat(1_000);
        let bomb = zipped(&[("xl/a", &zeros), ("xl/b", &zeros)]);
        assert!(refuse_bomb(&bomb, 2_000).is_ok());
        assert!(matches!(
            refuse_bomb(&bomb, 1_999),
            Err(SheetError::TooLarge)
        ));
    }

    #[test]
    fn what_is_no_table_is_an_error() {
        assert!(matches!(read_table(b""), Err(SheetError::Empty)));
        assert!(matches!(read_table(b" \n,\n"), Err(SheetError::Empty)));
        assert!(matches!(
            read_table(b"\xFF\xFF\xFF"),
            Err(SheetError::Encoding)
        ));
        assert!(matches!(read_table(b"a,b\n1,x\0y"), Err(SheetError::Nul)));
        assert!(matches!(
            read_table(b"PK\x03\x04nonsense"),
            Err(SheetError::Zip(_))
        ));
        assert!(matches!(
            read_table(&zipped(&[("a", "b")])),
            Err(SheetError::Xlsx(_))
        ));
    }

    #[test]
    fn rows_are_limited() {
        let text = "a\n".repeat(MAX_ROWS + 2);
        assert!(matches!(
            read_table(text.as_bytes()),
            Err(SheetError::TooManyRows)
        ));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..256)) {
            let _ = read_table(&bytes);
            let _ = read_table(&[ZIP_MAGIC, &bytes].concat());
        }
    }
}
