//! The cards that show what waits: the digest of a camp, and batches of up to twenty members.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::eligibility::days_shown;
use crate::domain::staff::{Actor, Channel};
use crate::domain::{Action, CampId, CampStatus, Fen, RefundFlag, RefundId, RefundKind};
use crate::services::inbox::Reply;
use crate::services::refund::Picked;
use crate::services::review::{self, Waiting, sum};
use crate::services::{Error, Result, lookup, staff};
use crate::store::cards::{Card, NewCard};
use crate::store::refunds::Listed;

use crate::bot::cards::unusual;
use crate::bot::{Bot, replies};

/// Members on one batch card: what a vote can hold (wecom-app §6).
pub(in crate::bot) const MAX_BATCH: usize = 20;
/// Characters of a choice (wecom-app §6).
const MAX_CHOICE_CHARS: usize = 17;
/// A card's buttons die with its response codes, after 72 hours.
pub(in crate::bot) const CARD_LIFE: TimeDelta = TimeDelta::hours(72);

/// What a card was made of: nothing else is approved by its buttons.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::bot) struct Frozen {
    /// The refunds, in the order shown.
    pub(in crate::bot) picked: Vec<FrozenRefund>,
    /// What the template was filled with, so that 返回 shows the same again.
    pub(in crate::bot) body: Value,
}

/// One refund as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::bot) struct FrozenRefund {
    /// Its row.
    pub(in crate::bot) id: i64,
    /// The hash of the proposal that was shown.
    pub(in crate::bot) hash: String,
    /// How much, in fen.
    pub(in crate::bot) fen: i64,
    /// What was shown of it as out of the ordinary.
    pub(in crate::bot) flags: Vec<RefundFlag>,
}

impl Frozen {
    /// What a card was made of.
    pub(in crate::bot) fn of(card: &Card) -> Result<Self> {
        serde_json::from_value(card.proposal.clone())
            .map_err(|error| Error::Invariant(format!("card {}: {error}", card.id)))
    }

    /// The whole list.
    pub(in crate::bot) fn all(&self) -> Vec<Picked> {
        self.picked.iter().map(FrozenRefund::picked).collect()
    }

    /// The places of the list that `mask` has a bit for.
    pub(in crate::bot) fn masked(&self, mask: u32) -> Vec<Picked> {
        let places = self.picked.iter().enumerate();
        places
            .filter(|(place, _)| mask.checked_shr(*place as u32).unwrap_or(0) & 1 == 1)
            .map(|(_, refund)| refund.picked())
            .collect()
    }

    /// The bits of the chosen refunds.
    pub(in crate::bot) fn mask_of(&self, chosen: &[String]) -> u32 {
        let places = self.picked.iter().enumerate();
        places
            .filter(|(_, refund)| chosen.contains(&refund.id.to_string()))
            .fold(0, |mask, (place, _)| {
                mask | 1_u32.checked_shl(place as u32).unwrap_or(0)
            })
    }

    /// What was shown as out of the ordinary about some of its refunds, counted in words.
    pub(in crate::bot) fn unusual(&self, ids: &[RefundId]) -> String {
        let meant = |refund: &&FrozenRefund| ids.contains(&RefundId(refund.id));
        let meant = self.picked.iter().filter(meant);
        unusual::counted(meant.map(|refund| refund.flags.as_slice()))
    }

    /// How many of some refunds nobody can approve before it is said whose the account is.
    pub(in crate::bot) fn contested(&self, ids: &[RefundId]) -> usize {
        let meant = |refund: &&FrozenRefund| {
            ids.contains(&RefundId(refund.id)) && refund.flags.contains(&RefundFlag::Contested)
        };
        self.picked.iter().filter(meant).count()
    }

    /// The sum of some of its refunds.
    pub(in crate::bot) fn sum(&self, ids: &[RefundId]) -> Result<Fen> {
        let amounts = self
            .picked
            .iter()
            .filter(|refund| ids.contains(&RefundId(refund.id)));
        let amounts: Result<Vec<Fen>, _> = amounts.map(|refund| Fen::new(refund.fen)).collect();
        amounts
            .and_then(Fen::sum)
            .map_err(|error| Error::Invariant(error.to_string()))
    }
}

impl FrozenRefund {
    pub(in crate::bot) fn of(listed: &Listed) -> Self {
        Self {
            id: listed.refund.id.0,
            hash: listed.refund.proposal_hash.clone(),
            fen: listed.refund.proposal.amount_fen.get(),
            flags: listed.refund.proposal.flags.clone(),
        }
    }

    fn picked(&self) -> Picked {
        Picked {
            id: RefundId(self.id),
            hash: Some(self.hash.clone()),
        }
    }
}

/// The refunds that a card shows; none if it is about something else.
pub(in crate::bot) fn shown_on(card: &Card) -> Vec<RefundId> {
    let picked = Frozen::of(card).map(|frozen| frozen.picked);
    let ids = picked.unwrap_or_default().into_iter();
    ids.map(|refund| RefundId(refund.id)).collect()
}

