//! JSON from outside, read so that one bad string loses no answer.
//!
//! Nicknames, file names and error texts come from people and from old databases: half a surrogate
//! pair (`\ud83d`), a raw line break, a character cut in the middle, a byte order mark. A strict
//! parser refuses the whole answer for each of them. [`from_slice`] parses strictly first; only
//! where that fails it mends these four defects, all of them inside strings, and parses again.
//! [`Records`] is a list in which a record that does not fit costs itself and not its neighbours.
//!
//! Nothing outside strings is ever changed, so no number is. What is mended inside a string shows
//! as U+FFFD or as the control character it was: an id, a code or a sum in words that has one is
//! not the one that was sent. Read those with [`exact`] or [`exact_or_none`], which refuse it.
//! Bytes that are signed are verified as they came; this module is for afterwards.
//!
//! ```
//! use wecom::lenient_json;
//!
//! #[derive(serde::Deserialize)]
//! struct Answer {
//!     errcode: i64,
//!     errmsg: String,
//! }
//!
//! let answer: Answer = lenient_json::from_slice(b"{\"errcode\":40058,\"errmsg\":\"line 1\nline 2\"}")?;
//! assert_eq!((answer.errcode, &*answer.errmsg), (40058, "line 1\nline 2"));
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt::{self, Write as _};
use std::ops::Deref;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What stands for bytes and halves of characters that mean nothing.
const REPLACEMENT: &str = "\\ufffd";
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads JSON strictly; where that fails, mends it once and reads it again.
///
/// # Errors
/// The error of the last reading.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes).or_else(|strict| match repaired(bytes) {
        Some(text) => serde_json::from_str(&text),
        None => Err(strict),
    })
}

/// The text with its defects mended: no byte order mark, no byte that is no UTF-8, and within
/// strings no raw control character and no half of a surrogate pair. `None` if it has none of them.
#[must_use]
pub fn repaired(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let body = text.trim_start_matches(BYTE_ORDER_MARK);
    let mended = with_whole_strings(body);
    (mended.as_bytes() != bytes).then_some(mended)
}

/// Escapes raw control characters in strings, and replaces escapes that are half a character.
fn with_whole_strings(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let (piece, after) = rest.split_at(c.len_utf8());
        let (taken, after) = match c {
            '\\' if in_string => escape(rest),
            _ => (piece, after),
        };
        match c {
            '"' => in_string = !in_string,
            // Writing to a String cannot fail.
            c if in_string && c < ' ' => drop(write!(mended, "\\u{:04x}", u32::from(c))),
            _ => {}
        }
        if !in_string || c >= ' ' {
            mended.push_str(taken);
        }
        rest = after;
    }
    mended
}

/// The escape that `text` begins with, as it may stand, and what follows it.
fn escape(text: &str) -> (&str, &str) {
    let pair = text.get(..12).and_then(|pair| {
        let (high, low) = (unit(text)?, unit(text.get(6..)?)?);
        let is_pair = (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(&low);
        is_pair.then_some(pair)
    });
    if let Some(pair) = pair {
        return (pair, text.get(12..).unwrap_or_default());
    }
    match unit(text) {
        Some(0xD800..0xE000) => (REPLACEMENT, text.get(6..).unwrap_or_default()),
        Some(_) => text.split_at_checked(6).unwrap_or((text, "")),
        // Two characters, `\"` among them; what is no escape at all stays for the parser to refuse.
        None => text
            .split_at_checked(2)
            .unwrap_or(("\\", text.get(1..).unwrap_or_default())),
    }
}

/// The code unit of an escape `\uXXXX` at the beginning.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Is true for a text that was not mended: one that may be an id, a code or a signature.
#[must_use]
pub fn is_exact(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c == char::REPLACEMENT_CHARACTER || c.is_control())
}

/// Reads a string that was not mended, for `#[serde(deserialize_with)]`.
///
/// # Errors
/// It is no string, or not the one that was sent.
pub fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_exact(&text) {
        Ok(text)
    } else {
        Err(D::Error::custom("a string that is not as it was sent"))
    }
}

/// As [`exact`] for one that may be null; with `#[serde(default)]` it may be missing.
///
/// # Errors
/// As [`exact`].
pub fn exact_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        Some(text) if !is_exact(&text) => {
            Err(D::Error::custom("a string that is not as it was sent"))
        }
        text => Ok(text),
    }
}

/// A list from outside of which each record was read by itself: one that does not fit is left out,
/// and [`Records::lost`] says where it stood. `Debug` shows counts only.
///
/// Say in your log which one was lost, and treat the list as what it is: incomplete.
#[derive(Clone, PartialEq, Eq)]
pub struct Records<T> {
    kept: Vec<T>,
    lost: Vec<usize>,
}

impl<T> Records<T> {
    /// The places, from 0, of the records that did not fit.
    #[must_use]
    pub fn lost(&self) -> &[usize] {
        &self.lost
    }

    /// How many records there were, lost ones included.
    #[must_use]
    pub fn total(&self) -> usize {
        self.kept.len() + self.lost.len()
    }

    /// The records that fit, for those who have dealt with [`Records::lost`].
    #[must_use]
    pub fn into_kept(self) -> Vec<T> {
        self.kept
    }
}

impl<T> Default for Records<T> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            lost: Vec::new(),
        }
    }
}

