//! 1,000 payments against some 1,100 accounts, with reasons and global assignment, on one core.
//! Must stay under 50 ms (design §9).

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(
    clippy::unwrap_used,
    reason = "without its data a benchmark has nothing to do"
)]

use std::collections::HashSet;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use campkeeper::domain::matching::{Candidate, Claim, Decision, assign, candidates_for};

/// The budget of design §9.
const BUDGET: Duration = Duration::from_millis(50);
const RUNS: usize = 60;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/matching/camp-1000");
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let claims: Vec<Claim> = rows(&folder.join("payments.csv"), |row| Claim {
        key: row[0].to_owned(),
        typed_planet_id: filled(&row[1]),
        typed_nickname: filled(&row[2]),
        wechat_nickname: filled(&row[3]),
        earlier_accounts: Vec::new(),
    });
    let accounts: Vec<Candidate> = rows(&folder.join("planet_users.csv"), |row| Candidate {
        user_id: row[0].to_owned(),
        nickname: filled(&row[1]),
        ..Candidate::default()
    });
    let taken = HashSet::new();

    let verdicts = assign(&claims, &accounts, &taken);
    let matched = verdicts
        .iter()
        .filter(|v| v.decision == Decision::Matched)
        .count();
    let mut times = measure(|| drop(black_box(assign(&claims, &accounts, &taken))));
    times.sort_unstable();
    let (best, median) = (times[0], times[RUNS / 2]);
    println!(
        "match {} payments x {} accounts, {matched} matched: best {best:.1?}, median {median:.1?} \
         (budget {BUDGET:?})",
        claims.len(),
        accounts.len(),
    );
    let mut times = measure(|| drop(black_box(candidates_for(&claims[0], &accounts, &taken, 9))));
    times.sort_unstable();
    println!(
        "nine candidates for one payment: best {:.1?}, median {:.1?}",
        times[0],
        times[RUNS / 2],
    );
}

fn measure(work: impl Fn()) -> Vec<Duration> {
    let timed = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..RUNS).map(timed).collect()
}

fn rows<T>(file: &Path, row: impl Fn(&csv::StringRecord) -> T) -> Vec<T> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader
        .records()
        .map(|record| row(&record.unwrap()))
        .collect()
}
