//! A check-in project (打卡项目) and its sums (zsxq §4.2).

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Planet;
use super::error::Error;
use super::wire::{Id, flag, optional_instant, or_none, text};

/// A check-in project. It has no start date: use `created_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkin {
    /// The project's id, 10 digits.
    pub checkin_id: i64,
    /// Its title; may be blank.
    pub title: String,
    /// Days a member is asked to check in, of the planet's own counting; a member's days may
    /// exceed it.
    pub checkin_days: Option<u32>,
    /// Running, over or switched off.
    pub status: CheckinStatus,
    /// How days count.
    pub kind: CheckinKind,
    /// When it was set up.
    pub created_at: Option<DateTime<Utc>>,
    /// When it is over; `None` for a project without an end.
    pub expires_at: Option<DateTime<Utc>>,
    /// Members who joined it, whether or not they ever posted.
    pub joined_count: Option<u64>,
}

/// Where a project stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckinStatus {
    /// Open for posts.
    Ongoing,
    /// Past its end.
    Over,
    /// Switched off by an administrator, maybe before its end.
    Closed,
    /// A word this client does not know.
    Unknown,
}

/// How a project counts days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckinKind {
    /// All days add up.
    Accumulated,
    /// A streak is asked for.
    Continuous,
    /// A word this client does not know.
    Unknown,
}

/// The sums of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// Members who joined, whether or not they ever posted.
    pub joined_count: Option<u64>,
    /// Members who reached the project's days.
    pub completed_count: Option<u64>,
    /// The days of all members added up: the checksum of the ranking.
    pub checkined_count: u64,
}

impl Planet {
    /// One check-in project.
    ///
    /// # Errors
    /// See [`Error`]; an unknown id most likely gives [`Error::Refused`] (unconfirmed).
    pub async fn checkin(&self, checkin_id: i64) -> Result<Checkin, Error> {
        const CALL: &str = "checkins/C";
        let answer = self
            .transport
            .get::<CheckinAnswer>(CALL, &self.checkin_path(checkin_id, ""))
            .await?;
        let checkin = Checkin::from(answer.checkin);
        if checkin.checkin_id != checkin_id {
            return Err(Error::Protocol {
                call: CALL,
                what: "it is about another project",
            });
        }
        Ok(checkin)
    }

    /// The sums of a project.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn statistics(&self, checkin_id: i64) -> Result<Statistics, Error> {
        let path = self.checkin_path(checkin_id, "/statistics");
        let answer = self
            .transport
            .get::<StatisticsAnswer>("checkins/C/statistics", &path)
            .await?;
        let WireStatistics {
            joined_count,
            completed_count,
            checkined_count,
        } = answer.statistics;
        Ok(Statistics {
            joined_count,
            completed_count,
            checkined_count,
        })
    }

    /// The path of a project or of a part of it.
    pub(super) fn checkin_path(&self, checkin_id: i64, part: &str) -> String {
        format!("/v2/groups/{}/checkins/{checkin_id}{part}", self.group_id)
    }
}

#[derive(Deserialize)]
pub(super) struct CheckinAnswer {
    pub(super) checkin: WireCheckin,
}

#[derive(Deserialize)]
pub(super) struct WireCheckin {
    checkin_id: Id,
    #[serde(default, deserialize_with = "text")]
    title: String,
    #[serde(default, deserialize_with = "or_none")]
    checkin_days: Option<u32>,
    #[serde(default, deserialize_with = "text")]
    status: String,
    #[serde(default, rename = "type", deserialize_with = "text")]
    kind: String,
    #[serde(default, deserialize_with = "optional_instant")]
    create_time: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "or_none")]
    validity: Option<WireValidity>,
    #[serde(default, deserialize_with = "or_none")]
    joined_count: Option<u64>,
}

