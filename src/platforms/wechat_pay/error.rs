//! What can go wrong with a call. What may be done then stands in the tables of `next_step`.

use super::next_step::NextStep::{self, MendFirst, QueryOrRepeat, Repeat, RepeatAfterTopUp};
use super::next_step::{Trouble, after_refusal, modern_spelling, trouble_of};
use super::operation::Operation;
use super::signing::SigningFailed;
use super::verify::SignatureError;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use wecom::lenient_json;

const MAX_CODE_CHARS: usize = 64;
const MAX_MESSAGE_CHARS: usize = 256;

/// Why a call gave no result. No variant shows a secret, and none shows a body.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field would be refused. Nothing was sent.
    #[error("{field} {problem}")]
    InvalidRequest {
        /// Name of the field on the wire.
        field: &'static str,
        /// A phrase that follows the name.
        problem: &'static str,
    },
    /// The request could not be signed. Nothing was sent.
    #[error(transparent)]
    Signing(#[from] SigningFailed),
    /// No platform certificate is held and none could be fetched. Nothing was sent.
    #[error("{operation}: no platform certificate is held")]
    NoCertificate {
        /// What was to be done.
        operation: Operation,
        /// Why, if it was tried just now.
        source: Option<Box<Error>>,
    },
    /// No connection came about. Nothing was sent.
    #[error("{operation}: no connection to WeChat Pay")]
    NotConnected {
        /// What was to be done.
        operation: Operation,
        /// From the HTTP client, without the address.
        source: reqwest::Error,
    },
    /// The request may have left, the answer did not arrive: timeout, reset, or cut off.
    #[error("{operation}: no answer from WeChat Pay")]
    Unanswered {
        /// What was to be done.
        operation: Operation,
        /// From the HTTP client, without the address.
        source: reqwest::Error,
    },
    /// A 2xx that cannot be believed. The call has been carried out, with an unknown result (§2.1).
    #[error("{operation}: the answer {status} is not verified: {cause}")]
    Unverified {
        /// What was to be done.
        operation: Operation,
        /// HTTP status.
        status: u16,
        /// `Request-ID` of the answer.
        request_id: Option<String>,
        /// What is wrong with its signature.
        cause: SignatureError,
    },
    /// A verified 2xx that is not what the documentation promises.
    #[error("{operation}: the answer {status} {problem}")]
    UnexpectedAnswer {
        /// What was to be done.
        operation: Operation,
        /// HTTP status.
        status: u16,
        /// `Request-ID` of the answer.
        request_id: Option<String>,
        /// A phrase.
        problem: &'static str,
    },
    /// WeChat Pay, or something before it, said no.
    #[error(transparent)]
    Api(Box<ApiError>),
}

/// An answer that is not a success. Not verified by signature (§2.1).
#[derive(Debug, Clone)]
pub struct ApiError {
    /// What was to be done.
    pub operation: Operation,
    /// HTTP status.
    pub status: u16,
    /// The code in its modern spelling; `None` if the body was empty, HTML or otherwise foreign.
    pub code: Option<String>,
    /// For logs only; WeChat Pay words it as it likes. Cut to 256 characters.
    pub message: String,
    /// Its shape varies. May repeat parts of the request.
    pub detail: Option<Value>,
    /// `Request-ID` of the answer: what WeChat Pay's support asks for.
    pub request_id: Option<String>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.as_deref().unwrap_or("no code");
        write!(
            formatter,
            "{}: {} {code}: {}",
            self.operation, self.status, self.message
        )
    }
}

impl std::error::Error for ApiError {}

impl Error {
    /// What may be done now. For a query, which has no effect, "took effect" reads "was learnt".
    #[must_use]
    pub fn next_step(&self) -> NextStep {
        match self {
            Self::InvalidRequest { .. } | Self::Signing(_) => MendFirst,
            Self::NoCertificate {
                source: Some(cause),
                ..
            } if !cause.is_retryable_same_number() => MendFirst,
            Self::NoCertificate { .. } | Self::NotConnected { .. } => Repeat,
            Self::Unanswered { .. } | Self::Unverified { .. } | Self::UnexpectedAnswer { .. } => {
                QueryOrRepeat
            }
            Self::Api(error) => after_refusal(error.operation, error.status, error.code.as_deref()),
        }
    }

    /// Whose trouble a call about a refund has met.
    #[must_use]
    pub fn trouble(&self) -> Trouble {
        match (self, self.next_step()) {
            // Our own keys do not sign, or WeChat Pay does not give us its own.
            (Self::Signing(_) | Self::NoCertificate { .. }, MendFirst) => Trouble::Merchant,
            (_, step) => trouble_of(step, self.code()),
        }
    }

