//! The rules of template cards (wecom-app §6), for sending and for updating.

use std::collections::HashSet;

use super::{fields::Fields, refusal::Refusal};

/// Why a card is checked: some fields are for updates only, some are then optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// message/send.
    Send,
    /// message/update_template_card, or a passive reply.
    Update,
}

const COMMON: [&str; 5] = [
    "card_type",
    "source",
    "main_title",
    "task_id",
    "card_action",
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
    source(card)?;
    rule(card, purpose)?;
    let has_menu = action_menu(card)?;
    let calls_back = has_menu || !matches!(card_type, "text_notice" | "news_notice");
    task_id(card, calls_back && purpose == Purpose::Send)?;
    if purpose == Purpose::Send && card.has("replace_text") {
        card.note("replace_text is for updates only", "message/send");
    }
    Ok(calls_back)
}

fn text_notice(card: &Fields<'_>, _purpose: Purpose) -> Result<(), Refusal> {
    card.only(&[&COMMON[..], &NOTICE, &TEXT_NOTICE].concat());
    let title = main_title(card, 36, 44)?;
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
    card.shown_chars("sub_title_text", 160)?;
    quote_area(card)?;
    horizontal_contents(card)?;
    jumps(card)?;
    card_action(card, true)
}

fn news_notice(card: &Fields<'_>, _purpose: Purpose) -> Result<(), Refusal> {
    card.only(&[&COMMON[..], &NOTICE, &NEWS_NOTICE].concat());
    main_title(card, 36, 44)?.ok_or_else(|| card.missing("main_title.title", 42033))?;
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
    horizontal_contents(card)?;
    jumps(card)?;
    card_action(card, true)
}

fn button_interaction(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    card.only(&[&COMMON[..], &BUTTONS].concat());
    main_title(card, 36, 44)?.ok_or_else(|| card.missing("main_title.title", 41016))?;
    card.shown_chars("sub_title_text", 160)?;
    quote_area(card)?;
    horizontal_contents(card)?;
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

fn vote_interaction(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    card.only(&[&COMMON[..], &VOTE].concat());
    main_title(card, 16, 160)?.ok_or_else(|| card.missing("main_title.title", 41016))?;
    card_action(card, false)?;
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
    main_title(card, 36, 160)?.ok_or_else(|| card.missing("main_title.title", 41016))?;
    card_action(card, false)?;
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

/// Main title, and its text if it has one.
fn main_title<'a>(
    card: &Fields<'a>,
    title_chars: usize,
    desc_chars: usize,
) -> Result<Option<&'a str>, Refusal> {
    let Some(title) = card.object("main_title")? else {
        return Ok(None);
    };
    title.only(&["title", "desc"]);
    title.shown_chars("title", title_chars)?;
    title.shown_chars("desc", desc_chars)?;
    title.text("title")
}

fn source(card: &Fields<'_>) -> Result<(), Refusal> {
    let Some(source) = card.object("source")? else {
        return Ok(());
    };
    source.only(&["icon_url", "desc", "desc_color"]);
    source.url("icon_url", 42028)?;
    source.shown_chars("desc", 20)?;
    source.choice("desc_color", &[0, 1, 2, 3], 40058)?;
    Ok(())
}

fn action_menu(card: &Fields<'_>) -> Result<bool, Refusal> {
    let Some(menu) = card.object("action_menu")? else {
        return Ok(false);
    };
    menu.only(&["desc", "action_list"]);
    let actions = menu.objects("action_list")?;
    if actions.is_empty() || actions.len() > 3 {
        return Err(Refusal::broken(
            42051,
            "action_menu.action_list has 1 to 3 actions",
        ));
    }
    let mut keys = HashSet::new();
    for action in &actions {
        action.only(&["text", "key"]);
        action.required_text("text", 42038)?;
        unique_key(action, "key", 42051, &mut keys)?;
    }
    Ok(true)
}

fn task_id(card: &Fields<'_>, is_required: bool) -> Result<(), Refusal> {
    let Some(task_id) = card.text("task_id")? else {
        if is_required {
            return Err(Refusal::broken(42014, "task_id is required"));
        }
        return Ok(());
    };
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "_-@".contains(c);
    if task_id.len() > 128 || !task_id.chars().all(is_legal) {
        return Err(Refusal::broken(
            42014,
            "task_id is at most 128 of 0-9A-Za-z_-@",
        ));
    }
    Ok(())
}

fn quote_area(card: &Fields<'_>) -> Result<(), Refusal> {
    let Some(quote) = card.object("quote_area")? else {
        return Ok(());
    };
    quote.only(&["type", "url", "appid", "pagepath", "title", "quote_text"]);
    link(&quote, &[0, 1, 2], 40058)
}

