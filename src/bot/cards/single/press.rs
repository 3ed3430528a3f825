//! The presses on the card of one refund. Each ends what the card has asked somebody to write, but for
//! the one that asks and the one that answers.

use crate::bot::cards::approving::list::follow_up;
use crate::bot::cards::press::Press;
use crate::bot::cards::waiting::rests_on_days;
use crate::bot::cards::{anew, draw};
use crate::domain::card::{Outcome, RefundDecided, RefundResult, Single};
use crate::domain::dialogue::Dialogue;
use crate::domain::message::DecidedBy;
use crate::domain::{CardState, Machine as _, RefundStatus};
use crate::services::inbox::Reply;
use crate::services::{Error, Refusal, Result, dialogue, refund, review};
use crate::store::refunds::Refund;

use super::view;

/// The question of the drop-down.
const REASON: &str = "reason";
/// The option that is no reason.
const UNCHOSEN: &str = "unchosen";
/// The reason that is asked for in a message.
const OTHER: &str = "other";
/// The press that rejects for the words of a message.
const SUBMIT: &str = "submit";
/// Reasons for keeping a deposit, as they are recorded. What was settled outside is no reason: that is
/// an end of its own.
const DEPOSIT_REASONS: &[(&str, &str)] = &[
    ("days", "打卡天数不足"),
    ("identity", "无法确认身份"),
    ("quality", "打卡内容不符合要求"),
    (OTHER, "其他（写一句话）"),
];
/// Reasons for keeping a payment that something was wrong with.
const PAYMENT_REASONS: &[(&str, &str)] = &[
    ("agreed", "已与会员商定保留"),
    ("completed", "会员已补足差额"),
    ("for_another", "是替别人付的"),
    (OTHER, "其他（写一句话）"),
];

pub(in crate::bot) async fn press(press: &Press<'_>, single: &Single) -> Result<Vec<Reply>> {
    let picked = press.selected(REASON).first().map(String::as_str);
    let asks_for_words = press.action == "refuse" && picked == Some(OTHER);
    if !asks_for_words && press.action != SUBMIT {
        dialogue::end_about(press.ctx(), press.turn.person, press.card.id).await?;
    }
    let repeats = matches!(press.action, "pass" | "refuse" | SUBMIT) && press.is_mine_again();
    let takes_back = matches!(press.action, "undo" | "reopen");
    if !press.is_open() && !takes_back && !repeats {
        return press.decided_already().await;
    }
    let (bot, ctx, actor) = (press.turn.bot, press.ctx(), &press.turn.actor);
    let id = single.refund.id;
    match press.action {
        "pass" => {
            let decided = refund::approve(ctx, actor, id, Some(&single.refund.hash)).await;
            finish(press, decided, "").await
        }
        "reject" => press.show(&bot.draw(&reject(single))?).await,
        "refuse" => {
            let mut reasons = reasons_for(single).iter();
            let Some((key, said)) = reasons.find(|(key, _)| Some(*key) == picked) else {
                return ask_for_a_reason(press, single).await;
            };
            // Their words are the reason, never this label.
            if *key == OTHER && !press.is_open() {
                return press.decided_already().await;
            }
            if *key == OTHER {
                return ask_for_words(press, single).await;
            }
            let decided = refund::reject(ctx, actor, id, said).await;
            finish(press, decided, said).await
        }
        SUBMIT => submit(press, single).await,
        "detail" => {
            press
                .show(&bot.draw(&view::Detail(view::Single::of(single)))?)
                .await
        }
        "back" => {
            press
                .show(&draw::proposal(bot, &press.card.proposal)?)
                .await
        }
        "later" => press.show(&bot.draw(&view::Decided::later(single))?).await,
        "undo" => {
            let undone = refund::undo(ctx, actor, id);
            take_back(press, single, RefundResult::Withdrawn, undone).await
        }
        "reopen" => {
            let reopened = refund::reopen(ctx, actor, id, None);
            take_back(press, single, RefundResult::Reopened, reopened).await
        }
        _ => press.decided_already().await,
    }
}

/// The reasons that fit what the card asks about.
const fn reasons_for(single: &Single) -> &'static [(&'static str, &'static str)] {
    if rests_on_days(single.ground.kind) {
        DEPOSIT_REASONS
    } else {
        PAYMENT_REASONS
    }
}

fn reject(single: &Single) -> view::Reject {
    view::Reject::of(single, UNCHOSEN, reasons_for(single))
}

/// The card asks once more: a click leaves its buttons pressed until it is changed.
async fn ask_for_a_reason(press: &Press<'_>, single: &Single) -> Result<Vec<Reply>> {
    let mut answers = press.show(&press.turn.bot.draw(&reject(single))?).await?;
    answers.push(press.turn.nothing_picked("choice"));
    Ok(answers)
}

