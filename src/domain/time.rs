//! Time as the store keeps it and as people count it: UTC microseconds, and days in Asia/Shanghai.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// China Standard Time; it has had no daylight saving since 1991.
const SHANGHAI_OFFSET_S: i32 = 8 * 3600;

/// Business time: what day it is for a camp, when a deadline has passed. The demo and the tests
/// move it, so signatures, token life, sessions and leases must not be measured by it.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A moment, in whole microseconds since 1970-01-01 UTC (PostgreSQL keeps no more).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment from microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch (the `timestamp` of the envelope).
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0 / 1000
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The beginning of its second.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self(self.secs() * 1_000_000)
    }

    /// `delta` later (or earlier, if negative); stays at the ends of the range.
    #[must_use]
    pub fn plus(self, delta: TimeDelta) -> Self {
        Self(
            self.0
                .saturating_add(delta.num_microseconds().unwrap_or(i64::MAX)),
        )
    }

    /// `delta` earlier; stays at the ends of the range.
    #[must_use]
    pub fn minus(self, delta: TimeDelta) -> Self {
        Self(
            self.0
                .saturating_sub(delta.num_microseconds().unwrap_or(i64::MAX)),
        )
    }

    /// The calendar day in Shanghai: a camp's day.
    #[must_use]
    pub fn shanghai_day(self) -> NaiveDate {
        self.shanghai().date_naive()
    }

    /// The first moment of a Shanghai day.
    #[must_use]
    pub fn start_of_day(day: NaiveDate) -> Self {
        let midnight = day.and_time(NaiveTime::MIN).and_utc().timestamp_micros();
        Self(midnight - i64::from(SHANGHAI_OFFSET_S) * 1_000_000)
    }

    /// The same moment on a Shanghai clock.
    #[must_use]
    pub fn shanghai(self) -> DateTime<FixedOffset> {
        let utc = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH);
        match FixedOffset::east_opt(SHANGHAI_OFFSET_S) {
            Some(offset) => utc.with_timezone(&offset),
            None => utc.fixed_offset(),
        }
    }

    /// RFC 3339 with `+08:00`, the form of the API (contract).
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.shanghai()
            .to_rfc3339_opts(SecondsFormat::AutoSi, false)
    }
}

impl<Tz: chrono::TimeZone> From<DateTime<Tz>> for Timestamp {
    fn from(time: DateTime<Tz>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(Self::from)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from(DateTime::parse_from_rfc3339(text).unwrap())
    }

    #[test]
    fn a_day_ends_at_midnight_in_shanghai() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 3).unwrap();
        assert_eq!(at("2026-01-03T23:59:59.999+08:00").shanghai_day(), day);
        assert_eq!(
            at("2026-01-03T16:00:00Z").shanghai_day(),
            day.succ_opt().unwrap()
        );
        assert_eq!(
            Timestamp::start_of_day(day),
            at("2026-01-03T00:00:00+08:00")
        );
    }

    #[test]
    fn crosses_the_api_with_its_offset() {
        let moment = at("2026-01-03T12:00:00Z");
        assert_eq!(
            serde_json::to_string(&moment).unwrap(),
            "\"2026-01-03T20:00:00+08:00\""
        );
        let back: Timestamp = serde_json::from_str("\"2026-01-03T20:00:00+08:00\"").unwrap();
        assert_eq!(back, moment);
    }
}
