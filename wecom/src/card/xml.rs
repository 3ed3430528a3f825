//! The XML form of cards, for passive replies (wecom-app §3).
//!
//! Names are those of the JSON form in PascalCase, with the irregular ones listed below; a list is
//! its elements repeated, without a wrapper.

use std::fmt::Write as _;

use super::node::{Node, Object, ratio};

/// Writes `<name>…</name>` with the fields of `object`.
pub(super) fn element(name: &str, object: &Object) -> String {
    let mut xml = String::new();
    write_object(&mut xml, name, object);
    xml
}

fn write_node(xml: &mut String, parent: &str, json_name: &str, node: &Node) {
    let name = xml_name(parent, json_name);
    match node {
        Node::Object(object) => write_object(xml, &name, object),
        Node::List(items) => {
            for item in items {
                write_node(xml, parent, json_name, item);
            }
        }
        Node::Text(text) => write_element(xml, &name, &cdata(text)),
        Node::Int(number) => write_element(xml, &name, &number.to_string()),
        Node::Bool(flag) => write_element(xml, &name, &flag.to_string()),
        Node::Hundredths(hundredths) => {
            write_element(xml, &name, &ratio(*hundredths).to_string());
        }
    }
}

fn write_object(xml: &mut String, name: &str, object: &Object) {
    // Writing to a String cannot fail.
    let _ = write!(xml, "<{name}>");
    for (json_name, node) in &object.0 {
        write_node(xml, name, json_name, node);
    }
    let _ = write!(xml, "</{name}>");
}

fn write_element(xml: &mut String, name: &str, content: &str) {
    let _ = write!(xml, "<{name}>{content}</{name}>");
}

/// A CDATA section; `]]>` is split over two, and characters XML cannot carry are dropped.
fn cdata(text: &str) -> String {
    let legal: String = text.chars().filter(|c| is_xml_char(*c)).collect();
    format!("<![CDATA[{}]]>", legal.replace("]]>", "]]]]><![CDATA[>"))
}

/// The `Char` production of XML 1.0.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn xml_name(parent: &str, json_name: &str) -> String {
    match (parent, json_name) {
        ("QuoteArea" | "ImageTextArea", "appid") => "Appid".into(),
        (_, "appid") => "AppId".into(),
        (_, "keyname") => "KeyName".into(),
        (_, "checkbox") => "CheckBox".into(),
        (_, "userid") => "UserId".into(),
        (_, "pagepath") => "PagePath".into(),
        _ => json_name.split('_').map(capitalised).collect(),
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + letters.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_section_3() {
        for (parent, json, xml) in [
            ("TemplateCard", "card_type", "CardType"),
            (
                "TemplateCard",
                "horizontal_content_list",
                "HorizontalContentList",
            ),
            ("HorizontalContentList", "keyname", "KeyName"),
            ("HorizontalContentList", "userid", "UserId"),
            ("HorizontalContentList", "media_id", "MediaId"),
            ("TemplateCard", "checkbox", "CheckBox"),
            ("OptionList", "is_checked", "IsChecked"),
            ("JumpList", "appid", "AppId"),
            ("CardAction", "appid", "AppId"),
            ("QuoteArea", "appid", "Appid"),
            ("ImageTextArea", "appid", "Appid"),
            ("ImageTextArea", "pagepath", "PagePath"),
        ] {
            assert_eq!(xml_name(parent, json), xml, "{parent}.{json}");
        }
    }

    #[test]
    fn text_cannot_leave_its_cdata_section() {
        assert_eq!(cdata("a]]>b"), "<![CDATA[a]]]]><![CDATA[>b]]>");
        assert_eq!(cdata("a\u{0}\u{b}b\n"), "<![CDATA[ab\n]]>");
    }
}
