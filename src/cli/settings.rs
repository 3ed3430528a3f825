//! Stored settings on the command line.

use std::io::Read as _;

use campkeeper::config::Shown;
use campkeeper::services::configuration::{Change, Configuration};
use serde_json::{Value, json};

use super::Failure;
use super::output::{print, tell};

/// The longest value that is read from stdin.
const MAX_VALUE_BYTES: u64 = 64 * 1024;

/// Stores the value on stdin, or forgets what is stored.
pub(super) async fn set(
    configuration: &Configuration,
    key: &str,
    unset: bool,
    json: bool,
) -> Result<(), Failure> {
    let changes = if unset {
        configuration.unset(None, key).await?
    } else {
        configuration.set(None, key, &read_value()?).await?
    };
    for change in &changes {
        if configuration.is_overridden(&change.key) {
            let variable = change.key.to_uppercase().replace('.', "__");
            tell(&format!(
                "{} is also given by CAMPKEEPER__{variable}, which wins here",
                change.key
            ));
        }
    }
    let views: Vec<Value> = changes.iter().map(view).collect();
    let lines: Vec<String> = changes.iter().map(line).collect();
    Ok(print(json, &json!(views), &lines.join("\n"))?)
}

/// Prints the value that holds, or those of a block, and where it comes from.
pub(super) fn print_shown(key: &str, shown: &[Shown], json: bool) -> Result<(), Failure> {
    match shown {
        [one] if one.key == key => {
            let line = format!("{} ({})", in_words(&one.value), one.origin.as_str());
            print(json, &view_of_shown(one), &line)?;
        }
        block => {
            let lines: Vec<String> = block.iter().map(line_of_shown).collect();
            let views: Vec<Value> = block.iter().map(view_of_shown).collect();
            print(json, &json!(views), &lines.join("\n"))?;
        }
    }
    Ok(())
}

fn view_of_shown(shown: &Shown) -> Value {
    json!({"key": shown.key, "value": shown.value, "origin": shown.origin.as_str()})
}

fn line_of_shown(shown: &Shown) -> String {
    let Shown { key, value, origin } = shown;
    format!("{key}: {} ({})", in_words(value), origin.as_str())
}

fn view(change: &Change) -> Value {
    json!({"key": change.key, "from": change.from, "to": change.to})
}

fn line(change: &Change) -> String {
    let Change { key, from, to } = change;
    format!("{key}: {} → {}", in_words(from), in_words(to))
}

/// A value as it stands in a file, but for texts without their quotes.
fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Object(secret) => match secret.get("set") {
            Some(Value::Bool(true)) => "set".to_owned(),
            _ => "not set".to_owned(),
        },
        other => other.to_string(),
    }
}

/// All of stdin, but for the end of its last line.
fn read_value() -> std::io::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        // One more than is taken, so that what is too long shows.
        .take(MAX_VALUE_BYTES + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MAX_VALUE_BYTES {
        return Err(std::io::Error::other("the value is longer than 64 KiB"));
    }
    let value = text.strip_suffix('\n').unwrap_or(&text);
    Ok(value.strip_suffix('\r').unwrap_or(value).to_owned())
}
