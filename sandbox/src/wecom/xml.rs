//! The inner XML of callbacks (wecom-app §2), and the reading of replies (wecom-app §3).

use quick_xml::{Reader, escape::unescape, events::Event};

use super::WecomApp;

/// Builds one event or message: the common elements, then the given ones.
pub(crate) struct EventXml {
    text: String,
}

impl EventXml {
    /// Starts with the common elements. `from` is a userid, or `sys`.
    pub(crate) fn new(app: &WecomApp, from: &str, created: i64, msgtype: &str) -> Self {
        let mut xml = Self {
            text: "<xml>".to_owned(),
        };
        xml.cdata("ToUserName", &app.corp_id);
        xml.cdata("FromUserName", from);
        xml.plain("CreateTime", created);
        xml.cdata("MsgType", msgtype);
        xml
    }

    /// An element with text.
    pub(crate) fn cdata(&mut self, name: &str, text: &str) {
        let text = text.replace("]]>", "]]]]><![CDATA[>");
        self.text
            .push_str(&format!("<{name}><![CDATA[{text}]]></{name}>"));
    }

    /// An element with a number.
    pub(crate) fn plain(&mut self, name: &str, number: impl std::fmt::Display) {
        self.text.push_str(&format!("<{name}>{number}</{name}>"));
    }

    /// An element with elements.
    pub(crate) fn nested(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.text.push_str(&format!("<{name}>"));
        fill(self);
        self.text.push_str(&format!("</{name}>"));
    }

    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("</xml>");
        self.text
    }
}

/// One element of a reply: a name, its text, and what is within.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Reads one document; CDATA and plain text are equal.
    pub(crate) fn parse(xml: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(xml);
        let mut open = vec![Self::default()];
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(tag) => open.push(Self::named(tag.name().as_ref())),
                Event::Empty(tag) => add_child(&mut open, Self::named(tag.name().as_ref())),
                Event::End(_) => {
                    let closed = open.pop().unwrap_or_default();
                    add_child(&mut open, closed);
                }
                Event::Text(text) => add_text(&mut open, &text.xml10_content()),
                Event::CData(text) => add_text(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let entity = format!("&{};", &*reference);
                    let text = unescape(&entity).map_err(|error| error.to_string())?;
                    add_text(&mut open, &text);
                }
                Event::DocType(_) => return Err("a DOCTYPE".to_owned()),
                Event::Eof => break,
                _ => {}
            }
        }
        let [document] = open.as_mut_slice() else {
            return Err("an element is not closed".to_owned());
        };
        match document.children.as_mut_slice() {
            [root] => Ok(std::mem::take(root)),
            _ => Err("not one element".to_owned()),
        }
    }

    /// The first element of this name within.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first element of this name within, trimmed; missing and empty are equal.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.trim())
            .filter(|text| !text.is_empty())
    }

    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

fn add_child(open: &mut [Element], child: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(child);
    }
}

fn add_text(open: &mut [Element], text: &str) {
    if let Some(parent) = open.last_mut() {
        parent.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_the_end_of_cdata_survives() {
        let mut xml = EventXml::new(&WecomApp::default(), "li.lei", 1, "text");
        xml.cdata("Content", "a]]>b");
        assert!(
            xml.finish()
                .contains("<Content><![CDATA[a]]]]><![CDATA[>b]]></Content>")
        );
    }

    #[test]
    fn elements_are_read_with_and_without_cdata() {
        let xml = "<xml><A><![CDATA[a]]]]><![CDATA[>b]]></A><B>\n7 &amp; 8 </B><C/>\
                   <D><E>1</E><E>2</E></D></xml>";
        let root = Element::parse(xml).unwrap();
        assert_eq!(root.get("A"), Some("a]]>b"));
        assert_eq!(root.get("B"), Some("7 & 8"));
        assert_eq!(root.get("C"), None);
        assert_eq!(root.child("D").unwrap().children.len(), 2);
        for bad in [
            "",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<!DOCTYPE a><a/>",
            "<a>&b;</a>",
        ] {
            assert!(Element::parse(bad).is_err(), "{bad}");
        }
    }
}
