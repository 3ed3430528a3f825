//! What a sync reads from the planet, and what to tell people when it cannot.

use chrono::{DateTime, Utc};

use crate::catalogue::SyncFault;
use crate::domain::message::Remedy;
use crate::platforms::zsxq::{self, Planet, RankedUser, TopicsReading};

/// What a reading came to.
pub(super) enum Reading {
    /// All of it, and the checksum is clean.
    Whole(Whole),
    /// A ranking that may decide nothing.
    Apart {
        ranking: Vec<RankedUser>,
        fault: SyncFault,
    },
    /// Nothing of use.
    Nothing(SyncFault),
}

/// A whole, clean reading.
pub(super) struct Whole {
    pub(super) ranking: Vec<RankedUser>,
    pub(super) topics: TopicsReading,
    /// From when on posts were read.
    pub(super) since: DateTime<Utc>,
}

impl Whole {
    /// What is missing from the calendar although the ranking is whole.
    pub(super) fn shortcoming(&self) -> Option<SyncFault> {
        match (self.topics.is_complete, self.topics.paging_supported) {
            (true, _) => None,
            (false, false) => Some(SyncFault::OnlyNewestPosts),
            (false, true) => Some(SyncFault::OldestPostsMissing),
        }
    }
}

/// What somebody can do about a fault.
pub(super) const fn remedy_of(fault: SyncFault) -> Remedy {
    match fault {
        SyncFault::LoginOver => Remedy::UpdateCookie,
        SyncFault::NoAccess | SyncFault::ProjectGone => Remedy::CheckSettings,
        SyncFault::UnexpectedAnswer => Remedy::AskSupport,
        SyncFault::Unavailable
        | SyncFault::BudgetSpent
        | SyncFault::RankingUnsteady
        | SyncFault::NotSaved
        | SyncFault::OnlyNewestPosts
        | SyncFault::OldestPostsMissing => Remedy::Retry,
    }
}

/// Reads the ranking, and then the posts made since a moment.
pub(super) async fn read(planet: &Planet, project: i64, since: DateTime<Utc>) -> Reading {
    let checked = match planet.checked_ranking(project).await {
        Ok(checked) => checked,
        Err(error) => return Reading::Nothing(fault_of(&error)),
    };
    let ranking = checked.users;
    if !checked.is_checksum_clean {
        tracing::warn!(
            project,
            days_sum = checked.days_sum,
            checksum = checked.statistics.checkined_count,
            "the ranking does not add up"
        );
        return Reading::Apart {
            ranking,
            fault: SyncFault::RankingUnsteady,
        };
    }
    match planet.topics(project, since).await {
        Ok(topics) => Reading::Whole(Whole {
            ranking,
            topics,
            since,
        }),
        Err(error) => Reading::Apart {
            ranking,
            fault: fault_of(&error),
        },
    }
}

/// An error of the planet as people are told of it.
fn fault_of(error: &zsxq::Error) -> SyncFault {
    tracing::warn!(%error, "the planet could not be read");
    match error {
        zsxq::Error::CookieDead(_) => SyncFault::LoginOver,
        zsxq::Error::Unavailable { .. } => SyncFault::Unavailable,
        zsxq::Error::BudgetSpent { .. } => SyncFault::BudgetSpent,
        zsxq::Error::Configuration { .. } => SyncFault::NoAccess,
        zsxq::Error::Gone { .. } | zsxq::Error::Refused { .. } => SyncFault::ProjectGone,
        zsxq::Error::Bug { .. }
        | zsxq::Error::OutcomeUnknown { .. }
        | zsxq::Error::Protocol { .. }
        | zsxq::Error::TooManyPages { .. } => SyncFault::UnexpectedAnswer,
    }
}
