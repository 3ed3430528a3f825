//! Reading: from hostile text to nodes, with limits on everything that could grow.
//!
//! quick-xml finds the pieces and pairs the tags. What it lets pass is refused here: document
//! types, entities of one's own, text and elements outside the root, and size.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{MAX_DEPTH, MAX_ELEMENTS, Node, Text};

const CDATA_START: &str = "<![CDATA[";
const CDATA_END: &str = "]]>";

/// The reason a document is refused. The texts carry nothing of the document.
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

/// All elements in document order, the root first.
pub(super) fn nodes(xml: &str) -> Result<Vec<Node>, XmlError> {
    let mut tree = Tree::new(xml);
    let mut reader = Reader::from_str(xml);
    // The reader does not count a byte order mark.
    let mark_len = xml.len() - xml.strip_prefix('\u{feff}').unwrap_or(xml).len();
    let mut start = mark_len;
    loop {
        let event = reader.read_event().map_err(|error| refusal(&error))?;
        let position = usize::try_from(reader.buffer_position());
        let end = mark_len + position.map_err(|_| XmlError::Malformed)?;
        match event {
            Event::Start(tag) => tree.open(&tag, start)?,
            Event::Empty(tag) => {
                tree.open(&tag, start)?;
                tree.close();
            }
            Event::End(_) => tree.close(),
            Event::Text(_) => tree.text(start..end)?,
            Event::CData(_) => tree.append(start + CDATA_START.len()..end - CDATA_END.len())?,
            Event::GeneralRef(reference) => tree.reference(&reference)?,
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => return tree.finish(),
        }
        start = end;
    }
}

/// Takes nothing of the reader's error but its kind, since its text quotes the document.
fn refusal(error: &Error) -> XmlError {
    match error {
        Error::Syntax(SyntaxError::UnclosedDoctype)
        | Error::IllFormed(IllFormedError::MissingDoctypeName) => XmlError::Doctype,
        Error::IllFormed(IllFormedError::UnclosedReference) => XmlError::Entity,
        _ => XmlError::Malformed,
    }
}

/// The reader takes anything up to a blank for a name.
fn is_name(name: &str) -> bool {
    let is_name_byte = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':' | 0x80..)
    };
    !name.is_empty() && name.bytes().all(is_name_byte)
}

/// The elements so far, and which of them are open.
struct Tree<'a> {
    xml: &'a str,
    nodes: Vec<Node>,
    /// Indices of the open elements, innermost last.
    open: Vec<usize>,
}

impl<'a> Tree<'a> {
    /// Elements of an ordinary callback; more make the vector grow.
    const USUAL_ELEMENTS: usize = 12;

    fn new(xml: &'a str) -> Self {
        Self {
            xml,
            nodes: Vec::with_capacity(Self::USUAL_ELEMENTS),
            open: Vec::with_capacity(MAX_DEPTH + 1),
        }
    }

    /// Opens the element of a tag whose `<` is at `start`.
    fn open(&mut self, tag: &BytesStart<'_>, start: usize) -> Result<(), XmlError> {
        let name = tag.name();
        let is_second_root = self.open.is_empty() && !self.nodes.is_empty();
        if is_second_root || !is_name(name.as_ref()) || tag.contains('<') {
            return Err(XmlError::Malformed);
        }
        if self.open.len() > MAX_DEPTH {
            return Err(XmlError::TooDeep);
        }
        if self.nodes.len() > MAX_ELEMENTS {
            return Err(XmlError::TooManyElements);
        }
        let start = start + "<".len();
        self.open.push(self.nodes.len());
        self.nodes.push(Node {
            name: start..start + name.as_ref().len(),
            text: Text::Empty,
            end: 0,
        });
        Ok(())
    }

    /// Closes the innermost element; the reader has compared the names.
    fn close(&mut self) {
        let end = self.nodes.len();
        let innermost = self.open.pop();
        if let Some(node) = innermost.and_then(|index| self.nodes.get_mut(index)) {
            node.end = end;
        }
    }

    /// Adds characters to the innermost element. Blank ones may stand anywhere, and count within
    /// a text only.
    fn text(&mut self, range: Range<usize>) -> Result<(), XmlError> {
        let piece = self.xml.get(range.clone()).unwrap_or_default();
        let is_blank = piece.bytes().all(|byte| byte.is_ascii_whitespace());
        match self.innermost() {
            Ok(Text::Empty) | Err(_) if is_blank => Ok(()),
            _ => self.append(range),
        }
    }

    /// Adds characters to the innermost element as they are.
    fn append(&mut self, range: Range<usize>) -> Result<(), XmlError> {
        let xml = self.xml;
        match self.innermost()? {
            text @ Text::Empty => *text = Text::Slice(range),
            text => text.append(xml, xml.get(range).unwrap_or_default()),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        let xml = self.xml;
        let text = self.innermost()?;
        match reference.resolve_char_ref() {
            Ok(Some(character)) => text.append(xml, character.encode_utf8(&mut [0; 4])),
            Ok(None) => text.append(xml, resolve_xml_entity(reference).ok_or(XmlError::Entity)?),
            Err(_) => return Err(XmlError::Entity),
        }
        Ok(())
    }

    /// The text of the innermost open element.
    fn innermost(&mut self) -> Result<&mut Text, XmlError> {
        let index = self.open.last().ok_or(XmlError::Malformed)?;
        let node = self.nodes.get_mut(*index).ok_or(XmlError::Malformed)?;
        Ok(&mut node.text)
    }

    fn finish(self) -> Result<Vec<Node>, XmlError> {
        if self.nodes.is_empty() || !self.open.is_empty() {
            return Err(XmlError::Malformed);
        }
        Ok(self.nodes)
    }
}

#[cfg(test)]
mod tests;
