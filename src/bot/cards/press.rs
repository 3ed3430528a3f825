//! Presses on cards: which card, whose press, and how what was decided is shown. A step
//! (confirmation, back) changes the card of the one who pressed; a decision changes it for
//! everybody, and whoever comes second learns who was first. Everything is done by the services: a
//! card only says what was shown.

use serde_json::{Value, json};
use wecom::event::CardClick;
use wecom::message::CardAudience;

use crate::domain::message::CardLink;
use crate::domain::staff::{Actor, Channel};
use crate::domain::{CardState, Machine as _, Move, RefundId};
use crate::services::inbox::Reply;
use crate::services::{Error, Result, cards, staff};
use crate::store::cards::{Card, Outcome};

use crate::bot::cards::matching::namesakes;
use crate::bot::cards::{approving, choosing, matching, notices, pending, renewing, single};
use crate::bot::layout::{Face, read_key};
use crate::bot::{Bot, replies};

/// A press, with all that is known of it.
pub(in crate::bot) struct Press<'a> {
    pub(in crate::bot) bot: &'a Bot,
    pub(in crate::bot) person: &'a str,
    pub(in crate::bot) actor: Actor,
    pub(in crate::bot) card: Card,
    pub(in crate::bot) action: &'a str,
    pub(in crate::bot) click: &'a CardClick,
}

/// What a press leads to.
pub(in crate::bot) async fn press(
    bot: &Bot,
    person: &str,
    click: &CardClick,
) -> Result<Vec<Reply>> {
    let gone = || vec![gone(bot, person)];
    // Cards are found by their key; whether the task id survives a replacement is unconfirmed.
    let Some((id, action)) = read_key(&click.key) else {
        return Ok(gone());
    };
    let Some(card) = cards::find(&bot.ctx, id).await? else {
        return Ok(gone());
    };
    if let Some(code) = &click.response_code {
        cards::keep_code(&bot.ctx, id, person, code.expose()).await?;
    }
    let Some(actor) = staff::actor_by_wecom_userid(&bot.ctx, person, Channel::Card).await? else {
        let body = json!({"word": "forbidden"});
        return Ok(vec![replies::text(bot, person, "answer_refused", body)]);
    };
    let is_over = card.state == CardState::Open && card.expires_at <= bot.ctx.now();
    if is_over || card.state == CardState::Replaced {
        return dead(bot, person, &card).await;
    }
    let press = Press {
        bot,
        person,
        actor,
        card,
        action,
        click,
    };
    match press.card.kind.as_str() {
        "digest" => approving::on_digest(&press).await,
        "batch" => approving::on_batch(&press).await,
        "single" => single::on_single(&press).await,
        "match" | matching::NOBODY => matching::on_match(&press).await,
        namesakes::KIND => namesakes::on_namesakes(&press).await,
        choosing::KIND => choosing::on_choice(&press).await,
        _ => notices::on_notice(&press).await,
    }
}

impl Press<'_> {
    /// Shows the card as `kind` to the one who pressed.
    pub(in crate::bot) async fn show(&self, kind: &str, body: Value) -> Result<Vec<Reply>> {
        let audience = CardAudience::users([self.person])
            .map_err(|error| Error::Invariant(error.to_string()))?;
        change(self.bot, self.person, &self.card, audience, kind, body).await
    }

    /// Writes what was decided, and shows it as `kind` to everybody who has this card or another
    /// one about the same; answers texts for those whose card could not be changed. Whoever comes
    /// second learns who was first. Done again after a crash it changes nothing that was done.
    pub(in crate::bot) async fn conclude(
        &self,
        change: Move<CardState>,
        kind: &str,
        outcome: Outcome,
    ) -> Result<Vec<Reply>> {
        let ctx = &self.bot.ctx;
        let by = Some(self.actor.user_id);
        let others = self.decided_along(change.to(), &outcome).await?;
        if !cards::decide(ctx, self.card.id, change, Some(outcome.clone()), by).await?
            && !self.is_mine_by_now(change.to()).await?
        {
            return decided_already(self).await;
        }
        let mut answers = self
            .change_for_all(&self.card, &self.readers(), kind, outcome.shown.clone())
            .await?;
        // Nobody has pressed them: the code from their sending is all they have, and it is spent
        // on this. So they never show a 撤回 that could not be taken off again.
        let shown = without_undo(outcome.shown);
        let outcome = Outcome {
            shown: shown.clone(),
            ..outcome
        };
        for other in others {
            let change = other.state.to(change.to())?;
            if cards::decide(ctx, other.id, change, Some(outcome.clone()), by).await? {
                let missed = self.change_for_all(&other, &other.audience, kind, shown.clone());
                answers.extend(missed.await?);
            }
        }
        Ok(answers)
    }

    /// The other cards for which the decision on this one leaves nothing: those that wait for
    /// nothing else than what was decided. A decision that is withdrawn takes along the cards that
    /// show this very decision.
    async fn decided_along(&self, to: CardState, outcome: &Outcome) -> Result<Vec<Card>> {
        let (ctx, card) = (&self.bot.ctx, &self.card);
        let is_withdrawn = to == CardState::Withdrawn;
        let from = if is_withdrawn {
            CardState::Decided
        } else {
            CardState::Open
        };
        let mut others = cards::about(ctx, &card.kind, &card.subject, from).await?;
        let decided = &outcome.refunds;
        others.retain(|other| {
            let shown = || pending::shown_on(other);
            other.id != card.id
                && if is_withdrawn {
                    is_same_decision(other, card)
                } else {
                    shown().iter().all(|id| decided.contains(id))
                }
        });
        Ok(others)
    }

    /// Those who have the card, and the one who pressed.
    pub(in crate::bot) fn readers(&self) -> Vec<String> {
        let mut readers = self.card.audience.clone();
        if !readers.iter().any(|reader| reader == self.person) {
            readers.push(self.person.to_owned());
        }
        readers
    }

    async fn change_for_all(
        &self,
        card: &Card,
        readers: &[String],
        kind: &str,
        body: Value,
    ) -> Result<Vec<Reply>> {
        let recipient = readers.join("|");
        change(self.bot, &recipient, card, CardAudience::all(), kind, body).await
    }

    /// Whether this very click was decided before the process died over it.
    pub(in crate::bot) fn is_mine_again(&self) -> bool {
        self.is_mine(&self.card, CardState::Decided)
    }

    /// Whether this very click has taken the card, or decided it, before the process died over it.
    pub(in crate::bot) fn is_claimed_by_me(&self) -> bool {
        self.is_mine(&self.card, CardState::Claimed) || self.is_mine_again()
    }

    /// Whether this very click has withdrawn before the process died over it.
    pub(in crate::bot) fn is_withdrawn_by_me(&self) -> bool {
        self.is_mine(&self.card, CardState::Withdrawn)
    }

    /// The same of the card as it stands now.
    pub(in crate::bot) async fn is_mine_by_now(&self, state: CardState) -> Result<bool> {
        let card = cards::find(&self.bot.ctx, self.card.id).await?;
        Ok(card.is_some_and(|card| self.is_mine(&card, state)))
    }

    fn is_mine(&self, card: &Card, state: CardState) -> bool {
        card.state == state && card.decided_by == Some(self.actor.user_id)
    }

    /// Says who was first, on the card and in a text of its own.
    pub(in crate::bot) async fn too_late(&self, kind: &str, outcome: &Value) -> Result<Vec<Reply>> {
        let mut answers = self.show(kind, outcome.clone()).await?;
        answers.push(replies::text(
            self.bot,
            self.person,
            "answer_decided",
            outcome.clone(),
        ));
        Ok(answers)
    }
}

