//! Reads `docs/limits.md`: where each limit is enforced, and which test holds it.

use std::fs;

use crate::root;

/// A guard against a page without tables.
const FEWEST_LIMITS: usize = 50;

/// A place in the sources: a file, and a name in it.
type Place = (String, String);

/// Of each row of the tables, where the limit is, and its test if it has one.
fn rows(text: &str) -> Vec<(Place, Option<Place>)> {
    let rows = text.lines().filter(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').collect::<Vec<_>>())
        .filter(|cells| {
            !matches!(
                cells.first().map(|first| first.trim()),
                Some("limit" | "---")
            )
        })
        .map(|cells| {
            let [_, _, place, test] = cells[..] else {
                panic!("a row has four cells: {cells:?}");
            };
            let held_by = (test.trim() != "—").then(|| named(test));
            (named(place), held_by)
        })
        .collect()
}

/// The file and the name of a cell.
fn named(cell: &str) -> Place {
    let parts: Vec<&str> = cell.split('`').collect();
    match parts[..] {
        [_, file, _, name, _] => (file.to_owned(), name.to_owned()),
        _ => panic!("a file and a name, each in backticks: {cell}"),
    }
}

#[test]
fn every_limit_is_where_the_page_says_and_so_is_its_test() {
    let page = fs::read_to_string(root().join("docs/limits.md")).unwrap();
    let rows = rows(&page);
    assert!(rows.len() > FEWEST_LIMITS, "only {} were read", rows.len());
    let read = |file: &str| {
        let text = fs::read_to_string(root().join(file));
        text.unwrap_or_else(|error| panic!("{file}: {error}"))
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for ((file, name), test) in rows {
        let text = read(&file);
        let mut words = text.split(|c| !is_word(c));
        assert!(words.any(|word| word == name), "{file}: no {name}");
        if let Some((file, test)) = test {
            let is_there = read(&file).contains(&format!("fn {test}("));
            assert!(is_there, "{file}: no test {test}");
        }
    }
}
