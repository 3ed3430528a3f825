//! Interactive cards: one folder per flow, and what all of them share. Three files know all flows:
//! this one what a press does, `draw` how each looks, `renewing` how each lives on.

mod anew;
pub(super) mod approving;
pub(super) mod batch;
pub(super) mod choosing;
pub(super) mod digest;
pub(super) mod draw;
pub(super) mod matching;
pub(super) mod notices;
pub(super) mod objecting;
pub(super) mod offering;
pub(super) mod press;
pub(super) mod renewing;
pub(super) mod single;
pub(super) mod unusual;
pub(super) mod urging;
pub(super) mod waiting;

use wecom::event::CardClick;

use crate::catalogue::ErrorKind;
use crate::domain::CardState;
use crate::domain::card::{Ending, Outcome, Proposal};
use crate::domain::staff::Channel;
use crate::services::inbox::Reply;
use crate::services::{Result, cards, staff};

use super::layout::read_key;
use super::turn::Turn;
use super::{Bot, replies};
use press::{Press, from_store, gone, may_pass, show_to_presser};

/// Does what a press on a card asks for. Whoever presses in vain is told why.
pub(super) async fn press(bot: &Bot, person: &str, click: &CardClick) -> Result<Vec<Reply>> {
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
        return Ok(vec![replies::refused(bot, person, &ErrorKind::Forbidden)]);
    };
    let turn = Turn::of(bot, person, actor);
    let is_over = card.state == CardState::Open && card.expires_at <= turn.now;
    if is_over || card.state == CardState::Replaced {
        let expired = Outcome::from(Ending::Expired);
        let ended = card.outcome.as_ref().unwrap_or(&expired);
        let shown = match draw::outcome(bot, &card.proposal, ended, turn.now) {
            Ok(layout) => show_to_presser(&turn, &card, &layout).await,
            Err(error) => Err(error),
        };
        // That it still shows its buttons is not worth a second text.
        return match shown {
            Err(error) if may_pass(&error) => Err(error),
            _ => Ok(gone()),
        };
    }
    let press = Press {
        turn,
        card: &card,
        action,
        click: Some(click),
    };
    let pressed = match &card.proposal {
        Proposal::Digest(digest) => digest::press::press(&press, digest).await,
        Proposal::Batch(batch) => batch::press::press(&press, batch).await,
        Proposal::Single(single) => single::press::press(&press, single).await,
        Proposal::Match(question) => matching::press::on_question(&press, question).await,
        Proposal::MatchNobody(nobody) => matching::press::on_nobody(&press, nobody).await,
        Proposal::Namesakes(namesakes) => matching::press::on_namesakes(&press, namesakes).await,
        Proposal::ChooseCamp(choice) => choosing::press::press(&press, choice).await,
        Proposal::Progress(overview) => {
            offering::press::on_overview(&press, &overview.commands).await
        }
        Proposal::Meant(meant) => offering::press::on_meant(&press, &meant.commands).await,
        Proposal::Urge(preview) => urging::press::press(&press, preview).await,
        Proposal::CampEnded(notice) => notices::press::on_sync(&press, notice.camp_id).await,
        Proposal::SyncFailed(notice) => notices::press::on_sync(&press, notice.camp_id).await,
        Proposal::RankingOdd(notice) => notices::press::on_ranking(&press, notice).await,
        Proposal::RefundFailed(notice) => notices::press::on_retry(&press, notice.refund_id).await,
        Proposal::PaymentAbnormal(notice) => {
            notices::press::on_review(&press, notice.payment_id).await
        }
        Proposal::AppealOpened(appeal) => objecting::press::press(&press, appeal).await,
    };
    match pressed {
        Err(error) => from_store(&press.turn, &card, error).await,
        answers => answers,
    }
}

#[cfg(test)]
pub(super) const CHECKS: &[&[super::templates::Check]] = &[
    approving::view::CHECKS,
    batch::view::CHECKS,
    choosing::view::CHECKS,
    digest::view::CHECKS,
    draw::CHECKS,
    matching::view::CHECKS,
    notices::view::CHECKS,
    objecting::view::CHECKS,
    offering::view::CHECKS,
    single::view::CHECKS,
    urging::view::CHECKS,
];
