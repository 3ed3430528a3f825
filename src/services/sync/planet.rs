//! What a sync reads from the planet, and what to tell people when it cannot.

use chrono::{DateTime, Utc};

use crate::domain::message::Remedy;
use crate::platforms::zsxq::{self, Planet, RankedUser, TopicsReading};

/// What a reading came to.
pub(super) enum Reading {
    /// All of it, and the checksum is clean.
    Whole(Whole),
    /// A ranking that may decide nothing.
    Apart {
        ranking: Vec<RankedUser>,
        trouble: Trouble,
    },
    /// Nothing of use.
    Nothing(Trouble),
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
    pub(super) fn shortcoming(&self) -> Option<&'static str> {
        if !self.topics.paging_supported && !self.topics.is_complete {
            Some("打卡天数完整；星球接口没有翻页，每日打卡记录只含最新的一部分")
        } else if !self.topics.is_complete {
            Some("打卡天数完整；每日打卡记录没有读到头，可能缺少较早的几条")
        } else {
            None
        }
    }
}

/// Why a reading is not whole, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) reason: &'static str,
    pub(super) remedy: Remedy,
}

/// Somebody checked in between two pages, twice in a row.
const DIRTY: Trouble = Trouble {
    reason: "排行榜与打卡总数对不上（读取时有人正在打卡）",
    remedy: Remedy::Retry,
};

/// Reads the ranking, and then the posts made since a moment.
pub(super) async fn read(planet: &Planet, project: i64, since: DateTime<Utc>) -> Reading {
    let checked = match planet.checked_ranking(project).await {
        Ok(checked) => checked,
        Err(error) => return Reading::Nothing(trouble(&error)),
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
            trouble: DIRTY,
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
            trouble: trouble(&error),
        },
    }
}

/// What people are told of an error of the planet.
fn trouble(error: &zsxq::Error) -> Trouble {
    tracing::warn!(%error, "the planet could not be read");
    let (reason, remedy) = match error {
        zsxq::Error::CookieDead(_) => ("知识星球的登录已失效", Remedy::UpdateCookie),
        zsxq::Error::Unavailable { .. } => ("知识星球暂时没有响应", Remedy::Retry),
        zsxq::Error::BudgetSpent { .. } => ("今天读取知识星球的次数已用完", Remedy::Retry),
        zsxq::Error::Configuration { .. } => ("账号无权读取这个打卡项目", Remedy::CheckSettings),
        zsxq::Error::Gone { .. } | zsxq::Error::Refused { .. } => {
            ("知识星球上读不到这个打卡项目", Remedy::CheckSettings)
        }
        zsxq::Error::Bug { .. }
        | zsxq::Error::OutcomeUnknown { .. }
        | zsxq::Error::Protocol { .. }
        | zsxq::Error::TooManyPages { .. } => ("知识星球的返回与预期不符", Remedy::AskSupport),
    };
    Trouble { reason, remedy }
}
