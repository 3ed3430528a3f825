//! What was found of a part.

use crate::catalogue::{Catalogue, Finding, Part};

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It works.
    Ok,
    /// It works, and somebody has to do something soon.
    Warn,
    /// It does not work.
    Fail,
    /// It is not in use, or was not looked at.
    Off,
}

impl State {
    /// Its word in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Off => "off",
        }
    }
}

/// A part, how it is, and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub part: Part,
    pub state: State,
    pub finding: Finding,
}

impl Checked {
    pub(super) const fn ok(part: Part, finding: Finding) -> Self {
        Self {
            part,
            state: State::Ok,
            finding,
        }
    }

    pub(super) const fn warn(part: Part, finding: Finding) -> Self {
        Self {
            part,
            state: State::Warn,
            finding,
        }
    }

    pub(super) const fn fail(part: Part, finding: Finding) -> Self {
        Self {
            part,
            state: State::Fail,
            finding,
        }
    }

    pub(super) const fn off(part: Part, finding: Finding) -> Self {
        Self {
            part,
            state: State::Off,
            finding,
        }
    }

    /// What the part is called, what is the matter, and what to do about it where something is.
    #[must_use]
    pub fn told(&self, catalogue: &Catalogue) -> (String, String, Option<String>) {
        let (message, remedy) = catalogue.say_finding(&self.finding);
        (catalogue.say(&self.part), message, remedy)
    }
}

/// Parts of a platform whose block is empty.
pub(super) fn not_in_use(parts: &[Part], platform: &str) -> Vec<Checked> {
    let finding = Finding::NotInUse {
        platform: platform.to_owned(),
    };
    let parts = parts.iter();
    parts
        .map(|part| Checked::off(*part, finding.clone()))
        .collect()
}

/// Parts that cannot be looked at before another one is mended.
pub(super) fn blocked(parts: &[Part]) -> Vec<Checked> {
    let parts = parts.iter();
    parts
        .map(|part| Checked::off(*part, Finding::Blocked))
        .collect()
}
