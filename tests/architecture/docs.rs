//! Finds the public items of a file and whether a doc comment stands above them.

use std::fs;

use crate::{FEWEST_FILES, files, root};

const KINDS: &[&str] = &["fn", "struct", "enum", "trait", "const", "static", "type"];

/// A `pub` item, but no field, variant or module (whose words stand inside its own file).
struct Item {
    /// Counted from 1.
    line: usize,
    text: String,
    is_documented: bool,
}

fn public_items(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut is_documented = false;
    for (idx, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with("///") {
            is_documented = true;
        } else if is_public_item(line) {
            items.push(Item {
                line: idx + 1,
                text: line.to_owned(),
                is_documented,
            });
            is_documented = false;
        } else if line.is_empty() || line.ends_with(['{', '}', ';']) {
            // Anything else above an item is an attribute, which may run over several lines.
            is_documented = false;
        }
    }
    items
}

/// Names with a `$` are a macro's: it passes the comments of its callers on.
fn is_public_item(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("pub")
        && words
            .find(|word| !["async", "unsafe"].contains(word))
            .is_some_and(|word| KINDS.contains(&word))
        && !words.next().is_some_and(|name| name.starts_with('$'))
}

/// What rustc's `missing_docs` would ask for, without the fields and variants: it cannot leave
/// those out, and a name such as `created_at` needs no caption. `wecom` keeps the whole lint.
#[test]
fn public_items_say_what_they_are() {
    let mut n_items = 0;
    for file in files("src", &["rs"])
        .iter()
        .chain(&files("sandbox/src", &["rs"]))
    {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let items = public_items(&text);
        n_items += items.len();
        for item in items {
            assert!(item.is_documented, "{file}:{}: {}", item.line, item.text);
        }
    }
    assert!(
        n_items > 10 * FEWEST_FILES,
        "only {n_items} items were read"
    );
    let found = public_items(
        "/// Fen.\n#[derive(Debug)]\npub struct Fen(\n    pub i64,\n);\n\npub fn add() {}\n",
    );
    let found: Vec<_> = found.iter().map(|i| (i.line, i.is_documented)).collect();
    assert_eq!(found, [(3, true), (7, false)]);
}
