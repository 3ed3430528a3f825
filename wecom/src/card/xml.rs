//! The XML form of cards, for passive replies (wecom-app §3).
//!
//! Names are those of the JSON form in PascalCase, with the irregular ones listed below; a list is
//! its elements repeated, without a wrapper.

use std::fmt::Write as _;

use super::node::{Node, Object, ratio};
use crate::xml::push_cdata;

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
        Node::Text(text) => {
            let mut cdata = String::with_capacity(text.len() + 12);
            push_cdata(&mut cdata, text);
            write_element(xml, &name, &cdata);
        }
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
}
