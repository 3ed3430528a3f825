//! What the stand-in answers: a result, or an error in WeChat Pay's own words (wechat-pay-v3 §11).

use serde_json::{Value, json};

/// An answer before it is signed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `None` is an empty body, as of 204.
    pub(super) body: Option<Value>,
    /// End of the `Request-ID`: `0` for success, else a numeric error.
    pub(super) suffix: u32,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self {
            status: 200,
            body: Some(body),
            suffix: 0,
        }
    }

    pub(super) fn empty() -> Self {
        Self {
            status: 204,
            body: None,
            suffix: 0,
        }
    }
}

/// A refused request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: u16,
    code: String,
    message: String,
    detail: Option<Value>,
    suffix: u32,
    /// The rule of the reference that the caller broke; `None` for a legal business error.
    pub(super) broken_rule: Option<&'static str>,
}

impl Refusal {
    /// A legal business error: the caller did nothing wrong.
    pub(super) fn business(status: u16, code: &str, message: &str, suffix: u32) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            detail: None,
            suffix,
            broken_rule: None,
        }
    }

    /// 400 `PARAM_ERROR`: the request does not have the documented form.
    pub(super) fn param(rule: &'static str, message: impl Into<String>, detail: Value) -> Self {
        Self {
            status: 400,
            code: "PARAM_ERROR".to_owned(),
            message: message.into(),
            detail: Some(detail),
            suffix: 268_435_461,
            broken_rule: Some(rule),
        }
    }

    /// 400 `INVALID_REQUEST` for a request that a correct merchant never sends.
    pub(super) fn invalid_request(rule: &'static str, message: &str, suffix: u32) -> Self {
        Self::business(400, "INVALID_REQUEST", message, suffix).breaking(rule)
    }

    /// 401 `SIGN_ERROR` (§1).
    pub(super) fn sign(rule: &'static str, message: &str, detail: Option<Value>) -> Self {
        Self {
            status: 401,
            code: "SIGN_ERROR".to_owned(),
            message: message.to_owned(),
            detail,
            suffix: 268_443_699,
            broken_rule: Some(rule),
        }
    }

    /// The same refusal, noted as a broken rule.
    pub(super) fn breaking(mut self, rule: &'static str) -> Self {
        self.broken_rule = Some(rule);
        self
    }

    /// An error that a fault ordered: the status that the code is documented with.
    pub(super) fn ordered(code: &str, message: &str) -> Self {
        let (status, usual_message, suffix) = match code {
            "USER_PAYING" => (202, "用户支付中", 268_435_456),
            "SIGN_ERROR" => (401, "签名错误", 268_443_699),
            "NOT_ENOUGH" => (403, "基本账户余额不足，请充值后重新发起", 268_435_457),
            "OUT_TRADE_NO_USED" => (403, "商户订单号重复", 268_498_688),
            "NO_AUTH"
            | "RULE_LIMIT"
            | "ACCOUNT_ERROR"
            | "TRADE_ERROR"
            | "REQUEST_BLOCKED"
            | "USER_ACCOUNT_ABNORMAL" => (403, "请求被拒绝", 268_435_458),
            "ORDER_NOT_EXIST" => (404, "订单不存在", 268_512_771),
            "RESOURCE_NOT_EXISTS" | "MCH_NOT_EXISTS" => (404, "资源不存在", 268_512_771),
            "FREQUENCY_LIMITED" | "RATELIMIT_EXCEEDED" | "RATE_LIMITED" => {
                (429, "频率超限", 268_447_840)
            }
            "SYSTEM_ERROR" | "BANK_ERROR" => (500, "系统异常，请稍后重试", 268_435_459),
            "OPENID_MISMATCH" | "INVALID_TRANSACTIONID" => (500, "参数错误", 268_435_460),
            "SERVICE_UNAVAILABLE" => (503, "服务不可用", 268_435_459),
            _ => (400, "请求错误", 268_435_461),
        };
        let message = if message.is_empty() {
            usual_message
        } else {
            message
        };
        Self::business(status, code, message, suffix)
    }

    /// The error body and its status.
    pub(super) fn answer(&self) -> Answer {
        let mut body = json!({"code": self.code, "message": self.message});
        if let (Some(detail), Some(fields)) = (&self.detail, body.as_object_mut()) {
            fields.insert("detail".to_owned(), detail.clone());
        }
        Answer {
            status: self.status,
            body: Some(body),
            suffix: self.suffix,
        }
    }

    /// Code and text, for the violations log.
    pub(super) fn summary(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{} {} {detail}", self.code, self.message),
            None => format!("{} {}", self.code, self.message),
        }
    }
}
