//! The parts of a workbook, which is a zip of XML: each is read piece by piece, and nothing that the
//! file says of its own sizes is believed.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zip::ZipArchive;
use zip::read::ZipFile;

use super::limits::{MAX_CELL_BYTES, MAX_UNPACKED_BYTES};
use super::rows::SheetError;

/// Parts that a workbook may have.
const MAX_PARTS: usize = 1_000;
/// Bytes of one piece of XML: a tag, or a text.
const MAX_PIECE_BYTES: usize = MAX_CELL_BYTES;
/// Elements within each other.
const MAX_DEPTH: usize = 64;

/// The records that give a zip file more than 65,535 entries.
const ZIP64_END: &[u8] = b"PK\x06\x06";
const ZIP64_LOCATOR: &[u8] = b"PK\x06\x07";
/// Where the first of them has the number of entries.
const ZIP64_ENTRIES_AT: usize = 32;

/// A workbook, unpacked part by part.
pub(super) struct Package<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    /// Places by folded name.
    places: HashMap<String, usize>,
    left_bytes: u64,
}

/// The pieces of one part.
pub(super) struct Part<'p, 'b> {
    reader: Reader<Metered<'p, ZipFile<'p, Cursor<&'b [u8]>>>>,
    piece: Vec<u8>,
    depth: usize,
}

impl<'b> Package<'b> {
    pub(super) fn open(bytes: &'b [u8]) -> Result<Self, SheetError> {
        refuse_many_parts(bytes)?;
        let archive = ZipArchive::new(Cursor::new(bytes))?;
        if archive.len() > MAX_PARTS {
            return Err(SheetError::TooLarge);
        }
        let places = (0..archive.len())
            .filter_map(|at| Some((folded(&archive.name_for_index(at)?.ok()?), at)))
            .collect();
        Ok(Self {
            archive,
            places,
            left_bytes: MAX_UNPACKED_BYTES,
        })
    }

    /// Opens a part; none if there is none of this name.
    pub(super) fn part(&mut self, path: &str) -> Result<Option<Part<'_, 'b>>, SheetError> {
        let Some(&at) = self.places.get(&folded(path)) else {
            return Ok(None);
        };
        let mut reader = Reader::from_reader(Metered {
            inner: BufReader::new(self.archive.by_index(at)?),
            left_bytes: &mut self.left_bytes,
            left_of_piece: MAX_PIECE_BYTES,
            is_over: false,
        });
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = false;
        Ok(Some(Part {
            reader,
            piece: Vec::new(),
            depth: 0,
        }))
    }
}

impl Part<'_, '_> {
    /// The next piece; [`Event::Eof`] at the end.
    pub(super) fn next(&mut self) -> Result<Event<'_>, SheetError> {
        self.piece.clear();
        self.reader.get_mut().left_of_piece = MAX_PIECE_BYTES;
        let event = match self.reader.read_event_into(&mut self.piece) {
            Ok(event) => event,
            Err(_) if self.reader.get_ref().is_over => return Err(SheetError::TooLarge),
            Err(error) => return Err(SheetError::Workbook(kind_of(&error).to_owned())),
        };
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::DocType(_) => return Err(SheetError::Workbook("a document type".to_owned())),
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            return Err(SheetError::TooLarge);
        }
        Ok(event)
    }
}

/// The value of an attribute by its local name.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().with_checks(false).flatten().find(|it| {
        let key = it.key.as_ref();
        key.rsplit(':').next() == Some(name)
    });
    let value = found?.normalized_value(quick_xml::XmlVersion::Implicit1_0);
    Some(value.ok()?.into_owned())
}

/// The characters that a reference stands for; none for an entity that XML does not know.
pub(super) fn referred(reference: &BytesRef<'_>) -> Option<String> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Some(character.to_string());
    }
    resolve_predefined_entity(reference).map(str::to_owned)
}

/// Nothing of the file stands in what is said of it.
fn kind_of(error: &quick_xml::Error) -> &'static str {
    match error {
        quick_xml::Error::Io(_) => "a part that cannot be unpacked",
        _ => "a part that is not well-formed",
    }
}

/// Case and direction of the slashes differ from program to program.
fn folded(path: &str) -> String {
    let path = path.replace('\\', "/").to_lowercase();
    path.trim_start_matches('/').to_owned()
}

/// Looks at the records from which a zip reader takes how many entries to make room for.
fn refuse_many_parts(bytes: &[u8]) -> Result<(), SheetError> {
    let places = |magic: &'static [u8]| {
        let windows = bytes.windows(magic.len()).enumerate();
        windows.filter(move |(_, window)| *window == magic)
    };
    if places(ZIP64_LOCATOR).next().is_none() {
        return Ok(());
    }
    for (at, _) in places(ZIP64_END) {
        let number = bytes
            .get(at + ZIP64_ENTRIES_AT..)
            .and_then(|rest| rest.first_chunk());
        if number.is_some_and(|number| u64::from_le_bytes(*number) > MAX_PARTS as u64) {
            return Err(SheetError::TooLarge);
        }
    }
    Ok(())
}

/// Counts what is unpacked: in all, and for one piece.
struct Metered<'p, R> {
    inner: BufReader<R>,
    left_bytes: &'p mut u64,
    left_of_piece: usize,
    is_over: bool,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut ready = self.fill_buf()?;
        let read = ready.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Metered<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.is_over {
            return Err(io::Error::other("more than is read"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, read: usize) {
        self.inner.consume(read);
        let in_all = u64::try_from(read)
            .ok()
            .and_then(|read| self.left_bytes.checked_sub(read));
        let of_piece = self.left_of_piece.checked_sub(read);
        self.is_over |= in_all.is_none() || of_piece.is_none();
        *self.left_bytes = in_all.unwrap_or(0);
        self.left_of_piece = of_piece.unwrap_or(0);
    }
}
