//! Names compared: how alike two nicknames are once they are folded.
//!
//! Knows nothing of people or scores. All lengths are in extended grapheme clusters, so an emoji
//! family counts as one.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::shown_name::visible;

use super::fold::{self, MIN_CORE};

/// How alike two names are, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// The same letters and signs; width, case, script and blanks aside.
    Same,
    /// The same letters; emoji and punctuation aside.
    SameLetters,
    /// The same core; one of them carries a suffix more, or a letter of it is missing.
    SameCore,
    /// One letter missing, added, changed or swapped with its neighbour.
    OneOff,
    /// The same core under two different suffixes.
    OtherSuffix,
    /// One contains the other, or most letters agree.
    Partial,
}

/// A letter or sign as people see it: its code point, or a hash where several make one grapheme.
type Letter = u64;

/// A name in its three folds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    exact: Vec<Letter>,
    plain: Vec<Letter>,
    core: Vec<Letter>,
}

impl Name {
    /// Folds `text`; `None` when nothing visible is left (the planet allows names of blanks,
    /// zsxq §3).
    pub(super) fn fold(text: &str) -> Option<Self> {
        let exact = fold::exact(text);
        if exact.is_empty() {
            return None;
        }
        let plain = fold::plain(&exact);
        let core = if plain.is_empty() {
            exact.clone()
        } else {
            fold::core(&exact)
        };
        Some(Self {
            exact: letters(&exact),
            plain: letters(&plain),
            core: letters(&core),
        })
    }

    /// The key of the core, the first of [`Name::keys`].
    pub(super) fn core_key(&self) -> u64 {
        hash(self.core.iter())
    }

    /// Hashed keys under which this name is found: equal names share one, and so do the cores of
    /// names that are one letter apart. A rare collision only costs a comparison.
    pub(super) fn keys(&self) -> Vec<u64> {
        let mut keys = Vec::with_capacity(self.core.len() + 2);
        keys.push(self.core_key());
        if !self.plain.is_empty() && self.plain != self.core {
            keys.push(hash(self.plain.iter()));
        }
        if self.core.len() > MIN_CORE {
            for left_out in 0..self.core.len() {
                let (before, after) = self.core.split_at(left_out);
                keys.push(hash(before.iter().chain(after.iter().skip(1))));
            }
        }
        keys
    }

    /// How alike two names are, or `None` when they are simply different.
    pub(super) fn likeness(&self, other: &Self) -> Option<Likeness> {
        if self.exact == other.exact {
            return Some(Likeness::Same);
        }
        if !self.plain.is_empty() && self.plain == other.plain {
            return Some(Likeness::SameLetters);
        }
        if self.core == other.core {
            let same_suffix = contains(&self.plain, &other.plain)
                || contains(&other.plain, &self.plain)
                || (self.plain.len() != other.plain.len()
                    && is_within(1, &self.plain, &other.plain));
            return Some(if same_suffix {
                Likeness::SameCore
            } else {
                Likeness::OtherSuffix
            });
        }
        if is_one_off(self, other) {
            return Some(Likeness::OneOff);
        }
        is_partial(&self.core, &other.core).then_some(Likeness::Partial)
    }
}

/// A nickname that tells its owner enough and a stranger little: `小*学`, `小*`, `*`.
#[must_use]
pub fn mask_nickname(nickname: &str) -> String {
    let shown = visible(nickname);
    let letters: Vec<&str> = shown.graphemes(true).collect();
    match letters.as_slice() {
        [] | [_] => "*".to_owned(),
        [first, _] => format!("{first}*"),
        [first, .., last] => format!("{first}*{last}"),
    }
}

fn letters(text: &str) -> Vec<Letter> {
    let letter = |grapheme: &str| {
        fold::only_char(grapheme)
            .map_or_else(|| hash(grapheme.bytes()), |c| Letter::from(u32::from(c)))
    };
    text.graphemes(true).map(letter).collect()
}

/// The same value in every run and on every machine of one build; never stored.
fn hash(items: impl Iterator<Item = impl Hash>) -> u64 {
    let mut hasher = DefaultHasher::new();
    items.for_each(|item| item.hash(&mut hasher));
    hasher.finish()
}

