//! How cards look. This file alone knows the view of every proposal and of every outcome.

use serde::Serialize;

use crate::bot::Bot;
use crate::bot::layout::Layout;
use crate::bot::templates::views;
use crate::domain::Timestamp;
use crate::domain::card::{Ending, Outcome, Proposal};
use crate::domain::message::Page;
use crate::services::{Error, Result};

use super::{
    approving, batch, choosing, digest, matching, notices, objecting, offering, single, urging,
};

views! {
    Ended => "renewed.card",
}

/// A card whose buttons do nothing any more.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Ended {
    title: String,
    why: Ending,
}

/// Lays out a card that waits.
pub(in crate::bot) fn proposal(bot: &Bot, proposal: &Proposal) -> Result<Layout> {
    match proposal {
        Proposal::Digest(digest) => bot.draw(&digest::view::Digest::of(digest)?),
        Proposal::Batch(batch) => bot.draw(&batch::view::Batch::of(batch)),
        Proposal::Single(single) => bot.draw(&single::view::Single::of(single)),
        Proposal::Match(question) => bot.draw(&matching::view::Question::of(question)),
        Proposal::MatchNobody(nobody) => bot.draw(&matching::view::Nobody::of(nobody)),
        Proposal::Namesakes(namesakes) => bot.draw(&matching::view::Namesakes::of(namesakes)),
        Proposal::ChooseCamp(choice) => bot.draw(&choosing::view::Choice::of(choice)),
        Proposal::Progress(overview) => bot.draw(&offering::view::Overview::of(overview)),
        Proposal::Meant(meant) => bot.draw(&offering::view::Meant::of(meant)),
        Proposal::Urge(preview) => bot.draw(&urging::view::Preview::of(preview)),
        Proposal::CampEnded(notice) => bot.draw(notice),
        Proposal::SyncFailed(notice) => bot.draw(notice),
        Proposal::RankingOdd(notice) => bot.draw(notice),
        Proposal::RefundFailed(notice) => bot.draw(&notices::view::RefundFailed::from(notice)),
        Proposal::PaymentAbnormal(notice) => {
            bot.draw(&notices::view::PaymentAbnormal::from(notice))
        }
        Proposal::AppealOpened(appeal) => bot.draw(&objecting::view::Opened::from(appeal)),
    }
}

/// Lays out what became of a card, as it is at `now`.
pub(in crate::bot) fn outcome(
    bot: &Bot,
    about: &Proposal,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Layout> {
    match (outcome, about) {
        (Outcome::Ended(ended), _) => bot.draw(&Ended {
            title: proposal(bot, about)?.title().to_owned(),
            why: ended.why,
        }),
        (Outcome::Chosen(chosen), _) => bot.draw(chosen),
        (Outcome::Mended(mended), _) => bot.draw(&notices::view::Mended::of(about, mended)),
        (Outcome::Refund(decided), Proposal::Single(single)) => {
            bot.draw(&single::view::Decided::of(single, decided, now))
        }
        (Outcome::Match(decided), Proposal::Match(question)) => {
            bot.draw(&matching::view::Decided::of(question, decided))
        }
        (Outcome::Reserved(list), _) => {
            bot.draw(&approving::view::Approved::reserved(camp_name(about), list))
        }
        (Outcome::Approved(list), _) => {
            bot.draw(&approving::view::Approved::of(camp_name(about), list, now))
        }
        (Outcome::Withdrawn(list), _) => {
            bot.draw(&approving::view::Withdrawn::of(camp_name(about), list))
        }
        (Outcome::Answered(decided), Proposal::AppealOpened(appeal)) => {
            bot.draw(&objecting::view::Decided::of(appeal, decided))
        }
        (Outcome::Refund(_) | Outcome::Match(_) | Outcome::Answered(_), _) => {
            let what = format!("a {} card has the outcome of another", about.kind());
            Err(Error::Invariant(what))
        }
    }
}

/// The page of the console on which a card can be gone on with.
pub(in crate::bot) const fn page_of(proposal: &Proposal) -> Page {
    match proposal {
        Proposal::Match(_)
        | Proposal::MatchNobody(_)
        | Proposal::Namesakes(_)
        | Proposal::Progress(_) => Page::Members,
        Proposal::AppealOpened(_) => Page::Appeals,
        Proposal::Digest(_)
        | Proposal::Batch(_)
        | Proposal::Single(_)
        | Proposal::ChooseCamp(_)
        | Proposal::Meant(_)
        | Proposal::Urge(_)
        | Proposal::CampEnded(_)
        | Proposal::SyncFailed(_)
        | Proposal::RankingOdd(_)
        | Proposal::RefundFailed(_)
        | Proposal::PaymentAbnormal(_) => Page::Refunds,
    }
}

/// The camp that a list is of; empty for what is no list.
pub(in crate::bot) fn camp_name(proposal: &Proposal) -> &str {
    match proposal {
        Proposal::Digest(digest) => &digest.camp.name,
        Proposal::Batch(batch) => &batch.camp.name,
        Proposal::Single(single) => &single.camp.name,
        _ => "",
    }
}
