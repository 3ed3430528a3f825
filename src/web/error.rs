//! The one place where what went wrong becomes a status and a word of the contract. Its sentence
//! is the catalogue's, and `envelope` writes both.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::catalogue::{Catalogue, ErrorKind, Refusal, RequestFault};
use crate::domain::{FieldError, FieldErrors};
use crate::services::{Error, with_causes};
use crate::store::StoreError;

/// The result of a handler.
pub type WebResult<T> = Result<T, Problem>;

/// A bad answer (contract, Envelope and errors).
#[derive(Debug, Clone)]
pub struct Problem {
    reason: Box<Reason>,
    data: Option<Value>,
    retry_after: Option<Duration>,
}

#[derive(Debug, Clone)]
enum Reason {
    Error(ErrorKind),
    Request(RequestFault),
}

/// What a bad answer looks like on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// The HTTP status.
    #[schema(example = 409)]
    code: u16,
    /// A fixed word for programs.
    #[schema(example = "already_enrolled")]
    error: &'static str,
    /// A sentence for people.
    #[schema(example = "您已报名")]
    message: String,
    /// What else is to be known.
    data: Option<Value>,
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<BTreeMap<String, String>>,
}

impl Problem {
    fn new(reason: Reason) -> Self {
        Self {
            reason: Box::new(reason),
            data: None,
            retry_after: None,
        }
    }

    /// 422: one field and what is wrong with it.
    pub fn invalid(field: impl Into<Cow<'static, str>>, error: FieldError) -> Self {
        ErrorKind::Invalid(FieldErrors::from([(field.into(), error)])).into()
    }

    /// 401 for who has not signed in.
    pub fn unauthenticated() -> Self {
        Error::from(Refusal::Unauthenticated).into()
    }

    /// 404.
    pub fn not_found() -> Self {
        ErrorKind::NotFound.into()
    }

    /// 413.
    pub fn too_large() -> Self {
        Error::from(Refusal::TooLarge).into()
    }

    /// 429 and when to come back.
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..RequestFault::TooManyRequests.into()
        }
    }

    /// 500; the cause goes to the log only.
    pub fn internal(cause: &(dyn StdError + 'static)) -> Self {
        tracing::error!(error = %with_causes(cause), "a request failed");
        ErrorKind::Internal.into()
    }

    /// Its word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.in_contract().1
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.in_contract().0
    }

    fn in_contract(&self) -> (StatusCode, &'static str) {
        match &*self.reason {
            Reason::Error(kind) => error_in_contract(kind),
            Reason::Request(fault) => fault_in_contract(*fault),
        }
    }

    /// The JSON object of the answer, still open at its end.
    pub(super) fn told(self, catalogue: &Catalogue) -> String {
        let (status, error) = self.in_contract();
        let fields = match &*self.reason {
            Reason::Error(
                ErrorKind::Invalid(fields) | ErrorKind::Refused(Refusal::Incomplete(fields)),
            ) => Some(catalogue.fields(fields)),
            _ => None,
        };
        let body = ProblemBody {
            code: status.as_u16(),
            error,
            message: match &*self.reason {
                Reason::Error(kind) => catalogue.say(kind),
                Reason::Request(fault) => catalogue.say(fault),
            },
            data: self.data,
            fields,
        };
        // Numbers, texts and JSON values always serialise.
        let mut json = serde_json::to_string(&body).unwrap_or_else(|_| "{}".to_owned());
        json.pop();
        json
    }

    /// What a person reads who has no form to look at.
    pub(super) fn sentence(&self, catalogue: &Catalogue) -> String {
        match &*self.reason {
            Reason::Error(kind) => catalogue.say_in_full(kind),
            Reason::Request(fault) => catalogue.say(fault),
        }
    }

    pub(super) fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = Self::from(error.kind());
        // Not set up is no failure, and who is busy has said so.
        let is_told = matches!(error, Error::NotConfigured(_) | Error::Busy { .. });
        if problem.status().is_server_error() && !is_told {
            tracing::error!(error = %with_causes(&error), "a request failed");
        }
        problem
    }
}

impl From<ErrorKind> for Problem {
    fn from(kind: ErrorKind) -> Self {
        let data = match &kind {
            ErrorKind::Refused(refusal) => data_of(refusal),
            _ => None,
        };
        let retry_after = match &kind {
            ErrorKind::Busy { seconds } => Some(Duration::from_secs(*seconds)),
            _ => None,
        };
        Self {
            data,
            retry_after,
            ..Self::new(Reason::Error(kind))
        }
    }
}

impl From<RequestFault> for Problem {
    fn from(fault: RequestFault) -> Self {
        Self::new(Reason::Request(fault))
    }
}

