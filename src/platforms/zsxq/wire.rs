//! How the planet writes single values, and how much of it is tolerated: ids as numbers or as
//! strings, optional fields missing or null, texts blank or far too long (zsxq §3).

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{DeserializeOwned, Error as _, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use wecom::lenient_json::Records;

use super::time;

/// Longest name, title or address that is kept; honest ones are far shorter.
const MAX_TEXT_CHARS: usize = 500;

/// An id of the planet: positive, exact above 2^53, never through a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(pub(super) i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a positive 64-bit id")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Id, E> {
        i64::try_from(number)
            .ok()
            .filter(|&id| id > 0)
            .map(Id)
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
        let digits_only = text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>()
            .ok()
            .filter(|&id| digits_only && id > 0)
            .map(Id)
            .ok_or_else(|| E::custom("an id that is no number"))
    }
}

/// An id that may be missing, null or 0.
pub(super) fn optional_id<'de, D: Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Id(Id),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Option::<Loose>::deserialize(d)? {
        Some(Loose::Id(id)) => Some(id.0),
        Some(Loose::Other(_)) | None => None,
    })
}

/// A text that may be missing, null or of another kind, then empty (a number is one); cut at 500
/// characters, and without U+0000, which PostgreSQL refuses: one person's name shall not fail a
/// whole sync.
pub(super) fn text<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    let mut text = match Value::deserialize(d)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    text.retain(|character| character != '\0');
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
    }
    Ok(text)
}

/// The address of a picture: http(s) or nothing, since pages will show it.
pub(super) fn picture<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let address = text(d)?;
    let is_web = address.starts_with("https://") || address.starts_with("http://");
    Ok(is_web.then_some(address))
}

/// A time that must be there.
pub(super) fn instant<'de, D: Deserializer<'de>>(d: D) -> Result<DateTime<Utc>, D::Error> {
    time::parse(&String::deserialize(d)?).ok_or_else(|| D::Error::custom("not a time"))
}

/// A time that may be missing, null, empty (`expiration_time` of a long-period project) or unreadable.
pub(super) fn optional_instant<'de, D: Deserializer<'de>>(
    d: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(Value::deserialize(d)?.as_str().and_then(time::parse))
}

/// What decides nothing: none where it does not fit.
pub(super) fn or_none<'de, D, T>(d: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(T::deserialize(Value::deserialize(d)?).ok())
}

/// A yes that decides little: anything but `true` is no.
pub(super) fn flag<'de, D: Deserializer<'de>>(d: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(d)?.as_bool().unwrap_or_default())
}

/// Names in the log the rows of a list that could not be read, by their places on the page.
pub(super) fn log_lost<T>(call: &'static str, page_idx: usize, rows: &Records<T>) {
    if !rows.lost().is_empty() {
        let (n_rows, lost) = (rows.total(), rows.lost());
        tracing::warn!(
            call,
            page_idx,
            n_rows,
            ?lost,
            "rows of the planet do not fit"
        );
    }
}

/// A person as rankings, posts and lists show them.
#[derive(Debug, Deserialize)]
pub(super) struct WireUser {
    pub(super) user_id: Id,
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) alias: String,
    #[serde(default, deserialize_with = "picture")]
    pub(super) avatar_url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_exact_and_positive() {
        let cases = [
            ("90000000000000071", Some(90_000_000_000_000_071)),
            (r#""90000000000000071""#, Some(90_000_000_000_000_071)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("18446744073709551616", None),
            ("0", None),
            ("-5", None),
            ("1.5", None),
            ("1e3", None),
            (r#""+5""#, None),
            (r#""""#, None),
            ("null", None),
            ("[]", None),
        ];
        for (json, expected) in cases {
            let id = serde_json::from_str::<Id>(json).ok().map(|id| id.0);
            assert_eq!(id, expected, "{json}");
        }
    }

    #[test]
    fn optional_ids_forgive_everything() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "optional_id")]
            number: Option<i64>,
        }
        let cases = [
            ("{}", None),
            (r#"{"number":null}"#, None),
            (r#"{"number":0}"#, None),
            (r#"{"number":4805}"#, Some(4805)),
            (r#"{"number":"4805"}"#, Some(4805)),
            (r#"{"number":{"a":1}}"#, None),
        ];
        for (json, expected) in cases {
            assert_eq!(
                serde_json::from_str::<Row>(json).unwrap().number,
                expected,
                "{json}"
            );
        }
    }

    #[test]
    fn a_person_may_have_hardly_any_fields() {
        let bare: WireUser = serde_json::from_str(r#"{"user_id":300000000000007}"#).unwrap();
        assert_eq!(
            (bare.name.as_str(), bare.alias.as_str(), bare.avatar_url),
            ("", "", None)
        );
        let odd: WireUser = serde_json::from_str(
            r#"{"user_id":300000000000007,"name":"  ","alias":null,
                "avatar_url":"https:\/\/images.zsxq.com\/\u0041?e=1"}"#,
        )
        .unwrap();
        assert_eq!(odd.name, "  ");
        assert_eq!(
            odd.avatar_url.as_deref(),
            Some("https://images.zsxq.com/A?e=1")
        );
        let nul: WireUser = serde_json::from_str(
            r#"{"user_id":3,"name":"小\u0000明","avatar_url":"https://a\u0000"}"#,
        )
        .unwrap();
        assert_eq!(
            (nul.name.as_str(), nul.avatar_url.as_deref()),
            ("小明", Some("https://a"))
        );
        let hostile: WireUser =
            serde_json::from_str(r#"{"user_id":3,"avatar_url":"javascript:alert(1)"}"#).unwrap();
        assert_eq!(hostile.avatar_url, None);
        let long = format!(r#"{{"user_id":3,"name":"{}"}}"#, "名".repeat(100_000));
        let cut: WireUser = serde_json::from_str(&long).unwrap();
        assert_eq!(cut.name.chars().count(), MAX_TEXT_CHARS);
    }
}
