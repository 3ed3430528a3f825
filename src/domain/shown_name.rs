//! The name by which people read of somebody. Nicknames are what people chose: some are blank, some hold
//! characters that turn a line around, hide it, or cannot be seen at all. Everything that people read
//! goes through here; what was chosen stays in the store, for matching.

use std::collections::HashMap;

use icu_properties::CodePointSetData;
use icu_properties::props::{BidiControl, DefaultIgnorableCodePoint, ExtendedPictographic};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

use super::PlanetUserId;

/// Of whom nothing is known that could be shown.
const NAMELESS: &str = "未填昵称";
/// Last digits of an id that are shown.
const TAIL_DIGITS: usize = 4;
/// Combining marks on one letter; more climb over the lines around it.
const MAX_MARKS: usize = 3;
/// Code points of one emoji; a family has seven, a flag of tags as many.
const MAX_EMOJI_CHARS: usize = 12;
/// Characters of a name that a card always has room for.
const ALWAYS_SHOWN: usize = 6;
/// Before what tells namesakes apart.
const BEFORE_TAIL: char = '·';

/// The first of these nicknames of which anything can be seen, else the number, else the last digits
/// of the account's id.
#[must_use]
pub fn shown_name(
    nicknames: &[&str],
    number: Option<i64>,
    account: Option<PlanetUserId>,
) -> String {
    let mut seen = nicknames.iter().map(|nickname| visible(nickname));
    seen.find(|nickname| !nickname.is_empty())
        .or_else(|| number.map(|number| format!("成员{number}")))
        .or_else(|| account.map(|account| format!("尾号{}", tail(&account.to_string()))))
        .unwrap_or_else(|| NAMELESS.to_owned())
}

/// A nickname as a column of its own shows it: what can be seen of it, else the last digits of the
/// account's id; empty where neither is known.
#[must_use]
pub fn shown_nickname(nickname: &str, account: Option<PlanetUserId>) -> String {
    match (visible(nickname), account) {
        (nickname, None) => nickname,
        (nickname, account) => shown_name(&[&nickname], None, account),
    }
}

/// The last digits of an id or a number of an order, which tell it from others.
#[must_use]
pub fn tail(id: &str) -> &str {
    let from = id.char_indices().rev().nth(TAIL_DIGITS - 1);
    from.and_then(|(at, _)| id.get(at..)).unwrap_or(id)
}

/// What can be seen of a text, in one line: width folded, blanks as one space, and without control
/// characters, direction marks, fillers, and marks beyond what a letter can carry.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut marks = 0;
    for grapheme in text.graphemes(true) {
        if is_emoji(grapheme) {
            marks = 0;
            shown.extend(
                grapheme
                    .chars()
                    .filter(|c| !turns(*c))
                    .take(MAX_EMOJI_CHARS),
            );
            continue;
        }
        for c in grapheme.chars() {
            match c {
                c if is_blank(c) => shown.push(' '),
                c if turns(c) || is_ignorable(c) => continue,
                c if is_combining_mark(c) && marks >= MAX_MARKS => continue,
                c => shown.push(narrow(c)),
            }
            marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        }
    }
    // A mark without a letter would sit on what stands before the name.
    let shown = shown.trim_start_matches(|c: char| c == ' ' || is_combining_mark(c));
    shown
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Names of one list as its readers tell them apart: those that look the same, in full or cut to what a
/// card has room for, carry the end of something of their own (an id, an order's number).
#[must_use]
pub fn told_apart(names: Vec<(String, String)>) -> Vec<String> {
    let mut looking_so: HashMap<String, usize> = HashMap::new();
    for (name, _) in &names {
        *looking_so.entry(look(name)).or_default() += 1;
    }
    let told = |(name, own): (String, String)| match looking_so.get(&look(&name)) {
        Some(2..) => format!("{name}{BEFORE_TAIL}{}", tail(&own)),
        _ => name,
    };
    names.into_iter().map(told).collect()
}