/// Rejects for the words that they have written.
async fn submit(press: &Press<'_>, single: &Single) -> Result<Vec<Reply>> {
    let (ctx, actor) = (press.ctx(), &press.turn.actor);
    let written = dialogue::of_person(ctx, press.turn.person).await?;
    let words = match written.filter(|written| written.card_id() == press.card.id) {
        Some(Dialogue::RejectionWritten { words, .. }) => words,
        _ if !press.is_open() => return press.decided_already().await,
        // They have not written yet.
        Some(Dialogue::RejectionReason { .. }) => return ask_for_words(press, single).await,
        // They have thought about it for too long.
        None => return ask_for_a_reason(press, single).await,
    };
    let decided = refund::reject(ctx, actor, single.refund.id, &words).await;
    let answers = finish(press, decided, &words).await;
    no_longer_waiting(press, answers).await
}

/// Ends what the card has asked them to write, unless they can mend it, or it is tried again: if the
/// process dies before this, it is as well.
pub(super) async fn no_longer_waiting(
    press: &Press<'_>,
    answers: Result<Vec<Reply>>,
) -> Result<Vec<Reply>> {
    if !matches!(answers, Err(Error::Invalid(_) | Error::Store(_))) {
        dialogue::end_about(press.ctx(), press.turn.person, press.card.id).await?;
    }
    answers
}

/// Asks for the reason in one message, which `reason.rs` takes.
async fn ask_for_words(press: &Press<'_>, single: &Single) -> Result<Vec<Reply>> {
    let card_id = press.card.id;
    let waited_for = Dialogue::RejectionReason { card_id };
    dialogue::begin(press.ctx(), press.turn.person, waited_for).await?;
    let asked = view::OtherReason::of(single);
    press.show(&press.turn.bot.draw(&asked)?).await
}

/// Shows a decision to everybody, or who was first to the one who came second.
async fn finish(press: &Press<'_>, decided: Result<Refund>, reason: &str) -> Result<Vec<Reply>> {
    let refund = match decided {
        Ok(refund) => refund,
        Err(Error::Refused(
            refusal @ (Refusal::AlreadyDecided { .. } | Refusal::NeedsSecondApprover),
        )) => {
            let id = press.card.proposal.refunds();
            let id = id.first().ok_or(Error::NotFound)?;
            let refund = review::one(press.ctx(), &press.turn.actor, *id).await?;
            let decision = refund.state.decision();
            let is_mine = decision.is_some_and(|it| it.by == press.turn.actor.user_id);
            if !is_mine && matches!(refusal, Refusal::NeedsSecondApprover) {
                return Err(refusal.into());
            }
            if !is_mine {
                let outcome = outcome(press, &refund, &refund.proposal.reason);
                return press.too_late(&outcome.without_undo()).await;
            }
            // This very click, whose process died before it could show the decision.
            refund
        }
        Err(error @ Error::Refused(Refusal::ProposalChanged { .. })) => {
            let told = press.turn.refused(&error.kind());
            return Ok([told]
                .into_iter()
                .chain(anew::instead(press).await?)
                .collect());
        }
        Err(error) => return Err(error),
    };
    let change = CardState::Open.to(CardState::Decided)?;
    let mut answers = press
        .decide(change, outcome(press, &refund, reason))
        .await?;
    if let Some(until) = refund.state.undo_until() {
        answers.extend(follow_up(press, until));
    }
    Ok(answers)
}

/// Reads the decision from the refund.
fn outcome(press: &Press<'_>, refund: &Refund, reason: &str) -> Outcome {
    let decision = refund.state.decision();
    let made = decision.map(|decision| DecidedBy {
        by: decision.name.clone(),
        at: decision.at,
    });
    let result = match refund.status() {
        RefundStatus::Rejected => RefundResult::Rejected {
            reason: reason.to_owned(),
            may_reopen: true,
        },
        RefundStatus::AwaitingSecond => RefundResult::AwaitingSecond,
        _ => RefundResult::Approved {
            undo_until: refund.state.undo_until(),
        },
    };
    Outcome::Refund(RefundDecided {
        made: made.unwrap_or_else(|| press.turn.decided_now()),
        refund: refund.id,
        amount: refund.proposal.amount_fen,
        result,
    })
}

/// Shows that a decision was taken back, as long as the card can be pressed. `taken` takes it
/// back, and does nothing before the card is found to be decided.
async fn take_back(
    press: &Press<'_>,
    single: &Single,
    result: RefundResult,
    taken: impl Future<Output = Result<Refund>>,
) -> Result<Vec<Reply>> {
    let change = CardState::Decided.to(CardState::Withdrawn)?;
    if press.is_withdrawn_by_me()
        && let Some(outcome) = press.card.outcome.clone()
    {
        return press.decide(change, outcome).await;
    }
    if press.card.state != CardState::Decided {
        return press.decided_already().await;
    }
    let refund = match taken.await {
        Ok(refund) => refund,
        Err(error @ Error::Refused(Refusal::WrongState(_))) => {
            let refund = review::one(press.ctx(), &press.turn.actor, single.refund.id).await?;
            if refund.status() != RefundStatus::Pending {
                return Err(error);
            }
            // Taken back already: by this very click, whose process died before it could show so,
            // or on the console.
            refund
        }
        Err(error) => return Err(error),
    };
    let outcome = RefundDecided {
        made: press.turn.decided_now(),
        refund: refund.id,
        amount: refund.proposal.amount_fen,
        result,
    };
    press.decide(change, Outcome::Refund(outcome)).await
}
