//! What a sync reads from the planet, and what to tell people when it cannot.

use chrono::{DateTime, Utc};

use crate::catalogue::{Catalogue, PostsFault, SyncFault};
use crate::domain::message::Remedy;
use crate::platforms::zsxq::{self, Planet, Post, RankedUser, TopicsReading};

/// What a reading came to.
pub(super) enum Reading {
    /// All of the ranking, and the checksum is clean.
    Whole(Whole),
    /// A ranking that may decide nothing.
    Apart {
        ranking: Vec<RankedUser>,
        fault: SyncFault,
    },
    /// Nothing of use.
    Nothing(SyncFault),
}

/// A whole, clean reading of the ranking, with what could be read of the posts.
pub(super) struct Whole {
    pub(super) ranking: Vec<RankedUser>,
    pub(super) posts: Result<TopicsReading, SyncFault>,
    /// From when on posts were read.
    pub(super) since: DateTime<Utc>,
}

impl Whole {
    /// The posts, all of them or the newest.
    pub(super) fn read_posts(&self) -> &[Post] {
        self.posts.as_ref().map_or(&[], |read| &read.posts)
    }

    /// All posts since then were read.
    pub(super) fn has_all_posts(&self) -> bool {
        self.posts.as_ref().is_ok_and(|read| read.is_complete)
    }

    /// A day without its post has none: not so where a post was there and could not be read.
    pub(super) fn is_sure_of_gaps(&self) -> bool {
        self.posts
            .as_ref()
            .is_ok_and(|read| read.is_complete && read.lost_rows == 0)
    }

    /// What is missing of the posts although the ranking is whole, and what helps.
    pub(super) fn shortcoming(&self, catalogue: &Catalogue) -> Option<(PostsFault, Remedy)> {
        match &self.posts {
            Ok(read) if read.is_complete => None,
            Ok(read) if read.paging_supported => Some((PostsFault::OldestMissing, Remedy::Retry)),
            Ok(_) => Some((PostsFault::OnlyNewest, Remedy::Retry)),
            Err(fault) => {
                let cause = catalogue.say(fault);
                Some((PostsFault::Unread { cause }, remedy_of(*fault)))
            }
        }
    }
}

/// What somebody can do about a fault.
pub(super) const fn remedy_of(fault: SyncFault) -> Remedy {
    match fault {
        SyncFault::LoginOver => Remedy::UpdateCookie,
        SyncFault::NoAccess
        | SyncFault::ProjectGone
        | SyncFault::RankingEmpty
        | SyncFault::RankingShrunken => Remedy::CheckSettings,
        // No retry makes a limit of ours larger.
        SyncFault::UnexpectedAnswer | SyncFault::TooManyPages => Remedy::AskSupport,
        SyncFault::Unavailable
        | SyncFault::BudgetSpent
        | SyncFault::RankingUnsteady
        | SyncFault::NotSaved
        | SyncFault::ProjectChanged => Remedy::Retry,
    }
}

/// Reads the ranking, and then the posts made since a moment. The ranking stands whatever comes of
/// the posts.
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
    let posts = planet.topics(project, since).await;
    Reading::Whole(Whole {
        ranking,
        posts: posts.map_err(|error| fault_of(&error)),
        since,
    })
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
        | zsxq::Error::Protocol { .. } => SyncFault::UnexpectedAnswer,
        zsxq::Error::TooManyPages { .. } => SyncFault::TooManyPages,
    }
}
