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

    /// `<name>` around the text in a CDATA section.
    pub(crate) fn cdata(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name);
        push_cdata(&mut self.xml, text);
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

/// Writes a CDATA section: a `]]>` within the text is split over two, and characters that XML cannot
/// carry are left out.
pub(crate) fn push_cdata(xml: &mut String, text: &str) {
    xml.push_str("<![CDATA[");
    // No early end: so the compiler can look at many bytes at once, and hardly any text has one.
    let has_special = text.bytes().fold(false, |found, byte| {
        found | (byte == b']') | (byte == 0xef) | (byte < b' ')
    });
    if !has_special {
        xml.push_str(text);
    } else {
        let legal: String = text.chars().filter(|c| is_xml_char(*c)).collect();
        xml.push_str(&legal.replace("]]>", "]]]]><![CDATA[>"));
    }
    xml.push_str("]]>");
}

/// The `Char` production of XML 1.0. Those of three bytes that it leaves out begin with 0xef.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
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

    #[test]
    fn what_xml_cannot_carry_is_left_out() {
        for (text, written) in [
            ("a\u{0}\u{b}b\n", "<![CDATA[ab\n]]>"),
            ("\u{fffe}，\u{ffff}", "<![CDATA[，]]>"),
            ("a]]>b", "<![CDATA[a]]]]><![CDATA[>b]]>"),
        ] {
            let mut xml = String::new();
            push_cdata(&mut xml, text);
            assert_eq!(xml, written);
        }
    }
}