/// One slip of the finger. Short names differ by one letter all the time (小江, 小涵), so a
/// changed letter counts from four graphemes on and a swapped one from three; a missing one always
/// does. Signs help only where a letter is missing (🍀小 for 🍀小丽): elsewhere a shared suffix
/// would make strangers alike.
fn is_one_off(a: &Name, b: &Name) -> bool {
    const LONG_ENOUGH_FOR_SWAP: usize = 3;
    const LONG_ENOUGH_FOR_CHANGE: usize = 4;
    let missing = a.core.len() != b.core.len();
    let swapped = !missing && a.core.iter().all(|letter| b.core.contains(letter));
    let long_enough = match (missing, swapped) {
        (true, _) => true,
        (_, true) => a.core.len() >= LONG_ENOUGH_FOR_SWAP,
        _ => a.core.len() >= LONG_ENOUGH_FOR_CHANGE,
    };
    let longest = a.exact.len().max(b.exact.len());
    (long_enough && is_within(1, &a.core, &b.core))
        || (longest >= LONG_ENOUGH_FOR_SWAP
            && a.exact.len() != b.exact.len()
            && is_within(1, &a.exact, &b.exact))
}

/// One name within the other, or at most two letters in five different where a name is long
/// enough to tell.
fn is_partial(a: &[Letter], b: &[Letter]) -> bool {
    const LONG_ENOUGH: usize = 4;
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let within = short.len() >= MIN_CORE && contains(long, short);
    let alike = || long.len() >= LONG_ENOUGH && is_within((long.len() * 2 / 5).min(2), a, b);
    within || alike()
}

fn contains(long: &[Letter], short: &[Letter]) -> bool {
    short.is_empty() || long.windows(short.len()).any(|part| part == short)
}

/// Whether at most `edits` turn one name into the other, a swap of neighbours counting as one.
/// What most strangers fail is asked first: an edit adds at most one letter the other lacks.
fn is_within(edits: usize, a: &[Letter], b: &[Letter]) -> bool {
    let lacking = a.iter().filter(|letter| !b.contains(letter)).count();
    a.len().abs_diff(b.len()) <= edits
        && lacking <= edits
        && strsim::generic_damerau_levenshtein(a, b) <= edits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(a: &str, b: &str) -> Option<Likeness> {
        Name::fold(a).unwrap().likeness(&Name::fold(b).unwrap())
    }

    #[test]
    fn names_are_compared_by_what_people_mean() {
        use Likeness::{OneOff, OtherSuffix, Partial, Same, SameCore, SameLetters};
        let cases = [
            ("Coco", "Ｃｏｃｏ", Some(Same)),
            ("✨Kevin余-深圳", " ✨KEVIN余-深圳 ", Some(Same)),
            ("☀️小杨_01", "☀小楊＿０１", Some(Same)),
            ("老蔣", "老蒋", Some(Same)),
            ("🐱谭致", "谭致", Some(SameLetters)),
            ("🐱大红_01", "🐱大红01", Some(SameLetters)),
            ("💪", "💪", Some(Same)),
            ("朱煜-深圳", "朱煜", Some(SameCore)),
            ("鹿鸣", "鹿鸣2025", Some(SameCore)),
            ("于娜成都", "于娜", Some(SameCore)),
            ("大白@某个小地方", "大白", Some(SameCore)),
            ("北京-小明", "小明", Some(SameCore)),
            ("终身成长（已打卡）-深圳", "终身成长", Some(SameCore)),
            ("木子李-杭州", "木子李·成都", Some(OtherSuffix)),
            ("追少年", "追风少年", Some(OneOff)),
            ("Moo", "Momo", Some(OneOff)),
            ("🍀小", "🍀小丽", Some(OneOff)),
            ("早起鸟的", "早起的鸟", Some(OneOff)),
            ("产品经理小王子啊", "产品经理小王子", Some(OneOff)),
            ("小明", "小明和他的猫", Some(Partial)),
            ("大芳", "芳", Some(OneOff)),
            ("许桂@海", "许桂@上海", Some(SameCore)),
            ("星辰大海的我们", "星辰大河的你们", Some(Partial)),
            ("小江", "小涵", None),
            ("李明·成都", "杨明·成都", None),
            ("赵致明", "赵致远", None),
            ("💪", "✨", None),
            ("Kevin", "Jason", None),
        ];
        for (a, b, expected) in cases {
            assert_eq!(compare(a, b), expected, "{a} / {b}");
            assert_eq!(compare(b, a), expected, "{b} / {a}");
        }
    }

    #[test]
    fn a_blank_name_is_no_name() {
        for blank in ["", "  ", "\u{200B}\u{3000}", "\u{3164}"] {
            assert_eq!(Name::fold(blank), None);
        }
    }

    #[test]
    fn lengths_count_what_people_see() {
        let family = Name::fold("👨‍👩‍👧‍👦").unwrap();
        assert_eq!(family.exact.len(), 1);
    }

    #[test]
    fn masking_keeps_the_ends_only() {
        for (name, masked) in [
            ("小明同学", "小*学"),
            ("小明", "小*"),
            ("明", "*"),
            ("", "*"),
            ("👨‍👩‍👧明", "👨‍👩‍👧*"),
        ] {
            assert_eq!(mask_nickname(name), masked);
        }
    }
}
