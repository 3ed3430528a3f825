//! The ranking of a check-in project: who has how many days. It decides eligibility, so it is
//! whole or it is an error (zsxq §4.3).

use std::collections::HashMap;

use serde::Deserialize;

use super::Planet;
use super::checkin::Statistics;
use super::error::Error;
use super::wire::WireUser;

const CALL: &str = "checkins/C/ranking_list";

/// 21 rows a page: over 10,000 members. The largest ranking ever seen has 167.
const MAX_PAGES: usize = 500;

/// One row of the ranking. Whoever joined but never posted has no row: absent means 0 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedUser {
    /// The account's id: the key to everything else.
    pub user_id: i64,
    /// Nickname; may be blank, may repeat.
    pub name: String,
    /// Name on this planet's card; empty if none was set.
    pub alias: String,
    /// Picture; the address expires after some weeks.
    pub avatar_url: Option<String>,
    /// Place, from 1; no two members share one.
    pub rank: u32,
    /// Distinct days with a check-in, by the planet's counting; may exceed the project's days.
    pub checkined_days: u32,
}

/// A ranking and whether its sum agrees with the project's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRanking {
    /// Every member with at least one day, best first.
    pub users: Vec<RankedUser>,
    /// The project's sums, read after the ranking.
    pub statistics: Statistics,
    /// The days of `users` added up.
    pub days_sum: u64,
    /// `days_sum` equals `statistics.checkined_count`. Only then may the ranking decide anything.
    pub is_checksum_clean: bool,
}

impl Planet {
    /// The whole ranking by accumulated days: page after page until an empty one. The index of a
    /// page is the last rank of the one before, exclusive. A user who moves between two pages is
    /// listed once, as last read; one who moves the other way can be missed, which is what
    /// [`Planet::checked_ranking`] finds out.
    ///
    /// # Errors
    /// See [`Error`]; any failed page fails the whole, nothing is ever returned in part.
    pub async fn ranking(&self, checkin_id: i64) -> Result<Vec<RankedUser>, Error> {
        let mut users: HashMap<i64, RankedUser> = HashMap::new();
        let mut index = 0;
        for _ in 0..MAX_PAGES {
            let part = format!("/ranking_list?type=accumulated&index={index}");
            let path = self.checkin_path(checkin_id, &part);
            let page = self
                .transport
                .get::<RankingAnswer>(CALL, &path)
                .await?
                .ranking_list;
            let Some(last) = page.last() else {
                let mut users: Vec<_> = users.into_values().collect();
                users.sort_by_key(|user| (user.rank, user.user_id));
                return Ok(users);
            };
            if last.rankings <= index {
                return Err(Error::Protocol {
                    call: CALL,
                    what: "its ranks do not advance",
                });
            }
            index = last.rankings;
            users.extend(
                page.into_iter()
                    .map(|row| (row.user.user_id.0, RankedUser::from(row))),
            );
        }
        Err(Error::TooManyPages {
            call: CALL,
            limit_pages: MAX_PAGES,
        })
    }

    /// The ranking together with its checksum. If the two disagree, as when somebody checks in
    /// between two pages, both are read once more; the result says whether they agree now.
    ///
    /// # Errors
    /// See [`Planet::ranking`].
    pub async fn checked_ranking(&self, checkin_id: i64) -> Result<CheckedRanking, Error> {
        let first = self.read_ranking(checkin_id).await?;
        if first.is_checksum_clean {
            Ok(first)
        } else {
            self.read_ranking(checkin_id).await
        }
    }

    async fn read_ranking(&self, checkin_id: i64) -> Result<CheckedRanking, Error> {
        let users = self.ranking(checkin_id).await?;
        let statistics = self.statistics(checkin_id).await?;
        let days_sum = users
            .iter()
            .map(|user| u64::from(user.checkined_days))
            .sum();
        let is_checksum_clean = days_sum == statistics.checkined_count;
        Ok(CheckedRanking {
            users,
            statistics,
            days_sum,
            is_checksum_clean,
        })
    }
}

#[derive(Deserialize)]
struct RankingAnswer {
    ranking_list: Vec<WireRank>,
}

#[derive(Deserialize)]
struct WireRank {
    user: WireUser,
    rankings: u32,
    checkined_days: u32,
}

impl From<WireRank> for RankedUser {
    fn from(wire: WireRank) -> Self {
        Self {
            user_id: wire.user.user_id.0,
            name: wire.user.name,
            alias: wire.user.alias,
            avatar_url: wire.user.avatar_url,
            rank: wire.rankings,
            checkined_days: wire.checkined_days,
        }
    }
}