    /// Whether the call may have taken effect: timeout, cut connection, unverifiable 2xx, 5xx.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.next_step() == QueryOrRepeat
    }

    /// Whether the identical call may be made again by a machine, with the same number.
    #[must_use]
    pub fn is_retryable_same_number(&self) -> bool {
        matches!(self.next_step(), Repeat | QueryOrRepeat | RepeatAfterTopUp)
    }

    /// Whether we were too fast; back off with jitter.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        let limits = ["FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "RATE_LIMITED"];
        self.http_status() == Some(429) || self.code().is_some_and(|code| limits.contains(&code))
    }

    /// WeChat Pay's code in its modern spelling, where there is one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.code.as_deref(),
            Self::NoCertificate {
                source: Some(cause),
                ..
            } => cause.code(),
            _ => None,
        }
    }

    /// The status of the answer, where one came.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Self::Api(error) => Some(error.status),
            Self::Unverified { status, .. } | Self::UnexpectedAnswer { status, .. } => {
                Some(*status)
            }
            _ => None,
        }
    }

    /// `Request-ID` of the answer, where one came.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Api(error) => error.request_id.as_deref(),
            Self::Unverified { request_id, .. } | Self::UnexpectedAnswer { request_id, .. } => {
                request_id.as_deref()
            }
            _ => None,
        }
    }

    pub(super) fn has_code(&self, status: u16, code: &str) -> bool {
        self.http_status() == Some(status) && self.code() == Some(code)
    }
}

impl ApiError {
    /// Reads an error answer leniently: gateways send HTML or nothing at all (§11).
    pub(super) fn read(
        operation: Operation,
        status: u16,
        body: &[u8],
        request_id: Option<String>,
    ) -> Self {
        #[derive(Deserialize)]
        struct Body {
            code: Option<Value>,
            message: Option<Value>,
            detail: Option<Value>,
        }
        let body = lenient_json::from_slice::<Body>(body).ok();
        let (code, message, detail) = match body {
            Some(body) => (body.code, body.message, body.detail),
            None => (None, None, None),
        };
        let text = |value: Option<Value>, max_chars: usize| match value {
            Some(Value::String(text)) => text.chars().take(max_chars).collect(),
            _ => String::new(),
        };
        let code = text(code, MAX_CODE_CHARS);
        Self {
            operation,
            status,
            code: (!code.trim().is_empty()).then(|| modern_spelling(&code)),
            message: text(message, MAX_MESSAGE_CHARS),
            detail,
            request_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn api(operation: Operation, status: u16, body: &str) -> Error {
        let request_id = Some("08F5-268512771".to_owned());
        Error::Api(Box::new(ApiError::read(
            operation,
            status,
            body.as_bytes(),
            request_id,
        )))
    }

    fn coded(operation: Operation, status: u16, code: &str) -> Error {
        api(
            operation,
            status,
            &format!(r#"{{"code":"{code}","message":"说明"}}"#),
        )
    }

    #[test]
    fn rate_limits_are_seen_by_status_and_by_code() {
        assert!(coded(Operation::CreateOrder, 429, "").is_rate_limited());
        assert!(coded(Operation::CreateRefund, 403, "RATELIMIT_EXCEEDED").is_rate_limited());
        assert!(!coded(Operation::CreateRefund, 403, "NOT_ENOUGH").is_rate_limited());
    }

    #[test]
    fn reads_error_bodies_as_they_occur() {
        let real = api(
            Operation::CreateOrder,
            400,
            r#"{"code":"PARAM_ERROR","detail":{"location":null,"value":["/body/payer/openid"]},"message":"请求中含有未在API文档中定义的参数"}"#,
        );
        assert_eq!(real.code(), Some("PARAM_ERROR"));
        assert_eq!(real.http_status(), Some(400));
        assert_eq!(real.request_id(), Some("08F5-268512771"));
        let Error::Api(inner) = real else { panic!() };
        assert_eq!(inner.detail.unwrap()["value"][0], "/body/payer/openid");
        for foreign in [
            "",
            "<html>502 Bad Gateway</html>",
            "[]",
            "null",
            r#"{"code":7}"#,
            "{",
        ] {
            let error = api(Operation::CreateRefund, 502, foreign);
            assert_eq!(error.code(), None, "{foreign}");
            assert!(error.outcome_unknown(), "{foreign}");
        }
        // A code is clear whatever is wrong with the words beside it.
        let error = api(
            Operation::CreateRefund,
            403,
            "{\"code\":\"NOT_ENOUGH\",\"message\":\"余额\n不足\"}",
        );
        assert!(error.has_code(403, "NOT_ENOUGH"));
        // A body field called status must not shadow the HTTP status.
        let error = api(
            Operation::QueryOrder,
            404,
            r#"{"code":"ORDERNOTEXIST","status":200}"#,
        );
        assert!(error.has_code(404, "ORDER_NOT_EXIST"));
    }

    proptest! {
        #[test]
        fn any_error_body_is_read(status in 100u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let error = ApiError::read(Operation::CreateRefund, status, &body, None);
            prop_assert!(error.message.chars().count() <= MAX_MESSAGE_CHARS);
            let error = Error::Api(Box::new(error));
            prop_assert!(!error.to_string().is_empty());
            // Whatever is not a plain refusal must be taken as unknown.
            if !(400..500).contains(&status) && error.code().is_none() {
                prop_assert!(error.outcome_unknown());
            }
        }
    }
}
