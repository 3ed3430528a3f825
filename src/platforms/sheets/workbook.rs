//! The first sheet of an xlsx.
//!
//! A reader of our own, since those for everybody believe what a workbook says of itself: how many
//! texts it has, how many styles, how large a sheet is (decision 0021). Here everything is read once,
//! piece by piece, and what is kept is counted.

use quick_xml::events::Event;

use super::limits::{MAX_CELL_BYTES, MAX_SHARED_BYTES, MAX_SHARED_STRINGS};
use super::number::{self, Kind};
use super::package::{Package, Part, attribute, referred};
use super::rows::{Row, Rows, SheetError, clipped};

/// Relationships of a part, and sheets of a workbook, that are looked at.
const MAX_LISTED: usize = 10_000;
/// What spreadsheet programs have at most: formats of cells, and rows.
const MAX_FORMATS: usize = 65_536;
const MAX_SHEET_ROWS: usize = 1_048_576;
const USUAL_WORKBOOK: &str = "xl/workbook.xml";

pub(super) fn rows(bytes: &[u8]) -> Result<Vec<Row>, SheetError> {
    let mut package = Package::open(bytes)?;
    let related = relations(&mut package, "")?;
    let workbook = target(&related, "/officeDocument");
    let workbook = workbook.unwrap_or_else(|| USUAL_WORKBOOK.to_owned());
    let related = relations(&mut package, &workbook)?;
    let beside = |kind: &str, usual: &str| {
        target(&related, kind).unwrap_or_else(|| resolved(&workbook, usual))
    };
    let (sheet, counts_from_1904) = first_sheet(&mut package, &workbook)?;
    let sheet = related.iter().find(|it| it.id == sheet);
    let sheet = sheet.ok_or_else(|| malformed("no sheet"))?.path.clone();
    let formats = match package.part(&beside("/styles", "styles.xml"))? {
        Some(part) => formats(part)?,
        None => Vec::new(),
    };
    let shared = match package.part(&beside("/sharedStrings", "sharedStrings.xml"))? {
        Some(part) => Shared::read(part)?,
        None => Shared::default(),
    };
    let reading = Reading {
        shared,
        formats,
        counts_from_1904,
    };
    let part = package.part(&sheet)?;
    reading.cells(part.ok_or_else(|| malformed("no sheet"))?)
}

fn malformed(what: &str) -> SheetError {
    SheetError::Workbook(what.to_owned())
}

/// Something that a part refers to.
struct Relation {
    id: String,
    kind: String,
    path: String,
}

