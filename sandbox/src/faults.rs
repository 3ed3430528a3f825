//! Faults on demand: what goes wrong next, where, and how often.
//!
//! Faults of the transport (latency, cut connections, HTTP errors) are applied in front of every
//! stand-in; errors in a platform's own words, expired tokens and named faults are asked for by
//! the stand-in itself, which alone knows what they mean.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::lock::lock;

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
#[serde(
    tag = "kind",
    content = "arguments",
    rename_all = "snake_case",
    deny_unknown_fields
)]
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

/// A fault ordered for some requests. In JSON only what can happen is taken: a misspelt order would
/// be a test that passes because nothing went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "FaultOrder")]
pub struct Fault {
    /// Which stand-in.
    pub platform: Platform,
    /// Start of the path behind the stand-in's mount, for example `cgi-bin/message/send` or
    /// `v3/refund`; a leading slash does not matter, empty means every path.
    pub path_prefix: String,
    /// HTTP method, upper case; `None` means any.
    pub method: Option<String>,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many requests are hit.
    pub times: u32,
    /// How many matching requests pass unharmed first (a failure in mid-pagination).
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

/// A fault as it is written in JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FaultOrder {
    platform: Platform,
    #[serde(default)]
    path_prefix: String,
    method: Option<String>,
    kind: Value,
    arguments: Option<Value>,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    after: u32,
}

impl TryFrom<FaultOrder> for Fault {
    type Error = String;

    fn try_from(order: FaultOrder) -> Result<Self, String> {
        let mut kind = json!({"kind": order.kind});
        if let Some(arguments) = order.arguments {
            kind["arguments"] = arguments;
        }
        let kind: FaultKind = serde_json::from_value(kind).map_err(|error| error.to_string())?;
        check_kind(order.platform, &kind)?;
        if order.times == 0 {
            return Err("times is at least 1".to_owned());
        }
        Ok(Self {
            platform: order.platform,
            path_prefix: order.path_prefix,
            method: order.method.map(|method| method.to_uppercase()),
            kind,
            times: order.times,
            after: order.after,
        })
    }
}

/// Whether the stand-in can do this.
fn check_kind(platform: Platform, kind: &FaultKind) -> Result<(), String> {
    match kind {
        FaultKind::HttpStatus { status, .. } if !(400..=599).contains(status) => {
            Err("status is 400 to 599".to_owned())
        }
        FaultKind::ApiError { code, .. }
            if platform != Platform::WechatPay && code.parse::<i64>().is_err() =>
        {
            Err(format!("a code of {platform} is a number"))
        }
        FaultKind::ApiError { code, .. } if code.is_empty() => Err("code is not empty".to_owned()),
        _ => Ok(()),
    }
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

/// A fault was ordered by a name that its stand-in does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{platform} knows no fault {name}, only {}", known.join(", "))]
pub struct UnknownFault {
    platform: Platform,
    name: String,
    known: &'static [&'static str],
}

/// The queue of ordered faults, and those that each stand-in knows by name. Clones share it.
#[derive(Clone, Default)]
pub struct Faults {
    queue: Arc<Mutex<Vec<Fault>>>,
    named: Arc<Mutex<HashMap<Platform, &'static [&'static str]>>>,
}

impl Faults {
    /// Registers the faults that a stand-in knows by name.
    pub(crate) fn register(&self, platform: Platform, names: &'static [&'static str]) {
        lock(&self.named).insert(platform, names);
    }

    /// The faults that a stand-in knows by name.
    pub fn named(&self, platform: Platform) -> &'static [&'static str] {
        lock(&self.named)
            .get(&platform)
            .copied()
            .unwrap_or_default()
    }

    /// Orders a fault that came from outside, if its stand-in knows it.
    ///
    /// # Errors
    /// When the stand-in has registered no fault of this name.
    pub fn order(&self, fault: Fault) -> Result<(), UnknownFault> {
        let (platform, known) = (fault.platform, self.named(fault.platform));
        match &fault.kind {
            FaultKind::Named { name, .. } if !known.contains(&name.as_str()) => Err(UnknownFault {
                platform,
                name: name.clone(),
                known,
            }),
            _ => {
                self.add(fault);
                Ok(())
            }
        }
    }

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
            "kind": "named", "arguments": {"name": "stale_query", "with": {"n": 1}},
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
            faults.take_named(request, "stale_query"),
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

    #[test]
    fn an_order_that_nothing_would_come_of_is_refused() {
        let orders = [
            json!({"platform": "wecom", "kind": "http_status", "arguments": {"status": 200}}),
            json!({"platform": "wecom", "kind": "cut_after", "times": 0}),
            json!({"platform": "wecom", "kind": "cut_after", "path": "cgi-bin"}),
            json!({"platform": "wecom", "kind": "cut_after", "arguments": {"ms": 1}}),
            json!({"platform": "wecom", "kind": "latency", "arguments": {"ms": 1, "s": 1}}),
            json!({"platform": "wecom", "kind": "latency"}),
            json!({"platform": "wecom", "kind": "api_error", "arguments": {"code": "busy"}}),
            json!({"platform": "wecom", "kind": "thunder"}),
        ];
        for order in orders {
            let read = serde_json::from_value::<Fault>(order.clone());
            assert!(read.is_err(), "{order}");
        }
    }

    #[test]
    fn only_names_that_the_stand_in_has_registered_can_be_ordered() {
        let faults = Faults::default();
        faults.register(Platform::Wecom, &["callback_lost", "callback_late"]);
        let order = |platform, name| faults.order(Fault::named(platform, name, json!({})));

        assert_eq!(order(Platform::Wecom, "callback_lost"), Ok(()));
        assert!(order(Platform::Zsxq, "callback_lost").is_err());
        let misspelt = order(Platform::Wecom, "callback_lots").unwrap_err();

        assert_eq!(
            misspelt.to_string(),
            "wecom knows no fault callback_lots, only callback_lost, callback_late"
        );
        assert_eq!(faults.pending().len(), 1);
    }

    #[test]
    fn a_fault_that_is_shown_can_be_ordered_again() {
        let fault = Fault::named(Platform::Wecom, "callback_late", json!({"ms": 5})).after(1);
        let shown = serde_json::to_value(&fault).unwrap();
        assert_eq!(serde_json::from_value::<Fault>(shown).unwrap(), fault);
    }
}
