//! “是你吗？”: whom the roster finds before somebody pays.

use super::name::{Likeness, Name};
use super::person::Candidate;
use super::planet_id::PlanetId;

/// What may be shown to somebody who typed a number and a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identified<'a> {
    /// Number and nickname agree: the account may be shown.
    Agreed(&'a Candidate),
    /// Only the number is known: show no more than [`super::mask_nickname`].
    NumberOnly(&'a Candidate),
    /// Nobody, or not one account alone.
    Nobody,
}

/// Finds the account with this `user_id` or member number. Near misses are not forgiven here,
/// where anybody may ask about anybody.
#[must_use]
pub fn identify<'a>(
    number_or_id: &str,
    nickname: &str,
    candidates: &'a [Candidate],
) -> Identified<'a> {
    let Some(typed) = PlanetId::parse(number_or_id) else {
        return Identified::Nobody;
    };
    let by_id = |candidate: &&Candidate| PlanetId::parse(&candidate.user_id) == Some(typed);
    let by_number = |candidate: &&Candidate| {
        candidate
            .member_number
            .is_some_and(|number| typed.is_number(number))
    };
    let found =
        only(candidates.iter().filter(by_id)).or_else(|| only(candidates.iter().filter(by_number)));
    match found {
        None => Identified::Nobody,
        Some(candidate) if is_called(candidate, nickname) => Identified::Agreed(candidate),
        Some(candidate) => Identified::NumberOnly(candidate),
    }
}

fn only<'a>(mut found: impl Iterator<Item = &'a Candidate>) -> Option<&'a Candidate> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn is_called(candidate: &Candidate, nickname: &str) -> bool {
    let Some(typed) = Name::fold(nickname) else {
        return false;
    };
    let current = [&candidate.nickname, &candidate.card_name]
        .into_iter()
        .flatten();
    current
        .chain(&candidate.earlier_names)
        .filter_map(|known| Name::fold(known))
        .filter_map(|known| typed.likeness(&known))
        .any(|likeness| likeness <= Likeness::SameCore)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(user_id: &str, number: u32, nickname: &str) -> Candidate {
        Candidate {
            user_id: user_id.to_owned(),
            member_number: Some(number),
            nickname: Some(nickname.to_owned()),
            ..Candidate::default()
        }
    }

    #[test]
    fn number_and_nickname_must_agree_before_anybody_is_shown() {
        let roster = [
            candidate("54231919143797", 12, "小明同学-深圳"),
            candidate("9988776655443", 13, "Momo"),
        ];
        assert_eq!(
            identify("12", "小明同學", &roster),
            Identified::Agreed(&roster[0])
        );
        assert_eq!(
            identify("5423 1919143797", "小明同学-深圳", &roster),
            Identified::Agreed(&roster[0])
        );
        assert_eq!(
            identify("12", "Momo", &roster),
            Identified::NumberOnly(&roster[0])
        );
        assert_eq!(
            identify("12", "", &roster),
            Identified::NumberOnly(&roster[0])
        );
        assert_eq!(
            identify("54231919143798", "小明同学", &roster),
            Identified::Nobody
        );
        assert_eq!(identify("", "小明同学", &roster), Identified::Nobody);
    }

    #[test]
    fn a_number_given_out_twice_identifies_nobody() {
        let roster = [
            candidate("54231919143797", 12, "小明"),
            candidate("9988776655443", 12, "小明"),
        ];
        assert_eq!(identify("12", "小明", &roster), Identified::Nobody);
    }
}