/// What a part refers to; the package itself has no path.
fn relations(package: &mut Package<'_>, of: &str) -> Result<Vec<Relation>, SheetError> {
    let (folder, file) = of.rsplit_once('/').unwrap_or(("", of));
    let path = format!("{folder}/_rels/{file}.rels");
    let Some(mut part) = package.part(&path)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    loop {
        match part.next()? {
            Event::Start(tag) if tag.local_name().as_ref() == "Relationship" => {
                if found.len() == MAX_LISTED {
                    return Err(SheetError::TooLarge);
                }
                let target = attribute(&tag, "Target").unwrap_or_default();
                found.push(Relation {
                    id: attribute(&tag, "Id").unwrap_or_default(),
                    kind: attribute(&tag, "Type").unwrap_or_default(),
                    path: resolved(of, &target),
                });
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn target(related: &[Relation], kind: &str) -> Option<String> {
    let found = related.iter().find(|it| it.kind.ends_with(kind));
    found.map(|it| it.path.clone())
}

/// A path as a part writes it, relative to its own folder.
fn resolved(from: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    if target.starts_with('/') {
        return target;
    }
    let mut folders: Vec<&str> = from.split('/').collect();
    folders.pop();
    for name in target.split('/') {
        match name {
            "." | "" => {}
            ".." => drop(folders.pop()),
            name => folders.push(name),
        }
    }
    folders.join("/")
}

/// The id of the first sheet that people see, and whether the workbook counts days from 1904.
fn first_sheet(package: &mut Package<'_>, workbook: &str) -> Result<(String, bool), SheetError> {
    let mut part = package
        .part(workbook)?
        .ok_or_else(|| malformed("no workbook"))?;
    let (mut seen, mut hidden, mut from_1904, mut listed) = (None, None, false, 0);
    loop {
        match part.next()? {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "workbookPr" => {
                    let flag = attribute(&tag, "date1904");
                    from_1904 = flag.is_some_and(|flag| flag == "1" || flag == "true");
                }
                "sheet" => {
                    listed += 1;
                    let is_seen = attribute(&tag, "state").is_none_or(|state| state == "visible");
                    let sheet = if is_seen { &mut seen } else { &mut hidden };
                    // Not its own number, which is called sheetId.
                    if sheet.is_none() {
                        *sheet = attribute(&tag, "id");
                    }
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
        if listed > MAX_LISTED {
            return Err(SheetError::TooLarge);
        }
    }
    let sheet = seen.or(hidden).ok_or_else(|| malformed("no sheet"))?;
    Ok((sheet, from_1904))
}

/// What the numbers of each format are.
fn formats(mut part: Part<'_, '_>) -> Result<Vec<Kind>, SheetError> {
    let mut own = std::collections::HashMap::new();
    let mut formats = Vec::new();
    let mut is_of_cells = false;
    loop {
        match part.next()? {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "numFmt" => {
                    let id = attribute(&tag, "numFmtId").unwrap_or_default();
                    let code = attribute(&tag, "formatCode").unwrap_or_default();
                    own.insert(id, Kind::of_code(&code));
                }
                "cellXfs" => is_of_cells = true,
                "xf" if is_of_cells => {
                    let id = attribute(&tag, "numFmtId").unwrap_or_default();
                    let kind = own.get(&id).copied();
                    formats.push(kind.unwrap_or_else(|| Kind::of_built_in(&id)));
                }
                _ => {}
            },
            Event::End(tag) if tag.local_name().as_ref() == "cellXfs" => is_of_cells = false,
            Event::Eof => return Ok(formats),
            _ => {}
        }
        if own.len().max(formats.len()) > MAX_FORMATS {
            return Err(SheetError::TooLarge);
        }
    }
}

/// A text that comes in pieces. More than is kept is counted and dropped.
#[derive(Default)]
struct Text {
    kept: String,
    bytes: usize,
}

impl Text {
    fn push(&mut self, piece: &str) -> Result<(), SheetError> {
        self.bytes += piece.len();
        if self.bytes > MAX_CELL_BYTES {
            return Err(SheetError::TooLarge);
        }
        self.kept.push_str(piece);
        Ok(())
    }

    /// The text as people read it, in part; it is empty afterwards.
    fn take(&mut self) -> String {
        let text = std::mem::take(self).kept;
        clipped(&number::unescaped(&text)).to_owned()
    }
}

/// The texts that cells refer to, one after the other.
#[derive(Default)]
struct Shared {
    text: String,
    ends: Vec<usize>,
}

impl Shared {
    fn read(mut part: Part<'_, '_>) -> Result<Self, SheetError> {
        let mut shared = Self::default();
        let mut text = Text::default();
        let (mut is_text, mut is_reading_aid) = (false, false);
        loop {
            match part.next()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "rPh" => is_reading_aid = true,
                    "t" => is_text = !is_reading_aid,
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    "rPh" => is_reading_aid = false,
                    "t" => is_text = false,
                    "si" => shared.push(&text.take())?,
                    _ => {}
                },
                Event::Eof => return Ok(shared),
                piece if is_text => add(&mut text, &piece)?,
                _ => {}
            }
        }
    }

    fn push(&mut self, text: &str) -> Result<(), SheetError> {
        let is_full = self.ends.len() == MAX_SHARED_STRINGS
            || self.text.len() + text.len() > MAX_SHARED_BYTES;
        if is_full {
            return Err(SheetError::TooLarge);
        }
        self.text.push_str(text);
        self.ends.push(self.text.len());
        Ok(())
    }

    fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)?;
        let before = at.checked_sub(1).and_then(|before| self.ends.get(before));
        self.text.get(before.copied().unwrap_or(0)..end)
    }
}

/// Adds what is text of a piece.
fn add(text: &mut Text, piece: &Event<'_>) -> Result<(), SheetError> {
    match piece {
        Event::Text(piece) => text.push(&piece.xml10_content()),
        Event::CData(piece) => text.push(&piece.xml10_content()),
        Event::GeneralRef(reference) => {
            let characters = referred(reference).ok_or_else(|| malformed("an unknown entity"))?;
            text.push(&characters)
        }
        _ => Ok(()),
    }
}

/// A cell while it is read.
#[derive(Default)]
struct Cell {
    row: usize,
    column: usize,
    /// The letters that say what its value is.
    value: String,
    format: Option<usize>,
}

/// What the values of cells are read by.
struct Reading {
    shared: Shared,
    formats: Vec<Kind>,
    counts_from_1904: bool,
}

impl Reading {
    fn cells(&self, mut part: Part<'_, '_>) -> Result<Vec<Row>, SheetError> {
        let mut rows = Rows::new();
        let (mut row, mut column) = (0, 0);
        let mut cell = Cell::default();
        let mut text = Text::default();
        let (mut is_value, mut is_reading_aid) = (false, false);
        loop {
            match part.next()? {
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "row" => {
                        let stated = attribute(&tag, "r").map(|place| place_of(&place));
                        row = match stated {
                            Some(place) => place.ok_or_else(|| malformed("a row's place"))?.0,
                            None => row + 1,
                        };
                        column = 0;
                    }
                    "c" => {
                        let place = attribute(&tag, "r").map(|place| place_of(&place));
                        let place = match place {
                            Some(place) => place.ok_or_else(|| malformed("a cell's place"))?,
                            None => (row, column),
                        };
                        cell = Cell {
                            row: place.0,
                            column: place.1,
                            value: attribute(&tag, "t").unwrap_or_default(),
                            format: attribute(&tag, "s").and_then(|id| id.parse().ok()),
                        };
                        column = place.1 + 1;
                    }
                    "rPh" => is_reading_aid = true,
                    // The text of a cell that has it itself stands in `t`.
                    "v" => is_value = cell.value != "inlineStr",
                    "t" => is_value = !is_reading_aid,
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    "rPh" => is_reading_aid = false,
                    "v" | "t" => is_value = false,
                    "c" => {
                        let text = self.shown(&cell, &text.take())?;
                        rows.put(cell.row, cell.column, &text)?;
                    }
                    "sheetData" => return rows.finish(),
                    _ => {}
                },
                Event::Eof => return Err(malformed("a sheet without an end")),
                piece if is_value => add(&mut text, &piece)?,
                _ => {}
            }
        }
    }

    /// A cell's text as a spreadsheet shows it.
    fn shown(&self, cell: &Cell, value: &str) -> Result<String, SheetError> {
        if value.is_empty() {
            return Ok(String::new());
        }
        match cell.value.as_str() {
            "s" => {
                let at = value.trim().parse().ok();
                let text = at.and_then(|at| self.shared.get(at));
                text.map(str::to_owned)
                    .ok_or_else(|| malformed("a text that is not there"))
            }
            "" | "n" => {
                let kind = cell.format.and_then(|id| self.formats.get(id));
                let kind = kind.copied().unwrap_or(Kind::Number);
                Ok(kind.shown(value, self.counts_from_1904))
            }
            _ => Ok(value.to_owned()),
        }
    }
}

/// Row (from 1) and column (from 0) of a place like `AB12`; a row alone has none of the letters.
fn place_of(place: &str) -> Option<(usize, usize)> {
    let digits = place.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = place.split_at(digits);
    let mut column = 0_usize;
    for letter in letters.chars() {
        let letter = letter.to_ascii_uppercase().to_digit(36)?.checked_sub(9)?;
        let letter = usize::try_from(letter).ok()?;
        column = column.checked_mul(26)?.checked_add(letter)?;
    }
    let row = row
        .parse()
        .ok()
        .filter(|row| (1..=MAX_SHEET_ROWS).contains(row))?;
    Some((row, column.saturating_sub(1)))
}
