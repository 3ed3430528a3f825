//! The inner XML of callbacks (wecom-app §2), and the little reading that replies need.

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

/// The text of the first element of this name, CDATA or plain, trimmed.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = xml.split_once(&format!("<{name}>"))?;
    let (inner, _) = after.split_once(&format!("</{name}>"))?;
    let inner = inner.trim();
    let cdata = inner
        .strip_prefix("<![CDATA[")
        .and_then(|inner| inner.strip_suffix("]]>"));
    Some(cdata.unwrap_or(inner))
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
        let xml = "<xml><A><![CDATA[ x ]]></A><B>\n7 </B></xml>";
        assert_eq!(element(xml, "A"), Some(" x "));
        assert_eq!(element(xml, "B"), Some("7"));
        assert_eq!(element(xml, "C"), None);
    }
}