/// The subject that all cards about a camp's list share.
pub(in crate::bot) fn subject_of(camp: CampId) -> String {
    format!("camp:{camp}")
}

/// What waits in a camp, as that one of these people sees it who may decide most there: who has
/// approved first sees less than their colleagues. None if nobody may.
pub(in crate::bot) async fn waiting_for(
    bot: &Bot,
    readers: &[String],
    camp: CampId,
) -> Result<Option<Waiting>> {
    let mut most: Option<Waiting> = None;
    for reader in readers {
        let actor = staff::actor_by_wecom_userid(&bot.ctx, reader, Channel::Card).await?;
        let Some(actor) = actor else {
            continue;
        };
        match lookup::camp(&bot.ctx, &actor, Action::ReviewRefunds, camp).await {
            Ok(camp) => {
                let waiting = review::waiting(&bot.ctx, &actor, camp).await?;
                if most.as_ref().is_none_or(|most| most.len() < waiting.len()) {
                    most = Some(waiting);
                }
            }
            Err(Error::NotFound | Error::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(most)
}

/// The camps of somebody that have ended and whose list could not be built yet.
pub(in crate::bot) async fn unlisted(bot: &Bot, actor: &Actor) -> Result<Vec<String>> {
    let mut camps = lookup::camps_for(&bot.ctx, actor, Action::ReviewRefunds).await?;
    camps.retain(|camp| camp.status == CampStatus::Ended);
    Ok(camps.into_iter().map(|camp| camp.name).collect())
}

/// What is said where nothing waits for `person` in a camp.
pub(in crate::bot) fn nothing(bot: &Bot, person: &str, waiting: &Waiting) -> Reply {
    let body = json!({
        "campName": waiting.camp.name,
        "awaiting": waiting.awaiting_another,
        "hasNoList": waiting.camp.status == CampStatus::Ended,
        "goesOn": matches!(waiting.camp.status, CampStatus::Enrolling | CampStatus::Ongoing),
    });
    replies::text(bot, person, "answer_nothing_pending", body)
}

/// The digest of a camp, for one person or several (`|` between them).
pub(in crate::bot) fn digest(bot: &Bot, person: &str, waiting: &Waiting) -> Result<Reply> {
    let card = digest_card(bot, person, waiting)?;
    let body = body_of(&card);
    Ok(replies::card(bot, person, "digest", body, card))
}

/// What the digest of a camp is made of.
pub(in crate::bot) fn digest_card(bot: &Bot, person: &str, waiting: &Waiting) -> Result<NewCard> {
    // What is wrong with a payment says nothing of a member: people and payments are told apart.
    let (people, payments): (Vec<Listed>, Vec<Listed>) = waiting
        .to_look_at
        .iter()
        .cloned()
        .partition(|listed| rests_on_days(listed.refund.proposal.kind));
    let body = json!({
        "campId": waiting.camp.id.0,
        "campName": waiting.camp.name,
        "clear": waiting.clear.len(),
        "clearYuan": sum(&waiting.clear)?.yuan(),
        "look": people.len(),
        "lookYuan": sum(&people)?.yuan(),
        "payments": payments.len(),
        "paymentsYuan": sum(&payments)?.yuan(),
        "unidentified": waiting.unidentified,
        "notEligible": waiting.not_eligible,
        "awaiting": waiting.awaiting_another,
    });
    Ok(new_card(
        bot,
        person,
        "digest",
        waiting.camp.id,
        &waiting.clear,
        body,
    ))
}

/// A batch of what waits in a camp, for one person: those to look at among the others, so that
/// none is forgotten, but not ticked.
pub(in crate::bot) fn batch(bot: &Bot, person: &str, waiting: &Waiting) -> Reply {
    let clear = waiting.clear.iter().map(|listed| (listed, true));
    let look = waiting.to_look_at.iter().map(|listed| (listed, false));
    let all: Vec<(&Listed, bool)> = clear.chain(look).collect();
    let shown: Vec<(&Listed, bool)> = all.iter().copied().take(MAX_BATCH).collect();
    let members: Vec<Value> = shown
        .iter()
        .map(|(listed, is_clear)| {
            json!({
                "id": listed.refund.id.0,
                "label": label(listed),
                "ticked": is_clear,
            })
        })
        .collect();
    let is_contested = |(listed, _): &&(&Listed, bool)| {
        let flags = &listed.refund.proposal.flags;
        flags.contains(&RefundFlag::Contested)
    };
    let body = json!({
        "campId": waiting.camp.id.0,
        "campName": waiting.camp.name,
        "members": members,
        "total": all.len(),
        "contested": shown.iter().filter(is_contested).count(),
    });
    let refunds: Vec<Listed> = shown
        .into_iter()
        .map(|(listed, _)| listed.clone())
        .collect();
    let card = new_card(bot, person, "batch", waiting.camp.id, &refunds, body);
    let body = body_of(&card);
    replies::card(bot, person, "batch", body, card)
}

fn new_card(
    bot: &Bot,
    person: &str,
    kind: &str,
    camp: CampId,
    refunds: &[Listed],
    body: Value,
) -> NewCard {
    let picked: Vec<FrozenRefund> = refunds.iter().map(FrozenRefund::of).collect();
    NewCard {
        kind: kind.to_owned(),
        camp_id: Some(camp),
        subject: subject_of(camp),
        proposal: json!(Frozen { picked, body }),
        audience: replies::readers(person),
        expires_at: bot.ctx.now().plus(CARD_LIFE),
    }
}

/// What a card's template is filled with.
pub(in crate::bot) fn body_of(card: &NewCard) -> Value {
    card.proposal.get("body").cloned().unwrap_or_default()
}

/// The name by which a member is listed.
pub(in crate::bot) fn name_of(listed: &Listed) -> &str {
    [&listed.planet_nickname, &listed.wechat_nickname]
        .into_iter()
        .find(|name| !name.is_empty())
        .map_or("未填昵称", String::as_str)
}

/// Whether a refund goes back for days: a payment that something is wrong with goes back whatever
/// somebody's days are.
pub(in crate::bot) const fn rests_on_days(kind: RefundKind) -> bool {
    matches!(kind, RefundKind::Deposit | RefundKind::Manual)
}

/// The days of a refund: `8/7`, `6+宽限1/7`, or nothing where it does not rest on days.
pub(in crate::bot) fn days_of(listed: &Listed) -> String {
    let proposal = &listed.refund.proposal;
    proposal
        .terms
        .filter(|_| rests_on_days(proposal.kind))
        .map(|terms| days_shown(proposal.checked_in_days, &terms))
        .unwrap_or_default()
}

/// Why it is to be refunded, where it is not the deposit earned by checking in.
pub(in crate::bot) const fn kind_shown(kind: RefundKind) -> Option<&'static str> {
    match kind {
        RefundKind::Deposit => None,
        RefundKind::Duplicate => Some("重复付款"),
        RefundKind::WrongAmount => Some("付款金额不符"),
        RefundKind::Late => Some("订单关闭后才付款"),
        RefundKind::UnknownOrder => Some("不认识的订单"),
        RefundKind::Manual => Some("老师发起"),
    }
}

/// The same in the few characters of a choice.
const fn kind_in_short(kind: RefundKind) -> &'static str {
    match kind {
        RefundKind::Deposit => "",
        RefundKind::Duplicate => "重复付",
        RefundKind::WrongAmount => "金额不符",
        RefundKind::Late => "晚付",
        RefundKind::UnknownOrder => "未知订单",
        RefundKind::Manual => "老师发起",
    }
}

/// `小明同学 8/7天`, `小红 6/7天·身份未确认`, or `小满 重复付¥99`; the name is shortened so that
/// the rest is always read.
fn label(listed: &Listed) -> String {
    let proposal = &listed.refund.proposal;
    let days = days_of(listed);
    let figures = if days.is_empty() {
        let kind = kind_in_short(proposal.kind);
        format!(" {kind}¥{}", proposal.amount_fen.yuan())
    } else {
        let by_grace_alone = [RefundFlag::Grace];
        let mark = unusual::mark(&proposal.flags).filter(|_| proposal.flags != by_grace_alone);
        match (mark, proposal.terms) {
            // Room for one word: what is graver than the grace takes its place.
            (Some(mark), Some(terms)) => {
                let (days, needed) = (proposal.checked_in_days, terms.required_days);
                format!(" {days}/{needed}天·{mark}")
            }
            _ => format!(" {days}天"),
        }
    };
    let room = MAX_CHOICE_CHARS.saturating_sub(figures.chars().count());
    wecom::limit::fit_characters(name_of(listed), room) + &figures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frozen() -> Frozen {
        let refund = |id| FrozenRefund {
            id,
            hash: format!("h{id}"),
            fen: 9900,
            flags: Vec::new(),
        };
        Frozen {
            picked: vec![refund(7), refund(8), refund(9)],
            body: Value::Null,
        }
    }

    #[test]
    fn a_choice_comes_back_as_it_was_made() {
        let frozen = frozen();
        let mask = frozen.mask_of(&["9".to_owned(), "7".to_owned(), "1000".to_owned()]);
        assert_eq!(mask, 0b101);
        let ids: Vec<i64> = frozen
            .masked(mask)
            .iter()
            .map(|picked| picked.id.0)
            .collect();
        assert_eq!(ids, [7, 9]);
        assert!(frozen.masked(0).is_empty());
        assert_eq!(frozen.masked(u32::MAX).len(), 3);
        let sum = frozen.sum(&[RefundId(7), RefundId(9)]).unwrap();
        assert_eq!(sum.yuan(), "198");
    }
}
