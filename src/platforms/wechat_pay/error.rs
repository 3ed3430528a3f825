//! What can go wrong with a call, and what the protocol allows after it. The tables of §11 are
//! here as code; [`Error::next_step`] reads them.

use super::signing::SigningFailed;
use super::verify::SignatureError;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

const MAX_CODE_CHARS: usize = 64;
const MAX_MESSAGE_CHARS: usize = 256;

/// The call an error belongs to: the same code can mean different things for different calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `POST /v3/pay/transactions/…`.
    CreateOrder,
    /// `GET /v3/pay/transactions/out-trade-no/…`.
    QueryOrder,
    /// `POST …/close`.
    CloseOrder,
    /// `POST /v3/refund/domestic/refunds`.
    CreateRefund,
    /// `GET /v3/refund/domestic/refunds/…`.
    QueryRefund,
    /// `GET /v3/certificates`.
    FetchCertificates,
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CreateOrder => "create order",
            Self::QueryOrder => "query order",
            Self::CloseOrder => "close order",
            Self::CreateRefund => "create refund",
            Self::QueryRefund => "query refund",
            Self::FetchCertificates => "fetch certificates",
        })
    }
}

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

/// What the protocol allows after a failed call (§11). "The number" is `out_trade_no` for orders
/// and `out_refund_no` for refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Nothing took effect. The same call, same number, may be repeated after a pause.
    Repeat,
    /// It may have taken effect. Query by the number, or repeat the identical call with it; never
    /// use another number.
    QueryOrRepeat,
    /// The merchant's account lacks the money. Same number after topping up; not in a tight loop.
    RepeatAfterTopUp,
    /// Refused, yet something may stand under this number from an earlier call: query it, and
    /// believe what the query says.
    QueryFirst,
    /// Keys, permission, configuration or the request itself must be mended by a person; then the
    /// same number is still good.
    MendFirst,
    /// This number is used up. Query it to learn how it ended; a new attempt needs a new number.
    NewNumber,
    /// Refused for a reason that repeating does not change (risk rule, payer's account).
    GiveUp,
}

use NextStep::{GiveUp, MendFirst, NewNumber, QueryFirst, QueryOrRepeat, Repeat, RepeatAfterTopUp};

/// §11, orders: HTTP status, code, step.
const ORDER_STEPS: &[(u16, &str, NextStep)] = &[
    (202, "USER_PAYING", QueryOrRepeat),
    (400, "PARAM_ERROR", MendFirst),
    (400, "INVALID_REQUEST", QueryFirst),
    (400, "APPID_MCHID_NOT_MATCH", MendFirst),
    (400, "MCH_NOT_EXISTS", MendFirst),
    (400, "ORDER_CLOSED", NewNumber),
    (400, "ORDER_PAID", NewNumber),
    (401, "SIGN_ERROR", MendFirst),
    (403, "NO_AUTH", MendFirst),
    (403, "RULE_LIMIT", GiveUp),
    (403, "ACCOUNT_ERROR", GiveUp),
    (403, "TRADE_ERROR", GiveUp),
    (403, "NOT_ENOUGH", GiveUp),
    (403, "OUT_TRADE_NO_USED", NewNumber),
    (404, "ORDER_NOT_EXIST", QueryFirst),
    (429, "FREQUENCY_LIMITED", Repeat),
    (429, "RATELIMIT_EXCEEDED", Repeat),
    (429, "RATE_LIMITED", Repeat),
    (500, "SYSTEM_ERROR", QueryOrRepeat),
    (500, "BANK_ERROR", QueryOrRepeat),
    (503, "SERVICE_UNAVAILABLE", QueryOrRepeat),
    (500, "OPENID_MISMATCH", GiveUp),
    (500, "INVALID_TRANSACTIONID", GiveUp),
];

/// §11, refunds: HTTP status, code, step.
const REFUND_STEPS: &[(u16, &str, NextStep)] = &[
    (400, "PARAM_ERROR", MendFirst),
    (400, "INVALID_REQUEST", QueryFirst),
    (401, "SIGN_ERROR", MendFirst),
    (403, "NOT_ENOUGH", RepeatAfterTopUp),
    (403, "USER_ACCOUNT_ABNORMAL", GiveUp),
    (403, "NO_AUTH", MendFirst),
    (403, "REQUEST_BLOCKED", GiveUp),
    (404, "RESOURCE_NOT_EXISTS", MendFirst),
    (404, "MCH_NOT_EXISTS", MendFirst),
    (429, "FREQUENCY_LIMITED", Repeat),
    (429, "RATELIMIT_EXCEEDED", QueryOrRepeat),
    (429, "RATE_LIMITED", QueryOrRepeat),
    (500, "SYSTEM_ERROR", QueryOrRepeat),
    (500, "BANK_ERROR", QueryOrRepeat),
    (503, "SERVICE_UNAVAILABLE", QueryOrRepeat),
];

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
            Self::Api(error) => error.next_step(),
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
        let body = serde_json::from_slice::<Body>(body).ok();
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

    fn next_step(&self) -> NextStep {
        let row = self.steps().iter().find(|(status, code, _)| {
            // Codes of server faults and rate limits are believed under any status. One that means
            // "refused" is not when the status says that the server failed.
            let believed = *status >= 429 || *status / 100 == self.status / 100;
            believed && self.code.as_deref() == Some(*code)
        });
        if let Some((_, _, step)) = row {
            let refused = matches!(step, MendFirst | GiveUp | NewNumber);
            // A refused close often means that the order was paid meanwhile (§5).
            let paid_meanwhile = self.operation == Operation::CloseOrder && refused;
            return if paid_meanwhile { QueryFirst } else { *step };
        }
        match self.status {
            429 if self.operation != Operation::CreateRefund => Repeat,
            400..=499 if self.code.is_some() && self.status != 429 => QueryFirst,
            // Without a readable code it is no word of WeChat Pay's: it proves nothing.
            _ => QueryOrRepeat,
        }
    }

    fn steps(&self) -> &'static [(u16, &'static str, NextStep)] {
        match self.operation {
            Operation::CreateRefund | Operation::QueryRefund => REFUND_STEPS,
            _ => ORDER_STEPS,
        }
    }
}