fn horizontal_contents(card: &Fields<'_>) -> Result<(), Refusal> {
    let rows = card.objects("horizontal_content_list")?;
    at_most("horizontal_content_list", rows.len(), 6, 42035)?;
    for row in &rows {
        row.only(&["type", "keyname", "value", "url", "media_id", "userid"]);
        row.required_text("keyname", 42027)?;
        row.shown_chars("keyname", 5)?;
        row.shown_chars("value", 30)?;
        match row.choice("type", &[0, 1, 2, 3], 40058)? {
            Some(1) => drop(row.required_url("url", 42028)?),
            Some(2) => drop(row.required_text("media_id", 42029)?),
            Some(3) => drop(row.required_text("userid", 42050)?),
            _ => {}
        }
    }
    Ok(())
}

fn jumps(card: &Fields<'_>) -> Result<(), Refusal> {
    let jumps = card.objects("jump_list")?;
    at_most("jump_list", jumps.len(), 3, 42042)?;
    for jump in &jumps {
        jump.only(&["type", "title", "url", "appid", "pagepath"]);
        jump.required_text("title", 42033)?;
        jump.shown_chars("title", 18)?;
        link(jump, &[0, 1, 2], 42028)?;
    }
    Ok(())
}

fn card_action(card: &Fields<'_>, is_required: bool) -> Result<(), Refusal> {
    let Some(action) = card.object("card_action")? else {
        if is_required {
            return Err(card.missing("card_action", 42045));
        }
        return Ok(());
    };
    action.only(&["type", "url", "appid", "pagepath"]);
    let allowed: &[i64] = if is_required { &[1, 2] } else { &[0, 1, 2] };
    if is_required && !action.has("type") {
        return Err(action.missing("type", 42045));
    }
    link(&action, allowed, 42045)
}

/// Type 1 needs a URL, type 2 a mini program.
fn link(holder: &Fields<'_>, allowed: &[i64], code: i64) -> Result<(), Refusal> {
    match holder.choice("type", allowed, code)? {
        Some(1) => drop(holder.required_url("url", 42028)?),
        Some(2) => drop(holder.required_text("appid", 42030)?),
        _ => {}
    }
    Ok(())
}

/// A drop-down: of a button card or of a multiple-choice card.
fn question(
    holder: &Fields<'_>,
    most: usize,
    text_chars: usize,
    purpose: Purpose,
) -> Result<(), Refusal> {
    holder.only(&[
        "question_key",
        "title",
        "option_list",
        "selected_id",
        "disable",
    ]);
    key_of_question(holder)?;
    disable(holder, purpose)?;
    let choices = holder.objects("option_list")?;
    if choices.is_empty() {
        return Err(Refusal::broken(
            42037,
            format!("{} is not empty", holder.at("option_list")),
        ));
    }
    at_most("option_list", choices.len(), most, 42037)?;
    let mut ids = HashSet::new();
    for choice in &choices {
        choice.only(&["id", "text"]);
        option(choice, text_chars, &mut ids)?;
    }
    if let Some(selected) = holder.text("selected_id")?
        && !ids.contains(selected)
    {
        holder.note("selected_id is one of the options", "the first is shown");
    }
    Ok(())
}

fn option<'a>(
    choice: &Fields<'a>,
    text_chars: usize,
    ids: &mut HashSet<&'a str>,
) -> Result<(), Refusal> {
    let id = choice.required_text("id", 42040)?;
    choice.at_most_bytes("id", 128, 42040)?;
    if !ids.insert(id) {
        return Err(Refusal::broken(
            42040,
            format!("{} is unique", choice.at("id")),
        ));
    }
    choice.required_text("text", 42041)?;
    choice.shown_chars("text", text_chars)
}

fn key_of_question(holder: &Fields<'_>) -> Result<(), Refusal> {
    holder.required_text("question_key", 42043)?;
    holder.at_most_bytes("question_key", 1024, 42043)
}

fn disable(holder: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    if holder.boolean("disable")?.is_some() && purpose == Purpose::Send {
        holder.note("disable is for updates only", holder.at("disable"));
    }
    Ok(())
}

fn submit_button(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    let Some(button) = card.object("submit_button")? else {
        if purpose == Purpose::Update {
            return Ok(());
        }
        return Err(card.missing("submit_button", 42046));
    };
    button.only(&["text", "key"]);
    button.required_text("key", 42046)?;
    button.at_most_bytes("key", 1024, 42046)?;
    button.required_text("text", 42049)?;
    button.shown_chars("text", 10)
}

fn unique_key<'a>(
    holder: &Fields<'a>,
    name: &str,
    code: i64,
    keys: &mut HashSet<&'a str>,
) -> Result<(), Refusal> {
    let key = holder.required_text(name, code)?;
    holder.at_most_bytes(name, 1024, code)?;
    if !keys.insert(key) {
        return Err(Refusal::broken(
            code,
            format!("{} is unique", holder.at(name)),
        ));
    }
    Ok(())
}

fn at_most(name: &str, seen: usize, most: usize, code: i64) -> Result<(), Refusal> {
    if seen > most {
        return Err(Refusal::broken(
            code,
            format!("{name} has at most {most}, got {seen}"),
        ));
    }
    Ok(())
}
