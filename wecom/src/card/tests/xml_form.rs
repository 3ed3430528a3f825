//! The XML form against the samples of wecom-app §3, and arbitrary text through both forms.

use serde_json::{Value, json};

use super::{page, task};
use crate::card::*;

/// Name, then text or children in alphabetical order: element order says nothing in this XML.
fn canonical(element: crate::xml::Element<'_>) -> String {
    let mut children: Vec<String> = element.children().map(canonical).collect();
    if children.is_empty() {
        return format!("{}={}", element.name(), element.text());
    }
    children.sort();
    format!("{}({})", element.name(), children.join(","))
}

fn canonical_xml(xml: &str) -> String {
    let fields = crate::xml::Fields::parse(format!("<xml>{xml}</xml>")).unwrap();
    canonical(fields.element("TemplateCard").unwrap())
}

fn full_button_card() -> Replacement {
    let yes = Button::callback("Yes", "yes").style(ButtonStyle::One);
    let card = ButtonInteraction::new(task("t"), "Leave", yes)
        .source(
            Source::new("HR")
                .icon("https://x.example/i.png")
                .color(DescColor::Black),
        )
        .desc("2 days")
        .sub_title("s")
        .row(Row::text("By", "Li"))
        .row(Row::link("Doc", "open", "https://x.example"))
        .action(page("https://x.example"))
        .select(
            Select::new("q", [Choice::new("a", "A")])
                .title("Why")
                .selected("a"),
        )
        .menu(ActionMenu::new("Mute", "mute").desc("more"))
        .quote(
            QuoteArea::new("qt")
                .title("q")
                .target(page("https://x.example")),
        );
    Replacement::new(card.build().unwrap())
        .replace_text("Done")
        .unwrap()
}

fn notices() -> [Replacement; 2] {
    let url = || page("https://x.example");
    let text = TextNotice::new("t", url())
        .emphasis("91%", "usage")
        .sub_title("s")
        .jump(Jump::new("open", url()));
    let image = CardImage::new("https://x.example/p.png").aspect_ratio(180);
    let area = ImageText::new("https://x.example/s.png")
        .title("a")
        .desc("b")
        .target(url());
    let news = NewsNotice::new("t", image, Target::mini_program("wx1", "pages/i"))
        .image_text(area)
        .paragraph("v", "w");
    [text.build().unwrap().into(), news.build().unwrap().into()]
}

fn questions() -> [Replacement; 2] {
    let submit = || SubmitButton::new("Send", "submit");
    let food = Checkbox::new("q_food", VoteMode::Multiple)
        .ticked("rice", "Rice")
        .choice("noodle", "Noodles");
    let vote = VoteInteraction::new(task("t"), "t", food, submit())
        .build()
        .unwrap();
    let shift = Select::new("q_shift", [Choice::new("am", "Morning")]).title("Shift");
    let form = MultipleInteraction::new(task("t"), "t", shift.selected("am"), submit());
    [vote, form.build().unwrap()].map(|card| {
        Replacement::new(card)
            .disabled()
            .replace_text("Sent")
            .unwrap()
    })
}

#[test]
fn replacements_equal_the_samples_of_section_3() {
    let [text, news] = notices();
    let [vote, form] = questions();
    for (replacement, sample) in [
        (
            full_button_card(),
            include_str!("../samples/button_interaction.xml"),
        ),
        (text, include_str!("../samples/text_notice.xml")),
        (news, include_str!("../samples/news_notice.xml")),
        (vote, include_str!("../samples/vote_interaction.xml")),
        (form, include_str!("../samples/multiple_interaction.xml")),
    ] {
        // What is not greyed is left out rather than written as false.
        let sample = sample.replace("<Disable>false</Disable>", "");
        assert_eq!(canonical_xml(&replacement.to_xml()), canonical_xml(&sample));
    }
}

proptest::proptest! {
    #[test]
    fn any_text_survives_json_and_xml(text in "\\PC{1,200}") {
        let Ok(card) = TextNotice::new(&*text, page("https://x")).build() else { return Ok(()) };
        let json: Value = serde_json::from_str(&serde_json::to_string(&card).unwrap()).unwrap();
        let text = crate::visible::clean(&text);
        proptest::prop_assert_eq!(&json["main_title"]["title"], &json!(text));
        let fitted = serde_json::to_value(card.clone().fit()).unwrap();
        proptest::prop_assert!(fitted["main_title"]["title"].as_str().unwrap().chars().count() <= 36);
        let xml = format!("<xml>{}</xml>", card.into_replacement().to_xml());
        let fields = crate::xml::Fields::parse(xml).unwrap();
        let title = fields.element("TemplateCard").unwrap().child("MainTitle").unwrap();
        proptest::prop_assert_eq!(title.child("Title").unwrap().text(), text.trim());
    }
}
