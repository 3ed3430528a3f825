//! Finds the public items of a file and whether a doc comment stands above them.

const KINDS: &[&str] = &["fn", "struct", "enum", "trait", "const", "static", "type"];

/// A `pub` item, but no field, variant or module (whose words stand inside its own file).
pub(crate) struct Item {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) is_documented: bool,
}

pub(crate) fn public_items(text: &str) -> Vec<Item> {
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