fn error_in_contract(kind: &ErrorKind) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match kind {
        ErrorKind::Invalid(_) => (S::UNPROCESSABLE_ENTITY, "invalid_input"),
        ErrorKind::NotFound => (S::NOT_FOUND, "not_found"),
        ErrorKind::Forbidden => (S::FORBIDDEN, "forbidden"),
        ErrorKind::Refused(refusal) => refusal_in_contract(refusal),
        ErrorKind::NotConfigured { .. } => (S::SERVICE_UNAVAILABLE, "not_configured"),
        ErrorKind::PlatformRefused { .. } => (S::BAD_GATEWAY, "platform_error"),
        ErrorKind::PlatformUnavailable { .. } => (S::SERVICE_UNAVAILABLE, "platform_unavailable"),
        ErrorKind::Overtaken => (S::CONFLICT, "wrong_state"),
        ErrorKind::Busy { .. } => (S::SERVICE_UNAVAILABLE, "busy"),
        ErrorKind::DatabaseUnavailable => (S::SERVICE_UNAVAILABLE, "database_unavailable"),
        ErrorKind::Internal => (S::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn refusal_in_contract(refusal: &Refusal) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match refusal {
        Refusal::Unauthenticated | Refusal::WrongPassword | Refusal::PasswordOver => {
            (S::UNAUTHORIZED, "unauthenticated")
        }
        Refusal::TokenInvalid => (S::UNAUTHORIZED, "token_invalid"),
        Refusal::TokenExpired => (S::UNAUTHORIZED, "token_expired"),
        Refusal::MustChangePassword => (S::FORBIDDEN, "must_change_password"),
        Refusal::LastSuperAdmin => (S::CONFLICT, "last_super_admin"),
        Refusal::NotBound => (S::FORBIDDEN, "not_bound"),
        Refusal::NotYourOrder => (S::FORBIDDEN, "not_your_order"),
        Refusal::AlreadyEnrolled { .. } => (S::CONFLICT, "already_enrolled"),
        Refusal::Claimed { .. } => (S::CONFLICT, "claimed"),
        Refusal::AlreadyBound => (S::CONFLICT, "already_bound"),
        Refusal::AlreadyDecided { .. } => (S::CONFLICT, "already_decided"),
        Refusal::ProposalChanged { .. } => (S::CONFLICT, "proposal_changed"),
        Refusal::WrongState(_) | Refusal::Incomplete(_) => (S::CONFLICT, "wrong_state"),
        Refusal::UndoOver => (S::CONFLICT, "undo_over"),
        Refusal::NeedsSecondApprover => (S::CONFLICT, "needs_second_approver"),
        Refusal::SyncRunning { .. } => (S::CONFLICT, "sync_running"),
        Refusal::Duplicate(_) => (S::CONFLICT, "duplicate"),
        Refusal::BindExpired => (S::GONE, "bind_expired"),
        Refusal::LinkExpired => (S::GONE, "link_expired"),
        Refusal::TooLarge | Refusal::TooManyPixels { .. } => (S::PAYLOAD_TOO_LARGE, "too_large"),
        Refusal::NotAPicture | Refusal::NotATable => {
            (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
        }
        Refusal::CampNotEnrolling => (S::UNPROCESSABLE_ENTITY, "camp_not_enrolling"),
        Refusal::Locked { .. } => (S::LOCKED, "locked"),
    }
}

fn fault_in_contract(fault: RequestFault) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match fault {
        RequestFault::NotJsonType | RequestFault::NotMultipart => {
            (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
        }
        RequestFault::NotJson | RequestFault::CutOff => (S::BAD_REQUEST, "bad_request"),
        RequestFault::NoSuchMethod => (S::METHOD_NOT_ALLOWED, "method_not_allowed"),
        RequestFault::TooManyRequests => (S::TOO_MANY_REQUESTS, "rate_limited"),
    }
}

/// The `data` that the contract gives some refusals.
fn data_of(refusal: &Refusal) -> Option<Value> {
    match refusal {
        Refusal::AlreadyEnrolled {
            order_no,
            bind_status,
        } => Some(json!({"orderNo": order_no, "bindStatus": bind_status})),
        Refusal::Claimed { masked_nickname } => Some(json!({"maskedNickname": masked_nickname})),
        Refusal::AlreadyDecided { by, at, status } => {
            Some(json!({"decidedBy": by, "decidedAt": at, "status": status}))
        }
        Refusal::ProposalChanged { changes } => Some(json!({"changes": changes})),
        Refusal::SyncRunning { sync_id } => Some(json!({"syncId": sync_id})),
        Refusal::Locked { until } => Some(json!({"until": until})),
        _ => None,
    }
}
