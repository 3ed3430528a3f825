//! The presses on notices.

use crate::bot::answers;
use crate::bot::cards::press::Press;
use crate::bot::cards::single;
use crate::domain::card::{Mended, Mending, Outcome};
use crate::domain::message::{DecidedBy, PaymentOutcome, RankingOdd};
use crate::domain::{
    Action, CampId, CardState, Machine as _, PaymentId, RefundId, RefundStatus, Timestamp, UserId,
};
use crate::services::inbox::Reply;
use crate::services::{Error, Refusal, Result, lookup, refund, review, sync};
use crate::store::Operator;
use crate::store::camps::Camp;

/// The reason of what is confirmed on a card, which asks for none.
const ON_CARD: &str = "confirmed on the card";

/// A press on a notice about a camp that is to be synced.
pub(in crate::bot) async fn on_sync(press: &Press<'_>, camp: CampId) -> Result<Vec<Reply>> {
    if !press.is_open() {
        return press.decided_already().await;
    }
    if press.action != "sync" {
        return Ok(vec![press.gone()]);
    }
    let camp = camp_for(press, Action::SyncCheckIns, camp).await?;
    let mut answers = answers::sync_camp(&press.turn, &camp).await?;
    answers.extend(mend(press, Mending::Sync).await?);
    Ok(answers)
}

/// A press on the notice of an odd ranking: it is confirmed, or read again.
pub(in crate::bot) async fn on_ranking(
    press: &Press<'_>,
    notice: &RankingOdd,
) -> Result<Vec<Reply>> {
    if !press.is_open() || press.action != "confirm" {
        return on_sync(press, notice.camp_id).await;
    }
    match sync::confirm(press.ctx(), &press.turn.actor, notice.sync_id, ON_CARD).await {
        Ok(_) => {}
        // This very click, whose process died before it could show so, or a colleague's elsewhere.
        Err(Error::Refused(Refusal::AlreadyDecided { by, at, .. })) => {
            let run = sync::poll(press.ctx(), &press.turn.actor, notice.sync_id).await?;
            if run.confirmed_by != Some(press.turn.actor.user_id) {
                let made = DecidedBy { by, at };
                let how = Mending::Ranking;
                return press.too_late(&Outcome::Mended(Mended { made, how })).await;
            }
        }
        Err(error) => return Err(error),
    }
    mend(press, Mending::Ranking).await
}

/// A press on the notice of a refund that needs a person.
pub(in crate::bot) async fn on_retry(press: &Press<'_>, id: RefundId) -> Result<Vec<Reply>> {
    if !press.is_open() {
        return press.decided_already().await;
    }
    if press.action != "retry" {
        return Ok(vec![press.gone()]);
    }
    match refund::retry(press.ctx(), &press.turn.actor, id).await {
        Ok(_) => {}
        Err(refused @ Error::Refused(Refusal::WrongState(_))) => match retried_by(press, id).await?
        {
            // This very click, whose process died before it could show so.
            Some((by, _)) if by.staff == Some(press.turn.actor.user_id) => {}
            Some((by, at)) => {
                let made = DecidedBy { by: by.name, at };
                let how = Mending::Retry;
                return press.too_late(&Outcome::Mended(Mended { made, how })).await;
            }
            None => return Err(refused),
        },
        Err(error) => return Err(error),
    }
    mend(press, Mending::Retry).await
}

/// A press on the notice of a payment: looking at it decides nothing, the notice stays as it is.
pub(in crate::bot) async fn on_review(press: &Press<'_>, payment: PaymentId) -> Result<Vec<Reply>> {
    if !press.is_open() {
        return press.decided_already().await;
    }
    let ("review", Some(camp)) = (press.action, press.card.camp_id) else {
        return Ok(vec![press.gone()]);
    };
    let camp = camp_for(press, Action::ReviewRefunds, camp).await?;
    let waiting = review::waiting(press.ctx(), &press.turn.actor, camp).await?;
    let camp = &waiting.camp;
    Ok(vec![match waiting.of_payment(payment) {
        Some(listed) => press
            .turn
            .card(Some(camp.id), single::propose(camp, listed)),
        None => settled(press, camp, payment).await?,
    }])
}

async fn camp_for(press: &Press<'_>, action: Action, camp: CampId) -> Result<Camp> {
    lookup::camp(press.ctx(), &press.turn.actor, action, camp).await
}

/// Shows to everybody that the one who pressed has mended it.
async fn mend(press: &Press<'_>, how: Mending) -> Result<Vec<Reply>> {
    let made = press.turn.decided_now();
    let change = CardState::Open.to(CardState::Decided)?;
    press
        .decide(change, Outcome::Mended(Mended { made, how }))
        .await
}

/// Finds who had a refund tried again since it last needed a person, and when.
async fn retried_by(press: &Press<'_>, id: RefundId) -> Result<Option<(Operator, Timestamp)>> {
    let detail = refund::one(press.ctx(), &press.turn.actor, id).await?;
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

/// Tells what has become of a payment of which nothing waits for the one who asks.
async fn settled(press: &Press<'_>, camp: &Camp, payment: PaymentId) -> Result<Reply> {
    let found = refund::outcome_of_payment(press.ctx(), &press.turn.actor, payment).await?;
    let refund = found.refund.as_ref();
    let decision = refund.and_then(|refund| refund.state.decision());
    let outcome = PaymentOutcome {
        camp_id: camp.id,
        status: refund.map(|refund| refund.status()),
        decision: decision.map(|decision| DecidedBy {
            by: decision.name.clone(),
            at: decision.at,
        }),
        has_place: found.has_place,
    };
    Ok(press.turn.reply_about(camp.id, outcome))
}
