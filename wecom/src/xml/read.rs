//! Reading: from hostile text to nodes, with limits on everything that could grow.
//!
//! A reader for exactly the XML that callbacks are made of. It has no document types and no
//! entities to define, so there is nothing to switch off, and it copies no text unless a text
//! comes in several pieces.

use std::ops::Range;

use memchr::memchr;

use super::{MAX_DEPTH, MAX_ELEMENTS, Node, Text};

const CDATA_START: &str = "<![CDATA[";
const COMMENT_START: &str = "<!--";
/// The longest reference is `&#x10FFFF;`; leading zeros are not worth reading on.
const MAX_REFERENCE_BYTES: usize = 12;

/// Why a document is refused. The texts carry nothing of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not one well-formed element.
    #[error("the XML is not well-formed")]
    Malformed,
    /// A DOCTYPE, which no callback has and which could define entities.
    #[error("the XML has a DOCTYPE")]
    Doctype,
    /// An entity other than the five of XML and character references.
    #[error("the XML refers to an unknown entity")]
    Entity,
    /// More than [`MAX_DEPTH`] levels below the root.
    #[error("the XML is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More than [`MAX_ELEMENTS`] elements.
    #[error("the XML has more than {MAX_ELEMENTS} elements")]
    TooManyElements,
}

/// All elements below the root in document order.
pub(super) fn nodes(xml: &str) -> Result<Vec<Node>, XmlError> {
    let mut tree = Tree::new(xml);
    let mut at = if xml.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    while let Some(rest) = xml.get(at..).filter(|rest| !rest.is_empty()) {
        at += match rest.as_bytes() {
            [b'<', b'/', ..] => end_tag(&mut tree, rest)?,
            [b'<', b'?', ..] => rest.find("?>").ok_or(XmlError::Malformed)? + "?>".len(),
            [b'<', b'!', ..] => declaration(&mut tree, rest, at)?,
            [b'<', ..] => start_tag(&mut tree, rest, at)?,
            [b'&', ..] => reference(&mut tree, rest)?,
            _ => characters(&mut tree, rest, at)?,
        };
    }
    tree.finish()
}

/// `</name>`; gives its length.
fn end_tag(tree: &mut Tree<'_>, rest: &str) -> Result<usize, XmlError> {
    let open = tree.close()?;
    let after = rest.as_bytes().get("</".len()..).unwrap_or_default();
    let tail = after.strip_prefix(open).ok_or(XmlError::Malformed)?;
    let blank = tail
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    if tail.get(blank) != Some(&b'>') {
        return Err(XmlError::Malformed);
    }
    Ok("</".len() + open.len() + blank + 1)
}

/// `<name attribute="..">` or `<name/>`; gives its length. Attributes are skipped.
fn start_tag(tree: &mut Tree<'_>, rest: &str, at: usize) -> Result<usize, XmlError> {
    let bytes = rest.as_bytes();
    let name_len = bytes
        .iter()
        .skip(1)
        .take_while(|&&byte| is_name_byte(byte))
        .count();
    let close = closing_bracket(bytes, 1 + name_len).ok_or(XmlError::Malformed)?;
    let attributes = bytes.get(1 + name_len..close).unwrap_or_default();
    let is_empty_element = attributes.ends_with(b"/");
    let ends_name = matches!(attributes, [] | [b'/'] | [b' ' | b'\t' | b'\r' | b'\n', ..]);
    if name_len == 0 || !ends_name {
        return Err(XmlError::Malformed);
    }
    let name = at + 1..at + 1 + name_len;
    tree.open(name)?;
    if is_empty_element {
        tree.close()?;
    }
    Ok(close + 1)
}

