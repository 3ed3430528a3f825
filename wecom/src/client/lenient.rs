//! Shapes that the platform writes in more than one way.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::OneTimeCode;

/// `"a|b"`, `["a","b"]`, `[1,2]`, `null` or nothing: a list of ids.
pub(crate) fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(joined) => joined
            .split('|')
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
        Value::Array(items) => items.iter().filter_map(scalar).collect(),
        _ => Vec::new(),
    })
}

/// A string or number as text; empty and null are nothing.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(scalar(&Value::deserialize(deserializer)?))
}

/// As [`text`], for a code that no `Debug` shows.
pub(crate) fn code<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OneTimeCode>, D::Error> {
    Ok(text(deserializer)?.map(OneTimeCode::from))
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

/// A list whose null is an empty list.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
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

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
