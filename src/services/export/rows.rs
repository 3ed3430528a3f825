//! The cells of each row, in the order of the columns in `message-templates/exports.toml`.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;

use crate::domain::refund::FailureReason;
use crate::domain::{CampId, Timestamp};
use crate::platforms::workbook::Cell;
use crate::services::statistics::CampReport;
use crate::store::checkin_lists::ListedCheckIn;
use crate::store::member_lists::ListedMember;
use crate::store::payment_lists::ListedPayment;
use crate::store::refunds::Listed;

use super::words::Words;

/// The names of camps, for rows that know their numbers.
pub(super) type CampNames = BTreeMap<CampId, String>;

pub(super) fn member(words: &Words, _: &CampNames, it: ListedMember) -> Vec<Cell> {
    let joined = match it.joined {
        Some(true) => "joined",
        Some(false) => "not_joined",
        None => "joined_unknown",
    };
    vec![
        Cell::Text(it.identity.planet_nickname),
        text(it.identity.planet_user_id.map(|id| id.to_string())),
        Cell::Text(it.identity.wechat_nickname),
        Cell::Text(it.camp_name),
        Cell::Text(it.order_no),
        fen(it.paid_fen),
        moment(it.paid_at),
        words.of("match_status", it.match_status.as_str()),
        Cell::Percent(it.identity.confidence),
        named(words, "bind_method", it.bind_method.map(|it| it.as_str())),
        words.one(joined),
        Cell::Number(it.checked_in_days),
        moment(it.last_checkin_at),
        words.yes_or_no(it.eligible),
        named(
            words,
            "refund_status",
            it.refund_status.map(|it| it.as_str()),
        ),
    ]
}

pub(super) fn check_in(words: &Words, _: &CampNames, it: ListedCheckIn) -> Vec<Cell> {
    let rate = it.rate().map_or(Cell::Empty, Cell::Percent);
    let eligible = it.eligible.map(|is| words.yes_or_no(is));
    vec![
        text(it.planet_nickname),
        Cell::Text(it.planet_user_id.to_string()),
        Cell::Text(it.camp_name),
        it.day.parse().map_or(Cell::Text(it.day), Cell::Day),
        moment(it.checked_in_at.map(Timestamp::from_micros)),
        words.of("source", it.source.as_str()),
        it.checked_in_days.map_or(Cell::Empty, Cell::Number),
        rate,
        eligible.unwrap_or(Cell::Empty),
    ]
}

pub(super) fn refund(words: &Words, camps: &CampNames, it: Listed) -> Vec<Cell> {
    let refund = it.refund;
    let (proposal, state) = (&refund.proposal, &refund.state);
    let decision = state.decision();
    let terms = proposal.terms.as_ref();
    let failure = state.failure_reason().map(FailureReason::word);
    vec![
        Cell::Text(it.planet_nickname),
        Cell::Text(it.wechat_nickname),
        camp_name(camps, refund.camp_id),
        Cell::Text(refund.refund_no.to_string()),
        Cell::Text(refund.order_no.clone()),
        words.of("refund_kind", proposal.kind.as_str()),
        Cell::Fen(proposal.amount_fen.get()),
        Cell::Number(proposal.checked_in_days),
        terms.map_or(Cell::Empty, |terms| Cell::Number(terms.grace_days)),
        terms.map_or(Cell::Empty, |terms| Cell::Number(terms.required_days)),
        Cell::Percent(refund.provenance.confidence),
        words.of("refund_status", refund.status().as_str()),
        text(decision.map(|decision| decision.name.clone())),
        moment(decision.map(|decision| decision.at)),
        named(words, "failure", failure.as_deref()),
        text(state.wechat_refund_id().map(str::to_owned)),
    ]
}

pub(super) fn payment(words: &Words, camps: &CampNames, it: ListedPayment) -> Vec<Cell> {
    vec![
        text(it.planet_nickname),
        text(it.wechat_nickname),
        camp_name(camps, it.camp_id),
        Cell::Text(it.order_no),
        text(it.transaction_id),
        Cell::Fen(it.amount_fen),
        fen(it.paid_fen),
        moment(it.paid_at),
        words.of("order_status", it.status.as_str()),
        named(words, "order_flag", it.flag.map(|flag| flag.as_str())),
        words.of("bind_status", it.bind_status.as_str()),
    ]
}

pub(super) fn camp(it: &CampReport) -> Vec<Cell> {
    let percent = |share: Option<i64>| share.map_or(Cell::Empty, Cell::Percent);
    vec![
        Cell::Text(it.name.clone()),
        Cell::Day(it.starts),
        Cell::Number(it.enrolled),
        percent(it.participation.percent()),
        percent(it.completion.percent()),
        Cell::Fen(it.money.paid_fen),
        Cell::Fen(it.money.returned_fen),
        Cell::Fen(it.money.settled_outside_fen),
        Cell::Fen(it.money.net_fen()),
        Cell::Fen(it.money.kept_fen),
        moment(it.synced_at),
    ]
}

fn text(text: Option<String>) -> Cell {
    text.map_or(Cell::Empty, Cell::Text)
}

fn named(words: &Words, section: &str, word: Option<&str>) -> Cell {
    word.map_or(Cell::Empty, |word| words.of(section, word))
}

fn camp_name(camps: &CampNames, id: Option<CampId>) -> Cell {
    text(id.and_then(|id| camps.get(&id).cloned()))
}

fn fen(fen: Option<i64>) -> Cell {
    fen.map_or(Cell::Empty, Cell::Fen)
}

/// As clocks show it in Shanghai.
fn moment(at: Option<Timestamp>) -> Cell {
    at.map_or(Cell::Empty, |at| {
        let shown: NaiveDateTime = at.shanghai().naive_local();
        Cell::Moment(shown)
    })
}
