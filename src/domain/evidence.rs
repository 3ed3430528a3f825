//! Where a member's days come from, and whose word counts.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::{PlanetUserId, Timestamp};

text_enum! {
    /// Where a day, or a number of days, is known from.
    pub enum CheckInSource {
        /// The planet's own count.
        Ranking = "ranking",
        /// A post on the planet.
        Post = "post",
        /// A file that staff imported.
        Import = "import",
        /// Somebody on the staff answers for it.
        Attested = "attested",
    }
}

/// A number of days, and the moment as of which it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedDays {
    pub days: i64,
    pub as_of: Timestamp,
}

/// All that is stated of one member's days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Of the ranking that decides: 0 days for an account that is not in it, none where there is no
    /// ranking or no account.
    pub ranking: Option<CountedDays>,
    /// Distinct days of posts within the member's own dates; none while all posts have never been
    /// read.
    pub posts: Option<CountedDays>,
    /// Of the newest file that names the account: the total that it states, or the days that it
    /// names and those of posts, within the member's own dates.
    pub imported: Option<CountedDays>,
    /// Of the newest attestation.
    pub attested: Option<CountedDays>,
    /// Days of theirs that an accepted objection made count, and that neither a post nor a file
    /// shows: they come on top of what those say.
    pub granted_days: i64,
    /// The member's dates are not the camp's, which the planet's project counts by.
    pub has_own_dates: bool,
}

/// The days that count for a member, and by whose word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecidingDays {
    pub source: CheckInSource,
    pub days: i64,
    pub as_of: Timestamp,
}

impl Evidence {
    /// The planet's word: the ranking, which counts the project's days, and for a member with dates
    /// of their own the posts.
    #[must_use]
    pub fn of_planet(&self) -> Option<DecidingDays> {
        let posts = self.posts.filter(|_| self.has_own_dates);
        posts
            .map(|days| days.by(CheckInSource::Post))
            .or_else(|| Some(self.ranking?.by(CheckInSource::Ranking)))
    }

    /// The days that count: the planet's, unless a file or a person states more, since both speak
    /// where the planet has missed something. None where nothing is stated.
    #[must_use]
    pub fn deciding(&self) -> Option<DecidingDays> {
        self.stated().max_by_key(weight)
    }

    /// The days that count, of what holds as of `since` or later: what judges a member whose last
    /// day ended then.
    #[must_use]
    pub fn deciding_since(&self, since: Timestamp) -> Option<DecidingDays> {
        let stated = self.stated().filter(|stated| stated.as_of >= since);
        stated.max_by_key(weight)
    }

    fn stated(&self) -> impl Iterator<Item = DecidingDays> {
        let imported = self.imported.map(|days| days.by(CheckInSource::Import));
        let attested = self.attested.map(|days| days.by(CheckInSource::Attested));
        let with_granted = |stated: DecidingDays| self.with_granted(stated);
        let [planet, imported] = [self.of_planet(), imported].map(|it| it.map(with_granted));
        [planet, imported, attested].into_iter().flatten()
    }

    /// What is stated with the granted days on top: then a person answers for it.
    const fn with_granted(&self, stated: DecidingDays) -> DecidingDays {
        if self.granted_days == 0 {
            return stated;
        }
        DecidingDays {
            source: CheckInSource::Attested,
            days: stated.days + self.granted_days,
            as_of: stated.as_of,
        }
    }
}

/// The most days; of equals the planet's word, then the file's.
const fn weight(stated: &DecidingDays) -> (i64, Reverse<CheckInSource>) {
    (stated.days, Reverse(stated.source))
}

impl CountedDays {
    const fn by(self, source: CheckInSource) -> DecidingDays {
        DecidingDays {
            source,
            days: self.days,
            as_of: self.as_of,
        }
    }
}

text_enum! {
    /// What is odd about a ranking that was read whole and clean.
    pub enum Suspicion {
        /// Nobody is in it.
        Empty = "empty",
        /// More than a tenth of its people, and at least three, are gone.
        Shrunken = "shrunken",
    }
}

/// The least number of people whose loss is odd.
const ODD_LOSS: usize = 3;