/// The `>` that is not within a quoted attribute value.
fn closing_bracket(bytes: &[u8], from: usize) -> Option<usize> {
    let mut quote = None;
    for (index, &byte) in bytes.iter().enumerate().skip(from) {
        match (quote, byte) {
            (None, b'>') => return Some(index),
            (_, b'<') => return None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// A CDATA section or a comment; gives its length.
fn declaration(tree: &mut Tree<'_>, rest: &str, at: usize) -> Result<usize, XmlError> {
    if rest.starts_with(CDATA_START) {
        let len = section_len(rest).ok_or(XmlError::Malformed)?;
        tree.text(at + CDATA_START.len()..at + len - "]]>".len())?;
        return Ok(len);
    }
    if let Some(comment) = rest.strip_prefix(COMMENT_START) {
        let end = comment.find("-->").ok_or(XmlError::Malformed)?;
        return Ok(COMMENT_START.len() + end + "-->".len());
    }
    let is_doctype = rest
        .get(..9)
        .is_some_and(|word| word.eq_ignore_ascii_case("<!DOCTYPE"));
    Err(if is_doctype {
        XmlError::Doctype
    } else {
        XmlError::Malformed
    })
}

/// Length of a CDATA section with its brackets.
fn section_len(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = CDATA_START.len();
    loop {
        let found = at + memchr(b'>', bytes.get(at..)?)?;
        if found >= CDATA_START.len() + 2 && bytes.get(found - 2..found) == Some(b"]]") {
            return Some(found + 1);
        }
        at = found + 1;
    }
}

/// Text up to the next markup or reference; gives its length.
fn characters(tree: &mut Tree<'_>, rest: &str, at: usize) -> Result<usize, XmlError> {
    let mut is_blank = true;
    let is_text = |&byte: &u8| byte != b'<' && byte != b'&';
    let pieces = rest.bytes().take_while(is_text);
    let len = pieces
        .inspect(|byte| is_blank &= byte.is_ascii_whitespace())
        .count();
    if is_blank {
        tree.blank(at..at + len);
    } else {
        tree.text(at..at + len)?;
    }
    Ok(len)
}

/// `&amp;` and the like; gives its length.
fn reference(tree: &mut Tree<'_>, rest: &str) -> Result<usize, XmlError> {
    let end = rest
        .bytes()
        .take(MAX_REFERENCE_BYTES)
        .position(|byte| byte == b';');
    let end = end.ok_or(XmlError::Entity)?;
    let name = rest.get(1..end).unwrap_or_default();
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => numbered(name).ok_or(XmlError::Entity)?,
    };
    tree.character(character)?;
    Ok(end + 1)
}

/// `#20013` or `#x4E2D`.
fn numbered(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (digits, 10),
    };
    // `from_str_radix` would take a sign.
    let has_only_digits = digits.chars().all(|digit| digit.is_digit(radix));
    let number = u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| has_only_digits)?;
    char::from_u32(number).filter(|&character| character != '\0')
}

fn is_name_byte(byte: u8) -> bool {
    /// One look per byte instead of seven comparisons: names are half of every document.
    const IS_NAME_BYTE: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < table.len() {
            let value = byte as u8;
            table[byte] = value.is_ascii_alphanumeric()
                || matches!(value, b'_' | b'-' | b'.' | b':' | 0x80..);
            byte += 1;
        }
        table
    };
    // A byte is always within a table of 256.
    IS_NAME_BYTE[usize::from(byte)]
}

/// Where the reader stands relative to the root element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Within,
    After,
}

struct Tree<'a> {
    xml: &'a str,
    nodes: Vec<Node>,
    /// Indices of the open elements below the root, innermost last; the first `depth` count.
    open: [usize; MAX_DEPTH],
    depth: usize,
    place: Place,
    root: Range<usize>,
    /// Whitespace that counts only if more text follows within the same element.
    blank: Option<Range<usize>>,
}

impl<'a> Tree<'a> {
    /// Elements of an ordinary callback; more make the vector grow.
    const USUAL_ELEMENTS: usize = 12;

    fn new(xml: &'a str) -> Self {
        Self {
            xml,
            nodes: Vec::with_capacity(Self::USUAL_ELEMENTS),
            open: [0; MAX_DEPTH],
            depth: 0,
            place: Place::Before,
            root: 0..0,
            blank: None,
        }
    }