/// The name and what tells it apart, where it carries that.
#[must_use]
pub fn parts(name: &str) -> (&str, &str) {
    let at = name.rfind(BEFORE_TAIL).filter(|at| {
        let own = name.get(at + BEFORE_TAIL.len_utf8()..).unwrap_or_default();
        own.len() == TAIL_DIGITS && own.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    at.and_then(|at| name.split_at_checked(at))
        .unwrap_or((name, ""))
}

/// What a name looks like at a glance: letters without case and blanks, cut like a card cuts them.
fn look(name: &str) -> String {
    let folded: String = visible(name)
        .nfkc()
        .filter(|c| !c.is_whitespace() && !is_ignorable(*c))
        .flat_map(char::to_lowercase)
        .collect();
    let is_cut = folded.chars().count() > ALWAYS_SHOWN;
    folded
        .chars()
        .take(ALWAYS_SHOWN - usize::from(is_cut))
        .collect()
}

fn is_emoji(grapheme: &str) -> bool {
    let pictures = CodePointSetData::new::<ExtendedPictographic>();
    let is_flag_letter = |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
    let first = grapheme.chars().next();
    first.is_some_and(|c| !c.is_ascii() && (pictures.contains(c) || is_flag_letter(c)))
}

/// Blanks, and characters that are not seen themselves.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    is_blank(c) || turns(c) || is_ignorable(c)
}

/// Characters that turn text around, hide it, or do something else than stand there.
fn turns(c: char) -> bool {
    let is_bidi = CodePointSetData::new::<BidiControl>().contains(c);
    is_bidi || c.is_control() || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{2028}' | '\u{2029}')
}

fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Blanks, and the braille pattern without dots, which is a letter to every `trim`.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// A full-width sign (U+FF01–U+FF5E) as the one of ASCII.
fn narrow(c: char) -> char {
    match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACCOUNT: Option<PlanetUserId> = Some(PlanetUserId(300_000_000_000_007));

    #[test]
    fn a_name_is_what_can_be_seen_of_it() {
        for (chosen, shown) in [
            ("小明", "小明"),
            ("  小  明\t", "小 明"),
            ("ＡＢ１２（深圳）", "AB12(深圳)"),
            ("小明\u{202e} 7/5", "小明 7/5"),
            ("\u{2066}小\u{200b}明\u{2069}\u{feff}\u{3164}", "小明"),
            ("小\u{2800}明", "小 明"),
            ("小\u{0}\u{1b}明\n红", "小明 红"),
            ("👨‍👩‍👧 ❤️ 🇨🇳", "👨‍👩‍👧 ❤️ 🇨🇳"),
            ("a\u{fe0f}b\u{200d}c", "abc"),
            (
                "e\u{301}\u{302}\u{303}\u{304}\u{305}",
                "e\u{301}\u{302}\u{303}",
            ),
            ("\u{301}小", "小"),
        ] {
            assert_eq!(visible(chosen), shown, "{chosen:?}");
        }
    }

    #[test]
    fn who_has_no_name_is_called_by_number_or_id() {
        for blank in [
            "",
            " ",
            "\u{3000}\u{3000}",
            "\u{3164}",
            "\u{2800}",
            "\u{202e}\u{200b}",
            "\u{301}",
        ] {
            assert_eq!(
                shown_name(&[blank, "明"], Some(12), ACCOUNT),
                "明",
                "{blank:?}"
            );
            assert_eq!(shown_name(&[blank, blank], Some(12), ACCOUNT), "成员12");
            assert_eq!(shown_name(&[blank], None, ACCOUNT), "尾号0007");
            assert_eq!(shown_name(&[blank], None, None), "未填昵称");
            assert_eq!(shown_nickname(blank, ACCOUNT), "尾号0007");
            assert_eq!(shown_nickname(blank, None), "");
        }
        assert_eq!(shown_nickname("小明", ACCOUNT), "小明");
    }

    #[test]
    fn names_that_look_the_same_are_told_apart() {
        let told = |names: &[(&str, &str)]| {
            let names = names
                .iter()
                .map(|(name, own)| ((*name).to_owned(), (*own).to_owned()));
            told_apart(names.collect())
        };
        assert_eq!(
            told(&[
                ("小明", "300000000000007"),
                ("小 明", "300000000000008"),
                ("小红", "3")
            ]),
            ["小明·0007", "小 明·0008", "小红"]
        );
        assert_eq!(
            told(&[("Ann", "1"), ("ＡＮＮ", "2")]),
            ["Ann·1", "ＡＮＮ·2"]
        );
        assert_eq!(
            told(&[
                ("很长的名字之一", "ord_aaaa"),
                ("很长的名字之二", "ord_bbbb")
            ]),
            ["很长的名字之一·aaaa", "很长的名字之二·bbbb"],
            "a card cuts them to the same letters"
        );
        assert_eq!(
            told(&[("尾号0007", "7"), ("尾号0008", "8")]),
            ["尾号0007", "尾号0008"]
        );
        assert_eq!(parts("小明·0007"), ("小明", "·0007"));
        assert_eq!(parts("小·明"), ("小·明", ""));
        assert_eq!(parts("小明"), ("小明", ""));
    }

    proptest! {
        #[test]
        fn whatever_is_chosen_makes_one_line_that_stays(chosen in any::<String>()) {
            let shown = visible(&chosen);
            prop_assert!(!shown.chars().any(|c| turns(c) || (c.is_whitespace() && c != ' ')));
            prop_assert_eq!(shown.trim(), &*shown);
            prop_assert!(shown.chars().count() <= chosen.chars().count());
        }

        #[test]
        fn nobody_is_nameless_who_has_an_id(chosen in "[\\PC\\u{3164}\\u{2800}\\u{202e}\\u{200b}]{0,6}") {
            prop_assert!(!shown_name(&[&chosen], None, ACCOUNT).is_empty());
        }
    }
}
