//! The rules of template cards (wecom-app §6, wecom-bots-h5 §1.7, §2), for sending and for updating.

mod from_xml;
mod parts;
mod purpose;

use std::collections::HashSet;

use self::parts::{
    action_menu, at_most, card_action, disable, feedback, horizontal_contents, jumps,
    key_of_question, link, main_title, option, question, quote_area, source, submit_button,
    task_id, unique_key,
};
pub(crate) use self::{from_xml::card_of, purpose::Purpose};
use super::{fields::Fields, refusal::Refusal};

/// `feedback` is noted where the card is not a smart robot's.
const COMMON: [&str; 6] = [
    "card_type",
    "source",
    "main_title",
    "task_id",
    "card_action",
    "feedback",
];
const NOTICE: [&str; 4] = [
    "action_menu",
    "quote_area",
    "horizontal_content_list",
    "jump_list",
];
const TEXT_NOTICE: [&str; 2] = ["emphasis_content", "sub_title_text"];
const NEWS_NOTICE: [&str; 3] = ["image_text_area", "card_image", "vertical_content_list"];
const BUTTONS: [&str; 7] = [
    "action_menu",
    "quote_area",
    "sub_title_text",
    "horizontal_content_list",
    "button_selection",
    "button_list",
    "replace_text",
];
const VOTE: [&str; 3] = ["checkbox", "submit_button", "replace_text"];
const MULTIPLE: [&str; 3] = ["select_list", "submit_button", "replace_text"];

/// Checks a card. Gives whether it calls back, so that it has a response code.
pub(crate) fn check(card: &Fields<'_>, purpose: Purpose) -> Result<bool, Refusal> {
    let card_type = card.required_text("card_type", 42031)?;
    let rule = match card_type {
        "text_notice" => text_notice,
        "news_notice" => news_notice,
        "button_interaction" => button_interaction,
        "vote_interaction" => vote_interaction,
        "multiple_interaction" => multiple_interaction,
        other => {
            return Err(Refusal::broken(
                42031,
                format!("card_type is one of five, not {other}"),
            ));
        }
    };
    let has_colour = !matches!(card_type, "vote_interaction" | "multiple_interaction");
    source(card, has_colour)?;
    let is_notice = matches!(card_type, "text_notice" | "news_notice");
    if purpose == Purpose::GroupRobot {
        check_for_group_robot(card, is_notice)?;
    }
    rule(card, purpose)?;
    let calls_back = action_menu(card)? || !is_notice;
    task_id(card, calls_back && purpose.needs_task_id())?;
    if purpose == Purpose::Update && card.has("task_id") {
        card.note("an update of the app's card has no task_id", "task_id");
    }
    feedback(card, purpose)?;
    if purpose != Purpose::Update && card.has("replace_text") {
        card.note(
            "replace_text is for updates of the app's cards",
            "replace_text",
        );
    }
    Ok(calls_back)
}

/// Only the two notices, without buttons, task id or menu, and with a large picture
/// (wecom-bots-h5 §2).
fn check_for_group_robot(card: &Fields<'_>, is_notice: bool) -> Result<(), Refusal> {
    if !is_notice {
        let rule = "a group robot sends text_notice or news_notice";
        return Err(Refusal::broken(42031, rule));
    }
    for name in ["action_menu", "task_id"] {
        if card.has(name) {
            card.note(
                "a group robot's card has no action_menu and no task_id",
                name,
            );
        }
    }
    if card.text("card_type")? == Some("news_notice") {
        let image = card.required_object("card_image", 42044)?;
        image.required_url("url", 42044)?;
    }
    Ok(())
}

fn text_notice(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    card.only(&[&COMMON[..], &NOTICE, &TEXT_NOTICE].concat());
    let title = main_title(card, purpose.lengths())?;
    if title.is_none() && card.text("sub_title_text")?.is_none() {
        return Err(Refusal::broken(
            41016,
            "main_title.title or sub_title_text is required",
        ));
    }
    if let Some(emphasis) = card.object("emphasis_content")? {
        emphasis.only(&["title", "desc"]);
        emphasis.shown_chars("title", 14)?;
        emphasis.shown_chars("desc", 22)?;
    }
    card.shown_chars("sub_title_text", purpose.lengths().sub_title)?;
    quote_area(card)?;
    horizontal_contents(card, purpose)?;
    jumps(card, purpose)?;
    card_action(card, true)
}

