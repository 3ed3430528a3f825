//! The card from which somebody picks the member that they meant, where several are called so: told
//! apart by how they go in WeChat, by when they paid, and by the end of their order's number.

use serde_json::{Value, json};

use crate::domain::{Action, CardState, Machine as _, MemberId};
use crate::services::inbox::Reply;
use crate::services::lookup::{self, MemberProgress};
use crate::services::{Error, Result, cards};
use crate::store::camps::Camp;
use crate::store::cards::NewCard;

use crate::bot::cards::matching;
use crate::bot::cards::pending::CARD_LIFE;
use crate::bot::cards::press::{Press, gone};
use crate::bot::{Bot, replies};

/// The kind of its card, and the template that lays it out.
pub(in crate::bot) const KIND: &str = "match_choose";
/// The question of the drop-down.
const MEMBER: &str = "member";
/// Characters of an option (wecom-app §6).
const MAX_OPTION_CHARS: usize = 16;
/// Last characters of an order's number that tell it from others.
const ORDER_TAIL: usize = 4;

/// The card with the members that a name may mean.
pub(in crate::bot) fn card(
    bot: &Bot,
    person: &str,
    camp: &Camp,
    wanted: &str,
    several: &[&MemberProgress],
) -> Reply {
    let members: Vec<Value> = several
        .iter()
        .map(|place| json!({"id": place.member.id.0, "label": label(place)}))
        .collect();
    let body = json!({
        "campId": camp.id.0,
        "campName": camp.name,
        "wanted": wanted,
        "members": members,
    });
    let card = NewCard {
        kind: KIND.to_owned(),
        camp_id: Some(camp.id),
        subject: format!("{KIND}:{person}"),
        proposal: body.clone(),
        audience: vec![person.to_owned()],
        expires_at: bot.ctx.now().plus(CARD_LIFE),
    };
    replies::card(bot, person, KIND, body, card)
}

/// `石头 11-20 尾号x7k2`.
fn label(place: &MemberProgress) -> String {
    let identity = &place.member.identity;
    let name = [&identity.wechat_nickname, &identity.planet_nickname]
        .into_iter()
        .find(|name| !name.is_empty())
        .map_or("未填昵称", String::as_str);
    let paid_on = place.paid_at.map(|at| at.shanghai().format(" %m-%d"));
    let paid_on = paid_on.map_or_else(String::new, |day| day.to_string());
    let from = place.order_no.len().saturating_sub(ORDER_TAIL);
    let tail = place.order_no.get(from..).unwrap_or_default();
    let figures = format!("{paid_on} {tail}");
    let room = MAX_OPTION_CHARS.saturating_sub(figures.chars().count());
    wecom::limit::fit_characters(name, room) + &figures
}

/// A press on it: the member who was picked is asked about.
pub(in crate::bot) async fn on_namesakes(press: &Press<'_>) -> Result<Vec<Reply>> {
    if press.card.state != CardState::Open && !press.is_mine_again() {
        return Ok(vec![gone(press.bot, press.person)]);
    }
    let picked = press.click.selected(MEMBER).first();
    let picked = picked.and_then(|id| id.parse().ok()).map(MemberId);
    let picked = picked.filter(|id| offers(&press.card.proposal, *id));
    let (id, camp) = picked.zip(press.card.camp_id).ok_or(Error::NotFound)?;
    let ctx = &press.bot.ctx;
    let camp = lookup::camp(ctx, &press.actor, Action::MatchMembers, camp).await?;
    let said = matching::ask(press.bot, press.person, &press.actor, &camp, id, 0).await?;
    let outcome = json!({"verb": "匹配", "campName": camp.name});
    let change = CardState::Open.to(CardState::Decided)?;
    let by = Some(press.actor.user_id);
    let kept = Some(outcome.clone().into());
    cards::decide(ctx, press.card.id, change, kept, by).await?;
    // That the card still shows its list is not worth a text.
    press.show("camp_chosen", outcome).await?;
    Ok(said)
}

fn offers(proposal: &Value, id: MemberId) -> bool {
    let members = proposal.get("members").and_then(Value::as_array);
    let mut members = members.into_iter().flatten();
    members.any(|member| member.get("id").and_then(Value::as_i64) == Some(id.0))
}
