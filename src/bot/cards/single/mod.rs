//! The card of one refund: 通过, 拒绝 (with a reason from a drop-down), 稍后, 详情.

use serde_json::{Value, json};

use crate::domain::{CardState, Fen, Machine as _, RefundFlag, RefundId, RefundStatus};
use crate::services::inbox::Reply;
use crate::services::{Error, Refusal, Result, refund, review};
use crate::store::camps::Camp;
use crate::store::cards::{NewCard, Outcome};
use crate::store::refunds::{Listed, Refund};

use crate::bot::cards::approving::follow_up;
use crate::bot::cards::pending::{self, CARD_LIFE, Frozen, FrozenRefund};
use crate::bot::cards::press::{Press, decided_already};
use crate::bot::{Bot, replies};

/// The question of the drop-down.
const REASON: &str = "reason";
/// The option that is no reason: nobody refuses by a slip of the thumb.
const UNCHOSEN: &str = "unchosen";
/// Reasons for keeping a deposit, as they are recorded.
const DEPOSIT_REASONS: &[(&str, &str)] = &[
    ("days", "打卡天数不足"),
    ("identity", "无法确认身份"),
    ("quality", "打卡内容不符合要求"),
    ("settled", "已另行处理"),
    ("other", "其他原因"),
];
/// Reasons for keeping a payment that something was wrong with.
const PAYMENT_REASONS: &[(&str, &str)] = &[
    ("agreed", "已与会员商定保留"),
    ("completed", "会员已补足差额"),
    ("for_another", "是替别人付的"),
    ("settled", "已另行处理"),
    ("other", "其他原因"),
];

/// The card of what waits for one member.
pub(in crate::bot) fn card(bot: &Bot, person: &str, camp: &Camp, listed: &Listed) -> Reply {
    let proposal = &listed.refund.proposal;
    let body = json!({
        "campId": camp.id.0,
        "campName": camp.name,
        "refundId": listed.refund.id.0,
        "name": pending::name_of(listed),
        "days": pending::days_of(listed),
        "amountYuan": proposal.amount_fen.yuan(),
        "dueYuan": listed.due.filter(|due| *due != proposal.amount_fen).map(Fen::yuan),
        "kind": pending::kind_shown(proposal.kind),
        "restsOnDays": pending::rests_on_days(proposal.kind),
        "confidence": proposal.confidence,
        "reasons": proposal.match_reasons,
        "flags": proposal.flags.iter().map(|flag| flag_shown(*flag)).collect::<Vec<_>>(),
        "orderNo": listed.refund.order_no,
        "firstBy": first_by(&listed.refund),
    });
    let frozen = Frozen {
        picked: vec![FrozenRefund::of(listed)],
        body: body.clone(),
    };
    let card = NewCard {
        kind: "single".to_owned(),
        camp_id: Some(camp.id),
        subject: format!("refund:{}", listed.refund.id),
        proposal: json!(frozen),
        audience: replies::readers(person),
        expires_at: bot.ctx.now().plus(CARD_LIFE),
    };
    replies::card(bot, person, "single", body, card)
}

/// Who has approved it first, where a second approver is waited for.
fn first_by(refund: &Refund) -> Option<&str> {
    let decision = refund.state.decision();
    decision
        .filter(|_| refund.status() == RefundStatus::AwaitingSecond)
        .map(|decision| decision.name.as_str())
}

fn flag_shown(flag: RefundFlag) -> &'static str {
    match flag {
        RefundFlag::Grace => "用到宽限天数",
        RefundFlag::DaysDisagree => "排行与帖子天数不一致",
        RefundFlag::LowConfidence => "身份未确认",
        RefundFlag::Contested => "身份有争议，先在“匹配”里定下是谁",
    }
}

/// A press on it.
pub(in crate::bot) async fn on_single(press: &Press<'_>) -> Result<Vec<Reply>> {
    let frozen = Frozen::of(&press.card)?;
    let repeats = matches!(press.action, "pass" | "refuse") && press.is_mine_again();
    let takes_back = matches!(press.action, "undo" | "reopen");
    if press.card.state != CardState::Open && !takes_back && !repeats {
        return decided_already(press).await;
    }
    let Some(shown) = frozen.picked.first() else {
        return Err(Error::NotFound);
    };
    let id = RefundId(shown.id);
    match press.action {
        "pass" => {
            let decided =
                refund::approve(&press.bot.ctx, &press.actor, id, Some(&shown.hash)).await;
            finish(press, &frozen, id, decided, "approved").await
        }
        "reject" => press.show("single_reject", with_reasons(frozen.body)).await,
        "refuse" => {
            let reason = press.click.selected(REASON).first().map(String::as_str);
            let mut reasons = reasons_for(&frozen.body).iter();
            let Some((_, reason)) = reasons.find(|(key, _)| Some(*key) == reason) else {
                return ask_for_a_reason(press, frozen.body).await;
            };
            let decided = refund::reject(&press.bot.ctx, &press.actor, id, reason).await;
            finish(press, &frozen, id, decided, reason).await
        }
        "detail" => press.show("single_detail", frozen.body).await,
        "back" => press.show("single", frozen.body).await,
        "later" => press.show("single_decided", later(frozen.body)).await,
        "undo" => {
            let undone = refund::undo(&press.bot.ctx, &press.actor, id);
            take_back(press, &frozen, id, "withdrawn", undone).await
        }
        "reopen" => {
            let reopened = refund::reopen(&press.bot.ctx, &press.actor, id);
            take_back(press, &frozen, id, "reopened", reopened).await
        }
        _ => decided_already(press).await,
    }
}

