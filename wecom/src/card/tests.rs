//! The samples of wecom-app §3 and §6, every limit by name, and what each door refuses.

use serde_json::{Value, json};

use super::*;
use crate::limit::Rule;

mod limits;
mod xml_form;

fn task(id: &str) -> TaskId {
    TaskId::new(id).unwrap()
}

fn page(url: &str) -> Target {
    Target::url(url)
}

fn text_notice() -> TextNotice {
    TextNotice::new("Disk alert", page("https://x.example/a1"))
        .source(
            Source::new("Ops")
                .icon("https://x.example/i.png")
                .color(DescColor::Black),
        )
        .menu(ActionMenu::new("Mute", "mute").desc("more"))
        .task_id(task("tk-1"))
        .desc("host a1")
        .quote(
            QuoteArea::new("91% used")
                .title("log")
                .target(page("https://x.example/q")),
        )
        .emphasis("91%", "usage")
        .sub_title("Clean up today")
        .row(Row::member("Owner", "Li", "li.lei"))
        .row(Row::file("Doc", "runbook.pdf", "mid"))
        .jump(Jump::new("Dashboard", page("https://x.example/d")))
}

fn news_notice() -> NewsNotice {
    let area = ImageText::new("https://x.example/s.png")
        .title("Speaker")
        .desc("bio")
        .target(page("https://x.example/s"));
    let image = CardImage::new("https://x.example/p.png").aspect_ratio(180);
    NewsNotice::new("Town hall", image, page("https://x.example/t"))
        .image_text(area)
        .paragraph("When", "Fri 15:00")
        .row(Row::text("Room", "R1"))
        .jump(Jump::new(
            "Mini app",
            Target::mini_program("wx1", "pages/i"),
        ))
}

fn button_interaction() -> ButtonInteraction {
    let approve = Button::callback("Approve", "approve").style(ButtonStyle::One);
    let cover = [Choice::new("u1", "Wang"), Choice::new("u2", "Zhao")];
    ButtonInteraction::new(task("tk-20260101-7"), "Leave request", approve)
        .desc("2 days")
        .sub_title("Family visit")
        .row(Row::text("From", "Han"))
        .action(page("https://x.example/l/7"))
        .select(
            Select::new("q_cover", cover)
                .title("Cover by")
                .selected("u1"),
        )
        .button(Button::callback("Reject", "reject").style(ButtonStyle::Two))
        .button(Button::link("Details", "https://x.example/l/7").style(ButtonStyle::Three))
}

fn vote() -> VoteInteraction {
    let food = Checkbox::new("q_food", VoteMode::Multiple)
        .ticked("noodle", "Noodles")
        .choice("rice", "Rice");
    VoteInteraction::new(
        task("tk-v1"),
        "Lunch",
        food,
        SubmitButton::new("Send", "submit"),
    )
    .desc("pick any")
}

fn form() -> MultipleInteraction {
    let shift = Select::new(
        "q_shift",
        [Choice::new("am", "Morning"), Choice::new("pm", "Evening")],
    )
    .title("Shift")
    .selected("am");
    let site = Select::new("q_site", [Choice::new("s1", "North")]).title("Site");
    let submit = SubmitButton::new("Send", "submit");
    MultipleInteraction::new(task("tk-m1"), "Shift", shift, submit).select(site)
}

fn every_kind() -> [Card; 5] {
    [
        text_notice().build().unwrap(),
        news_notice().build().unwrap(),
        button_interaction().build().unwrap(),
        vote().build().unwrap(),
        form().build().unwrap(),
    ]
}

