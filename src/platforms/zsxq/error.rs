//! What can go wrong with a call, by what the caller should do about it (zsxq §2).

use std::fmt;

use thiserror::Error;

use crate::platforms::measured::Outcome;

/// 421 Misdirected Request (RFC 9110 §15.5.20).
const MISDIRECTED: u16 = 421;
/// Longest text of the planet that is kept with a refusal.
const MAX_TEXT_CHARS: usize = 200;

/// Why a call gave no answer. Each variant asks for a different action.
#[derive(Debug, Error)]
pub enum Error {
    /// The login is over. Stop calling, tell an operator: only a new cookie helps.
    #[error("the planet no longer accepts the cookie: {0}")]
    CookieDead(CookieDeath),
    /// Every try failed in a way that passes by itself. Abort the run, keep what was known before,
    /// come back later.
    #[error("the planet did not answer {call} in {tries} tries (last: {last}; cookie: {cookie})")]
    Unavailable {
        /// The call that was given up.
        call: &'static str,
        /// Requests made for it.
        tries: usize,
        /// What the last of them ended in.
        last: Failure,
        /// What is known of the cookie; `Unknown` after a series of 1059 can mean a bad paste.
        cookie: CookieCheck,
    },
    /// The account may not do this here: not a member, no right, membership over. Stop reading
    /// this planet until somebody has changed the account or the planet's number.
    #[error("the planet refuses {call} to this account ({failure})")]
    Configuration {
        /// The refused call.
        call: &'static str,
        /// The planet's answer.
        failure: Failure,
    },
    /// The planet says that our request is malformed. Repeating it is pointless.
    #[error("the planet calls our {call} malformed ({failure})")]
    Bug {
        /// The refused call.
        call: &'static str,
        /// The planet's answer.
        failure: Failure,
    },
    /// The thing asked for is deleted. Skip it.
    #[error("what {call} asked for is gone ({failure})")]
    Gone {
        /// The refused call.
        call: &'static str,
        /// The planet's answer.
        failure: Failure,
    },
    /// Refused twice for a reason nobody has written down (zsxq §2: permanent after one retry);
    /// an unknown check-in project is the likely one.
    #[error("the planet refuses {call} ({failure})")]
    Refused {
        /// The refused call.
        call: &'static str,
        /// The planet's answer.
        failure: Failure,
    },
    /// No answer, or one that cannot be read, to a call that changes something: it may have been
    /// done. Look before doing it again.
    #[error("whether the planet has done {call} is not known ({failure})")]
    OutcomeUnknown {
        call: &'static str,
        /// What came instead of an answer.
        failure: Failure,
    },
    /// The planet said yes, but its answer contradicts what this client relies on.
    #[error("the planet's answer to {call} does not fit: {what}")]
    Protocol {
        /// The call with the odd answer.
        call: &'static str,
        /// The broken expectation.
        what: &'static str,
    },
    /// A list went on past the limit of this client.
    #[error("{call} did not end within {limit_pages} pages")]
    TooManyPages {
        /// The endless list.
        call: &'static str,
        limit_pages: usize,
    },
    /// The day's requests are spent; the next Shanghai day has new ones. Nothing was sent.
    #[error("the {calls_per_day} requests to the planet for this day are spent")]
    BudgetSpent {
        /// The setting.
        calls_per_day: u32,
    },
}

impl Error {
    /// True when the same call may work later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::BudgetSpent { .. })
    }
}

/// How a login came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieDeath {
    /// Invalid, expired or logged out (401).
    Rejected,
    /// Another login took its place (1009).
    KickedOut,
    /// The planet wants the person to prove who they are (1015).
    IdentityCheck,
    /// The account is banned (10009): a new cookie of it will not help.
    Banned,
}

impl fmt::Display for CookieDeath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rejected => "invalid or expired",
            Self::KickedOut => "replaced by another login",
            Self::IdentityCheck => "identity check failed",
            Self::Banned => "the account is banned",
        })
    }
}

/// What asking the planet about the cookie gave, after three 1059 in a row (zsxq §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieCheck {
    /// There was no reason to ask.
    NotMade,
    /// The cookie works: the trouble is the planet's, or its risk control.
    Alive,
    /// This question got no useful answer either.
    Unknown,
}

impl fmt::Display for CookieCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotMade => "not checked",
            Self::Alive => "alive",
            Self::Unknown => "unknown",
        })
    }
}

