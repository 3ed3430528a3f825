//! The one place where what went wrong becomes a status, an error word and a kind sentence.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::services::{Error, Refusal};
use crate::store::StoreError;

use super::envelope::unsealed;

/// The result of a handler.
pub type WebResult<T> = Result<T, Problem>;

/// A bad answer (contract, Envelope and errors).
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    body: Box<ProblemBody>,
    retry_after: Option<Duration>,
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
    /// A problem with its word and sentence.
    pub fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: Box::new(ProblemBody {
                code: status.as_u16(),
                error,
                message: message.into(),
                data: None,
                fields: None,
            }),
            retry_after: None,
        }
    }

    /// 422 with what is wrong with each field.
    pub fn invalid<K: Into<String>>(fields: impl IntoIterator<Item = (K, String)>) -> Self {
        let problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_input",
            "填写的内容有误，请检查后重试",
        );
        problem.with_fields(fields)
    }

    /// 400 for what is not even well-formed.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 401 for who has not signed in.
    pub fn unauthenticated() -> Self {
        Error::from(Refusal::Unauthenticated).into()
    }

    /// 404.
    pub fn not_found() -> Self {
        Error::NotFound.into()
    }

    /// 413.
    pub fn too_large() -> Self {
        Error::from(Refusal::TooLarge).into()
    }

    /// 415.
    pub fn unsupported_media_type(message: &'static str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    /// 429 and when to come back.
    pub fn rate_limited(retry_after: Duration) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "操作太频繁，请稍后再试",
        );
        problem.retry_after = Some(retry_after);
        problem
    }

    /// 500; the cause goes to the log only.
    pub fn internal(cause: &(dyn StdError + 'static)) -> Self {
        tracing::error!(error = %chain(cause), "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "系统出了点问题，请稍后再试",
        )
    }

    /// Its word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.body.error
    }

    /// Its HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    fn with_fields<K: Into<String>>(
        mut self,
        fields: impl IntoIterator<Item = (K, String)>,
    ) -> Self {
        let fields = fields.into_iter().map(|(key, what)| (key.into(), what));
        self.body.fields = Some(fields.collect());
        self
    }

    pub(super) fn with_data(mut self, data: Value) -> Self {
        self.body.data = Some(data);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Numbers, texts and JSON values always serialise.
        let mut json = serde_json::to_string(&self.body).unwrap_or_else(|_| "{}".to_owned());
        json.pop();
        let mut response = unsealed(self.status, json);
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
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
        match error {
            Error::Invalid(fields) => Self::invalid(fields),
            Error::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", "没有找到"),
            Error::Forbidden(_) => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", "您没有权限做这个操作")
            }
            Error::Refused(refusal) => refused(refusal),
            Error::NotConfigured(block) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not_configured",
                format!("{}还没有配置，请联系管理员", platform_name(block)),
            ),
            Error::Platform { platform, ref what } => {
                tracing::error!(platform, what, "a platform refused");
                let message = format!("{}没有接受这次操作，请稍后再试", platform_name(platform));
                Self::new(StatusCode::BAD_GATEWAY, "platform_error", message)
            }
            Error::PlatformUnavailable { platform, ref what } => {
                tracing::error!(platform, what, "a platform did not answer");
                let message = format!("暂时连不上{}，请稍后再试", platform_name(platform));
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self::new(status, "platform_unavailable", message)
            }
            Error::Store(error) => stored(&error),
            ref other => Self::internal(other),
        }
    }
}

fn platform_name(block: &str) -> &str {
    match block {
        "wecom" => "企业微信",
        "wechat_pay" => "微信支付",
        "zsxq" => "知识星球",
        "wechat_oauth" => "微信登录",
        other => other,
    }
}

fn stored(error: &StoreError) -> Problem {
    match error {
        StoreError::Conflict | StoreError::Stale { .. } => Problem::new(
            StatusCode::CONFLICT,
            "wrong_state",
            "刚刚有人做了改动，请刷新后再试",
        ),
        StoreError::Unavailable(_) | StoreError::WriterGone => {
            tracing::error!(error = %chain(error), "the database is not available");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "database_unavailable",
                "系统繁忙，请稍后再试",
            )
        }
        other => Problem::internal(other),
    }
}