#[test]
fn cards_are_written_as_the_samples_of_section_6() {
    let samples = [
        r#"{"card_type":"text_notice","source":{"icon_url":"https://x.example/i.png","desc":"Ops","desc_color":1},"action_menu":{"desc":"more","action_list":[{"text":"Mute","key":"mute"}]},"task_id":"tk-1","main_title":{"title":"Disk alert","desc":"host a1"},"quote_area":{"type":1,"url":"https://x.example/q","title":"log","quote_text":"91% used"},"emphasis_content":{"title":"91%","desc":"usage"},"sub_title_text":"Clean up today","horizontal_content_list":[{"keyname":"Owner","value":"Li","type":3,"userid":"li.lei"},{"keyname":"Doc","value":"runbook.pdf","type":2,"media_id":"mid"}],"jump_list":[{"type":1,"title":"Dashboard","url":"https://x.example/d"}],"card_action":{"type":1,"url":"https://x.example/a1"}}"#,
        r#"{"card_type":"news_notice","main_title":{"title":"Town hall"},"card_image":{"url":"https://x.example/p.png","aspect_ratio":1.8},"image_text_area":{"type":1,"url":"https://x.example/s","title":"Speaker","desc":"bio","image_url":"https://x.example/s.png"},"vertical_content_list":[{"title":"When","desc":"Fri 15:00"}],"horizontal_content_list":[{"keyname":"Room","value":"R1"}],"jump_list":[{"type":2,"title":"Mini app","appid":"wx1","pagepath":"pages/i"}],"card_action":{"type":1,"url":"https://x.example/t"}}"#,
        r#"{"card_type":"button_interaction","main_title":{"title":"Leave request","desc":"2 days"},"sub_title_text":"Family visit","horizontal_content_list":[{"keyname":"From","value":"Han"}],"card_action":{"type":1,"url":"https://x.example/l/7"},"task_id":"tk-20260101-7","button_selection":{"question_key":"q_cover","title":"Cover by","selected_id":"u1","option_list":[{"id":"u1","text":"Wang"},{"id":"u2","text":"Zhao"}]},"button_list":[{"text":"Approve","style":1,"key":"approve"},{"text":"Reject","style":2,"key":"reject"},{"type":1,"text":"Details","style":3,"url":"https://x.example/l/7"}]}"#,
        r#"{"card_type":"vote_interaction","main_title":{"title":"Lunch","desc":"pick any"},"task_id":"tk-v1","checkbox":{"question_key":"q_food","mode":1,"option_list":[{"id":"noodle","text":"Noodles","is_checked":true},{"id":"rice","text":"Rice","is_checked":false}]},"submit_button":{"text":"Send","key":"submit"}}"#,
        r#"{"card_type":"multiple_interaction","main_title":{"title":"Shift"},"task_id":"tk-m1","select_list":[{"question_key":"q_shift","title":"Shift","selected_id":"am","option_list":[{"id":"am","text":"Morning"},{"id":"pm","text":"Evening"}]},{"question_key":"q_site","title":"Site","option_list":[{"id":"s1","text":"North"}]}],"submit_button":{"text":"Send","key":"submit"}}"#,
    ];
    for (card, sample) in every_kind().iter().zip(samples) {
        assert_eq!(serde_json::to_string(card).unwrap(), sample);
    }
}

#[test]
fn replacements_are_written_as_section_7_wants_them() {
    let yes = Button::callback("Approve", "approve").style(ButtonStyle::One);
    let card = ButtonInteraction::new(task("tk"), "Leave request", yes)
        .build()
        .unwrap();
    let closed = card.into_replacement().replace_text("Closed").unwrap();
    assert_eq!(
        serde_json::to_value(&closed).unwrap(),
        json!({"card_type":"button_interaction","main_title":{"title":"Leave request"},
               "button_list":[{"text":"Approve","style":1,"key":"approve"}],
               "replace_text":"Closed"})
    );
    let greyed = vote()
        .build()
        .unwrap()
        .into_replacement()
        .disabled()
        .without_submit();
    let json = serde_json::to_value(greyed.with_task_id()).unwrap();
    assert_eq!(json["checkbox"]["disable"], json!(true));
    assert_eq!(json["task_id"], json!("tk-v1"));
    assert_eq!(json.get("submit_button"), None);
    let greyed = form().build().unwrap().into_replacement().disabled();
    let json = serde_json::to_value(greyed).unwrap();
    assert_eq!(json["select_list"][1]["disable"], json!(true));
    // The JSON of an update has no way to grey the drop-down of a button card; the XML has.
    let greyed = button_interaction()
        .build()
        .unwrap()
        .into_replacement()
        .disabled();
    let json = serde_json::to_value(&greyed).unwrap();
    assert_eq!(json["button_selection"].get("disable"), None);
    assert!(greyed.to_xml().contains("<Disable>true</Disable>"));

    let notice = text_notice().build().unwrap().into_replacement();
    assert_eq!(notice.replace_text("x").unwrap_err().field, "replace_text");
}

#[test]
fn cards_as_xml() {
    let xml: Vec<String> = every_kind()
        .into_iter()
        .map(|card| {
            card.into_replacement()
                .disabled()
                .to_xml()
                .replace("><", ">\n<")
        })
        .collect();
    insta::assert_snapshot!(xml.join("\n\n"));
}

#[test]
fn task_ids_have_a_charset_and_a_length() {
    for good in ["a", "A-z_0@9", &"x".repeat(128)] {
        assert_eq!(task(good).as_str(), good);
    }
    for bad in ["", "a b", "a.b", "任务", "a/b"] {
        assert!(TaskId::new(bad).is_err(), "{bad}");
    }
    let long = TaskId::new("x".repeat(129)).unwrap_err();
    assert_eq!(
        long.rule,
        Rule::TooManyBytes {
            max: 128,
            actual: 129
        }
    );
    assert_eq!(
        long.to_string(),
        "task_id: 129 bytes, at most 128 are allowed"
    );
}

