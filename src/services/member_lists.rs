//! The members of a camp by how they are doing, as staff ask for them in a chat.

use crate::domain::eligibility::Judgement;
use crate::domain::staff::Actor;
use crate::domain::{Action, Terms, Timestamp};
use crate::store::camps::Camp;
use crate::store::members::{self, Member};
use crate::store::reports;

use super::rows::readable;
use super::{Context, Result, require};

/// How a member of a camp is doing; everybody is in one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attainment {
    /// The days suffice without grace.
    Eligible,
    /// They suffice with grace only.
    ByGrace,
    /// One more day, and they suffice.
    OneShort,
    /// More than one day is missing.
    NotYet,
}

impl Attainment {
    /// How somebody with so many days is doing.
    #[must_use]
    pub const fn of(checked_in_days: i64, terms: &Terms) -> Self {
        match Judgement::of(checked_in_days, terms) {
            Judgement::Eligible => Self::Eligible,
            Judgement::ByGrace => Self::ByGrace,
            Judgement::NotEligible => {
                if terms.required_days - terms.grace_days - checked_in_days == 1 {
                    Self::OneShort
                } else {
                    Self::NotYet
                }
            }
        }
    }
}

/// Members who are doing alike.
#[derive(Debug, Clone)]
pub struct MemberList {
    /// Those with the most days first.
    pub members: Vec<Member>,
    /// As of when the days are known; none before the first complete sync.
    pub as_of: Option<Timestamp>,
}

/// Finds the members of a camp who are doing in one of these ways.
///
/// # Errors
/// [`super::Error::Forbidden`] unless `actor` may see the camp.
pub async fn of_camp(
    ctx: &Context,
    actor: &Actor,
    camp: &Camp,
    wanted: &[Attainment],
) -> Result<MemberList> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::ViewCamp, camp.id).await?;
    let mut found = readable(members::of_camp(&mut conn, camp.id).await?);
    let synced_at = reports::synced_at(&mut conn, &[camp.id]).await?;
    found.retain(|member| wanted.contains(&Attainment::of(member.checked_in_days, &camp.terms)));
    found.sort_by_key(|member| (std::cmp::Reverse(member.checked_in_days), member.id));
    Ok(MemberList {
        members: found,
        as_of: synced_at.get(&camp.id).copied(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Fen;

    #[test]
    fn everybody_stands_somewhere() {
        let day = |text: &str| text.parse().unwrap();
        let terms = |grace_days| Terms {
            deposit_fen: Fen::ZERO,
            start_date: day("2026-01-01"),
            end_date: day("2026-01-10"),
            total_days: 10,
            required_days: 7,
            grace_days,
        };
        for (days, grace, standing) in [
            (8, 1, Attainment::Eligible),
            (7, 1, Attainment::Eligible),
            (6, 1, Attainment::ByGrace),
            (5, 1, Attainment::OneShort),
            (4, 1, Attainment::NotYet),
            (6, 0, Attainment::OneShort),
            (5, 0, Attainment::NotYet),
        ] {
            assert_eq!(
                Attainment::of(days, &terms(grace)),
                standing,
                "{days} and {grace}"
            );
        }
    }
}
