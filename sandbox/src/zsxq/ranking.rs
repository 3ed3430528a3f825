//! Who checked in how often: the ranking and the sums behind it (zsxq §4.2, §4.3).

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::post::Post;
use super::times::shanghai_day;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Counting {
    /// All days.
    Accumulated,
    /// The longest run of days. Whether the real one shows the longest or the current run is not
    /// known.
    Continuous,
}

/// A member's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranked {
    pub(super) user_id: i64,
    /// 1..n, unique even on ties.
    pub(super) rank: u32,
    pub(super) days: u32,
}

/// Ranks everybody who has posted. Several posts of one day count once; a tie goes to whoever
/// reached the count first; members without a post are absent.
pub(super) fn rank(posts: &[Post], counting: Counting) -> Vec<Ranked> {
    let mut days_of: HashMap<i64, BTreeMap<NaiveDate, DateTime<Utc>>> = HashMap::new();
    for post in posts {
        let first_of_day = days_of.entry(post.user_id).or_default();
        let at = first_of_day.entry(shanghai_day(post.at)).or_insert(post.at);
        *at = post.at.min(*at);
    }
    let mut counted: Vec<(u32, DateTime<Utc>, i64)> = days_of
        .into_iter()
        .filter_map(|(user_id, days)| {
            let (count, reached_at) = match counting {
                Counting::Accumulated => (
                    u32::try_from(days.len()).unwrap_or(u32::MAX),
                    *days.values().next_back()?,
                ),
                Counting::Continuous => longest_run(&days)?,
            };
            Some((count, reached_at, user_id))
        })
        .collect();
    counted.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let ranks = 1..;
    ranks
        .zip(counted)
        .map(|(rank, (days, _, user_id))| Ranked {
            user_id,
            rank,
            days,
        })
        .collect()
}

fn longest_run(days: &BTreeMap<NaiveDate, DateTime<Utc>>) -> Option<(u32, DateTime<Utc>)> {
    let mut longest: Option<(u32, DateTime<Utc>)> = None;
    let mut run = 0_u32;
    let mut previous: Option<NaiveDate> = None;
    for (day, at) in days {
        let follows = previous.and_then(|day| day.succ_opt()) == Some(*day);
        run = if follows { run.saturating_add(1) } else { 1 };
        previous = Some(*day);
        if longest.is_none_or(|(best, _)| run > best) {
            longest = Some((run, *at));
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zsxq::times::read;

    fn posts(list: &[(i64, &str)]) -> Vec<Post> {
        let of = |(user_id, time): &(i64, &str)| Post {
            topic_id: 1,
            user_id: *user_id,
            at: read(&format!("2026-01-{time}+0800")).unwrap(),
            text: String::new(),
        };
        list.iter().map(of).collect()
    }

    #[test]
    fn days_count_once_and_ties_go_to_the_earlier() {
        let posts = posts(&[
            (3, "01T10:00:00.000"),
            (6, "01T09:00:00.000"),
            (6, "01T23:59:59.999"),
            (6, "02T00:00:00.000"),
            (3, "02T08:00:00.000"),
            (9, "02T07:00:00.000"),
        ]);
        let ranked = rank(&posts, Counting::Accumulated);
        let seen: Vec<_> = ranked
            .iter()
            .map(|row| (row.rank, row.user_id, row.days))
            .collect();
        assert_eq!(seen, [(1, 6, 2), (2, 3, 2), (3, 9, 1)]);
    }

    #[test]
    fn a_gap_ends_a_run() {
        let posts = posts(&[
            (3, "01T10:00:00.000"),
            (3, "02T10:00:00.000"),
            (3, "04T10:00:00.000"),
            (6, "01T10:00:00.000"),
            (6, "03T10:00:00.000"),
            (6, "05T10:00:00.000"),
        ]);
        let runs = rank(&posts, Counting::Continuous);
        let seen: Vec<_> = runs.iter().map(|row| (row.user_id, row.days)).collect();
        assert_eq!(seen, [(3, 2), (6, 1)]);
    }
}