#[test]
fn long_text_is_sent_as_it_is_and_shortened_only_when_asked() {
    let title = "营".repeat(40);
    let card = TextNotice::new(&*title, page("https://x"))
        .row(Row::text("超过五个字", "好"))
        .row(Row::text("超过了五个字", "值".repeat(31)))
        .row(Row::file("文件", format!("{}.pdf", "n".repeat(40)), "mid"))
        .build()
        .unwrap();
    let as_is = serde_json::to_value(&card).unwrap();
    assert_eq!(as_is["main_title"]["title"], json!(title));
    let fitted = serde_json::to_value(card.fit()).unwrap();
    assert_eq!(
        fitted["main_title"]["title"],
        json!(format!("{}…", "营".repeat(35)))
    );
    let rows = &fitted["horizontal_content_list"];
    assert_eq!(rows[0]["keyname"], json!("超过五个字"));
    assert_eq!(rows[1]["keyname"], json!("超过了五…"));
    assert_eq!(rows[1]["value"], json!(format!("{}…", "值".repeat(29))));
    assert_eq!(rows[2]["value"], json!(format!("{}.pdf", "n".repeat(40))));
}

#[test]
fn robots_show_less_of_a_card() {
    let long = "营".repeat(200);
    let card = TextNotice::new(&*long, page("https://x"))
        .desc(&*long)
        .sub_title(&*long)
        .build()
        .unwrap();
    let lengths = |card: Card| {
        let json = serde_json::to_value(card).unwrap();
        let count = |text: &Value| text.as_str().unwrap().chars().count();
        let title = &json["main_title"];
        (
            count(&title["title"]),
            count(&title["desc"]),
            count(&json["sub_title_text"]),
        )
    };
    assert_eq!(lengths(card.clone().fit()), (36, 44, 160));
    for place in [Place::SmartRobot, Place::GroupRobot] {
        assert_eq!(lengths(card.clone().fit_for(place)), (26, 30, 112));
    }
    let vote = vote().desc(&*long).build().unwrap();
    let fitted = serde_json::to_value(vote.fit_for(Place::SmartRobot)).unwrap();
    assert_eq!(
        fitted["main_title"]["desc"]
            .as_str()
            .unwrap()
            .chars()
            .count(),
        30
    );
}

#[test]
fn each_door_refuses_what_it_cannot_show() {
    let url = || page("https://x");
    let asks = TextNotice::new("t", url())
        .jump(Jump::ask("Ask", "why?"))
        .build()
        .unwrap();
    assert_eq!(
        asks.check_for(Place::Application).unwrap_err().field,
        "jump_list.type"
    );
    assert_eq!(
        asks.check_for(Place::GroupRobot).unwrap_err().field,
        "jump_list.type"
    );
    assert!(RobotCard::new(asks).is_ok());

    let file = TextNotice::new("t", url())
        .row(Row::file("k", "f", "m"))
        .build()
        .unwrap();
    assert!(file.check_for(Place::Application).is_ok());
    assert!(file.check_for(Place::GroupRobot).is_ok());
    assert_eq!(
        RobotCard::new(file).unwrap_err().field,
        "horizontal_content_list.type"
    );

    let plain_news = NewsNotice::with_image_text("t", ImageText::new("https://i"), url());
    for (card, field) in [
        (vote().build().unwrap(), "card_type"),
        (text_notice().build().unwrap(), "action_menu"),
        (
            TextNotice::new("t", url())
                .task_id(task("t"))
                .build()
                .unwrap(),
            "task_id",
        ),
        (plain_news.build().unwrap(), "card_image"),
    ] {
        assert_eq!(card.check_for(Place::GroupRobot).unwrap_err().field, field);
    }
}

#[test]
fn robot_cards_carry_task_id_and_feedback() {
    let button = Button::callback("Approve", "approve");
    let card = ButtonInteraction::new(task("tk-7"), "Leave request", button)
        .select(Select::new("q_cover", [Choice::new("u1", "Wang")]))
        .build()
        .unwrap();
    let card = RobotCard::new(card)
        .unwrap()
        .feedback_id("fb-1")
        .unwrap()
        .disabled();
    let json: Value = serde_json::to_value(card).unwrap();
    assert_eq!(json["task_id"], json!("tk-7"));
    assert_eq!(json["feedback"], json!({"id": "fb-1"}));
    assert_eq!(json["button_selection"]["disable"], json!(true));
}

#[test]
fn cards_say_what_they_are() {
    let calls_back = every_kind().map(|card| card.calls_back());
    assert_eq!(calls_back, [true, false, true, true, true]);
    let ids = every_kind().map(|card| card.task_id().map(|id| id.as_str().to_owned()));
    assert_eq!(ids[1], None);
    assert_eq!(ids[4].as_deref(), Some("tk-m1"));
}