/// Old interfaces write `ORDERNOTEXIST`, newer ones `ORDER_NOT_EXIST` (§11).
fn modern_spelling(code: &str) -> String {
    let upper = code.trim().to_ascii_uppercase();
    let bare = upper.replace('_', "");
    let known = ORDER_STEPS
        .iter()
        .chain(REFUND_STEPS)
        .map(|(_, known, _)| *known);
    known
        .into_iter()
        .find(|known| known.replace('_', "") == bare)
        .map_or(upper, str::to_owned)
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
    fn refund_answers() {
        // Columns: status, code, outcome unknown, retry with the same number by a machine.
        let cases = [
            (500, "SYSTEM_ERROR", true, true),
            (403, "NOT_ENOUGH", false, true),
            (403, "NOTENOUGH", false, true),
            (429, "FREQUENCY_LIMITED", false, true),
            (429, "RATELIMIT_EXCEEDED", true, true),
            (429, "SOMETHING_NEW", true, true),
            (403, "USER_ACCOUNT_ABNORMAL", false, false),
            (404, "RESOURCE_NOT_EXISTS", false, false),
            (404, "MCH_NOT_EXISTS", false, false),
            (400, "INVALID_REQUEST", false, false),
            (400, "PARAM_ERROR", false, false),
            (401, "SIGN_ERROR", false, false),
            (403, "NO_AUTH", false, false),
            (403, "REQUEST_BLOCKED", false, false),
            (500, "SOMETHING_NEW", true, true),
            (502, "SERVICE_UNAVAILABLE", true, true),
            (400, "SYSTEM_ERROR", true, true),
            (500, "PARAM_ERROR", true, true),
            (202, "ACCEPTED", true, true),
            (302, "", true, true),
            (403, "SOMETHING_NEW", false, false),
            (403, "", true, true),
        ];
        for (status, code, unknown, retry) in cases {
            let error = coded(Operation::CreateRefund, status, code);
            assert_eq!(error.outcome_unknown(), unknown, "{status} {code}");
            assert_eq!(error.is_retryable_same_number(), retry, "{status} {code}");
        }
    }

    #[test]
    fn order_answers() {
        let create = [
            (202, "USER_PAYING", QueryOrRepeat),
            (400, "PARAM_ERROR", MendFirst),
            (400, "INVALID_REQUEST", QueryFirst),
            (400, "APPID_MCHID_NOT_MATCH", MendFirst),
            (400, "MCH_NOT_EXISTS", MendFirst),
            (400, "ORDER_CLOSED", NewNumber),
            (400, "ORDERPAID", NewNumber),
            (401, "SIGN_ERROR", MendFirst),
            (403, "NO_AUTH", MendFirst),
            (403, "RULE_LIMIT", GiveUp),
            (403, "OUT_TRADE_NO_USED", NewNumber),
            (429, "FREQUENCY_LIMITED", Repeat),
            (429, "RATELIMIT_EXCEEDED", Repeat),
            (429, "", Repeat),
            (500, "SYSTEM_ERROR", QueryOrRepeat),
            (500, "BANKERROR", QueryOrRepeat),
            (500, "OPENID_MISMATCH", GiveUp),
            (500, "INVALID_TRANSACTIONID", GiveUp),
            (503, "", QueryOrRepeat),
        ];
        for (status, code, step) in create {
            assert_eq!(
                coded(Operation::CreateOrder, status, code).next_step(),
                step,
                "{status} {code}"
            );
        }
        let close = [
            (400, "ORDER_PAID", QueryFirst),
            (400, "INVALID_REQUEST", QueryFirst),
            (404, "ORDER_NOT_EXIST", QueryFirst),
            (403, "TRADE_ERROR", QueryFirst),
            (429, "RATE_LIMITED", Repeat),
            (500, "SYSTEM_ERROR", QueryOrRepeat),
        ];
        for (status, code, step) in close {
            let error = coded(Operation::CloseOrder, status, code);
            assert_eq!(error.next_step(), step, "{status} {code}");
        }
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