#[derive(Deserialize)]
struct WireValidity {
    #[serde(default, deserialize_with = "flag")]
    long_period: bool,
    #[serde(default, deserialize_with = "optional_instant")]
    expiration_time: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct StatisticsAnswer {
    statistics: WireStatistics,
}

#[derive(Deserialize)]
struct WireStatistics {
    #[serde(default, deserialize_with = "or_none")]
    joined_count: Option<u64>,
    #[serde(default, deserialize_with = "or_none")]
    completed_count: Option<u64>,
    checkined_count: u64,
}

impl From<WireCheckin> for Checkin {
    fn from(wire: WireCheckin) -> Self {
        Self {
            checkin_id: wire.checkin_id.0,
            title: wire.title,
            checkin_days: wire.checkin_days,
            status: match wire.status.as_str() {
                "ongoing" => CheckinStatus::Ongoing,
                "over" => CheckinStatus::Over,
                "closed" => CheckinStatus::Closed,
                _ => CheckinStatus::Unknown,
            },
            kind: match wire.kind.as_str() {
                "accumulated" => CheckinKind::Accumulated,
                "continuous" => CheckinKind::Continuous,
                _ => CheckinKind::Unknown,
            },
            created_at: wire.create_time,
            expires_at: wire
                .validity
                .filter(|validity| !validity.long_period)
                .and_then(|validity| validity.expiration_time),
            joined_count: wire.joined_count,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fake_planet::{FakePlanet, PROJECT, Reply};
    use super::super::time;
    use super::*;

    async fn read(checkin: Value) -> Result<Checkin, Error> {
        let data = json!({"is_valid_member": true, "checkin": checkin, "group": {"name": "Demo"}});
        let fake = FakePlanet::start(move |seen, _| {
            assert_eq!(
                seen.path_and_query,
                "/v2/groups/88000000000011/checkins/7700000001"
            );
            Reply::data(&data)
        })
        .await;
        fake.planet().checkin(PROJECT).await
    }

    #[tokio::test]
    async fn a_project_as_served() {
        let checkin = read(json!({
            "checkin_id": PROJECT, "title": "Writing camp 01", "text": "rules…", "checkin_days": 9,
            "validity": {"long_period": false, "expiration_time": "2026-01-10T23:59:59.999+0800"},
            "create_time": "2026-01-01T09:00:00.000+0800", "status": "ongoing",
            "type": "accumulated", "joined_count": 99}))
        .await
        .unwrap();
        let expected = Checkin {
            checkin_id: PROJECT,
            title: "Writing camp 01".into(),
            checkin_days: Some(9),
            status: CheckinStatus::Ongoing,
            kind: CheckinKind::Accumulated,
            created_at: time::parse("2026-01-01T09:00:00.000+0800"),
            expires_at: time::parse("2026-01-10T23:59:59.999+0800"),
            joined_count: Some(99),
        };
        assert_eq!(checkin, expected);
    }

    #[tokio::test]
    async fn words_and_ends_of_projects() {
        let words = [
            ("over", CheckinStatus::Over),
            ("closed", CheckinStatus::Closed),
            ("paused", CheckinStatus::Unknown),
        ];
        for (word, expected) in words {
            let checkin = json!({"checkin_id": PROJECT, "status": word, "type": "continuous",
                "validity": {"long_period": true, "expiration_time": ""}});
            let checkin = read(checkin).await.unwrap();
            assert_eq!(
                (checkin.status, checkin.kind),
                (expected, CheckinKind::Continuous)
            );
            assert_eq!(checkin.expires_at, None);
        }
        let bare = read(json!({"checkin_id": PROJECT})).await.unwrap();
        assert_eq!(
            (bare.status, bare.kind),
            (CheckinStatus::Unknown, CheckinKind::Unknown)
        );
    }

    #[tokio::test]
    async fn another_project_is_an_odd_answer() {
        let error = read(json!({"checkin_id": 3})).await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn sums_need_their_checksum() {
        let answers = [
            json!({"checkined_count": 33}),
            json!({"joined_count": 3}),
            json!({}),
        ];
        for (statistics, is_good) in answers.into_iter().zip([true, false, false]) {
            let data = json!({"statistics": statistics});
            let fake = FakePlanet::start(move |_, _| Reply::data(&data)).await;
            let sums = fake.planet().statistics(PROJECT).await;
            assert_eq!(
                sums.ok().map(|sums| sums.checkined_count),
                is_good.then_some(33)
            );
        }
    }
}
