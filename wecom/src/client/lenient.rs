//! Shapes that the platform writes in more than one way.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use crate::OneTimeCode;
use crate::lenient_json::is_exact;

/// `"a|b"`, `["a","b"]`, `[1,2]`, `1`, `null` or nothing: a list of ids.
pub(crate) fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(joined) => joined
            .split('|')
            .filter(|id| !id.is_empty() && is_exact(id))
            .map(str::to_owned)
            .collect(),
        Value::Array(items) => items.iter().filter_map(id_in).collect(),
        Value::Number(id) => vec![id.to_string()],
        _ => Vec::new(),
    })
}

/// A string or number as text; empty and null are nothing.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(scalar(&Value::deserialize(deserializer)?))
}

/// An id that decides whom or what a record is about: it has to be there, as it was sent.
pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    id_in(&Value::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no usable id"))
}

/// As [`id`] for one that may be absent; one that is not as it was sent is absent.
pub(crate) fn optional_id<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(id_in(&Value::deserialize(deserializer)?))
}

/// As [`optional_id`]; an absent one is empty.
pub(crate) fn id_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(optional_id(deserializer)?.unwrap_or_default())
}

/// As [`text`], for a code that no `Debug` shows.
pub(crate) fn code<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OneTimeCode>, D::Error> {
    Ok(optional_id(deserializer)?.map(OneTimeCode::from))
}

/// An integer or a string of digits; anything else is nothing.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(number(&Value::deserialize(deserializer)?))
}

/// `true`, `1` or `"1"`.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_bool().unwrap_or_else(|| number(&value) == Some(1)))
}

/// As [`text`]; nothing is the empty string.
pub(crate) fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(text(deserializer)?.unwrap_or_default())
}

/// As [`integer`]; nothing, and what the type cannot hold, is 0.
pub(crate) fn whole<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64> + Default,
{
    Ok(as_whole(&Value::deserialize(deserializer)?))
}

/// A list of integers in either spelling, or null. What is none is 0, so that lists that go
/// together keep their places.
pub(crate) fn wholes<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64> + Default,
{
    let items: Vec<Value> = or_default(deserializer)?;
    Ok(items.iter().map(as_whole).collect())
}

fn as_whole<T: TryFrom<i64> + Default>(value: &Value) -> T {
    let number = number(value).and_then(|number| T::try_from(number).ok());
    number.unwrap_or_default()
}

/// A list or an object whose null is an empty one.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// `7200`, `"7200"` or `7200.0`.
pub(crate) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let text = scalar(value)?;
        let text = text.trim();
        text.strip_suffix(".0").unwrap_or(text).parse().ok()
    })
}

/// An id, unless it was mended: then it is another one.
pub(crate) fn id_in(value: &Value) -> Option<String> {
    scalar(value).filter(|id| is_exact(id))
}

/// A string that says something, or a number, as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
