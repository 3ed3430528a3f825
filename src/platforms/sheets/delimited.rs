//! CSV, and what else spreadsheet programs write as plain text.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030};

use super::rows::{Row, Rows, SheetError};

const DELIMITERS: [u8; 3] = [b',', b'\t', b';'];
/// Lines from the top that are looked at for their delimiter: titles may stand above the headings.
const LINES_LOOKED_AT: usize = 20;
/// Old workbooks, and new ones under a password.
const OLE_MAGIC: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// How text begins that is no table: pages of the web, SpreadsheetML, archives of pages, documents.
const FOREIGN: [&str; 4] = ["<", "mime-version:", "%pdf", "{\\rtf"];
/// The longest of them.
const MAX_FOREIGN_CHARS: usize = 13;

pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Row>, SheetError> {
    if bytes.starts_with(OLE_MAGIC) {
        return Err(SheetError::Foreign);
    }
    let text = decode(bytes)?;
    refuse_foreign(&text)?;
    let (stated, text) = stated_delimiter(&text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(stated.unwrap_or_else(|| usual_delimiter(text)))
        .from_reader(text.as_bytes());
    let mut rows = Rows::new();
    let mut record = csv::StringRecord::new();
    let mut number = 0;
    loop {
        let before = reader.position().byte();
        if !reader.read_record(&mut record)? {
            return rows.finish();
        }
        number += 1 + blank_lines(text, before);
        for (column, cell) in record.iter().enumerate() {
            rows.put(number, column, cell)?;
        }
    }
}

/// Blank lines from a place on. The reader passes over them, and they are rows to a spreadsheet.
fn blank_lines(text: &str, from: u64) -> usize {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let (before, rest) = text.as_bytes().split_at_checked(from).unwrap_or_default();
    // The second half of the line end before.
    let rest = match before.last() {
        Some(b'\r') => rest.strip_prefix(b"\n").unwrap_or(rest),
        _ => rest,
    };
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let ends = rest.get(..ends.count()).unwrap_or_default();
    let halves = ends.windows(2).filter(|pair| *pair == b"\r\n");
    ends.len() - halves.count()
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

fn refuse_foreign(text: &str) -> Result<(), SheetError> {
    let start = text.trim_start().chars().take(MAX_FOREIGN_CHARS);
    let start = start.collect::<String>().to_ascii_lowercase();
    if FOREIGN.iter().any(|foreign| start.starts_with(foreign)) {
        return Err(SheetError::Foreign);
    }
    Ok(())
}

/// The delimiter of a first line `sep=,`, and the text after that line, which spreadsheet programs
/// neither show nor count.
fn stated_delimiter(text: &str) -> (Option<u8>, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.trim_end_matches('\r').trim_matches('"').as_bytes();
    match line {
        [s, e, p, b'=', delimiter]
            if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" && delimiter.is_ascii() =>
        {
            (Some(*delimiter), rest)
        }
        _ => (None, text),
    }
}

/// The separator that stands in most of the first lines, and there most often.
fn usual_delimiter(text: &str) -> u8 {
    let lines = || {
        let filled = text.lines().filter(|line| !line.trim().is_empty());
        filled.take(LINES_LOOKED_AT)
    };
    let weight = |delimiter: &u8| {
        let counts = lines().map(|line| line.bytes().filter(|byte| byte == delimiter).count());
        counts.fold((0, 0), |(lines, all), count| {
            (lines + usize::from(count > 0), all + count)
        })
    };
    // The first of equals wins: `max_by_key` would take the last.
    let delimiters = DELIMITERS.into_iter().rev();
    delimiters.max_by_key(weight).unwrap_or(b',')
}
