//! Every hard limit of every card, by the name of its field.

use super::{page, task};
use crate::{LimitError, card::*};

type Built = Result<Card, LimitError>;

fn expect_fields(cases: impl IntoIterator<Item = (Built, &'static str)>) {
    for (result, field) in cases {
        assert_eq!(result.expect_err(field).field, field);
    }
}

fn url() -> Target {
    page("https://x")
}

fn text() -> TextNotice {
    TextNotice::new("t", url())
}

fn news() -> NewsNotice {
    NewsNotice::new("t", CardImage::new("https://x/p.png"), url())
}

fn button() -> ButtonInteraction {
    ButtonInteraction::new(task("t"), "t", Button::callback("a", "a"))
}

fn multiple(select: Select) -> MultipleInteraction {
    MultipleInteraction::new(task("t"), "t", select, SubmitButton::new("s", "k"))
}

fn select(n_choices: usize) -> Select {
    let choices = (0..n_choices).map(|i| Choice::new(format!("i{i}"), "x"));
    Select::new("q", choices.collect::<Vec<_>>())
}

fn vote(n_choices: usize) -> Built {
    let checkbox = Checkbox::new("q", VoteMode::Single);
    let checkbox = (0..n_choices).fold(checkbox, |c, i| c.choice(i.to_string(), "x"));
    VoteInteraction::new(task("t"), "t", checkbox, SubmitButton::new("s", "k")).build()
}

#[test]
fn of_the_frame_around_a_card() {
    let menu = |n: usize| {
        let menu = ActionMenu::new("a", "0");
        let menu = (1..n).fold(menu, |menu, i| menu.action("a", i.to_string()));
        text().task_id(task("t")).menu(menu)
    };
    let rows = |n: usize| (0..n).fold(text(), |card, _| card.row(Row::text("k", "v")));
    let twice = ActionMenu::new("a", "a").action("b", "a");
    expect_fields([
        (text().menu(ActionMenu::new("a", "a")).build(), "task_id"),
        (
            text().task_id(task("t")).menu(twice).build(),
            "action_menu.action_list.key",
        ),
        (menu(4).build(), "action_menu.action_list"),
        (
            text().source(Source::new("s").icon("x")).build(),
            "source.icon_url",
        ),
        (
            text().quote(QuoteArea::new("q").target(page(""))).build(),
            "quote_area.url",
        ),
        (rows(7).build(), "horizontal_content_list"),
        (
            text().row(Row::text("", "v")).build(),
            "horizontal_content_list.keyname",
        ),
        (
            text().row(Row::link("k", "v", "")).build(),
            "horizontal_content_list.url",
        ),
        (
            text().row(Row::file("k", "f.pdf", "")).build(),
            "horizontal_content_list.media_id",
        ),
        (
            text().row(Row::file("k", "", "m")).build(),
            "horizontal_content_list.value",
        ),
        (
            text().row(Row::member("k", "v", "")).build(),
            "horizontal_content_list.userid",
        ),
    ]);
    assert!(rows(6).build().is_ok() && menu(3).build().is_ok());
}

#[test]
fn of_the_two_notices() {
    let jumps = |n: usize| (0..n).fold(text(), |card, _| card.jump(Jump::plain("j")));
    let paragraphs = |n: usize| (0..n).fold(news(), |card, _| card.paragraph("p", "d"));
    let image = || CardImage::new("https://x/p.png");
    let ratio = |hundredths| NewsNotice::new("t", image().aspect_ratio(hundredths), url()).build();
    let no_picture = NewsNotice::with_image_text("t", ImageText::new(""), url());
    expect_fields([
        (TextNotice::new(" ", url()).build(), "main_title.title"),
        (TextNotice::untitled("", url()).build(), "sub_title_text"),
        (
            TextNotice::new("", url()).sub_title(" ").build(),
            "main_title.title",
        ),
        (
            TextNotice::new("t", page("x.example")).build(),
            "card_action.url",
        ),
        (
            TextNotice::new("t", Target::mini_program("", "p")).build(),
            "card_action.appid",
        ),
        (jumps(4).build(), "jump_list"),
        (text().jump(Jump::plain("")).build(), "jump_list.title"),
        (
            text().jump(Jump::new("j", page("x"))).build(),
            "jump_list.url",
        ),
        (
            text().jump(Jump::ask("j", "q".repeat(201))).build(),
            "jump_list.question",
        ),
        (
            text().jump(Jump::ask("j", "")).build(),
            "jump_list.question",
        ),
        (
            NewsNotice::new("", image(), url()).build(),
            "main_title.title",
        ),
        (
            NewsNotice::new("t", CardImage::new(""), url()).build(),
            "card_image.url",
        ),
        (ratio(130), "card_image.aspect_ratio"),
        (ratio(225), "card_image.aspect_ratio"),
        (no_picture.build(), "image_text_area.image_url"),
        (paragraphs(5).build(), "vertical_content_list"),
        (
            news().paragraph("", "d").build(),
            "vertical_content_list.title",
        ),
    ]);
    assert!(jumps(3).build().is_ok() && paragraphs(4).build().is_ok());
    assert!(ratio(131).is_ok() && ratio(224).is_ok());
}

#[test]
fn of_the_button_card() {
    let buttons = |n: usize| {
        (1..n).fold(button(), |card, i| {
            card.button(Button::callback("b", i.to_string()))
        })
    };
    let long_key = "k".repeat(1025);
    expect_fields([
        (buttons(7).build(), "button_list"),
        (
            button().button(Button::callback("", "b")).build(),
            "button_list.text",
        ),
        (
            button().button(Button::callback("b", "a")).build(),
            "button_list.key",
        ),
        (
            button().button(Button::callback("b", long_key)).build(),
            "button_list.key",
        ),
        (
            button().button(Button::link("b", "x")).build(),
            "button_list.url",
        ),
        (button().action(page("x")).build(), "card_action.url"),
        (
            button().select(select(0)).build(),
            "button_selection.option_list",
        ),
        (
            button().select(select(11)).build(),
            "button_selection.option_list",
        ),
        (
            button().select(select(2).selected("nobody")).build(),
            "button_selection.selected_id",
        ),
        (
            button().select(Select::new("", [])).build(),
            "button_selection.question_key",
        ),
    ]);
    assert!(buttons(6).build().is_ok() && button().select(select(10)).build().is_ok());
}

#[test]
fn of_votes_and_forms() {
    let selects = |n: usize| {
        let select = |i: usize| Select::new(i.to_string(), [Choice::new("a", "b")]);
        (1..n).fold(multiple(select(0)), |card, i| card.select(select(i)))
    };
    let of = |choices: Vec<Choice>| multiple(Select::new("q", choices)).build();
    let no_key = SubmitButton::new("s", "");
    expect_fields([
        (vote(0), "checkbox.option_list"),
        (vote(21), "checkbox.option_list"),
        (multiple(select(11)).build(), "select_list.option_list"),
        (
            multiple(select(1)).select(select(1)).build(),
            "select_list.question_key",
        ),
        (selects(4).build(), "select_list"),
        (
            of(vec![Choice::new("a", "x"), Choice::new("a", "y")]),
            "select_list.option_list.id",
        ),
        (
            of(vec![Choice::new("a".repeat(129), "x")]),
            "select_list.option_list.id",
        ),
        (
            of(vec![Choice::new("a", "")]),
            "select_list.option_list.text",
        ),
        (
            MultipleInteraction::new(task("t"), "t", select(1), no_key).build(),
            "submit_button.key",
        ),
    ]);
    assert!(vote(20).is_ok() && multiple(select(10)).build().is_ok() && selects(3).build().is_ok());
}

#[test]
fn of_the_places_a_card_may_appear_at() {
    let red = || Source::new("s").color(DescColor::Red);
    let checkbox = Checkbox::new("q", VoteMode::Single).choice("a", "b");
    let submit = SubmitButton::new("s", "k");
    let vote = VoteInteraction::new(task("t"), "t", checkbox, submit);
    for card in [
        vote.source(red()).build().unwrap(),
        multiple(select(1)).source(red()).build().unwrap(),
    ] {
        let error = card.check_for(Place::Application).unwrap_err();
        assert_eq!(error.field, "source.desc_color");
        assert!(card.check_for(Place::SmartRobot).is_ok());
    }
    let link = button().button(Button::link("b", "https://x"));
    let link = link.source(red()).build().unwrap();
    assert!(link.check_for(Place::Application).is_ok());
    let error = RobotCard::new(link).unwrap_err();
    assert_eq!(error.field, "button_list.type");
}

#[test]
fn a_blank_title_is_left_out_where_there_is_a_text() {
    let card = TextNotice::new("", url()).sub_title("y").desc("").build();
    assert_eq!(
        serde_json::to_value(card.unwrap()).unwrap(),
        serde_json::json!({"card_type": "text_notice", "sub_title_text": "y",
            "card_action": {"type": 1, "url": "https://x"}})
    );
}

/// What acts unseen is taken out of all words, and what nobody can see is not there.
#[test]
fn of_what_people_can_see() {
    let card = button()
        .desc("小明\u{202e} 7/5天\u{200b}")
        .row(Row::text("天\u{feff}数", "\u{3164}"))
        .select(Select::new("q", [Choice::new("a", "1 小\u{2066}明")]).title("\u{200b}"))
        .build()
        .unwrap();
    let json = serde_json::to_value(&card).unwrap();
    assert_eq!(json["main_title"]["desc"], "小明 7/5天");
    assert_eq!(json["horizontal_content_list"][0]["keyname"], "天数");
    assert!(
        json["horizontal_content_list"][0].get("value").is_none(),
        "WeCom refuses an empty one"
    );
    assert_eq!(json["button_selection"]["option_list"][0]["text"], "1 小明");
    assert!(json["button_selection"].get("title").is_none());
    let unseen = |label: &str| {
        let select = Select::new("q", [Choice::new("a", label)]);
        multiple(select).build()
    };
    expect_fields([
        (unseen("\u{3000}\u{2800}"), "select_list.option_list.text"),
        (unseen("\u{202e}\u{3164}"), "select_list.option_list.text"),
    ]);
}
