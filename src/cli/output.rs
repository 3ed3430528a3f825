//! Results on stdout, complaints on stderr.

use std::io::{self, Write as _};

use campkeeper::catalogue::Catalogue;
use campkeeper::services::{Error, with_causes};
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
    let text = match failure {
        Failure::Service(error @ (Error::Invalid(_) | Error::Refused(_))) => refused(error),
        other => with_causes(other),
    };
    tell(&format!("campkeeper: {text}"));
}

/// A refusal reads here as it does in the chat and in the console.
fn refused(error: &Error) -> String {
    match Catalogue::load("") {
        Ok(catalogue) => catalogue.say_in_full(&error.kind()),
        Err(unusable) => with_causes(&unusable),
    }
}