/// What a ranking is compared with.
#[derive(Debug, Clone, Default)]
pub struct RankingBefore {
    /// The people of the ranking that decides.
    pub people: Vec<PlanetUserId>,
    /// It began to be read after the camp, or was confirmed then.
    pub is_final: bool,
}

/// Looks at the people of a new ranking. It `may_be_final` if the camp is over and members are
/// matched: then nobody at all is odd even where there was nobody before.
#[must_use]
pub fn suspect(
    before: &RankingBefore,
    people: &HashSet<PlanetUserId>,
    may_be_final: bool,
) -> Option<Suspicion> {
    let known = before.people.len();
    if people.is_empty() {
        let is_odd = known > 0 || (may_be_final && !before.is_final);
        return is_odd.then_some(Suspicion::Empty);
    }
    let lost = before
        .people
        .iter()
        .filter(|account| !people.contains(account))
        .count();
    (lost >= ODD_LOSS && lost * 10 > known).then_some(Suspicion::Shrunken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn counted(days: i64, as_of: i64) -> Option<CountedDays> {
        Some(CountedDays {
            days,
            as_of: Timestamp::from_micros(as_of),
        })
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table of cases")]
    fn the_planet_counts_unless_more_is_stated() {
        use CheckInSource::{Attested, Import, Post, Ranking};
        let planet = Evidence {
            ranking: counted(6, 10),
            posts: counted(5, 10),
            ..Evidence::default()
        };
        let own_dates = Evidence {
            has_own_dates: true,
            ..planet
        };
        let unread = Evidence {
            posts: None,
            ..own_dates
        };
        let stated = Evidence {
            imported: counted(6, 20),
            attested: counted(7, 30),
            ..planet
        };
        for (evidence, since, expected) in [
            (Evidence::default(), 0, None),
            (planet, 10, Some((Ranking, 6))),
            (planet, 11, None),
            (own_dates, 0, Some((Post, 5))),
            (unread, 0, Some((Ranking, 6))),
            (stated, 0, Some((Attested, 7))),
            (stated, 31, None),
            (
                Evidence {
                    attested: counted(3, 30),
                    ..stated
                },
                0,
                Some((Ranking, 6)),
            ),
            (
                Evidence {
                    attested: counted(3, 30),
                    ..stated
                },
                11,
                Some((Import, 6)),
            ),
            // A granted day comes on top, and holds as of what it comes on top of.
            (
                Evidence {
                    granted_days: 1,
                    ..planet
                },
                10,
                Some((Attested, 7)),
            ),
            (
                Evidence {
                    granted_days: 1,
                    ..planet
                },
                11,
                None,
            ),
            (
                Evidence {
                    granted_days: 2,
                    ..stated
                },
                11,
                Some((Attested, 8)),
            ),
        ] {
            let decided = evidence.deciding_since(Timestamp::from_micros(since));
            assert_eq!(decided.map(|it| (it.source, it.days)), expected);
        }
    }

    #[test]
    fn a_ranking_that_lost_many_is_odd() {
        let people = |range: std::ops::Range<i64>| range.map(PlanetUserId);
        for (before, after, expected) in [
            (0..0, 0..5, None),
            (0..20, 0..20, None),
            (0..20, 2..30, None),
            (0..20, 3..30, Some(Suspicion::Shrunken)),
            (0..30, 3..30, None),
            (0..30, 4..30, Some(Suspicion::Shrunken)),
            (0..2, 2..3, None),
            (0..1, 0..0, Some(Suspicion::Empty)),
            (0..0, 0..0, None),
        ] {
            let before = RankingBefore {
                people: people(before).collect(),
                is_final: false,
            };
            let after = people(after).collect();
            assert_eq!(suspect(&before, &after, false), expected, "{before:?}");
        }
    }

    #[test]
    fn nobody_at_the_end_is_odd_until_somebody_has_said_so() {
        let nobody = HashSet::new();
        let mut before = RankingBefore::default();
        assert_eq!(suspect(&before, &nobody, true), Some(Suspicion::Empty));
        before.is_final = true;
        assert_eq!(suspect(&before, &nobody, true), None);
    }
}