/// The reasons that fit what the card asks about.
fn reasons_for(body: &Value) -> &'static [(&'static str, &'static str)] {
    match body.get("restsOnDays").and_then(Value::as_bool) {
        Some(false) => PAYMENT_REASONS,
        _ => DEPOSIT_REASONS,
    }
}

/// The card asks once more: a click leaves its buttons pressed until it is changed.
async fn ask_for_a_reason(press: &Press<'_>, body: Value) -> Result<Vec<Reply>> {
    let mut answers = press.show("single_reject", with_reasons(body)).await?;
    let word = json!({"word": "no_reason"});
    let said = replies::text(press.bot, press.person, "answer_refused", word);
    answers.push(said);
    Ok(answers)
}

fn with_reasons(mut body: Value) -> Value {
    let none = json!({"id": UNCHOSEN, "text": "请选择原因", "picked": true});
    let reasons = reasons_for(&body)
        .iter()
        .map(|(id, text)| json!({"id": id, "text": text, "picked": false}));
    let reasons: Value = std::iter::once(none).chain(reasons).collect();
    if let Some(fields) = body.as_object_mut() {
        fields.insert("choices".to_owned(), reasons);
    }
    body
}

fn later(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        fields.insert("status".to_owned(), json!("later"));
        fields.insert("canUndo".to_owned(), json!(false));
    }
    body
}

/// Shows a decision to everybody, or who was first to the one who came second.
async fn finish(
    press: &Press<'_>,
    frozen: &Frozen,
    id: RefundId,
    decided: Result<Refund>,
    reason: &str,
) -> Result<Vec<Reply>> {
    let refund = match decided {
        Ok(refund) => refund,
        Err(Error::Refused(
            refusal @ (Refusal::AlreadyDecided { .. } | Refusal::NeedsSecondApprover),
        )) => {
            let refund = review::one(&press.bot.ctx, &press.actor, id).await?;
            let is_mine = refund
                .state
                .decision()
                .is_some_and(|decision| decision.by == press.actor.user_id);
            if !is_mine && matches!(refusal, Refusal::NeedsSecondApprover) {
                return Err(refusal.into());
            }
            if !is_mine {
                let outcome = outcome(press, frozen, &refund, &refund.reason);
                return press.too_late("single_decided", &outcome.shown).await;
            }
            // This very click, whose process died before it could show the decision.
            refund
        }
        Err(error) => return Err(error),
    };
    let outcome = outcome(press, frozen, &refund, reason);
    let change = CardState::Open.to(CardState::Decided)?;
    let mut answers = press.conclude(change, "single_decided", outcome).await?;
    if let Some(until) = refund.state.undo_until() {
        answers.extend(follow_up(press, until));
    }
    Ok(answers)
}

fn outcome(press: &Press<'_>, frozen: &Frozen, refund: &Refund, reason: &str) -> Outcome {
    let now = press.bot.ctx.now();
    let decision = refund.state.decision();
    let by = decision.map_or(press.actor.name.as_str(), |decision| decision.name.as_str());
    let undo_until = refund.state.undo_until();
    let field = |name: &str| frozen.body.get(name).cloned().unwrap_or_default();
    // A first approval decides nothing for those who may be the second.
    let awaits = refund.status() == RefundStatus::AwaitingSecond;
    let shown = json!({
        "campName": field("campName"),
        "name": field("name"),
        "days": field("days"),
        "amountYuan": refund.proposal.amount_fen.yuan(),
        "sumYuan": refund.proposal.amount_fen.yuan(),
        "count": 1,
        "skipped": 0,
        "status": refund.status().as_str(),
        "reason": reason,
        "by": by,
        "at": replies::moment(decision.map_or(now, |decision| decision.at)),
        "undoUntil": undo_until.map(replies::moment_s),
        "canUndo": undo_until.is_some_and(|until| until > now),
        "canReopen": refund.status() == RefundStatus::Rejected,
        "kind": "single",
    });
    Outcome {
        refunds: (!awaits).then_some(refund.id).into_iter().collect(),
        ..Outcome::from(shown)
    }
}

/// Shows that a decision was taken back, as long as the card can be pressed. `word` is what the
/// card then says; `taken` takes it back, and does nothing before the card is found to be decided.
async fn take_back(
    press: &Press<'_>,
    frozen: &Frozen,
    id: RefundId,
    word: &str,
    taken: impl Future<Output = Result<Refund>>,
) -> Result<Vec<Reply>> {
    let change = CardState::Decided.to(CardState::Withdrawn)?;
    if press.is_withdrawn_by_me()
        && let Some(outcome) = press.card.outcome.clone()
    {
        return press.conclude(change, "single_decided", outcome).await;
    }
    if press.card.state != CardState::Decided {
        return decided_already(press).await;
    }
    let refund = match taken.await {
        Ok(refund) => refund,
        Err(error @ Error::Refused(Refusal::WrongState(_))) => {
            let refund = review::one(&press.bot.ctx, &press.actor, id).await?;
            if refund.status() != RefundStatus::Pending {
                return Err(error);
            }
            // Taken back already: by this very click, whose process died before it could show so,
            // or on the console.
            refund
        }
        Err(error) => return Err(error),
    };
    let mut outcome = outcome(press, frozen, &refund, "");
    if let Some(fields) = outcome.shown.as_object_mut() {
        fields.insert("status".to_owned(), json!(word));
        fields.insert("by".to_owned(), json!(press.actor.name));
        fields.insert("canUndo".to_owned(), json!(false));
    }
    press.conclude(change, "single_decided", outcome).await
}
