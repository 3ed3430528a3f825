//! The card from which somebody picks the camp that they meant: where a word fits several, or none.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::domain::{CampId, CardState, Machine as _};
use crate::services::inbox::Reply;
use crate::services::review::Waiting;
use crate::services::{Error, Result, cards, lookup};
use crate::store::camps::Camp;
use crate::store::cards::NewCard;

use crate::bot::cards::pending::CARD_LIFE;
use crate::bot::cards::press::{Press, gone};
use crate::bot::command::Verb;
use crate::bot::names::Found;
use crate::bot::{Bot, answers, replies};

/// The kind of its card, and the template that lays it out.
pub(in crate::bot) const KIND: &str = "choose_camp";
/// The question of the drop-down.
const CAMP: &str = "camp";
/// What the button of a camp begins with.
const PICK: &str = "pick_";
/// Buttons on a card (wecom-app §6).
const MAX_BUTTONS: usize = 6;
/// Characters of a button (wecom-app §6).
const MAX_BUTTON_CHARS: usize = 10;
/// Options of a drop-down (wecom-app §6).
const MAX_OPTIONS: usize = 10;
/// Characters of an option (wecom-app §6).
const MAX_OPTION_CHARS: usize = 16;

/// The card with the camps that a word may mean; `words` are what was said behind it.
pub(in crate::bot) fn card(
    bot: &Bot,
    person: &str,
    verb: Verb,
    wanted: &str,
    words: &[String],
    found: &Found<'_, Camp>,
) -> Reply {
    let (fits, camps) = match found {
        Found::One(camp) => (true, vec![*camp]),
        Found::Several(camps) => (true, camps.clone()),
        Found::None(camps) => (false, camps.clone()),
    };
    if camps.is_empty() {
        return replies::text(bot, person, "answer_no_camp", json!({"wanted": wanted}));
    }
    let body = json!({
        "verb": verb.as_str(),
        "wanted": wanted,
        "fits": fits,
        "lines": [],
        "more": camps.len().saturating_sub(MAX_OPTIONS),
    });
    choice_of(bot, person, verb, words, &camps, body)
}

/// The card with the camps in which something waits.
pub(in crate::bot) fn pending_card(bot: &Bot, person: &str, waiting: &[Waiting]) -> Reply {
    let camps: Vec<&Camp> = waiting.iter().map(|waiting| &waiting.camp).collect();
    let lines: Vec<Value> = waiting
        .iter()
        .take(MAX_OPTIONS)
        .map(|waiting| {
            json!({
                "name": waiting.camp.name,
                "clear": waiting.clear.len(),
                "look": waiting.to_look_at.len(),
            })
        })
        .collect();
    let body = json!({
        "verb": Verb::Pending.as_str(),
        "wanted": "",
        "fits": true,
        "lines": lines,
        "more": camps.len().saturating_sub(MAX_OPTIONS),
    });
    choice_of(bot, person, Verb::Pending, &[], &camps, body)
}

fn choice_of(
    bot: &Bot,
    person: &str,
    verb: Verb,
    words: &[String],
    camps: &[&Camp],
    mut body: Value,
) -> Reply {
    let shown = camps.iter().take(MAX_OPTIONS);
    let options: Vec<Value> = shown
        .map(|camp| json!({"id": camp.id.0, "name": both_ends(&camp.name, MAX_OPTION_CHARS)}))
        .collect();
    if let Some(fields) = body.as_object_mut() {
        fields.insert("asButtons".to_owned(), json!(fit_on_buttons(camps)));
        fields.insert("camps".to_owned(), json!(options));
    }
    let card = NewCard {
        kind: KIND.to_owned(),
        camp_id: None,
        subject: format!("{KIND}:{person}"),
        proposal: json!({"verb": verb.as_str(), "words": words, "body": body}),
        audience: vec![person.to_owned()],
        expires_at: bot.ctx.now().plus(CARD_LIFE),
    };
    replies::card(bot, person, KIND, body, card)
}

/// One tap is enough where every name can be read on a button; else it is a drop-down.
fn fit_on_buttons(camps: &[&Camp]) -> bool {
    let names: BTreeSet<&str> = camps.iter().map(|camp| camp.name.as_str()).collect();
    names.len() == camps.len()
        && camps.len() <= MAX_BUTTONS
        && names
            .iter()
            .all(|name| name.chars().count() <= MAX_BUTTON_CHARS)
}

/// A long name by its beginning and its end, where the number of a term stands.
fn both_ends(name: &str, max: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= max {
        return name.to_owned();
    }
    let head = (max - 1) / 2;
    let tail = max - 1 - head;
    let (begins, ends) = (
        characters.iter().take(head),
        characters.iter().rev().take(tail),
    );
    let ends: Vec<&char> = ends.collect();
    begins
        .chain(std::iter::once(&'…'))
        .chain(ends.into_iter().rev())
        .collect()
}

/// A press on it: what was asked for goes on with the camp that was picked.
pub(in crate::bot) async fn on_choice(press: &Press<'_>) -> Result<Vec<Reply>> {
    if press.card.state != CardState::Open && !press.is_mine_again() {
        return Ok(vec![gone(press.bot, press.person)]);
    }
    let picked = press.action.strip_prefix(PICK).map(str::to_owned);
    let picked = picked.or_else(|| press.click.selected(CAMP).first().cloned());
    let camp = picked.and_then(|id| id.parse().ok()).map(CampId);
    let (verb, words) = asked_for(press)?;
    let needed = answers::needed_for(verb);
    let camp = camp.ok_or(Error::NotFound)?;
    let camp = lookup::camp(&press.bot.ctx, &press.actor, needed, camp).await?;
    let said =
        answers::about_camp(press.bot, press.person, &press.actor, verb, &camp, &words).await?;
    let outcome = json!({"verb": verb.as_str(), "campName": camp.name});
    let change = CardState::Open.to(CardState::Decided)?;
    let (kept, by) = (Some(outcome.clone().into()), Some(press.actor.user_id));
    cards::decide(&press.bot.ctx, press.card.id, change, kept, by).await?;
    // That the card still shows its buttons is not worth a text.
    press.show("camp_chosen", outcome).await?;
    Ok(said)
}

fn asked_for(press: &Press<'_>) -> Result<(Verb, Vec<String>)> {
    let proposal = &press.card.proposal;
    let bad = |what: &str| Error::Invariant(format!("card {}: {what}", press.card.id));
    let verb = proposal.get("verb").and_then(Value::as_str);
    let verb = verb.and_then(|verb| verb.parse().ok());
    let words = proposal.get("words").cloned().unwrap_or_default();
    let words = serde_json::from_value(words).map_err(|_| bad("words"))?;
    Ok((verb.ok_or_else(|| bad("verb"))?, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(both_ends("写作营", 16), "写作营");
        let long = "二〇二六年秋季公众号写作训练营第十二期";
        assert_eq!(both_ends(long, 16), "二〇二六年秋季…作训练营第十二期");
        assert_eq!(both_ends(long, 16).chars().count(), 16);
    }
}
