//! Faults on demand: what goes wrong next, where, and how often.
//!
//! Faults of the transport (latency, cut connections, HTTP errors) are applied in front of every
//! stand-in; errors in a platform's own words, expired tokens and named faults are asked for by
//! the stand-in itself, which alone knows what they mean.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::lock;

/// A stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// 企业微信.
    Wecom,
    /// 微信支付.
    WechatPay,
    /// 知识星球, the planet.
    Zsxq,
}

impl Platform {
    /// The name used in paths and JSON: `wecom`, `wechat-pay`, `zsxq`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wecom => "wecom",
            Self::WechatPay => "wechat-pay",
            Self::Zsxq => "zsxq",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What goes wrong. In JSON: `{"kind": "latency", "arguments": {"ms": 500}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "arguments", rename_all = "snake_case")]
pub enum FaultKind {
    /// The request is handled only after this many milliseconds.
    Latency {
        /// Milliseconds.
        ms: u64,
    },
    /// The platform's own error, in its own envelope; nothing is done.
    ApiError {
        /// The platform's code as text: `45009`, `FREQUENCY_LIMITED`, `1059`.
        code: String,
        /// The text beside it.
        #[serde(default)]
        message: String,
    },
    /// A bare HTTP answer, as from a gateway; nothing is done.
    HttpStatus {
        /// HTTP status, 400–599.
        status: u16,
        /// Body as is.
        #[serde(default)]
        body: String,
    },
    /// The connection is cut before anything is done.
    CutBefore,
    /// Everything is done, then the connection is cut without an answer.
    CutAfter,
    /// Everything is done, the answer comes after this many milliseconds: later than the caller
    /// cares to wait.
    LateAnswer {
        /// Milliseconds.
        ms: u64,
    },
    /// The access token or cookie is refused as expired.
    ExpiredToken,
    /// A fault that one stand-in knows by name (lost notification, wrong serial, dropped page …).
    Named {
        /// Its name, as documented by the stand-in.
        name: String,
        /// Its arguments.
        #[serde(default)]
        with: Value,
    },
}

/// A fault ordered for some requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Which stand-in.
    pub platform: Platform,
    /// Start of the path behind the stand-in's mount, for example `cgi-bin/message/send` or
    /// `v3/refund`; a leading slash does not matter, empty means every path.
    #[serde(default)]
    pub path_prefix: String,
    /// HTTP method, upper case; `None` means any.
    #[serde(default)]
    pub method: Option<String>,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many requests are hit.
    #[serde(default = "once")]
    pub times: u32,
    /// How many matching requests pass unharmed first (a failure in mid-pagination).
    #[serde(default)]
    pub after: u32,
}

impl Fault {
    /// A fault for the next request under `path_prefix`.
    pub fn new(platform: Platform, path_prefix: impl Into<String>, kind: FaultKind) -> Self {
        Self {
            platform,
            path_prefix: path_prefix.into(),
            method: None,
            kind,
            times: once(),
            after: 0,
        }
    }

    /// A named fault of one stand-in.
    pub fn named(platform: Platform, name: impl Into<String>, with: Value) -> Self {
        Self::new(
            platform,
            "",
            FaultKind::Named {
                name: name.into(),
                with,
            },
        )
    }

    /// Hits `times` requests instead of one.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Lets `after` matching requests pass first.
    #[must_use]
    pub fn after(mut self, after: u32) -> Self {
        self.after = after;
        self
    }

    /// Hits only requests of this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    fn matches(&self, request: &Request<'_>) -> bool {
        self.times > 0
            && self.platform == request.platform
            && self
                .method
                .as_deref()
                .is_none_or(|method| method == request.method)
            && request
                .path
                .trim_start_matches('/')
                .starts_with(self.path_prefix.trim_start_matches('/'))
    }
}

fn once() -> u32 {
    1
}

/// The request (or outgoing notification) that asks whether it is to fail.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Which stand-in handles it.
    pub platform: Platform,
    /// HTTP method, upper case; empty for what is not a request.
    pub method: &'a str,
    /// Path behind the stand-in's mount.
    pub path: &'a str,
}

/// The queue of ordered faults. Clones share it.
#[derive(Clone, Default)]
pub struct Faults {
    queue: Arc<Mutex<Vec<Fault>>>,
}

impl Faults {
    /// Orders a fault. Faults are served in the order they came.
    pub fn add(&self, fault: Fault) {
        lock(&self.queue).push(fault);
    }

    /// What is still to come.
    pub fn pending(&self) -> Vec<Fault> {
        lock(&self.queue).clone()
    }

    /// Cancels everything.
    pub fn clear(&self) {
        lock(&self.queue).clear();
    }

    /// The error the platform itself is to answer with: (code, message).
    pub fn take_api_error(&self, request: Request<'_>) -> Option<(String, String)> {
        match self.take(request, |kind| matches!(kind, FaultKind::ApiError { .. }))? {
            FaultKind::ApiError { code, message } => Some((code, message)),
            _ => None,
        }
    }

    /// Whether the token of this request is to be refused as expired.
    pub fn take_expired_token(&self, request: Request<'_>) -> bool {
        self.take(request, |kind| matches!(kind, FaultKind::ExpiredToken))
            .is_some()
    }

    /// The arguments of the named fault, if one is due for this request.
    pub fn take_named(&self, request: Request<'_>, wanted: &str) -> Option<Value> {
        let is_wanted =
            |kind: &FaultKind| matches!(kind, FaultKind::Named { name, .. } if name == wanted);
        match self.take(request, is_wanted)? {
            FaultKind::Named { with, .. } => Some(with),
            _ => None,
        }
    }

    /// The named fault due for something a stand-in does of its own accord (a notification).
    pub fn take_named_anywhere(&self, platform: Platform, wanted: &str) -> Option<Value> {
        self.take_named(
            Request {
                platform,
                method: "",
                path: "",
            },
            wanted,
        )
    }

    pub(crate) fn take_transport(&self, request: Request<'_>) -> Option<FaultKind> {
        self.take(request, |kind| {
            matches!(
                kind,
                FaultKind::Latency { .. }
                    | FaultKind::HttpStatus { .. }
                    | FaultKind::CutBefore
                    | FaultKind::CutAfter
                    | FaultKind::LateAnswer { .. }
            )
        })
    }

    fn take(&self, request: Request<'_>, wanted: impl Fn(&FaultKind) -> bool) -> Option<FaultKind> {
        let mut queue = lock(&self.queue);
        let fault = queue
            .iter_mut()
            .find(|fault| wanted(&fault.kind) && fault.matches(&request))?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        fault.times -= 1;
        let kind = fault.kind.clone();
        queue.retain(|fault| fault.times > 0);
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SEND: Request<'static> = Request {
        platform: Platform::Wecom,
        method: "POST",
        path: "/cgi-bin/message/send",
    };

    #[test]
    fn a_fault_hits_its_path_and_no_other_and_then_is_gone() {
        let faults = Faults::default();
        faults.add(Fault::new(
            Platform::Wecom,
            "cgi-bin/message",
            FaultKind::CutAfter,
        ));

        assert!(
            faults
                .take_transport(Request {
                    path: "/cgi-bin/gettoken",
                    ..SEND
                })
                .is_none()
        );
        assert!(
            faults
                .take_transport(Request {
                    platform: Platform::Zsxq,
                    ..SEND
                })
                .is_none()
        );
        assert_eq!(faults.take_transport(SEND), Some(FaultKind::CutAfter));
        assert_eq!(faults.take_transport(SEND), None);
        assert!(faults.pending().is_empty());
    }

    #[test]
    fn after_lets_requests_pass_and_times_repeats() {
        let faults = Faults::default();
        let refused = FaultKind::ApiError {
            code: "45009".into(),
            message: String::new(),
        };
        faults.add(
            Fault::new(Platform::Wecom, "", refused)
                .after(2)
                .times(2)
                .method("POST"),
        );

        let hits: Vec<bool> = (0..6)
            .map(|_| faults.take_api_error(SEND).is_some())
            .collect();

        assert_eq!(hits, [false, false, true, true, false, false]);
    }

    #[test]
    fn the_json_form_is_flat() {
        let fault: Fault = serde_json::from_value(json!({
            "platform": "wechat-pay", "pathPrefix": "v3/refund",
            "kind": "named", "arguments": {"name": "wrong_serial", "with": {"n": 1}},
        }))
        .unwrap();
        let faults = Faults::default();
        faults.add(fault);

        let request = Request {
            platform: Platform::WechatPay,
            method: "GET",
            path: "v3/refund/x",
        };
        assert_eq!(
            faults.take_named(request, "wrong_serial"),
            Some(json!({"n": 1}))
        );
    }

    #[test]
    fn a_fault_without_arguments_reads_too() {
        let fault: Fault =
            serde_json::from_value(json!({"platform": "zsxq", "kind": "cut_before", "times": 3}))
                .unwrap();
        assert_eq!(
            fault,
            Fault::new(Platform::Zsxq, "", FaultKind::CutBefore).times(3)
        );
    }
}
