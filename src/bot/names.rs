//! Finding a camp by what people call it: exactly, in part, or nearly.

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
    let fitting = if equal.is_empty() && !wanted.is_empty() {
        matching(&folded_names, |name| name.contains(&wanted))
    } else {
        equal
    };
    match fitting.as_slice() {
        [] => Found::None(nearest(&wanted, folded_names)),
        [one] => Found::One(one),
        _ => Found::Several(fitting),
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
        strsim::levenshtein(wanted, name) <= longest / 2
    });
    names.sort_by_cached_key(|(_, name)| strsim::levenshtein(wanted, name));
    names
        .into_iter()
        .take(MAX_OFFERED)
        .map(|(item, _)| item)
        .collect()
}

fn folded(text: &str) -> String {
    text.nfkc()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .map(simplified)
        .collect()
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
        assert_eq!(nearest.len(), 1, "the others have less than half of it");
        assert_eq!(find("寫作營"), Found::One(&"写作营"));
        assert_eq!(find("星河"), Found::None(vec![]));
        assert!(matches!(find(""), Found::None(_)));
    }
}
