//! Text as its readers will see it: without what turns, hides or empties a line.
//!
//! Names and remarks come from people, and some hold characters that are not seen but act: U+202E
//! makes `7/5` read as `5/7`, a zero-width space makes two names look like one, a filler looks like
//! nothing at all. Everything of this crate that people will read goes through [`clean`] before it is
//! sent: texts, markdown, and all words of a card. What is [blank](is_blank) counts as empty.

use std::borrow::Cow;

use icu_properties::CodePointSetData;
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint};

/// Looks like a blank, and is a letter to every `trim`.
const BRAILLE_BLANK: char = '\u{2800}';

/// The text without control characters (but line breaks and tabs), direction marks, and
/// characters that show nothing. What joins emoji and letters stays.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| shown(c) == Some(c)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.replace("\r\n", "\n")
            .chars()
            .filter_map(shown)
            .collect(),
    )
}

/// As [`clean`], for a text that a message or card takes over.
pub(crate) fn cleaned(text: impl Into<String>) -> String {
    let text = text.into();
    match clean(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => clean,
    }
}

/// Is true where nothing of a text can be seen.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    let is_seen = |c: char| !c.is_whitespace() && !joins(c);
    !text.chars().filter_map(shown).any(is_seen)
}

/// The character as it is shown; `None` if it is to be left out.
fn shown(c: char) -> Option<char> {
    let is_ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c);
    match c {
        '\n' | '\t' => Some(c),
        '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        BRAILLE_BLANK => Some(' '),
        // Annotation marks, which hide what stands between them.
        '\u{fff9}'..='\u{fffb}' => None,
        c if c.is_control() || CodePointSetData::new::<BidiControl>().contains(c) => None,
        c if is_ignorable && !joins(c) => None,
        c => Some(c),
    }
}

/// Characters that are not seen themselves, but say how their neighbours look: joiners, variation
/// selectors, and the tags of which some flags are made.
fn joins(c: char) -> bool {
    matches!(c,
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_unseen_is_taken_out() {
        for (text, expected) in [
            ("小明 7/5天", "小明 7/5天"),
            ("小明\u{202e} 7/5", "小明 7/5"),
            ("\u{2066}a\u{2069}\u{200e}\u{61c}b", "ab"),
            ("a\u{200b}b\u{feff}\u{3164}\u{ad}\u{1160}", "ab"),
            ("a\u{0}\u{1b}[31mb\u{7f}", "a[31mb"),
            ("a\r\nb\rc\u{2028}d\te", "a\nb\nc\nd\te"),
            ("a\u{2800}b", "a b"),
            ("👨‍👩‍👧 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👨‍👩‍👧 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
    }

    #[test]
    fn blank_is_what_nobody_sees() {
        for blank in [
            "",
            " ",
            "\u{3000}",
            "\u{3164}\u{2800}",
            "\u{200b}\u{200d}",
            "\u{202e}\n",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for seen in [".", "😀", "\u{202e}a", "—"] {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }

    proptest! {
        #[test]
        fn cleaning_is_done_once_and_never_longer(text in any::<String>()) {
            let once = clean(&text).into_owned();
            prop_assert!(once.len() <= text.len());
            prop_assert_eq!(&*clean(&once), &*once);
            prop_assert_eq!(is_blank(&once), is_blank(&text));
        }
    }
}
