//! Errors of a call, and what a caller may conclude from them.
//!
//! The three questions a caller asks ([`Error::is_retryable`], [`Error::outcome_unknown`],
//! [`Error::needs_admin`]) are answered here and nowhere else. Texts of the platform are kept for a
//! debugger and never shown.

use std::{fmt, sync::Arc, time::Duration};

use super::codes::{self, ErrorClass};
use crate::limit::LimitError;

/// A call to WeCom that did not succeed.
///
/// The text of each says everything, the reason of a [`Error::Token`] included; there is no further
/// [`source`](std::error::Error::source), so that a log of the whole chain says nothing twice.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable answer came back over the network.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// WeCom answered with an `errcode` other than 0 (wecom-app §4).
    #[error("WeCom answered {}", Refusal { code: *code, message })]
    Api {
        /// The `errcode`. Decide on it (or on [`ErrorClass`]), never on the text.
        code: i64,
        /// The `errmsg`: free text that changes, with the caller's own address in it.
        message: RawText,
    },
    /// The answer was an HTTP status outside 2xx without a readable `errcode`.
    #[error("WeCom answered HTTP status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The answer could not be understood.
    #[error("unexpected answer from WeCom: {what}")]
    Protocol {
        /// The part that was expected and missing.
        what: &'static str,
        /// The body as received, cut at 4 KiB.
        raw: RawText,
    },
    /// A limit of the platform would be broken; nothing was sent.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The limiter of this process has no slot free; nothing was sent.
    #[error("rate limit of this client reached, free in {} ms", retry_after.as_millis())]
    Throttled {
        /// Time until the next slot is free.
        retry_after: Duration,
    },
    /// No access token (or JS ticket) could be had, so the call itself was never sent.
    #[error("no token or ticket: {0}")]
    Token(Arc<Error>),
}

impl Error {
    /// The `errcode` of the platform, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Api { code, .. } => Some(*code),
            Self::Token(inner) => inner.code(),
            _ => None,
        }
    }

    /// The class of the `errcode`, if the platform gave one.
    #[must_use]
    pub fn class(&self) -> Option<ErrorClass> {
        self.code().map(codes::class)
    }

    /// The address that our calls leave from, where the platform does not trust it (60020): what is
    /// to be entered under 企业可信IP.
    #[must_use]
    pub fn untrusted_ip(&self) -> Option<std::net::IpAddr> {
        match self {
            Self::Api { code, message } if codes::class(*code) == ErrorClass::UntrustedIp => {
                egress_ip(message.expose())
            }
            Self::Token(inner) => inner.untrusted_ip(),
            _ => None,
        }
    }

    /// True if the same call may succeed later without anybody changing anything.
    ///
    /// Says nothing about whether repeating is safe: ask [`Error::outcome_unknown`] too. Retry at
    /// most three times, with back-off, not before [`Error::retry_after`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(error) => !error.is_permanent,
            Self::Throttled { .. } => true,
            // 421 is a connection that led to another host: a new one may lead to the right one.
            Self::Status { status } => *status >= 500 || matches!(*status, 408 | 421 | 425 | 429),
            Self::Api { code, .. } => codes::class(*code).is_retryable(),
            Self::Token(inner) => !inner.needs_admin() && inner.is_retryable(),
            Self::Protocol { .. } | Self::Limit(_) => false,
        }
    }

    /// True if the call may have taken effect although it failed.
    ///
    /// True once the request may have left without a clear answer. Treat it as *unknown*, not as
    /// *failed*: ask the platform, or repeat only what may be doubled.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Transport(error) => error.may_have_been_sent,
            Self::Status { status } => *status >= 500,
            Self::Protocol { .. } => true,
            Self::Api { .. } | Self::Limit(_) | Self::Throttled { .. } | Self::Token(_) => false,
        }
    }

    /// True if a person has to change a setting in the WeCom console (or ours) first.
    #[must_use]
    pub fn needs_admin(&self) -> bool {
        self.class().is_some_and(ErrorClass::needs_admin)
    }

    /// The shortest wait before a retry can help, where the platform names one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } => Some(*retry_after),
            Self::Token(inner) => inner.retry_after(),
            _ => self.class().and_then(ErrorClass::retry_after),
        }
    }

    pub(crate) fn token(inner: Self) -> Self {
        Self::Token(Arc::new(inner))
    }

    pub(crate) fn protocol(what: &'static str, raw: &[u8]) -> Self {
        Self::Protocol {
            what,
            raw: RawText::from_bytes(raw),
        }
    }
}

