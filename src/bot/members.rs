//! Members that a name has found, as people are told of them.

use crate::domain::calendar::{Day, DayState};
use crate::domain::eligibility::Days;
use crate::domain::message::{Members, Place, StepLine};
use crate::domain::shown_name::told_apart;
use crate::domain::{BindStatus, MatchStatus};
use crate::services::inbox::Reply;
use crate::services::lookup::MemberProgress;
use crate::services::{Result, custody, progress};
use crate::store::camps::Camp;

use super::Bot;
use super::turn::Turn;

/// Tells which members of a camp a name has found.
pub(super) async fn found(
    turn: &Turn<'_>,
    camp: &Camp,
    wanted: &str,
    found: &[MemberProgress],
) -> Result<Reply> {
    if let [only] = found {
        let members = Members {
            camp_name: Some(camp.name.clone()),
            wanted: wanted.to_owned(),
            members: vec![in_detail(turn.bot, only).await?],
        };
        return Ok(turn.reply_about(camp.id, members));
    }
    let own = |place: &MemberProgress| (place.name(), place.order_no.clone());
    let names = told_apart(found.iter().map(own).collect());
    let members = found.iter().zip(names);
    let members = Members {
        camp_name: Some(camp.name.clone()),
        wanted: wanted.to_owned(),
        members: members
            .map(|(place, name)| Place {
                name,
                ..self::place(turn.bot, place)
            })
            .collect(),
    };
    Ok(turn.reply_about(camp.id, members))
}

/// A member's place in a camp, as of today.
pub(super) fn place(bot: &Bot, place: &MemberProgress) -> Place {
    Place {
        camp_name: place.camp.name.clone(),
        camp_status: place.camp.status,
        day: place.terms.days_begun(bot.ctx.today()),
        camp_days: place.terms.calendar_days(),
        name: place.name(),
        days: Days::of(place.member.checked_in_days, &place.terms),
        source: place.member.days_source,
        matched: place.member.match_status == MatchStatus::Matched,
        may_bind: place.bind_status == BindStatus::Pending,
        joined: place.member.joined,
        refund: place.refund,
        calendar: None,
        next: None,
    }
}

/// A member's place with their days one by one, and what their deposit waits for.
pub(super) async fn in_detail(bot: &Bot, place: &MemberProgress) -> Result<Place> {
    let progress = progress::of_member(&bot.ctx, place.member.id).await?;
    let outlook = custody::outlook_of(&bot.ctx, place.member.payment_id).await?;
    Ok(Place {
        calendar: calendar(&progress.days),
        next: outlook.next.map(|next| StepLine {
            what: next.what,
            until: next.until,
        }),
        ..self::place(bot, place)
    })
}

/// Days that one line has room for.
const MAX_DAYS: usize = 31;

/// `01-01 起 ✓✓✗·`: the days that have begun, the last ones where they are many; none before the
/// first.
fn calendar(days: &[Day]) -> Option<String> {
    let begun: Vec<&Day> = days
        .iter()
        .filter(|day| day.state != DayState::Future)
        .collect();
    let shown = &begun[begun.len().saturating_sub(MAX_DAYS)..];
    let first = shown.first()?.date.format("%m-%d");
    let marks: String = shown.iter().map(|day| mark(day.state)).collect();
    Some(format!("{first} 起 {marks}"))
}

const fn mark(state: DayState) -> char {
    match state {
        DayState::CheckedIn => '✓',
        DayState::Missed => '✗',
        DayState::Open => '·',
        DayState::NotSynced | DayState::Future => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_is_one_line() {
        let day = |date: &str, state| Day {
            date: date.parse().unwrap(),
            state,
            at: None,
            receipt: None,
        };
        assert_eq!(calendar(&[day("2026-01-01", DayState::Future)]), None);
        let days = [
            day("2026-01-01", DayState::CheckedIn),
            day("2026-01-02", DayState::Missed),
            day("2026-01-03", DayState::NotSynced),
            day("2026-01-04", DayState::Open),
            day("2026-01-05", DayState::Future),
        ];
        assert_eq!(calendar(&days).as_deref(), Some("01-01 起 ✓✗?·"));
    }
}
