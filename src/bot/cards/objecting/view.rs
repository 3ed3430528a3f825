//! The views of an objection.

use serde::Serialize;

use crate::bot::replies::{moment, month_day};
use crate::bot::templates::views;
use crate::domain::AppealKind;
use crate::domain::card::AppealDecided;
use crate::domain::message;

views! {
    Opened => "appeal_opened.card",
    Answer => "appeal_answer.card",
    Decided => "appeal_decided.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Opened {
    camp_name: Option<String>,
    name: String,
    kind: AppealKind,
    day: Option<String>,
    text: String,
    days: Option<String>,
    ranking_days: Option<i64>,
    post_days: i64,
    rejected_by: Option<String>,
    rejected_for: Option<String>,
    pictures: usize,
    order_no: String,
    answer_by: String,
}

impl From<&message::AppealOpened> for Opened {
    fn from(it: &message::AppealOpened) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            name: it.name.clone(),
            kind: it.kind,
            day: it.day.map(month_day),
            text: it.text.clone(),
            days: it.days.map(|days| days.to_string()),
            ranking_days: it.ranking_days,
            post_days: it.post_days,
            rejected_by: it.rejected_by.clone(),
            rejected_for: it.rejected_for.clone(),
            pictures: it.pictures,
            order_no: it.order_no.clone(),
            answer_by: moment(it.answer_by),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Answer {
    camp_name: Option<String>,
    name: String,
    is_accepted: bool,
    choices: Vec<Choice>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Choice {
    id: String,
    text: String,
    picked: bool,
}

impl Answer {
    /// `unchosen` is picked beforehand, and no answer: nobody answers by a slip of the thumb.
    pub(super) fn of(
        appeal: &message::AppealOpened,
        is_accepted: bool,
        unchosen: &str,
        answers: &[(&str, &str)],
    ) -> Self {
        let choice = |id: &str, text: &str, picked| Choice {
            id: id.to_owned(),
            text: text.to_owned(),
            picked,
        };
        let none = choice(unchosen, "请选择答复", true);
        let answers = answers.iter().map(|(id, text)| choice(id, text, false));
        Self {
            camp_name: appeal.camp_name.clone(),
            name: appeal.name.clone(),
            is_accepted,
            choices: std::iter::once(none).chain(answers).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Decided {
    camp_name: Option<String>,
    name: String,
    is_accepted: bool,
    answer: String,
    by: String,
    at: String,
}

impl Decided {
    pub(in crate::bot) fn of(appeal: &message::AppealOpened, decided: &AppealDecided) -> Self {
        Self {
            camp_name: appeal.camp_name.clone(),
            name: appeal.name.clone(),
            is_accepted: decided.is_accepted,
            answer: decided.answer.clone(),
            by: decided.made.by.clone(),
            at: moment(decided.made.at),
        }
    }
}
