//! The ranking of a check-in project: who has how many days. It decides eligibility, so it is
//! whole or it is an error (zsxq §4.3).

use std::collections::HashMap;

use serde::Deserialize;
use wecom::lenient_json::Records;

use super::Planet;
use super::checkin::Statistics;
use super::error::Error;
use super::wire::{WireUser, log_lost};

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
    /// Rows that could not be read: who and how many days.
    pub unreadable_rows: usize,
    /// `days_sum` equals `statistics.checkined_count`, and every row was read. Only then may the
    /// ranking decide anything.
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
    async fn ranking(&self, checkin_id: i64) -> Result<Ranking, Error> {
        let mut users: HashMap<i64, RankedUser> = HashMap::new();
        let mut unreadable_rows = 0;
        let mut index = 0;
        for page_idx in 0..MAX_PAGES {
            let part = format!("/ranking_list?type=accumulated&index={index}");
            let path = self.checkin_path(checkin_id, &part);
            let page = self
                .transport
                .get::<RankingAnswer>(CALL, &path)
                .await?
                .ranking_list;
            if page.total() == 0 {
                let mut users: Vec<_> = users.into_values().collect();
                users.sort_by_key(|user| (user.rank, user.user_id));
                return Ok(Ranking {
                    users,
                    unreadable_rows,
                });
            }
            log_lost(CALL, page_idx, &page);
            unreadable_rows += page.lost().len();
            let last = last_rank(&page, index);
            if last <= index {
                return Err(Error::Protocol {
                    call: CALL,
                    what: "its ranks do not advance",
                });
            }
            index = last;
            users.extend(
                page.into_kept()
                    .into_iter()
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
    /// See [`Error`]; any failed page fails the whole.
    pub async fn checked_ranking(&self, checkin_id: i64) -> Result<CheckedRanking, Error> {
        let first = self.read_ranking(checkin_id).await?;
        if first.is_checksum_clean {
            Ok(first)
        } else {
            self.read_ranking(checkin_id).await
        }
    }

    async fn read_ranking(&self, checkin_id: i64) -> Result<CheckedRanking, Error> {
        let Ranking {
            users,
            unreadable_rows,
        } = self.ranking(checkin_id).await?;
        let statistics = self.statistics(checkin_id).await?;
        let days_sum = users
            .iter()
            .map(|user| u64::from(user.checkined_days))
            .sum();
        let is_checksum_clean = unreadable_rows == 0 && days_sum == statistics.checkined_count;
        Ok(CheckedRanking {
            users,
            statistics,
            days_sum,
            unreadable_rows,
            is_checksum_clean,
        })
    }
}

/// A ranking as it was read.
#[derive(Debug)]
struct Ranking {
    users: Vec<RankedUser>,
    unreadable_rows: usize,
}

/// The rank of the last row of a page. Where that row is lost it stands as far behind the last readable
/// one as there are rows between.
fn last_rank(page: &Records<WireRank>, index: u32) -> u32 {
    let lost_behind = (1..=page.total()).rev();
    let lost_behind = lost_behind.zip(page.lost().iter().rev());
    let lost_behind = lost_behind.take_while(|(n_rows, lost)| **lost + 1 == *n_rows);
    let lost_behind = u32::try_from(lost_behind.count()).unwrap_or(u32::MAX);
    let read = page.last().map_or(index, |row| row.rankings);
    read.saturating_add(lost_behind)
}

#[derive(Deserialize)]
pub(super) struct RankingAnswer {
    ranking_list: Records<WireRank>,
}

#[cfg(any(test, fuzzing))]
impl RankingAnswer {
    /// Rows on the page, whether they could be read or not.
    pub(super) fn n_rows(&self) -> usize {
        self.ranking_list.total()
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::{Value, json};

    use super::super::error::Failure;
    use super::super::fake_planet::{FakePlanet, PROJECT, Reply, Seen};
    use super::*;

    const FIRST_USER: i64 = 300_000_000_000_000;

    /// The planet's page of a ranking where rank `r` belongs to `days[r - 1]`.
    fn page(days: &[(i64, u32)], index: usize) -> Value {
        let rows: Vec<Value> = days
            .iter()
            .enumerate()
            .skip(index)
            .take(21)
            .map(|(idx, (user, days))| {
                json!({"user": {"user_id": user, "name": " ", "alias": "A-7"},
                    "rankings": idx + 1, "checkined_days": days})
            })
            .collect();
        json!({"ranking_list": rows})
    }

    fn members(n: i64) -> Vec<(i64, u32)> {
        (1..=n).map(|idx| (FIRST_USER + idx, 9)).collect()
    }

    fn index_of(seen: &Seen) -> usize {
        seen.query("index").unwrap().parse().unwrap()
    }

    /// A planet with a ranking that may change from one reading of it to the next.
    async fn planet_with(
        ranking: impl Fn(usize) -> Vec<(i64, u32)> + Send + Sync + 'static,
        checkined_count: impl Fn(usize) -> u32 + Send + Sync + 'static,
    ) -> FakePlanet {
        let readings = Arc::new(AtomicUsize::new(0));
        FakePlanet::start(move |seen, _| {
            if seen.path().ends_with("/statistics") {
                let reading = readings.load(Ordering::SeqCst);
                let sums = json!({"checkined_count": checkined_count(reading)});
                return Reply::data(&json!({"statistics": sums}));
            }
            assert_eq!(seen.query("type").as_deref(), Some("accumulated"));
            let index = index_of(seen);
            if index == 0 {
                readings.fetch_add(1, Ordering::SeqCst);
            }
            Reply::data(&page(&ranking(readings.load(Ordering::SeqCst)), index))
        })
        .await
    }

    #[tokio::test]
    async fn every_page_is_read_until_an_empty_one() {
        for n in [0, 1, 20, 21, 22, 42, 200, 285] {
            let fake = planet_with(move |_| members(n), |_| 0).await;
            let users = fake.planet().ranking(PROJECT).await.unwrap().users;
            let ids: Vec<i64> = users.iter().map(|user| user.user_id).collect();
            assert_eq!(
                ids,
                (1..=n).map(|idx| FIRST_USER + idx).collect::<Vec<_>>(),
                "{n}"
            );
            let ranks: Vec<u32> = users.iter().map(|user| user.rank).collect();
            assert_eq!(
                ranks,
                (1..=u32::try_from(n).unwrap()).collect::<Vec<_>>(),
                "{n}"
            );
            let asked: Vec<usize> = fake.seen().iter().map(index_of).collect();
            let mut expected: Vec<usize> = (0..n.unsigned_abs() as usize).step_by(21).collect();
            expected.push(n.unsigned_abs() as usize);
            expected.dedup();
            assert_eq!(asked, expected, "{n}");
        }
    }

    #[tokio::test]
    async fn rows_are_taken_as_served() {
        let body = r#"{"succeeded":true,"resp_data":{"ranking_list":[
            {"user":{"user_id":300000000000007,"name":"\u5c0f\u660e","alias":"",
              "avatar_url":"https:\/\/images.zsxq.com\/a?e=1"},"rankings":1,"checkined_days":10}],
            "user_specific":{"user":{"user_id":300000000000001,"name":"Host","alias":""},
              "rankings":0,"checkined_days":0}}}"#;
        let fake = FakePlanet::start(move |seen, _| match index_of(seen) {
            0 => Reply::raw(200, body),
            _ => Reply::data(&json!({"ranking_list": []})),
        })
        .await;
        let expected = RankedUser {
            user_id: 300_000_000_000_007,
            name: "小明".into(),
            alias: String::new(),
            avatar_url: Some("https://images.zsxq.com/a?e=1".into()),
            rank: 1,
            checkined_days: 10,
        };
        let read = fake.planet().ranking(PROJECT).await.unwrap();
        assert_eq!(read.users, [expected]);
    }

    #[tokio::test]
    async fn a_failed_page_fails_the_whole() {
        let fake = FakePlanet::start(|seen, _| match index_of(seen) {
            42 => Reply::code(1050),
            index => Reply::data(&page(&members(75), index)),
        })
        .await;
        let error = fake.planet().ranking(PROJECT).await.unwrap_err();
        let Error::Unavailable { last, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(last.code(), Some(1050));
        let asked: Vec<usize> = fake.seen().iter().map(index_of).collect();
        assert_eq!(asked, [0, 21, 42, 42, 42, 42, 42]);
    }

    #[tokio::test]
    async fn ranks_that_do_not_advance_are_an_error() {
        let fake = FakePlanet::start(|_, _| Reply::data(&page(&members(75), 0))).await;
        let error = fake.planet().ranking(PROJECT).await.unwrap_err();
        assert!(
            matches!(error, Error::Protocol { call: CALL, .. }),
            "{error:?}"
        );
        assert_eq!(fake.seen().len(), 2);
    }

    #[tokio::test]
    async fn an_endless_ranking_is_an_error() {
        let fake = FakePlanet::start(|seen, _| {
            let row = json!({"user": {"user_id": 3}, "rankings": index_of(seen) + 1,
                "checkined_days": 1});
            Reply::data(&json!({"ranking_list": [row]}))
        })
        .await;
        let error = fake.planet().ranking(PROJECT).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::TooManyPages {
                    limit_pages: MAX_PAGES,
                    ..
                }
            ),
            "{error:?}"
        );
        assert_eq!(fake.seen().len(), MAX_PAGES);
    }

    #[tokio::test]
    async fn an_odd_row_costs_itself_and_the_ranking_its_say() {
        let odd = [
            json!({"user": {"user_id": 3}, "rankings": 22, "checkined_days": -1}),
            json!({"user": {"name": "no id"}, "rankings": 22, "checkined_days": 1}),
            json!({"user": {"user_id": "3\u{fffd}"}, "rankings": 22, "checkined_days": 1}),
            json!({"user": {"user_id": 3}, "rankings": 22}),
        ];
        // At the end of a page, alone on one, and between others.
        for (row, place) in odd.iter().flat_map(|row| [(row, 20), (row, 21), (row, 5)]) {
            let row = row.clone();
            let fake = FakePlanet::start(move |seen, _| {
                if seen.path().ends_with("/statistics") {
                    return Reply::data(&json!({"statistics": {"checkined_count": 21 * 9}}));
                }
                let mut page = page(&members(22), index_of(seen));
                let rows = page["ranking_list"].as_array_mut().unwrap();
                let at = place - index_of(seen).min(place);
                if let Some(there) = rows.get_mut(at).filter(|_| index_of(seen) <= place) {
                    *there = row.clone();
                }
                Reply::data(&page)
            })
            .await;
            let checked = fake.planet().checked_ranking(PROJECT).await.unwrap();
            assert_eq!(
                (checked.users.len(), checked.unreadable_rows),
                (21, 1),
                "{place}"
            );
            assert_eq!(checked.days_sum, checked.statistics.checkined_count);
            assert!(!checked.is_checksum_clean, "somebody's days are not known");
        }
    }

    #[tokio::test]
    async fn a_name_that_is_half_a_character_costs_nothing() {
        let body = r#"{"succeeded":true,"resp_data":{"ranking_list":[
            {"user":{"user_id":300000000000007,"name":"\u5c0f\u660e\ud83d"},"rankings":1,"checkined_days":10}]}}"#;
        let fake = FakePlanet::start(move |seen, _| match seen.query("index").as_deref() {
            Some("0") => Reply::raw(200, body),
            Some(_) => Reply::data(&json!({"ranking_list": []})),
            None => Reply::data(&json!({"statistics": {"checkined_count": 10}})),
        })
        .await;
        let checked = fake.planet().checked_ranking(PROJECT).await.unwrap();
        assert!(checked.is_checksum_clean);
        assert_eq!(checked.users[0].name, "小明\u{fffd}");
    }

    #[tokio::test]
    async fn a_clean_ranking_is_read_once() {
        let fake = planet_with(|_| members(30), |_| 30 * 9).await;
        let checked = fake.planet().checked_ranking(PROJECT).await.unwrap();
        assert!(checked.is_checksum_clean);
        assert_eq!((checked.users.len(), checked.days_sum), (30, 270));
        assert_eq!(checked.statistics.checkined_count, 270);
        assert_eq!(fake.seen().len(), 4);
    }

    #[tokio::test]
    async fn a_member_who_moves_between_two_pages_causes_a_second_reading() {
        // While the first page is out, the last member checks in and takes the first place:
        // everybody moves down, the one at rank 21 is seen again and the mover not at all.
        let moved = || {
            let mut days = members(30);
            let (mover, count) = days.pop().unwrap();
            days.insert(0, (mover, count + 1));
            days
        };
        let fake = FakePlanet::start(move |seen, count| match (seen.path(), count) {
            (path, _) if path.ends_with("/statistics") => {
                Reply::data(&json!({"statistics": {"checkined_count": 30 * 9 + 1}}))
            }
            (_, 0) => Reply::data(&page(&members(30), 0)),
            _ => Reply::data(&page(&moved(), index_of(seen))),
        })
        .await;
        let first = fake.planet().ranking(PROJECT).await.unwrap();
        assert_eq!(
            first.users.len(),
            29,
            "one seen twice is listed once, one was missed"
        );

        let fake = planet_with(
            move |reading| if reading == 1 { moved() } else { members(30) },
            |_| 30 * 9,
        )
        .await;
        let checked = fake.planet().checked_ranking(PROJECT).await.unwrap();
        assert!(checked.is_checksum_clean);
        assert_eq!(checked.days_sum, 270);
        assert_eq!(
            fake.seen().len(),
            8,
            "two readings of three pages and the sums"
        );
    }

    #[tokio::test]
    async fn a_sum_that_stays_wrong_is_told_after_two_readings() {
        let fake = planet_with(|_| members(3), |_| 28).await;
        let checked = fake.planet().checked_ranking(PROJECT).await.unwrap();
        assert!(!checked.is_checksum_clean);
        assert_eq!(
            (checked.days_sum, checked.statistics.checkined_count),
            (27, 28)
        );
        assert_eq!(fake.seen().len(), 6);
    }

    #[tokio::test]
    async fn a_failing_checksum_fails_the_whole() {
        let fake = FakePlanet::start(|seen, _| match seen.path().ends_with("/statistics") {
            true => Reply::raw(502, ""),
            false => Reply::data(&page(&members(3), index_of(seen))),
        })
        .await;
        let error = fake.planet().checked_ranking(PROJECT).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Unavailable {
                    last: Failure::Http(502),
                    ..
                }
            ),
            "{error:?}"
        );
    }
}