/// What one request ended in, when not in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// `succeeded: false` with a code.
    Code {
        /// The planet's number for it.
        code: i64,
        /// The planet's words for it.
        text: PlanetText,
    },
    /// `succeeded: false` without a code.
    NoCode {
        /// The planet's words for it.
        text: PlanetText,
    },
    /// An HTTP status that says more than the body.
    Http(u16),
    /// No whole answer in time.
    Timeout,
    /// No connection, or it broke.
    Connection,
    /// HTML, half an answer, or otherwise not the planet's envelope.
    Unreadable,
    /// More bytes than any honest answer has.
    TooLarge,
    /// `succeeded: true`, but with other data than the call promises; where the reading stopped.
    Shape {
        /// Line of the body, from 1.
        line: usize,
        /// Column of the body, from 1.
        column: usize,
    },
}

impl Failure {
    /// The code, where the planet gave one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Code { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// How the call is counted.
    pub(super) const fn outcome(&self) -> Outcome {
        match self {
            Self::Code { .. } | Self::NoCode { .. } => Outcome::Refused,
            Self::Http(status) => Outcome::of_status(Some(*status)),
            Self::Timeout | Self::Connection => Outcome::NoAnswer,
            Self::Unreadable | Self::TooLarge | Self::Shape { .. } => Outcome::Failed,
        }
    }

    /// The connection leads to a host that does not answer for this address: the transport's
    /// trouble, and over with a new one.
    pub(super) fn is_misdirected(&self) -> bool {
        *self == Self::Http(MISDIRECTED)
    }

    /// 1059, which is called a signature failure and also serves as risk control (zsxq §2).
    pub(super) fn is_signature_failure(&self) -> bool {
        self.code() == Some(1059)
    }

    /// What to do about it.
    pub(super) fn class(&self) -> FailureClass {
        match self {
            Self::Code { code, .. } => class_of_code(*code),
            Self::Http(401) => FailureClass::CookieDead(CookieDeath::Rejected),
            Self::Http(403 | 408 | MISDIRECTED | 425 | 429 | 500..=599) => FailureClass::Retry,
            Self::Timeout | Self::Connection | Self::Unreadable => FailureClass::Retry,
            Self::NoCode { .. } | Self::Http(_) | Self::Shape { .. } | Self::TooLarge => {
                FailureClass::RetryOnce
            }
        }
    }

    /// The error of a call that ends with this failure.
    pub(super) fn into_error(self, call: &'static str) -> Error {
        match (self.class(), &self) {
            (FailureClass::CookieDead(death), _) => Error::CookieDead(death),
            (FailureClass::Configuration, _) => Error::Configuration {
                call,
                failure: self,
            },
            (FailureClass::Bug, _) => Error::Bug {
                call,
                failure: self,
            },
            (FailureClass::Gone, _) => Error::Gone {
                call,
                failure: self,
            },
            (_, Self::Shape { .. }) => Error::Protocol {
                call,
                what: "its fields",
            },
            (_, Self::TooLarge) => Error::Protocol {
                call,
                what: "its size",
            },
            (FailureClass::Retry | FailureClass::RetryOnce, _) => Error::Refused {
                call,
                failure: self,
            },
        }
    }
}

impl Failure {
    /// The error of a call that changes something and ended with this failure. A refusal in the
    /// planet's own words was no change, unless it is one of those that also stand for trouble
    /// inside.
    pub(super) fn into_error_of_change(self, call: &'static str) -> Error {
        let is_refusal = match (&self, self.class()) {
            (Self::Code { .. } | Self::NoCode { .. }, class) => class != FailureClass::Retry,
            (_, class) => matches!(class, FailureClass::CookieDead(_)),
        };
        if is_refusal {
            self.into_error(call)
        } else {
            Error::OutcomeUnknown {
                call,
                failure: self,
            }
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { code, .. } => write!(f, "code {code}"),
            Self::NoCode { .. } => f.write_str("no code"),
            Self::Http(status) => write!(f, "HTTP {status}"),
            Self::Timeout => f.write_str("timeout"),
            Self::Connection => f.write_str("no connection"),
            Self::Unreadable => f.write_str("not the planet's JSON"),
            Self::TooLarge => f.write_str("answer too large"),
            Self::Shape { line, column } => write!(f, "other fields at {line}:{column}"),
        }
    }
}

/// What a failed try asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureClass {
    CookieDead(CookieDeath),
    /// Passes by itself.
    Retry,
    /// Nobody has written it down: permanent when it comes twice.
    RetryOnce,
    Configuration,
    Bug,
    Gone,
}

