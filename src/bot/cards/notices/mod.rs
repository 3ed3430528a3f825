//! Notices with the one button that mends what they tell of.

use serde_json::{Value, json};

use crate::domain::{
    Action, CampId, CardState, Machine as _, PaymentId, RefundId, RefundStatus, Timestamp, UserId,
};
use crate::services::inbox::Reply;
use crate::services::{Error, Refusal, Result, lookup, refund, review};
use crate::store::Operator;
use crate::store::camps::Camp;

use crate::bot::cards::press::{Press, camp_name, decided_already, gone};
use crate::bot::cards::single;
use crate::bot::{answers, replies};

/// A press on a notice.
pub(in crate::bot) async fn on_notice(press: &Press<'_>) -> Result<Vec<Reply>> {
    if press.card.state != CardState::Open {
        return decided_already(press).await;
    }
    let (what, mut answers) = match (press.action, press.card.camp_id) {
        ("sync", Some(camp)) => ("sync", sync(press, camp).await?),
        ("retry", _) => {
            let id = number(press, "refundId").ok_or(Error::NotFound)?;
            match refund::retry(&press.bot.ctx, &press.actor, RefundId(id)).await {
                Ok(_) => {}
                Err(Error::Refused(Refusal::WrongState(_))) => {
                    match retried_by(press, RefundId(id)).await? {
                        // This very click, whose process died before it could show so.
                        Some((by, _)) if by.staff == Some(press.actor.user_id) => {}
                        Some((by, at)) => {
                            let outcome = mended(press, "retry", &by.name, at);
                            return press.too_late("mended", &outcome).await;
                        }
                        None => return no_retry(press, RefundId(id)).await,
                    }
                }
                Err(error) => return Err(error),
            }
            ("retry", Vec::new())
        }
        // Looking at it decides nothing: the notice stays as it is.
        ("review", Some(camp)) => return review_payment(press, camp).await,
        _ => return Ok(vec![gone(press.bot, press.person)]),
    };
    let outcome = mended(press, what, &press.actor.name, press.bot.ctx.now());
    let change = CardState::Open.to(CardState::Decided)?;
    answers.extend(press.conclude(change, "mended", outcome.into()).await?);
    Ok(answers)
}

fn mended(press: &Press<'_>, what: &str, by: &str, at: Timestamp) -> Value {
    json!({
        "campName": camp_name(&press.card),
        "what": what,
        "by": by,
        "at": replies::moment(at),
        "canUndo": false,
    })
}

/// Who had a refund tried again since it last needed a person, and when.
async fn retried_by(press: &Press<'_>, id: RefundId) -> Result<Option<(Operator, Timestamp)>> {
    let detail = refund::one(&press.bot.ctx, &press.actor, id).await?;
    let is_replaced = detail.listed.refund.state.replaced_by().is_some();
    let timeline = detail.timeline;
    let needs_person = RefundStatus::ManualRequired.as_str();
    let retry = timeline
        .into_iter()
        .rev()
        .take_while(|row| row.to_status != needs_person)
        .find(|row| row.from_status.as_deref() == Some(needs_person))
        // Not WeChat Pay's late word, nor somebody who settled it by hand.
        .filter(|row| {
            let is_again = row.to_status == RefundStatus::Processing.as_str();
            is_again || is_replaced
        });
    Ok(retry.map(|row| {
        let by = Operator {
            name: row.operator,
            staff: row.operator_id.map(UserId),
        };
        (by, Timestamp::from_micros(row.created_at))
    }))
}

async fn sync(press: &Press<'_>, camp: CampId) -> Result<Vec<Reply>> {
    let ctx = &press.bot.ctx;
    let camp = lookup::camp(ctx, &press.actor, Action::SyncCheckIns, camp).await?;
    answers::sync_camp(press.bot, press.person, &press.actor, &camp).await
}

/// What has become of a refund that needs no retry.
async fn no_retry(press: &Press<'_>, id: RefundId) -> Result<Vec<Reply>> {
    let refund = review::one(&press.bot.ctx, &press.actor, id).await?;
    let body = json!({"word": "no_retry", "status": refund.status().as_str()});
    Ok(vec![replies::text(
        press.bot,
        press.person,
        "answer_refused",
        body,
    )])
}

/// The card of the refund that has been proposed for a payment.
async fn review_payment(press: &Press<'_>, camp: CampId) -> Result<Vec<Reply>> {
    let ctx = &press.bot.ctx;
    let camp = lookup::camp(ctx, &press.actor, Action::ReviewRefunds, camp).await?;
    let waiting = review::waiting(ctx, &press.actor, camp).await?;
    let payment = number(press, "paymentId").map(PaymentId);
    let listed = payment.and_then(|payment| waiting.of_payment(payment));
    Ok(vec![match listed {
        Some(listed) => single::card(press.bot, press.person, &waiting.camp, listed),
        None => fate(press, &waiting.camp, payment.ok_or(Error::NotFound)?).await?,
    }])
}

/// What became of a payment of which nothing waits for the one who asks.
async fn fate(press: &Press<'_>, camp: &Camp, payment: PaymentId) -> Result<Reply> {
    let outcome = refund::outcome_of_payment(&press.bot.ctx, &press.actor, payment).await?;
    let refund = outcome.refund.as_ref();
    let decision = refund.and_then(|refund| refund.state.decision());
    let body = json!({
        "campId": camp.id.0,
        "status": refund.map(|refund| refund.status().as_str()),
        "by": decision.map(|decision| &decision.name),
        "at": decision.map(|decision| replies::moment(decision.at)),
        "hasPlace": outcome.has_place,
    });
    let text = replies::text(press.bot, press.person, "answer_payment_outcome", body);
    Ok(replies::about(text, camp.id))
}

fn number(press: &Press<'_>, name: &str) -> Option<i64> {
    press.card.proposal.get(name).and_then(Value::as_i64)
}
