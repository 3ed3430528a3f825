//! Results on stdout, complaints on stderr.

use std::error::Error as _;
use std::io::{self, Write as _};

use serde_json::Value;

use super::Failure;

/// Prints a result: as JSON, or as a line for people.
pub(super) fn print(json: bool, value: &Value, line: &str) -> io::Result<()> {
    if json {
        print_text(&format!("{value:#}\n"))
    } else {
        print_text(&format!("{line}\n"))
    }
}

/// Prints a text as it is.
pub(super) fn print_text(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Says how a command went, beside its result. A stderr that is closed cannot be told so.
pub(super) fn tell(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// Says why a command failed. A stderr that is closed cannot be told so.
pub(crate) fn complain(failure: &Failure) {
    let mut text = failure.to_string();
    let mut next = failure.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    drop(writeln!(io::stderr(), "campkeeper: {text}"));
}
