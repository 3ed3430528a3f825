//! Reading: from hostile text to nodes, with limits on everything that could grow.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::{MAX_DEPTH, MAX_ELEMENTS, Node, Text};

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
    // The reader does not count a byte order mark in its positions.
    let counted = xml.strip_prefix('\u{feff}').unwrap_or(xml);
    let skipped = xml.len() - counted.len();
    let mut reader = Reader::from_str(counted);
    let mut tree = Tree::new(xml);
    loop {
        let start = skipped + position(&reader)?;
        let event = reader.read_event().map_err(|_| XmlError::Malformed)?;
        let end = skipped + position(&reader)?;
        match event {
            Event::Start(tag) => tree.open(start + 1..start + 1 + tag.name().as_ref().len())?,
            Event::End(_) => tree.close()?,
            Event::Empty(tag) => {
                tree.open(start + 1..start + 1 + tag.name().as_ref().len())?;
                tree.close()?;
            }
            Event::Text(text) if text.trim().is_empty() => tree.blank(start..end),
            Event::Text(_) => tree.text(start..end)?,
            Event::CData(_) => {
                tree.text(start + "<![CDATA[".len()..end.saturating_sub("]]>".len()))?;
            }
            Event::GeneralRef(entity) => tree.character(resolve(&entity)?)?,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Eof => return tree.finish(),
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> Result<usize, XmlError> {
    usize::try_from(reader.buffer_position()).map_err(|_| XmlError::Malformed)
}

fn resolve(entity: &BytesRef<'_>) -> Result<char, XmlError> {
    if let Some(character) = entity.resolve_char_ref().map_err(|_| XmlError::Entity)? {
        return Ok(character);
    }
    match &**entity {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(XmlError::Entity),
    }
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
    /// Open elements below the root, innermost last.
    open: Vec<usize>,
    place: Place,
    /// Whitespace that counts only if more text follows within the same element.
    blank: Option<Range<usize>>,
}

impl<'a> Tree<'a> {
    /// Elements of an ordinary callback; more make the vector grow.
    const USUAL_ELEMENTS: usize = 16;

    fn new(xml: &'a str) -> Self {
        Self {
            xml,
            nodes: Vec::with_capacity(Self::USUAL_ELEMENTS),
            open: Vec::with_capacity(MAX_DEPTH),
            place: Place::Before,
            blank: None,
        }
    }

    fn open(&mut self, name: Range<usize>) -> Result<(), XmlError> {
        self.blank = None;
        match self.place {
            Place::Before => {
                self.place = Place::Within;
                return Ok(());
            }
            Place::Within => {}
            Place::After => return Err(XmlError::Malformed),
        }
        if self.open.len() == MAX_DEPTH {
            return Err(XmlError::TooDeep);
        }
        if self.nodes.len() == MAX_ELEMENTS {
            return Err(XmlError::TooManyElements);
        }
        self.open.push(self.nodes.len());
        self.nodes.push(Node {
            name,
            text: Text::Empty,
            end: 0,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        self.blank = None;
        match self.open.pop() {
            Some(index) => {
                let end = self.nodes.len();
                if let Some(node) = self.nodes.get_mut(index) {
                    node.end = end;
                }
            }
            None if self.place == Place::Within => self.place = Place::After,
            None => return Err(XmlError::Malformed),
        }
        Ok(())
    }

    fn blank(&mut self, range: Range<usize>) {
        let follows_text = self
            .open
            .last()
            .and_then(|&index| self.nodes.get(index))
            .is_some_and(|node| node.text != Text::Empty);
        if follows_text {
            self.blank = Some(range);
        }
    }

    fn text(&mut self, range: Range<usize>) -> Result<(), XmlError> {
        let piece = self.xml.get(range.clone()).ok_or(XmlError::Malformed)?;
        let blank = self.blank.take();
        match self.innermost()? {
            Some(text @ Text::Empty) => *text = Text::Slice(range),
            Some(_) => self.append(blank, |joined| joined.push_str(piece))?,
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
        match (self.place, self.open.last()) {
            (_, Some(&index)) => Ok(self.nodes.get_mut(index).map(|node| &mut node.text)),
            (Place::Within, None) => Ok(None),
            (Place::Before | Place::After, None) => Err(XmlError::Malformed),
        }
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
mod tests {
    use proptest::prelude::*;

    use super::super::Fields;
    use super::*;

    fn parse(xml: &str) -> Result<Fields, XmlError> {
        Fields::parse(xml.to_owned())
    }

    #[test]
    fn texts_follow_the_rules() {
        let cases = [
            ("<xml><A>x</A></xml>", "x"),
            ("<xml><A><![CDATA[x]]></A></xml>", "x"),
            ("<xml><A>\n <![CDATA[\tx y\n]]>\n</A></xml>", "x y"),
            ("<xml><A><![CDATA[a]]]]><![CDATA[>b]]></A></xml>", "a]]>b"),
            ("<xml><A><![CDATA[a]]> <![CDATA[b]]></A></xml>", "a b"),
            (
                "<xml><A>a &lt;&amp;&gt; &quot;&apos;&#20013;&#x6587; z</A></xml>",
                "a <&> \"'中文 z",
            ),
            ("<xml><A><![CDATA[&amp;<b>]]></A></xml>", "&amp;<b>"),
            ("<xml><A/></xml>", ""),
            ("<xml><A></A></xml>", ""),
            ("<xml><A>x<!-- y -->z</A></xml>", "xz"),
            (
                "<?xml version=\"1.0\"?>\n<xml a=\"1\"><A b='>'>x</A></xml>\n",
                "x",
            ),
            ("<xml>stray<A>x</A> text</xml>", "x"),
            ("\u{feff}<xml><A>x</A></xml>", "x"),
        ];
        for (xml, expected) in cases {
            let fields = parse(xml).unwrap_or_else(|error| panic!("{xml}: {error}"));
            assert_eq!(fields.element("A").unwrap().text(), expected, "{xml}");
            assert_eq!(fields.get("A").is_none(), expected.is_empty(), "{xml}");
            assert_eq!(fields.get("a"), None, "names are case-sensitive");
        }
    }

    #[test]
    fn nested_and_repeated_elements_are_kept_in_order() {
        let fields =
            parse("<xml><P><i><M>1</M></i></P><P><i><M>2</M></i><i><M>3</M></i></P><Z>z</Z></xml>")
                .unwrap();
        let found: Vec<&str> = fields
            .iter()
            .filter(|element| element.name() == "P")
            .flat_map(|list| list.children())
            .filter_map(|item| item.get("M"))
            .collect();
        assert_eq!(found, ["1", "2", "3"]);
        assert_eq!(fields.iter().last().unwrap().text(), "z");
    }

    #[test]
    fn hostile_documents_are_refused() {
        let deep = format!("<xml>{}{}</xml>", "<a>".repeat(17), "</a>".repeat(17));
        let wide = format!("<xml>{}</xml>", "<a/>".repeat(MAX_ELEMENTS + 1));
        let cases = [
            ("", XmlError::Malformed),
            ("   ", XmlError::Malformed),
            ("text", XmlError::Malformed),
            ("<xml>", XmlError::Malformed),
            ("<xml><A></xml>", XmlError::Malformed),
            ("<xml><A></B></xml>", XmlError::Malformed),
            ("</xml>", XmlError::Malformed),
            ("<xml/><xml/>", XmlError::Malformed),
            ("<xml/>tail", XmlError::Malformed),
            ("&amp;<xml/>", XmlError::Malformed),
            ("<xml><A><![CDATA[x</A></xml>", XmlError::Malformed),
            (
                "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><A>&a;</A></xml>",
                XmlError::Doctype,
            ),
            (
                "<!DOCTYPE xml SYSTEM \"file:///etc/passwd\"><xml/>",
                XmlError::Doctype,
            ),
            ("<xml><A>&a;</A></xml>", XmlError::Entity),
            ("<xml><A>&#xFFFFFFFF;</A></xml>", XmlError::Entity),
            (deep.as_str(), XmlError::TooDeep),
            (wide.as_str(), XmlError::TooManyElements),
        ];
        for (xml, expected) in cases {
            let shown = xml.get(..60).unwrap_or(xml);
            assert_eq!(parse(xml).map(|_| ()), Err(expected), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(xml in "\\PC{0,200}") {
            let _ = parse(&xml);
        }

        #[test]
        fn almost_xml_never_panics(
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just("<xml>"), Just("</xml>"), Just("<A>"), Just("</A>"), Just("<A/>"),
                    Just("<![CDATA["), Just("]]>"), Just("&amp;"), Just("&#0;"), Just("&"),
                    Just("中"), Just(" "), Just("<!--"), Just("-->"), Just("<?"), Just("?>"),
                ],
                0..24,
            ),
        ) {
            if let Ok(fields) = parse(&pieces.concat()) {
                for element in &fields {
                    let _ = (element.name(), element.text(), element.children().count());
                }
            }
        }
    }
}