    fn open(&mut self, name: Range<usize>) -> Result<(), XmlError> {
        self.blank = None;
        match self.place {
            Place::Before => {
                self.place = Place::Within;
                self.root = name;
                return Ok(());
            }
            Place::Within => {}
            Place::After => return Err(XmlError::Malformed),
        }
        let slot = self.open.get_mut(self.depth).ok_or(XmlError::TooDeep)?;
        if self.nodes.len() == MAX_ELEMENTS {
            return Err(XmlError::TooManyElements);
        }
        *slot = self.nodes.len();
        self.depth += 1;
        self.nodes.push(Node {
            name,
            text: Text::Empty,
            end: 0,
        });
        Ok(())
    }

    /// Closes the innermost element and gives its name.
    fn close(&mut self) -> Result<&'a [u8], XmlError> {
        self.blank = None;
        let end = self.nodes.len();
        let name = match self
            .innermost_index()
            .and_then(|index| self.nodes.get_mut(index))
        {
            Some(node) => {
                node.end = end;
                self.depth -= 1;
                node.name.clone()
            }
            None if self.place == Place::Within => {
                self.place = Place::After;
                self.root.clone()
            }
            None => return Err(XmlError::Malformed),
        };
        self.xml.as_bytes().get(name).ok_or(XmlError::Malformed)
    }

    fn blank(&mut self, range: Range<usize>) {
        let innermost = self
            .innermost_index()
            .and_then(|index| self.nodes.get(index));
        if innermost.is_some_and(|node| node.text != Text::Empty) {
            self.blank = Some(range);
        }
    }

    fn text(&mut self, range: Range<usize>) -> Result<(), XmlError> {
        let blank = self.blank.take();
        let xml = self.xml;
        match self.innermost()? {
            Some(text @ Text::Empty) => *text = Text::Slice(range),
            Some(_) => {
                let piece = xml.get(range).ok_or(XmlError::Malformed)?;
                self.append(blank, |joined| joined.push_str(piece))?;
            }
            None => {}
        }
        Ok(())
    }

    fn character(&mut self, character: char) -> Result<(), XmlError> {
        let blank = self.blank.take();
        self.append(blank, |joined| joined.push(character))
    }

    /// Turns the text of the innermost element into an owned one and adds to it.
    fn append(
        &mut self,
        blank: Option<Range<usize>>,
        add: impl FnOnce(&mut String),
    ) -> Result<(), XmlError> {
        let xml = self.xml;
        let Some(text) = self.innermost()? else {
            return Ok(());
        };
        let mut joined = match std::mem::replace(text, Text::Empty) {
            Text::Empty => String::new(),
            Text::Slice(range) => xml.get(range).unwrap_or_default().to_owned(),
            Text::Joined(joined) => joined,
        };
        joined.push_str(blank.and_then(|range| xml.get(range)).unwrap_or_default());
        add(&mut joined);
        *text = Text::Joined(joined);
        Ok(())
    }

    /// The text of the innermost open element; `None` directly in the root, whose own text is
    /// ignored like every unknown thing.
    fn innermost(&mut self) -> Result<Option<&mut Text>, XmlError> {
        match (self.place, self.innermost_index()) {
            (_, Some(index)) => Ok(self.nodes.get_mut(index).map(|node| &mut node.text)),
            (Place::Within, None) => Ok(None),
            (Place::Before | Place::After, None) => Err(XmlError::Malformed),
        }
    }

    fn innermost_index(&self) -> Option<usize> {
        self.depth
            .checked_sub(1)
            .and_then(|last| self.open.get(last))
            .copied()
    }

    fn finish(self) -> Result<Vec<Node>, XmlError> {
        if self.place == Place::After {
            Ok(self.nodes)
        } else {
            Err(XmlError::Malformed)
        }
    }
}

#[cfg(test)]
mod tests;