/// Changes a sent card. Where that cannot be, a text with a link to the page takes its place.
async fn change(
    bot: &Bot,
    person: &str,
    card: &Card,
    audience: CardAudience,
    kind: &str,
    body: Value,
) -> Result<Vec<Reply>> {
    let body = bot.with_site(body);
    let face = Face::new(card.id, &bot.ctx.settings.public_url);
    let layout = bot.layout(kind, &body)?;
    let replacement = layout
        .replacement(&face)
        .map_err(|error| Error::Invariant(format!("{kind}: {error}")))?;
    let client = bot.ctx.wecom()?;
    match cards::update(&bot.ctx, client, card.id, audience, replacement).await? {
        cards::Updated::Done => Ok(Vec::new()),
        cards::Updated::NoCode | cards::Updated::Busy(_) | cards::Updated::Failed(_) => {
            let link = CardLink {
                text: layout.in_words(),
                page: replies::page_of(&card.kind),
                camp_id: card.camp_id,
            };
            Ok(vec![replies::reply(bot, person, link)])
        }
    }
}

/// A press on a card that somebody has decided in the meantime.
pub(in crate::bot) async fn decided_already(press: &Press<'_>) -> Result<Vec<Reply>> {
    let card = cards::find(&press.bot.ctx, press.card.id).await?;
    let gone = || vec![gone(press.bot, press.person)];
    let Some(card) = card.filter(|card| card.state != CardState::Replaced) else {
        return Ok(gone());
    };
    let kind = match card.kind.as_str() {
        "single" => "single_decided",
        "match" => "match_decided",
        _ if card.state == CardState::Withdrawn => "withdrawn",
        "digest" | "batch" => "decided",
        _ => "mended",
    };
    match card.outcome {
        Some(outcome) => press.too_late(kind, &outcome.shown).await,
        None => Ok(gone()),
    }
}

/// A press on a card whose time is over, or that a newer one has taken the place of: the card is
/// greyed by the code that the press has brought, and a text says what to do.
async fn dead(bot: &Bot, person: &str, card: &Card) -> Result<Vec<Reply>> {
    let ended = match (card.state, card.outcome.clone()) {
        (CardState::Replaced, Some(outcome)) => outcome.shown,
        _ => renewing::ended(bot, card, "over")?,
    };
    let audience =
        CardAudience::users([person]).map_err(|error| Error::Invariant(error.to_string()))?;
    // That it still shows its buttons is not worth a second text.
    change(bot, person, card, audience, "renewed", ended).await?;
    Ok(vec![gone(bot, person)])
}

/// What is said to a press on a card that is unknown, or whose time is over.
pub(in crate::bot) fn gone(bot: &Bot, person: &str) -> Reply {
    replies::text(bot, person, "answer_card_gone", json!({}))
}

/// A decision as it is shown where it cannot be withdrawn.
pub(in crate::bot) fn without_undo(mut outcome: Value) -> Value {
    if let Some(fields) = outcome.as_object_mut() {
        fields.insert("canUndo".to_owned(), json!(false));
        fields.insert("canReopen".to_owned(), json!(false));
    }
    outcome
}

/// Whether two cards show one decision: about the same refunds, or the same account.
fn is_same_decision(one: &Card, other: &Card) -> bool {
    let about = |card: &Card| card.outcome.clone().map(|it| (it.refunds, it.account));
    about(one) == about(other)
}

/// The refunds that the decision on a card was about.
pub(in crate::bot) fn ids_of(card: &Card) -> Vec<RefundId> {
    let outcome = card.outcome.as_ref();
    outcome
        .map(|outcome| outcome.refunds.clone())
        .unwrap_or_default()
}

pub(in crate::bot) fn camp_name(card: &Card) -> String {
    let body = card.proposal.get("body").unwrap_or(&card.proposal);
    let name = body.get("campName").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}
