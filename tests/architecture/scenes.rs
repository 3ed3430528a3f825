//! Rows of a scene come from one place, which alone names the columns of the tables.

use std::fs;

use crate::{files, root};

/// What adds a row.
const ADDS: &str = concat!("INSERT", " INTO");
/// The files of `tests/` that say it, and why.
const WHERE: &[(&str, &str)] = &[
    ("tests/support/rows.rs", "the place"),
    (
        "tests/command_line/main.rs",
        "the product alone opens that database",
    ),
    (
        "tests/store/audit.rs",
        "an entry is forged of another one, as it stands",
    ),
    (
        "tests/store/words.rs",
        "statements that are read and never run",
    ),
];

#[test]
fn rows_of_scenes_are_made_in_one_place() {
    let mut found = files("tests", &["rs"]);
    found.retain(|file| {
        let text = fs::read_to_string(root().join(file)).unwrap();
        text.contains(ADDS)
    });
    found.sort();
    let mut named: Vec<&str> = WHERE.iter().map(|(file, _)| *file).collect();
    named.sort_unstable();
    assert_eq!(
        found, named,
        "rows of a test come from tests/support/rows.rs"
    );
}
