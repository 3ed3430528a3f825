//! The views of cards whose buttons ask for something.

use serde::Serialize;

use crate::bot::replies::moment;
use crate::bot::templates::views;
use crate::domain::CampStatus;
use crate::domain::card::{CampOverview, Suggestion};
use crate::domain::command::{Command, Verb};

/// The beginning of the action of a button.
pub(super) const ASK: &str = "ask_";
/// Buttons on a card (wecom-app §6).
pub(in crate::bot) const MAX_BUTTONS: usize = 6;
/// Characters of a button (wecom-app §6).
const MAX_BUTTON_CHARS: usize = 10;

views! {
    Meant => "meant.card",
    Overview => "progress.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Button {
    action: String,
    label: String,
}

fn buttons(commands: &[Command], label: impl Fn(&Command) -> String) -> Vec<Button> {
    let shown = commands.iter().take(MAX_BUTTONS).enumerate();
    shown
        .map(|(idx, command)| Button {
            action: format!("{}{idx}", ASK),
            label: wecom::limit::fit_characters(&label(command), MAX_BUTTON_CHARS),
        })
        .collect()
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(in crate::bot) struct Meant {
    said: String,
    commands: Vec<String>,
    buttons: Vec<Button>,
}

impl Meant {
    pub(in crate::bot) fn of(it: &Suggestion) -> Self {
        Self {
            said: it.said.clone(),
            commands: it.commands.iter().map(Command::to_string).collect(),
            buttons: buttons(&it.commands, Command::to_string),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Overview {
    camp_name: String,
    status: CampStatus,
    day: i64,
    days: i64,
    required_days: i64,
    members: i64,
    joined: i64,
    came: Option<i64>,
    absent: Option<i64>,
    average: Option<String>,
    eligible: i64,
    by_grace: i64,
    one_short: i64,
    not_yet: i64,
    unmatched: i64,
    synced_at: Option<String>,
    is_complete: bool,
    buttons: Vec<Button>,
}

impl Overview {
    pub(in crate::bot) fn of(it: &CampOverview) -> Self {
        Self {
            camp_name: it.camp.name.clone(),
            status: it.status,
            day: it.day,
            days: it.days,
            required_days: it.required_days,
            members: it.members,
            joined: it.joined,
            came: it.today.map(|today| today.came),
            absent: it.today.map(|today| today.absent),
            average: it.average_tenths.map(tenths),
            eligible: it.eligible,
            by_grace: it.by_grace,
            one_short: it.one_short,
            not_yet: it.not_yet,
            unmatched: it.unmatched,
            synced_at: it.synced_at.map(moment),
            is_complete: it.is_complete,
            buttons: buttons(&it.commands, |command| label_of(command.verb).to_owned()),
        }
    }
}

/// What a button says of a command about the camp that the card is about.
const fn label_of(verb: Verb) -> &'static str {
    match verb {
        Verb::Absent => "今天没打卡",
        Verb::Eligible => "达标名单",
        Verb::OneShort => "差一天",
        Verb::NotYet => "未达标",
        other => other.as_str(),
    }
}

/// `4.2` of 42.
fn tenths(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_fits_on_a_button() {
        for verb in Verb::ALL {
            assert!(
                label_of(*verb).chars().count() <= MAX_BUTTON_CHARS,
                "{verb}"
            );
        }
        assert_eq!(tenths(42), "4.2");
        assert_eq!(tenths(0), "0.0");
    }
}
