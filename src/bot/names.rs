//! Finding a camp by what people call it: exactly, in part, spelt in Latin letters, or nearly.

use pinyin::ToPinyin as _;
use unicode_normalization::UnicodeNormalization as _;

use crate::domain::matching::simplified;

/// Names that are offered when none fits.
const MAX_OFFERED: usize = 5;

/// The camps that a word may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found<'a, T> {
    /// This one.
    One(&'a T),
    /// One of these.
    Several(Vec<&'a T>),
    /// None; these come nearest, if any does: half of a name may be another.
    None(Vec<&'a T>),
}

/// Finds `wanted` among `items`: the equal one, else those that contain it, else the nearest.
/// Width, case, script, blanks and punctuation do not count.
pub(super) fn find<'a, T>(wanted: &str, items: &'a [T], name: impl Fn(&T) -> &str) -> Found<'a, T> {
    let wanted = folded(wanted);
    let folded_names: Vec<(&T, String)> = items
        .iter()
        .map(|item| (item, folded(name(item))))
        .collect();
    let equal = matching(&folded_names, |name| *name == wanted);
    let mut fitting = equal;
    if fitting.is_empty() && !wanted.is_empty() {
        fitting = matching(&folded_names, |name| name.contains(&wanted));
    }
    if fitting.is_empty() && is_spelling(&wanted) {
        fitting = matching(&folded_names, |name| is_spelt(name, &wanted));
    }
    match fitting.as_slice() {
        [] => Found::None(nearest(&wanted, folded_names)),
        [one] => Found::One(one),
        _ => Found::Several(fitting),
    }
}

/// The one that is called exactly so; width, case, script, blanks and punctuation do not count.
pub(super) fn equal<'a, T>(
    wanted: &str,
    items: &'a [T],
    name: impl Fn(&T) -> &str,
) -> Option<&'a T> {
    let wanted = folded(wanted);
    let mut alike = items.iter().filter(|item| folded(name(item)) == wanted);
    match (alike.next(), alike.next()) {
        (Some(only), None) if !wanted.is_empty() => Some(only),
        _ => None,
    }
}

fn matching<'a, T>(names: &[(&'a T, String)], fits: impl Fn(&String) -> bool) -> Vec<&'a T> {
    names
        .iter()
        .filter(|(_, name)| fits(name))
        .map(|(item, _)| *item)
        .collect()
}

fn nearest<'a, T>(wanted: &str, mut names: Vec<(&'a T, String)>) -> Vec<&'a T> {
    names.retain(|(_, name)| {
        let longest = name.chars().count().max(wanted.chars().count());
        strsim::levenshtein(wanted, name) <= longest / 2 || holds_nearly(name, wanted)
    });
    names.sort_by_cached_key(|(_, name)| strsim::levenshtein(wanted, name));
    names
        .into_iter()
        .take(MAX_OFFERED)
        .map(|(item, _)| item)
        .collect()
}

/// Characters of a part of a name of which one may be wrong.
const MIN_TYPO: usize = 3;

/// True if a part of a name is `wanted` but for one character.
fn holds_nearly(name: &str, wanted: &str) -> bool {
    let (name, wanted): (Vec<char>, Vec<char>) = (name.chars().collect(), wanted.chars().collect());
    let is_near = |part: &[char]| part.iter().zip(&wanted).filter(|(a, b)| a != b).count() < 2;
    wanted.len() >= MIN_TYPO && name.windows(wanted.len()).any(is_near)
}

/// What of a name is compared: in one width, case and script, numbers in digits, without blanks and
/// punctuation.
pub(super) fn folded(text: &str) -> String {
    let characters = text.nfkc().filter(|c| c.is_alphanumeric());
    let characters = characters.flat_map(char::to_lowercase).map(simplified);
    in_digits(&characters.collect::<Vec<char>>())
}

const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

fn digit(c: char) -> Option<usize> {
    DIGITS.iter().position(|digit| *digit == c)
}

/// Chinese numbers below a hundred as digits: 十二 is 12, and so are terms and months found by either.
fn in_digits(characters: &[char]) -> String {
    let mut text = String::with_capacity(characters.len());
    for (idx, &c) in characters.iter().enumerate() {
        let before = idx.checked_sub(1).and_then(|idx| digit(characters[idx]));
        let after = characters.get(idx + 1).and_then(|c| digit(*c));
        match (c, digit(c)) {
            ('十', _) => {
                if before.is_none() {
                    text.push('1');
                }
                if after.is_none() {
                    text.push('0');
                }
            }
            (_, Some(digit)) => text.push_str(&digit.to_string()),
            (c, None) => text.push(c),
        }
    }
    text
}

/// Letters that a spelling needs: two initials fit too much.
const MIN_SPELLING: usize = 3;

fn is_spelling(wanted: &str) -> bool {
    wanted.len() >= MIN_SPELLING && wanted.chars().all(|c| c.is_ascii_lowercase())
}

/// True if a name, or a part of it, is pronounced or begins so: `xiezuo`, `xzy`.
fn is_spelt(name: &str, wanted: &str) -> bool {
    spelt(name).contains(wanted) || in_letters(name, pinyin::Pinyin::first_letter).contains(wanted)
}

/// How a text is pronounced, in Latin letters.
pub(super) fn spelt(text: &str) -> String {
    in_letters(text, pinyin::Pinyin::plain)
}

fn in_letters(text: &str, letters: fn(pinyin::Pinyin) -> &'static str) -> String {
    let pieces = text.chars().map(|c| {
        let spelt = c.to_pinyin().map(letters);
        spelt.map_or_else(|| c.to_string(), str::to_owned)
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camps_are_found_loosely() {
        let camps = ["11月写作营", "11月 读书营", "AI 写作营（二期）", "写作营"];
        let find = |wanted| find(wanted, &camps, |camp| camp);
        assert_eq!(find("写作营"), Found::One(&"写作营"));
        assert_eq!(find("１１月读书"), Found::One(&"11月 读书营"));
        assert_eq!(find("ai写作营二期"), Found::One(&"AI 写作营（二期）"));
        assert_eq!(
            find("11月"),
            Found::Several(vec![&"11月写作营", &"11月 读书营"])
        );
        let Found::None(nearest) = find("写做营") else {
            panic!("nothing is called so");
        };
        assert_eq!(nearest.first(), Some(&&"写作营"));
        assert_eq!(nearest.len(), 3, "reading is too far away");
        assert_eq!(find("寫作營"), Found::One(&"写作营"));
        assert_eq!(find("十一月读书"), Found::One(&"11月 读书营"));
        assert_eq!(find("AI写作营2期"), Found::One(&"AI 写作营（二期）"));
        assert_eq!(find("dushuying"), Found::One(&"11月 读书营"));
        assert_eq!(find("DSY"), Found::One(&"11月 读书营"));
        assert!(matches!(find("dy"), Found::None(_)));
        assert_eq!(folded("第二十三期十月十二"), "第23期10月12");
        assert_eq!(find("星河"), Found::None(vec![]));
        assert!(matches!(find(""), Found::None(_)));
    }
}
