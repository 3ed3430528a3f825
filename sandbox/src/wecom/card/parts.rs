//! The parts that cards are made of.

use std::collections::HashSet;

use super::purpose::{Lengths, Purpose};
use crate::wecom::{fields::Fields, refusal::Refusal};

/// Main title, and its text if it has one.
pub(super) fn main_title<'a>(
    card: &Fields<'a>,
    lengths: Lengths,
) -> Result<Option<&'a str>, Refusal> {
    let Some(title) = card.object("main_title")? else {
        return Ok(None);
    };
    title.only(&["title", "desc"]);
    title.shown_chars("title", lengths.title)?;
    title.shown_chars("desc", lengths.desc)?;
    title.text("title")
}

/// Who sends it. `has_colour`: the kind of card knows `desc_color`.
pub(super) fn source(card: &Fields<'_>, has_colour: bool) -> Result<(), Refusal> {
    let Some(source) = card.object("source")? else {
        return Ok(());
    };
    source.only(if has_colour {
        &["icon_url", "desc", "desc_color"]
    } else {
        &["icon_url", "desc"]
    });
    source.url("icon_url", 42028)?;
    source.shown_chars("desc", 20)?;
    source.choice("desc_color", &[0, 1, 2, 3], 40058)?;
    Ok(())
}

/// The menu at the top right; whether there is one.
pub(super) fn action_menu(card: &Fields<'_>) -> Result<bool, Refusal> {
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

/// The id that events name.
pub(super) fn task_id(card: &Fields<'_>, is_required: bool) -> Result<(), Refusal> {
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

/// A quotation.
pub(super) fn quote_area(card: &Fields<'_>) -> Result<(), Refusal> {
    let Some(quote) = card.object("quote_area")? else {
        return Ok(());
    };
    quote.only(&["type", "url", "appid", "pagepath", "title", "quote_text"]);
    link(&quote, &[0, 1, 2], 40058)
}

/// Rows of a name and a value. A smart robot has no rows with files.
pub(super) fn horizontal_contents(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    let kinds: &[i64] = if purpose.is_smart_robot() {
        &[0, 1, 3]
    } else {
        &[0, 1, 2, 3]
    };
    let rows = card.objects("horizontal_content_list")?;
    at_most("horizontal_content_list", rows.len(), 6, 42035)?;
    for row in &rows {
        row.only(&["type", "keyname", "value", "url", "media_id", "userid"]);
        row.required_text("keyname", 42027)?;
        row.shown_chars("keyname", 5)?;
        row.shown_chars("value", 30)?;
        match row.choice("type", kinds, 40058)? {
            Some(1) => drop(row.required_url("url", 42028)?),
            Some(2) => {
                row.required_text("media_id", 42029)?;
                if row.text("value")?.is_none() {
                    row.note("a file's value is its name", row.at("value"));
                }
            }
            Some(3) => drop(row.required_text("userid", 42050)?),
            _ => {}
        }
    }
    Ok(())
}

/// Links at the bottom; those of a smart robot's card may ask it something.
pub(super) fn jumps(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    const KNOWN: [&str; 5] = ["type", "title", "url", "appid", "pagepath"];
    let jumps = card.objects("jump_list")?;
    at_most("jump_list", jumps.len(), 3, 42042)?;
    for jump in &jumps {
        jump.required_text("title", 42033)?;
        jump.shown_chars("title", 18)?;
        if purpose.is_smart_robot() && jump.integer("type")? == Some(3) {
            jump.only(&["type", "title", "question"]);
            jump.required_text("question", 40063)?;
            jump.at_most_bytes("question", 200, 40058)?;
        } else {
            jump.only(&KNOWN);
            link(jump, &[0, 1, 2], 42028)?;
        }
    }
    Ok(())
}

/// What a tap on the card opens.
pub(super) fn card_action(card: &Fields<'_>, is_required: bool) -> Result<(), Refusal> {
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
pub(super) fn link(holder: &Fields<'_>, allowed: &[i64], code: i64) -> Result<(), Refusal> {
    match holder.choice("type", allowed, code)? {
        Some(1) => drop(holder.required_url("url", 42028)?),
        Some(2) => drop(holder.required_text("appid", 42030)?),
        _ => {}
    }
    Ok(())
}

/// A drop-down: of a button card or of a multiple-choice card.
pub(super) fn question(
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

/// One option of a question.
pub(super) fn option<'a>(
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

/// The key by which answers name the question.
pub(super) fn key_of_question(holder: &Fields<'_>) -> Result<(), Refusal> {
    holder.required_text("question_key", 42043)?;
    holder.at_most_bytes("question_key", 1024, 42043)
}

/// `disable` is for updates only.
pub(super) fn disable(holder: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    if holder.boolean("disable")?.is_some() && !purpose.is_update() {
        holder.note("disable is for updates only", holder.at("disable"));
    }
    Ok(())
}

/// The id under which a smart robot's card asks for thumbs.
pub(super) fn feedback(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    let Some(feedback) = card.object("feedback")? else {
        return Ok(());
    };
    if !purpose.is_smart_robot() {
        card.note("only documented fields", card.at("feedback"));
    }
    feedback.only(&["id"]);
    feedback.required_text("id", 40063)?;
    feedback.at_most_bytes("id", 256, 40058)
}

/// The button that sends the answers.
pub(super) fn submit_button(card: &Fields<'_>, purpose: Purpose) -> Result<(), Refusal> {
    let Some(button) = card.object("submit_button")? else {
        // Optional in an update of the app's card only (wecom-app §6).
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

/// A key that no sibling has.
pub(super) fn unique_key<'a>(
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

/// A count that is refused when exceeded.
pub(super) fn at_most(name: &str, seen: usize, most: usize, code: i64) -> Result<(), Refusal> {
    if seen > most {
        return Err(Refusal::broken(
            code,
            format!("{name} has at most {most}, got {seen}"),
        ));
    }
    Ok(())
}
