//! A check-in project (打卡项目) and its sums (zsxq §4.2).

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Planet;
use super::error::Error;
use super::wire::{Id, optional_instant, text};

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
struct CheckinAnswer {
    checkin: WireCheckin,
}

#[derive(Deserialize)]
struct WireCheckin {
    checkin_id: Id,
    #[serde(default, deserialize_with = "text")]
    title: String,
    checkin_days: Option<u32>,
    #[serde(default, deserialize_with = "text")]
    status: String,
    #[serde(default, rename = "type", deserialize_with = "text")]
    kind: String,
    #[serde(default, deserialize_with = "optional_instant")]
    create_time: Option<DateTime<Utc>>,
    validity: Option<WireValidity>,
    joined_count: Option<u64>,
}

#[derive(Deserialize)]
struct WireValidity {
    #[serde(default)]
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
    joined_count: Option<u64>,
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
