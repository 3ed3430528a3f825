//! How the platform says no: an error code in an HTTP 200, and, for a broken rule, a violation.

use std::net::IpAddr;

use axum::{
    Json,
    http::{HeaderValue, header::HeaderName},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// A refused call.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) message: String,
    /// Fields beside the error, such as `invaliduser`.
    pub(crate) fields: Map<String, Value>,
    /// Whether the caller broke a rule, rather than met with something that happens.
    pub(crate) is_violation: bool,
}

impl Refusal {
    /// The caller broke a rule that it could have known.
    pub(crate) fn broken(code: i64, rule: impl Into<String>) -> Self {
        Self {
            code,
            message: rule.into(),
            fields: Map::new(),
            is_violation: true,
        }
    }

    /// Something that happens to well-behaved callers too.
    pub(crate) fn outcome(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Map::new(),
            is_violation: false,
        }
    }

    /// Adds a field beside the error.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// The answer as the platform words it: text, hint, the caller's address and a link
    /// (wecom-app §4); headers repeat code and text.
    pub(crate) fn into_answer(self, caller: IpAddr) -> Response {
        let Self {
            code,
            message,
            fields,
            ..
        } = self;
        let errmsg = format!(
            "{message}, hint: [1767225600000000000], from ip: {caller}, more info at \
             https://open.work.weixin.qq.com/devtool/query?e={code}"
        );
        let mut body = Map::from_iter([
            ("errcode".to_owned(), json!(code)),
            ("errmsg".to_owned(), json!(errmsg)),
        ]);
        body.extend(fields);
        let mut answer = Json(Value::Object(body)).into_response();
        let headers = answer.headers_mut();
        headers.insert(
            HeaderName::from_static("error-code"),
            HeaderValue::from(code),
        );
        if let Ok(text) = HeaderValue::from_str(&message) {
            headers.insert(HeaderName::from_static("error-msg"), text);
        }
        answer
    }
}
