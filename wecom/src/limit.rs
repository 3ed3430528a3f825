//! Limits of the platform, checked before anything leaves the process.
//!
//! WeCom cuts over-long text without telling and answers a misleading code for a wrong card, so
//! this crate refuses first and names the field and the rule. It knows no message and no card; it
//! only measures.

use unicode_segmentation::UnicodeSegmentation;

use crate::visible::is_blank;

/// A value that WeCom would refuse or silently cut.
///
/// Nothing was sent. `field` is the JSON path of the value (`button_list.key`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct LimitError {
    /// JSON path of the value, without indices.
    pub field: &'static str,
    /// The rule that was broken.
    pub rule: Rule,
}

/// The rule behind a [`LimitError`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// More UTF-8 bytes than allowed.
    #[error("{actual} bytes, at most {max} are allowed")]
    TooManyBytes {
        /// Largest length in bytes.
        max: usize,
        /// Length found, in bytes.
        actual: usize,
    },
    /// More characters (Unicode scalar values) than allowed.
    #[error("{actual} characters, at most {max} are allowed")]
    TooManyCharacters {
        /// Largest length in characters.
        max: usize,
        /// Length found, in characters.
        actual: usize,
    },
    /// More items than allowed.
    #[error("{actual} items, at most {max} are allowed")]
    TooManyItems {
        /// Largest count.
        max: usize,
        /// Count found.
        actual: usize,
    },
    /// Fewer items or bytes than required.
    #[error("{actual}, at least {min} required")]
    TooFew {
        /// Smallest count.
        min: usize,
        /// Count found.
        actual: usize,
    },
    /// A required value is missing or empty.
    #[error("required, but missing or empty")]
    Missing,
    /// A character outside the allowed set.
    #[error("only {allowed} are allowed")]
    Characters {
        /// The allowed set, in words.
        allowed: &'static str,
    },
    /// Two entries share a key that must be unique.
    #[error("keys must be unique")]
    Duplicate,
    /// A number outside its range.
    #[error("must be {range}")]
    OutOfRange {
        /// The range, in words.
        range: &'static str,
    },
    /// Not an absolute URL.
    #[error("must be an absolute URL with a scheme")]
    NotAUrl,
    /// The preselected id is not among the options.
    #[error("the selected id is not among the options")]
    UnknownOption,
    /// The value exists on the platform, but not here.
    #[error("{reason}")]
    NotAllowed {
        /// Why, in words.
        reason: &'static str,
    },
}

impl LimitError {
    pub(crate) fn new(field: &'static str, rule: Rule) -> Self {
        Self { field, rule }
    }

    pub(crate) fn not_allowed(field: &'static str, reason: &'static str) -> Self {
        Self::new(field, Rule::NotAllowed { reason })
    }
}

/// Refuses an empty or blank value.
pub(crate) fn present(field: &'static str, value: &str) -> Result<(), LimitError> {
    if is_blank(value) {
        Err(LimitError::new(field, Rule::Missing))
    } else {
        Ok(())
    }
}

/// Refuses more than `max` UTF-8 bytes.
pub(crate) fn bytes(field: &'static str, value: &str, max: usize) -> Result<(), LimitError> {
    match value.len() {
        actual if actual > max => Err(LimitError::new(field, Rule::TooManyBytes { max, actual })),
        _ => Ok(()),
    }
}

/// Refuses more than `max` characters.
pub(crate) fn characters(field: &'static str, value: &str, max: usize) -> Result<(), LimitError> {
    match value.chars().count() {
        actual if actual > max => Err(LimitError::new(
            field,
            Rule::TooManyCharacters { max, actual },
        )),
        _ => Ok(()),
    }
}

/// Refuses an empty value and one of more than `max` bytes.
pub(crate) fn required(field: &'static str, value: &str, max: usize) -> Result<(), LimitError> {
    present(field, value)?;
    bytes(field, value, max)
}

/// Refuses a count outside `min..=max`.
pub(crate) fn count(
    field: &'static str,
    actual: usize,
    min: usize,
    max: usize,
) -> Result<(), LimitError> {
    if actual < min {
        Err(LimitError::new(field, Rule::TooFew { min, actual }))
    } else if actual > max {
        Err(LimitError::new(field, Rule::TooManyItems { max, actual }))
    } else {
        Ok(())
    }
}

/// Refuses what is not an absolute URL.
pub(crate) fn url(field: &'static str, value: &str) -> Result<(), LimitError> {
    present(field, value)?;
    match value.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) && !rest.is_empty() => Ok(()),
        _ => Err(LimitError::new(field, Rule::NotAUrl)),
    }
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Refuses two equal keys.
pub(crate) fn unique<'a>(
    field: &'static str,
    keys: impl IntoIterator<Item = &'a str>,
) -> Result<(), LimitError> {
    let mut seen = std::collections::HashSet::new();
    if keys.into_iter().all(|key| seen.insert(key)) {
        Ok(())
    } else {
        Err(LimitError::new(field, Rule::Duplicate))
    }
}

/// The sign that stands for what was cut off.
const ELLIPSIS: &str = "…";

/// Shortens `text` to at most `max` characters, on a grapheme boundary, the last one being `…`.
///
/// Characters are Unicode scalar values, the stricter of the two readings of WeCom's 字符; a
/// family emoji of seven of them is kept whole or dropped whole.
#[must_use]
pub fn fit_characters(text: &str, max: usize) -> String {
    fit(text, max, |part| part.chars().count())
}

/// Shortens `text` to at most `max` UTF-8 bytes, on a grapheme boundary, ending in `…`.
#[must_use]
pub fn fit_bytes(text: &str, max: usize) -> String {
    fit(text, max, str::len)
}

fn fit(text: &str, max: usize, measure: impl Fn(&str) -> usize) -> String {
    if measure(text) <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(measure(ELLIPSIS));
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += measure(grapheme);
        if used > room {
            break;
        }
        kept.push_str(grapheme);
    }
    if measure(ELLIPSIS) <= max {
        kept.push_str(ELLIPSIS);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitting_cuts_between_graphemes_only() {
        let family = "👨‍👩‍👧‍👦";
        for (text, max, expected) in [
            ("short", 5, "short".to_owned()),
            ("longer", 5, "long…".to_owned()),
            ("晴天多云", 3, "晴天…".to_owned()),
            (&*format!("a{family}b"), 7, "a…".to_owned()),
            (&*format!("{family}bcd"), 9, format!("{family}b…")),
            ("ab", 0, String::new()),
            ("ab", 1, "…".to_owned()),
        ] {
            assert_eq!(fit_characters(text, max), expected, "{text} in {max}");
        }
        assert_eq!(fit_bytes("晴天多云", 9), "晴天…");
        assert_eq!(fit_bytes("晴天多云", 2), "");
    }

    #[test]
    fn urls_need_a_scheme() {
        for good in [
            "https://a",
            "wxwork://openurl?url=x",
            "http://127.0.0.1:80/p",
        ] {
            assert_eq!(url("url", good), Ok(()));
        }
        for bad in [
            "www.a.com",
            "//a",
            "://a",
            "https://",
            "1s://a",
            "ht tp://a",
        ] {
            assert!(url("url", bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn fitted_text_never_exceeds_its_limit(text in "\\PC{0,80}", max in 0usize..60) {
            proptest::prop_assert!(fit_characters(&text, max).chars().count() <= max);
            proptest::prop_assert!(fit_bytes(&text, max).len() <= max);
        }
    }
}