/// The table of zsxq §2.
fn class_of_code(code: i64) -> FailureClass {
    match code {
        401 => FailureClass::CookieDead(CookieDeath::Rejected),
        1009 => FailureClass::CookieDead(CookieDeath::KickedOut),
        1015 => FailureClass::CookieDead(CookieDeath::IdentityCheck),
        10009 => FailureClass::CookieDead(CookieDeath::Banned),
        1059 | 1050 | 500 | 600 | 429 => FailureClass::Retry,
        1001..=1004 | 1014 | 1018 | 1020 | 14001 | 16104 | 17801 | 19301 => FailureClass::Bug,
        1005 | 1006 | 1008 | 1019 | 1027 | 1030 | 1037 | 14210 => FailureClass::Configuration,
        1007 | 15001 | 15403 => FailureClass::Gone,
        _ => FailureClass::RetryOnce,
    }
}

/// The planet's own words with a refusal, cleaned of control characters and cut to 200
/// characters. For an operator's eyes; not shown by `Debug` or `Display` of the errors.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PlanetText(String);

impl PlanetText {
    /// Keeps the harmless part of a text from outside.
    pub(super) fn new(text: &str) -> Self {
        Self(
            text.chars()
                .filter(|c| !c.is_control())
                .take(MAX_TEXT_CHARS)
                .collect(),
        )
    }

    /// The words; empty when there were none.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlanetText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlanetText({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_reference_has_its_verdict() {
        let table: [(&[i64], FailureClass); 9] = [
            (&[401], FailureClass::CookieDead(CookieDeath::Rejected)),
            (&[1009], FailureClass::CookieDead(CookieDeath::KickedOut)),
            (
                &[1015],
                FailureClass::CookieDead(CookieDeath::IdentityCheck),
            ),
            (&[10009], FailureClass::CookieDead(CookieDeath::Banned)),
            (&[1059, 1050, 500, 600, 429], FailureClass::Retry),
            (
                &[
                    1001, 1002, 1003, 1004, 1014, 14001, 17801, 1018, 1020, 19301, 16104,
                ],
                FailureClass::Bug,
            ),
            (
                &[1005, 1008, 1037, 1006, 1019, 1030, 14210, 1027],
                FailureClass::Configuration,
            ),
            (&[1007, 15001, 15403], FailureClass::Gone),
            (
                &[0, -1, 13001, 52010, 52001, i64::MAX],
                FailureClass::RetryOnce,
            ),
        ];
        for (codes, expected) in table {
            for &code in codes {
                let failure = Failure::Code {
                    code,
                    text: PlanetText::default(),
                };
                assert_eq!(failure.class(), expected, "{code}");
            }
        }
    }

    #[test]
    fn http_statuses_have_their_verdict() {
        let table = [
            (401, FailureClass::CookieDead(CookieDeath::Rejected)),
            (403, FailureClass::Retry),
            (421, FailureClass::Retry),
            (429, FailureClass::Retry),
            (500, FailureClass::Retry),
            (502, FailureClass::Retry),
            (404, FailureClass::RetryOnce),
            (302, FailureClass::RetryOnce),
        ];
        for (status, expected) in table {
            assert_eq!(Failure::Http(status).class(), expected, "{status}");
        }
    }

    #[test]
    fn a_change_without_a_plain_refusal_may_have_been_made() {
        let code = |code| Failure::Code {
            code,
            text: PlanetText::default(),
        };
        for (failure, may_be_done) in [
            (code(1059), true),
            (code(600), true),
            (code(1004), false),
            (code(1030), false),
            (code(401), false),
            (code(52010), false),
            (Failure::Timeout, true),
            (Failure::Connection, true),
            (Failure::Unreadable, true),
            (Failure::Http(502), true),
            (Failure::Http(404), true),
            (Failure::Http(401), false),
            (Failure::Shape { line: 1, column: 1 }, true),
        ] {
            let shown = failure.to_string();
            let error = failure.into_error_of_change("POST checkins");
            let unknown = matches!(error, Error::OutcomeUnknown { .. });
            assert_eq!(unknown, may_be_done, "{shown}");
        }
    }

    #[test]
    fn texts_of_the_planet_are_tamed_and_not_printed() {
        let text = PlanetText::new("内部\n错误\u{7}");
        assert_eq!(text.as_str(), "内部错误");
        let failure = Failure::Code { code: 1059, text };
        assert_eq!(failure.to_string(), "code 1059");
        assert!(!format!("{failure:?}").contains("内部"));
        assert_eq!(
            PlanetText::new(&"长".repeat(5_000))
                .as_str()
                .chars()
                .count(),
            MAX_TEXT_CHARS
        );
    }
}
