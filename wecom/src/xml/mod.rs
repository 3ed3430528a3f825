//! The small XML of WeCom's callbacks: elements with text, no attributes, no namespaces.
//!
//! [`Fields`] is the raw map of one document. It keeps every element, also those that no typed
//! message or event models, because WeCom adds fields without notice.

mod read;
mod write;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

pub use read::XmlError;
pub(crate) use write::{Writer, push_cdata};

/// Deepest nesting below the root element. The deepest known callback has four levels.
pub const MAX_DEPTH: usize = 16;
/// Most elements in one document. A change list of a full customer group has about 500.
pub const MAX_ELEMENTS: usize = 8192;

/// Every element of one document below its root, in document order.
///
/// Parsing follows wecom-app §2: CDATA and plain text are equal, surrounding whitespace is cut,
/// tag names are case-sensitive, attributes are ignored. DOCTYPE and unknown entities are refused.
#[derive(Clone, PartialEq, Eq)]
pub struct Fields {
    xml: String,
    /// The root first.
    nodes: Vec<Node>,
}

impl Fields {
    pub(crate) fn parse(xml: String) -> Result<Self, XmlError> {
        let nodes = read::nodes(&xml)?;
        Ok(Self { xml, nodes })
    }

    /// The document as it was received.
    pub fn xml(&self) -> &str {
        &self.xml
    }

    /// The text of the first top-level element of this name; `None` if missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.element(name)
            .map(|element| element.text())
            .filter(|text| !text.is_empty())
    }

    /// The first top-level element of this name.
    pub fn element(&self, name: &str) -> Option<Element<'_>> {
        self.iter().named(name)
    }

    /// All top-level elements in document order.
    pub fn iter(&self) -> Children<'_> {
        self.children(1..self.nodes.len())
    }

    fn children(&self, range: Range<usize>) -> Children<'_> {
        Children {
            fields: self,
            range,
        }
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = Element<'a>;
    type IntoIter = Children<'a>;

    fn into_iter(self) -> Children<'a> {
        self.iter()
    }
}

/// Shows names only: texts are what people wrote.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|element| element.name()))
            .finish()
    }
}

/// The text of a top-level element of a document that is not kept, such as the envelope.
pub(crate) fn top_level_text<'a>(
    xml: &'a str,
    name: &str,
) -> Result<Option<Cow<'a, str>>, XmlError> {
    let mut end = 0;
    for (index, node) in read::nodes(xml)?.into_iter().enumerate().skip(1) {
        let is_top_level = index >= end;
        if is_top_level && node.is_named(xml, name) {
            return Ok(Some(node.text.into_trimmed(xml)));
        }
        end = end.max(node.end);
    }
    Ok(None)
}

/// One element: a name, a text and children.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    fields: &'a Fields,
    node: &'a Node,
    index: usize,
}

impl<'a> Element<'a> {
    /// The tag name.
    pub fn name(&self) -> &'a str {
        self.fields
            .xml
            .get(self.node.name.clone())
            .unwrap_or_default()
    }

    /// The text without surrounding whitespace; empty if there is none.
    pub fn text(&self) -> &'a str {
        self.node.text(&self.fields.xml)
    }

    /// The child elements in document order.
    pub fn children(&self) -> Children<'a> {
        self.fields.children(self.index + 1..self.node.end)
    }

    /// The text of the first child of this name; `None` if missing or empty.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.child(name)
            .map(|child| child.text())
            .filter(|text| !text.is_empty())
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<Element<'a>> {
        self.children().named(name)
    }
}

/// Shows the name only: texts are what people wrote.
impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// Iterator over sibling elements.
#[derive(Debug, Clone)]
pub struct Children<'a> {
    fields: &'a Fields,
    range: Range<usize>,
}

impl<'a> Children<'a> {
    /// The first of this name.
    fn named(&mut self, name: &str) -> Option<Element<'a>> {
        let xml = &self.fields.xml;
        self.find(|element| element.node.is_named(xml, name))
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        if self.range.is_empty() {
            return None;
        }
        let index = self.range.start;
        let node = self.fields.nodes.get(index)?;
        self.range.start = node.end;
        Some(Element {
            fields: self.fields,
            node,
            index,
        })
    }
}

/// One element in document order. Its descendants are the nodes up to `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    name: Range<usize>,
    text: Text,
    end: usize,
}

impl Node {
    /// Compares bytes, since a name that is cut within a character equals no name.
    fn is_named(&self, xml: &str, name: &str) -> bool {
        self.name.len() == name.len()
            && xml.as_bytes().get(self.name.clone()) == Some(name.as_bytes())
    }

    fn text<'a>(&'a self, xml: &'a str) -> &'a str {
        match &self.text {
            Text::Empty => "",
            Text::Slice(range) => xml.get(range.clone()).unwrap_or_default().trim(),
            Text::Joined(text) => text.trim(),
        }
    }
}

/// Text is a slice of the document unless it had to be put together from several pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Text {
    Empty,
    Slice(Range<usize>),
    Joined(String),
}

impl Text {
    /// Adds one more piece; from the second on, the text is a copy.
    fn append(&mut self, xml: &str, piece: &str) {
        let mut joined = match std::mem::replace(self, Self::Empty) {
            Self::Empty => String::new(),
            Self::Slice(range) => xml.get(range).unwrap_or_default().to_owned(),
            Self::Joined(joined) => joined,
        };
        joined.push_str(piece);
        *self = Self::Joined(joined);
    }

    fn into_trimmed(self, xml: &str) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Slice(range) => Cow::Borrowed(xml.get(range).unwrap_or_default().trim()),
            Self::Joined(text) => Cow::Owned(text.trim().to_owned()),
        }
    }
}