impl<T> Deref for Records<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.kept
    }
}

impl<'a, T> IntoIterator for &'a Records<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.kept.iter()
    }
}

impl<T> From<Vec<T>> for Records<T> {
    fn from(kept: Vec<T>) -> Self {
        Self {
            kept,
            lost: Vec::new(),
        }
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("kept", &self.kept.len())
            .field("lost", &self.lost.len())
            .finish()
    }
}

/// A list, or null for an empty one.
impl<'de, T: DeserializeOwned> Deserialize<'de> for Records<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows: Vec<Value> = Option::deserialize(deserializer)?.unwrap_or_default();
        let mut records = Self::default();
        for (place, row) in rows.into_iter().enumerate() {
            match T::deserialize(row) {
                Ok(record) => records.kept.push(record),
                Err(_) => records.lost.push(place),
            }
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(json: &[u8]) -> String {
        from_slice::<String>(json).unwrap()
    }

    #[test]
    fn what_is_whole_is_read_as_it_is() {
        assert_eq!(repaired(br#"{"a":"b\u0041\ud83d\ude00\"\\"}"#), None);
        assert_eq!(text(br#""\ud83d\ude00""#), "😀");
        assert_eq!(
            repaired(b"{\n\t\"a\" : 1\r\n}"),
            None,
            "blanks between are JSON"
        );
    }

    #[test]
    fn each_defect_is_mended_and_costs_its_place_only() {
        for (json, expected) in [
            (&b"\"a\nb\tc\x00d\""[..], "a\nb\tc\0d"),
            (br#""xiao\ud83d""#, "xiao\u{fffd}"),
            (br#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
            (br#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (br#""\\\ud83d\\""#, "\\\u{fffd}\\"),
            (b"\"\xe5\xb0\"", "\u{fffd}"),
            (b"\xef\xbb\xbf\"a\"", "a"),
            (b"\"\xe5\xb0\x8f\xe6\"", "小\u{fffd}"),
        ] {
            assert_eq!(text(json), expected, "{}", String::from_utf8_lossy(json));
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for json in [
            &b""[..],
            b"<html>",
            b"{\"a\":",
            b"\"a",
            b"\"\\x\"",
            b"\"\\",
            b"\"\\u12\"",
        ] {
            assert!(from_slice::<Value>(json).is_err(), "{json:?}");
        }
    }

    #[test]
    fn numbers_and_names_of_fields_are_never_touched() {
        #[derive(Debug, Deserialize)]
        struct Paid {
            fen: i64,
            #[serde(deserialize_with = "exact")]
            order: String,
        }
        let paid = |json: &[u8]| from_slice::<Paid>(json);
        let good =
            paid(b"{\"fen\":9007199254740993,\"order\":\"ord_1\",\"words\":\"a\nb\"}").unwrap();
        assert_eq!((good.fen, &*good.order), (9_007_199_254_740_993, "ord_1"));
        for bad in [
            &b"{\"fen\":1,\"order\":\"ord\n1\"}"[..],
            br#"{"fen":1,"order":"ord\ud83d"}"#,
            b"{\"fen\":1\x00,\"order\":\"ord\"}",
            b"{\"fen\":\"1\",\"order\":\"o\nrd\"}",
        ] {
            assert!(paid(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }

    #[test]
    fn a_record_that_does_not_fit_costs_itself() {
        let read: Records<u32> = from_slice(b"[1,\"x\n\",3,-4,5]").unwrap();
        assert_eq!(
            (&*read, read.lost(), read.total()),
            (&[1, 3, 5][..], &[1, 3][..], 5)
        );
        assert_eq!(format!("{read:?}"), "Records { kept: 3, lost: 2 }");
        let none: Records<u32> = from_slice(b"null").unwrap();
        assert!(none.is_empty() && none.lost().is_empty());
        assert!(from_slice::<Records<u32>>(b"{}").is_err(), "no list at all");
    }

    proptest! {
        #[test]
        fn any_bytes_are_mended_at_most_once(bytes: Vec<u8>) {
            if let Some(text) = repaired(&bytes) {
                prop_assert!(text.len() <= 6 * bytes.len());
                prop_assert_eq!(repaired(text.as_bytes()), None);
            }
        }

        /// Whatever stands in a string, its neighbours are read.
        #[test]
        fn no_string_costs_its_neighbours(junk in proptest::collection::vec(any::<u8>(), 0..40)) {
            let junk: Vec<u8> = junk.into_iter().filter(|b| !matches!(b, b'"' | b'\\')).collect();
            let json = [&b"{\"errcode\":40058,\"errmsg\":\""[..], &junk, b"\"}"].concat();
            let answer: Value = from_slice(&json).unwrap();
            prop_assert_eq!(&answer["errcode"], 40058);
        }

        #[test]
        fn no_half_character_costs_its_neighbours(unit: u16, other: u16) {
            let json = format!("{{\"n\":\"a\\u{unit:04x}\\u{other:04X}b\",\"d\":7}}");
            let answer: Value = from_slice(json.as_bytes()).unwrap();
            prop_assert_eq!(&answer["d"], 7);
        }

        #[test]
        fn good_json_needs_no_mending(text in ".{0,60}") {
            let json = serde_json::to_vec(&text).unwrap();
            prop_assert_eq!(from_slice::<String>(&json).unwrap(), text);
        }
    }
}
