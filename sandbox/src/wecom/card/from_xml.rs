//! The card of a passive reply as the JSON of an update (wecom-app §3): the names of the XML are those
//! of the JSON in PascalCase, lists are elements repeated without a wrapper.

use serde_json::{Map, Value, json};

use super::super::xml::Element;

/// Elements that are lists in JSON, however often they are there.
const LISTS: [&str; 7] = [
    "HorizontalContentList",
    "VerticalContentList",
    "JumpList",
    "ButtonList",
    "SelectList",
    "OptionList",
    "ActionList",
];
const INTEGERS: [&str; 4] = ["Type", "Style", "Mode", "DescColor"];
const BOOLEANS: [&str; 2] = ["IsChecked", "Disable"];

/// The card in a `TemplateCard` element.
pub(crate) fn card_of(element: &Element) -> Value {
    let mut object = Map::new();
    for child in &element.children {
        let name = json_name(&child.name);
        let value = value_of(child);
        if LISTS.contains(&child.name.as_str()) {
            let list = object.entry(name).or_insert_with(|| json!([]));
            list.as_array_mut()
                .into_iter()
                .for_each(|list| list.push(value.clone()));
        } else {
            object.insert(name, value);
        }
    }
    Value::Object(object)
}

fn value_of(element: &Element) -> Value {
    if !element.children.is_empty() {
        return card_of(element);
    }
    let (name, text) = (element.name.as_str(), element.text.trim());
    let number = if INTEGERS.contains(&name) {
        text.parse::<i64>().ok().map(Value::from)
    } else if name == "AspectRatio" {
        text.parse::<f64>().ok().map(Value::from)
    } else if BOOLEANS.contains(&name) {
        text.parse::<bool>().ok().map(Value::from)
    } else {
        None
    };
    number.unwrap_or_else(|| json!(text))
}

/// `HorizontalContentList` is `horizontal_content_list`; some names are written together.
fn json_name(name: &str) -> String {
    match name {
        "KeyName" | "CheckBox" | "UserId" | "AppId" | "Appid" | "PagePath" => name.to_lowercase(),
        _ => name
            .char_indices()
            .fold(String::new(), |json, (at, letter)| {
                let joint = if at > 0 && letter.is_ascii_uppercase() {
                    "_"
                } else {
                    ""
                };
                json + joint + &letter.to_ascii_lowercase().to_string()
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_of_the_reference_becomes_the_json_of_an_update() {
        let xml = "<TemplateCard><CardType><![CDATA[news_notice]]></CardType><MainTitle><Title>\
            <![CDATA[t]]></Title></MainTitle><CardImage><Url><![CDATA[https://x.example/p.png]]></Url>\
            <AspectRatio>1.8</AspectRatio></CardImage><HorizontalContentList><KeyName>By</KeyName>\
            <Value>Li</Value><Type>3</Type><UserId>li</UserId></HorizontalContentList><CardAction>\
            <Type>2</Type><AppId>wx1</AppId><PagePath>pages/i</PagePath></CardAction><CheckBox>\
            <QuestionKey>q</QuestionKey><OptionList><Id>a</Id><IsChecked>true</IsChecked></OptionList>\
            <Disable>true</Disable></CheckBox></TemplateCard>";
        let card = card_of(&Element::parse(xml).unwrap());
        let expected = json!({
            "card_type": "news_notice", "main_title": {"title": "t"},
            "card_image": {"url": "https://x.example/p.png", "aspect_ratio": 1.8},
            "horizontal_content_list": [{"keyname": "By", "value": "Li", "type": 3, "userid": "li"}],
            "card_action": {"type": 2, "appid": "wx1", "pagepath": "pages/i"},
            "checkbox": {"question_key": "q", "disable": true,
                "option_list": [{"id": "a", "is_checked": true}]},
        });
        assert_eq!(card, expected);
    }
}
