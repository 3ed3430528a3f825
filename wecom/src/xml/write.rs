//! Writing: elements with CDATA or bare text, in the order they are given.

/// Builds one document in a string.
pub(crate) struct Writer {
    xml: String,
}

impl Writer {
    /// Starts the root element `xml`.
    pub(crate) fn new(capacity: usize) -> Self {
        let mut xml = String::with_capacity(capacity);
        xml.push_str("<xml>");
        Self { xml }
    }

    /// `<name><![CDATA[text]]></name>`; a `]]>` within the text is split over two sections.
    pub(crate) fn cdata(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name);
        self.xml.push_str("<![CDATA[");
        // Hardly any text has a bracket, and looking for one byte is much faster.
        if text.contains(']') {
            self.xml.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
        } else {
            self.xml.push_str(text);
        }
        self.xml.push_str("]]>");
        self.close(name)
    }

    /// `<name>text</name>` for numbers and other text without markup characters.
    pub(crate) fn bare(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name);
        self.xml.push_str(text);
        self.close(name)
    }

    /// `<name>` around what `content` writes.
    pub(crate) fn nested(&mut self, name: &str, content: impl FnOnce(&mut Self)) -> &mut Self {
        self.open(name);
        content(self);
        self.close(name)
    }

    /// An element that was written elsewhere, as it is.
    pub(crate) fn element(&mut self, xml: &str) -> &mut Self {
        self.xml.push_str(xml);
        self
    }

    /// Closes the root and gives the document.
    pub(crate) fn finish(mut self) -> String {
        self.xml.push_str("</xml>");
        self.xml
    }

    fn open(&mut self, name: &str) {
        self.xml.push('<');
        self.xml.push_str(name);
        self.xml.push('>');
    }

    fn close(&mut self, name: &str) -> &mut Self {
        self.xml.push_str("</");
        self.xml.push_str(name);
        self.xml.push('>');
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::Fields;
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "", "plain", "a]]>b", "]]>", "]]>]]>", "]]", "<x>&amp;", "中文",
        ] {
            let mut writer = Writer::new(64);
            writer.cdata("A", text).bare("C", "7");
            let fields = Fields::parse(writer.finish()).unwrap();
            assert_eq!(fields.element("A").unwrap().text(), text);
            assert_eq!(fields.get("C"), Some("7"));
        }
    }
}