/// A network failure. Carries no URL, since the access token travels in the query.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no answer from WeCom: {detail}")]
pub struct TransportError {
    /// False only when the request certainly did not leave (no connection, bad URL).
    pub may_have_been_sent: bool,
    /// True if the same request would fail again (a bad URL, an answer that is too large).
    pub is_permanent: bool,
    /// The failure, without any URL or body.
    pub detail: String,
}

/// Text of the platform, kept for a debugger; neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct RawText(Arc<str>);

impl RawText {
    /// Longest text kept, in bytes.
    const MAX_BYTES: usize = 4096;

    pub(crate) fn from_bytes(raw: &[u8]) -> Self {
        let head = raw.get(..Self::MAX_BYTES).unwrap_or(raw);
        Self(String::from_utf8_lossy(head).into())
    }

    /// The text itself. Do not log it: it may hold names and addresses.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawText({} bytes)", self.0.len())
    }
}

/// Shows a refusal by our own words, and the one part of `errmsg` an operator needs.
struct Refusal<'a> {
    code: i64,
    message: &'a RawText,
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, codes::meaning(self.code))?;
        match (codes::class(self.code), egress_ip(self.message.expose())) {
            (ErrorClass::UntrustedIp, Some(ip)) => write!(f, " (calls leave from {ip})"),
            _ => Ok(()),
        }
    }
}

/// The caller's own address out of `…, from ip: A.B.C.D, …`.
fn egress_ip(message: &str) -> Option<std::net::IpAddr> {
    let (_, rest) = message.split_once("from ip: ")?;
    rest.split([',', ' ']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(code: i64, message: &str) -> Error {
        Error::Api {
            code,
            message: RawText::from_bytes(message.as_bytes()),
        }
    }

    #[test]
    fn the_three_questions_follow_the_table_of_section_4() {
        // code, retryable, needs admin
        for (code, retryable, admin) in [
            (-1, true, false),
            (6000, true, false),
            (45035, true, false),
            (40014, true, false),
            (42001, true, false),
            (40001, false, true),
            (40013, false, true),
            (45009, true, false),
            (45033, true, false),
            (48002, false, true),
            (60020, false, true),
            (301002, false, true),
            (81013, false, false),
            (40007, false, false),
            (42033, false, false),
            (43012, false, true),
            (60140, false, false),
            (999_999, false, false),
        ] {
            let error = api(code, "");
            assert_eq!(error.is_retryable(), retryable, "retryable {code}");
            assert_eq!(error.needs_admin(), admin, "admin {code}");
            assert!(!error.outcome_unknown(), "an answer is an outcome: {code}");
        }
        assert_eq!(api(45009, "").retry_after(), Some(Duration::from_secs(60)));
    }

    #[test]
    fn an_error_after_the_request_left_is_unknown() {
        let sent = TransportError {
            may_have_been_sent: true,
            is_permanent: false,
            detail: "timed out".into(),
        };
        let unsent = TransportError {
            may_have_been_sent: false,
            ..sent.clone()
        };
        assert!(Error::Transport(sent.clone()).outcome_unknown());
        assert!(!Error::Transport(unsent).outcome_unknown());
        assert!(Error::Status { status: 502 }.outcome_unknown());
        assert!(!Error::Status { status: 404 }.outcome_unknown());
        assert!(Error::protocol("JSON", b"<html>").outcome_unknown());
        let too_large = TransportError {
            is_permanent: true,
            ..sent.clone()
        };
        let too_large = Error::Transport(too_large);
        assert!(too_large.outcome_unknown() && !too_large.is_retryable());
        let token = Error::token(Error::Transport(sent));
        assert_eq!(
            token.to_string(),
            "no token or ticket: no answer from WeCom: timed out"
        );
        assert!(std::error::Error::source(&token).is_none(), "said already");
        assert!(token.is_retryable() && !token.outcome_unknown());
        assert!(!Error::token(api(40001, "")).is_retryable());
    }

    #[test]
    fn texts_of_the_platform_are_never_shown() {
        let error = api(
            60020,
            "not allow, hint: [x], from ip: 203.0.113.9, more info SECRET",
        );
        assert!(!format!("{error} {error:?}").contains("SECRET"));
        assert!(error.to_string().contains("203.0.113.9"));
        let protocol = Error::protocol("JSON", b"SECRET");
        assert!(!format!("{protocol} {protocol:?}").contains("SECRET"));
    }
}