fn news_notice(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    card.only(&[&COMMON[..], &NOTICE, &NEWS_NOTICE].concat());
    main_title(card, purpose.lengths())?.ok_or_else(|| card.missing("main_title.title", 42033))?;
    let image = card.object("card_image")?;
    let area = card.object("image_text_area")?;
    if image.is_none() && area.is_none() {
        return Err(Refusal::broken(
            42044,
            "card_image or image_text_area is required",
        ));
    }
    if let Some(image) = image {
        image.only(&["url", "aspect_ratio"]);
        image.required_url("url", 42044)?;
        if !image.is_between("aspect_ratio", 1.3, 2.25)? {
            image.note(
                "card_image.aspect_ratio is between 1.3 and 2.25",
                "shown as 1.3",
            );
        }
    }
    if let Some(area) = area {
        area.only(&[
            "type",
            "url",
            "appid",
            "pagepath",
            "title",
            "desc",
            "image_url",
        ]);
        area.required_url("image_url", 42028)?;
        link(&area, &[0, 1, 2], 42028)?;
    }
    let verticals = card.objects("vertical_content_list")?;
    at_most("vertical_content_list", verticals.len(), 4, 42036)?;
    for item in &verticals {
        item.only(&["title", "desc"]);
        item.required_text("title", 42033)?;
        item.shown_chars("title", 38)?;
        item.shown_chars("desc", 160)?;
    }
    quote_area(card)?;
    horizontal_contents(card, purpose)?;
    jumps(card, purpose)?;
    card_action(card, true)
}

fn button_interaction(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    card.only(&[&COMMON[..], &BUTTONS].concat());
    main_title(card, purpose.lengths())?.ok_or_else(|| card.missing("main_title.title", 41016))?;
    card.shown_chars("sub_title_text", purpose.lengths().sub_title)?;
    quote_area(card)?;
    horizontal_contents(card, purpose)?;
    card_action(card, false)?;
    if let Some(selection) = card.object("button_selection")? {
        question(&selection, 10, 16, purpose)?;
    }
    let buttons = card.objects("button_list")?;
    if buttons.is_empty() {
        return Err(Refusal::broken(42038, "button_list has 1 to 6 buttons"));
    }
    at_most("button_list", buttons.len(), 6, 42038)?;
    let mut keys = HashSet::new();
    for button in &buttons {
        button.only(&["type", "text", "style", "key", "url"]);
        button.required_text("text", 42038)?;
        button.shown_chars("text", 10)?;
        if button
            .integer("style")?
            .is_some_and(|style| !(1..=4).contains(&style))
        {
            button.note(
                format!("{} is 1..4", button.at("style")),
                "shown as style 1",
            );
        }
        if button.choice("type", &[0, 1], 42039)? == Some(1) {
            button.required_url("url", 42028)?;
        } else {
            unique_key(button, "key", 42039, &mut keys)?;
        }
    }
    Ok(())
}

/// Votes and forms of the app are not documented with a `card_action`; a smart robot's are.
fn card_action_of_form(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    if !purpose.is_smart_robot() && card.has("card_action") {
        card.note("only documented fields", card.at("card_action"));
    }
    card_action(card, false)
}

fn vote_interaction(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    card.only(&[&COMMON[..], &VOTE].concat());
    main_title(card, purpose.lengths_of_vote())?
        .ok_or_else(|| card.missing("main_title.title", 41016))?;
    card_action_of_form(card, purpose)?;
    let checkbox = card.required_object("checkbox", 42043)?;
    checkbox.only(&["question_key", "mode", "option_list", "disable"]);
    key_of_question(&checkbox)?;
    checkbox.choice("mode", &[0, 1], 40058)?;
    disable(&checkbox, purpose)?;
    let choices = checkbox.objects("option_list")?;
    if choices.is_empty() {
        return Err(Refusal::broken(
            42037,
            "checkbox.option_list has 1 to 20 options",
        ));
    }
    at_most("checkbox.option_list", choices.len(), 20, 42037)?;
    let mut ids = HashSet::new();
    for choice in &choices {
        choice.only(&["id", "text", "is_checked"]);
        option(choice, 17, &mut ids)?;
        if choice.boolean("is_checked")?.is_none() {
            choice.note("is_checked is required", choice.at("is_checked"));
        }
    }
    submit_button(card, purpose)
}

fn multiple_interaction(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    card.only(&[&COMMON[..], &MULTIPLE].concat());
    main_title(card, purpose.lengths_of_form())?
        .ok_or_else(|| card.missing("main_title.title", 41016))?;
    card_action_of_form(card, purpose)?;
    let selects = card.objects("select_list")?;
    if selects.is_empty() {
        return Err(Refusal::broken(42047, "select_list has 1 to 3 selections"));
    }
    at_most("select_list", selects.len(), 3, 42047)?;
    let mut keys = HashSet::new();
    for select in &selects {
        question(select, 10, 16, purpose)?;
        unique_key(select, "question_key", 42043, &mut keys)?;
    }
    submit_button(card, purpose)
}