fn refused(refusal: Refusal) -> Problem {
    let (status, error, message) = word_of(&refusal);
    let problem = Problem::new(status, error, message);
    match refusal {
        Refusal::AlreadyEnrolled {
            order_no,
            bind_status,
        } => problem.with_data(json!({"orderNo": order_no, "bindStatus": bind_status})),
        Refusal::AlreadyDecided { by, at, status } => {
            problem.with_data(json!({"decidedBy": by, "decidedAt": at, "status": status}))
        }
        Refusal::Incomplete(fields) => problem.with_fields(fields),
        Refusal::SyncRunning { sync_id } => problem.with_data(json!({"syncId": sync_id})),
        Refusal::Locked { until } => problem.with_data(json!({"until": until})),
        _ => problem,
    }
}

fn word_of(refusal: &Refusal) -> (StatusCode, &'static str, String) {
    use StatusCode as S;
    let (status, error, message) = match refusal {
        Refusal::Unauthenticated => (S::UNAUTHORIZED, "unauthenticated", "请先登录"),
        Refusal::WrongPassword => (S::UNAUTHORIZED, "unauthenticated", "用户名或密码不对"),
        Refusal::TokenInvalid => (S::UNAUTHORIZED, "token_invalid", "登录信息无效，请重新打开"),
        Refusal::TokenExpired => (S::UNAUTHORIZED, "token_expired", "登录已过期，请重新登录"),
        Refusal::NotBound => (S::FORBIDDEN, "not_bound", "绑定星球账号后就能看到群二维码"),
        Refusal::NotYourOrder => (S::FORBIDDEN, "not_your_order", "这不是您的订单"),
        Refusal::AlreadyEnrolled { .. } => (S::CONFLICT, "already_enrolled", "您已报名"),
        Refusal::AlreadyBound => (S::CONFLICT, "already_bound", "您已绑定过星球账号"),
        Refusal::AlreadyDecided { by, at, .. } => {
            let when = at.shanghai().format("%m-%d %H:%M");
            let message = format!("{by} 已于 {when} 处理过");
            return (S::CONFLICT, "already_decided", message);
        }
        Refusal::ProposalChanged => {
            let message = "名单在您打开之后有变化，请核对后再确认";
            (S::CONFLICT, "proposal_changed", message)
        }
        Refusal::WrongState(why) => return (S::CONFLICT, "wrong_state", why.clone()),
        Refusal::Incomplete(_) => (S::CONFLICT, "wrong_state", "还没有填完整，请补全后再试"),
        Refusal::UndoOver => (S::CONFLICT, "undo_over", "已过撤回时间"),
        Refusal::NeedsSecondApprover => {
            let message = "这笔退款需要另一位同事复核";
            (S::CONFLICT, "needs_second_approver", message)
        }
        Refusal::SyncRunning { .. } => (S::CONFLICT, "sync_running", "正在同步，请稍等"),
        Refusal::Duplicate(what) => return (S::CONFLICT, "duplicate", what.clone()),
        Refusal::BindExpired => {
            let message = "已过七天绑定期，工作人员会为您匹配";
            (S::GONE, "bind_expired", message)
        }
        Refusal::LinkExpired => (S::GONE, "link_expired", "链接已过期，请重新获取"),
        Refusal::TooLarge => (S::PAYLOAD_TOO_LARGE, "too_large", "内容太大了"),
        Refusal::NotAPicture => (
            S::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "只支持 JPG 或 PNG 图片",
        ),
        Refusal::NotATable => (
            S::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "只支持 CSV 或 xlsx 表格，请另存后再上传",
        ),
        Refusal::CampNotEnrolling => (
            S::UNPROCESSABLE_ENTITY,
            "camp_not_enrolling",
            "训练营不在报名中",
        ),
        Refusal::Locked { .. } => (S::LOCKED, "locked", "密码错误次数太多，请 15 分钟后再试"),
    };
    (status, error, message.to_owned())
}

/// An error and what caused it, for the log.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
