//! The views of matching.

use serde::Serialize;

use crate::bot::labels::fit_name;
use crate::bot::replies::moment;
use crate::bot::templates::views;
use crate::domain::card::{self, MatchDecided, MatchNobody, MatchQuestion, MatchResult, Namesake};
use crate::domain::message;
use crate::domain::shown_name::shown_nickname;
use crate::domain::{CampId, MemberId, PlanetUserId};

/// Characters of an option (wecom-app §6).
const MAX_OPTION_CHARS: usize = 16;
/// Last characters of an order's number that tell it from others.
const ORDER_TAIL: usize = 4;

views! {
    Question => "match.card",
    Nobody => "match_nobody.card",
    Namesakes => "match_choose.card",
    Decided => "match_decided.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Question {
    camp_name: String,
    name: String,
    wechat_nickname: String,
    typed_id: Option<String>,
    typed_nickname: Option<String>,
    remarks: Vec<String>,
    candidates: Vec<Candidate>,
    unsure: bool,
    unclaimed: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Candidate {
    account: PlanetUserId,
    label: String,
    reasons: Vec<String>,
}

impl Question {
    pub(in crate::bot) fn of(question: &MatchQuestion) -> Self {
        let candidates = question.candidates.iter().zip(1..);
        let candidates = candidates.map(|(candidate, number)| Candidate {
            account: candidate.account,
            label: option(number, candidate),
            reasons: candidate.reasons.clone(),
        });
        Self {
            camp_name: question.camp.name.clone(),
            name: question.name.clone(),
            wechat_nickname: question.wechat_nickname.clone(),
            typed_id: question.typed_id.clone(),
            typed_nickname: question.typed_nickname.clone(),
            remarks: question.remarks.clone(),
            candidates: candidates.collect(),
            unsure: question.unsure,
            unclaimed: question.unclaimed,
        }
    }
}

/// `1 小明同学 72分`; the name is shortened so that the rest is always read.
fn option(number: usize, candidate: &message::Candidate) -> String {
    let score = match candidate.score {
        // Nothing speaks for it: a number would say that something does.
        0 => String::new(),
        score => format!(" {score}分"),
    };
    let number = format!("{number} ");
    let taken = score.chars().count() + number.chars().count();
    let room = MAX_OPTION_CHARS.saturating_sub(taken);
    number + &fit_name(&candidate.name, room) + &score
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Nobody {
    camp_id: CampId,
    camp_name: String,
    name: String,
}

impl Nobody {
    pub(in crate::bot) fn of(nobody: &MatchNobody) -> Self {
        Self {
            camp_id: nobody.camp.id,
            camp_name: nobody.camp.name.clone(),
            name: nobody.name.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Namesakes {
    camp_name: String,
    wanted: String,
    members: Vec<Member>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Member {
    id: MemberId,
    label: String,
}

impl Namesakes {
    pub(in crate::bot) fn of(namesakes: &card::Namesakes) -> Self {
        let member = |namesake: &Namesake| Member {
            id: namesake.id,
            label: label(namesake),
        };
        Self {
            camp_name: namesakes.camp.name.clone(),
            wanted: namesakes.wanted.clone(),
            members: namesakes.members.iter().map(member).collect(),
        }
    }
}

/// `石头 11-20 x7k2`.
fn label(namesake: &Namesake) -> String {
    let paid_on = namesake.paid_at.map(|at| at.shanghai().format(" %m-%d"));
    let paid_on = paid_on.map_or_else(String::new, |day| day.to_string());
    let from = namesake.order_no.len().saturating_sub(ORDER_TAIL);
    let tail = namesake.order_no.get(from..).unwrap_or_default();
    let figures = format!("{paid_on} {tail}");
    let room = MAX_OPTION_CHARS.saturating_sub(figures.chars().count());
    fit_name(&namesake.name, room) + &figures
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Decided {
    camp_name: String,
    name: String,
    account: Option<PlanetUserId>,
    chosen: Option<String>,
    status: String,
    by: String,
    at: String,
    can_undo: bool,
}

impl Decided {
    pub(in crate::bot) fn of(question: &MatchQuestion, decided: &MatchDecided) -> Self {
        let (status, found) = match &decided.result {
            MatchResult::Matched { account, nickname } => ("matched", Some((*account, nickname))),
            MatchResult::Withdrawn { account, nickname } => {
                ("withdrawn", Some((*account, nickname)))
            }
            MatchResult::NoneOfThese => ("none", None),
        };
        Self {
            camp_name: question.camp.name.clone(),
            name: question.name.clone(),
            account: found.map(|(account, _)| account),
            chosen: found.map(|(account, nickname)| shown_nickname(nickname, Some(account))),
            status: status.to_owned(),
            by: decided.made.by.clone(),
            at: moment(decided.made.at),
            can_undo: status == "matched" && !decided.is_final,
        }
    }
}
