//! Shapes shared by several bodies: enumerations that may grow, and times.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

const BEIJING_OFFSET_SECONDS: i32 = 8 * 3600;

/// An enumeration of WeChat Pay: the words we know, and any other word kept as it came, since new
/// ones may appear at any time (§0).
macro_rules! open_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident { $($(#[$word_attribute:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$word_attribute])* $variant,)+
            /// A word that is not in the reference.
            Unknown(String),
        }

        impl $name {
            /// The word as WeChat Pay writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Unknown(word),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}
pub(super) use open_enum;

/// RFC 3339 in Beijing time without fractions, as the documentation writes it (§0).
pub(super) fn beijing_time(time: DateTime<Utc>) -> String {
    match FixedOffset::east_opt(BEIJING_OFFSET_SECONDS) {
        Some(beijing) => time
            .with_timezone(&beijing)
            .to_rfc3339_opts(SecondsFormat::Secs, false),
        None => time.to_rfc3339_opts(SecondsFormat::Secs, true),
    }
}

/// A time in RFC 3339, fractions permitted. Whatever else is there is no time: it tells when, never
/// whether, and what is paid is booked without it.
pub(super) fn optional_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Value::deserialize(deserializer)?;
    let time = text.as_str().map(DateTime::parse_from_rfc3339);
    Ok(time
        .and_then(Result::ok)
        .map(|time| time.with_timezone(&Utc)))
}

/// Words that decide nothing: a string, or none.
pub(super) fn words<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(words) => Ok(Some(words)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "optional_time")]
        at: Option<DateTime<Utc>>,
    }

    #[test]
    fn reads_times_as_they_occur() {
        let cases = [
            (r#"{}"#, Some(None)),
            (r#"{"at":null}"#, Some(None)),
            (r#"{"at":""}"#, Some(None)),
            (
                r#"{"at":"2025-10-09T16:53:20+08:00"}"#,
                Some(Some(1_760_000_000_000)),
            ),
            (
                r#"{"at":"2025-10-09T16:53:20.120+08:00"}"#,
                Some(Some(1_760_000_000_120)),
            ),
            (
                r#"{"at":"2025-10-09T08:53:20Z"}"#,
                Some(Some(1_760_000_000_000)),
            ),
            (r#"{"at":"20251009165320"}"#, Some(None)),
            (r#"{"at":1760000000}"#, Some(None)),
        ];
        for (text, expected) in cases {
            let read = serde_json::from_str::<Sample>(text).ok();
            let read = read.map(|sample| sample.at.map(|time| time.timestamp_millis()));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn writes_beijing_time() {
        let time = DateTime::from_timestamp(1_760_001_800, 999_000_000).unwrap();
        assert_eq!(beijing_time(time), "2025-10-09T17:23:20+08:00");
    }
}
