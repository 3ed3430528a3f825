//! Counts and times the calls to the outside, for Prometheus. Labels are words of ours: none holds a
//! name, a number of a person or an address.

use std::time::Duration;

use metrics::{counter, histogram};

/// The name of the counter of calls.
const REQUESTS: &str = "campkeeper_platform_requests_total";
/// The name of the histogram of their time.
const SECONDS: &str = "campkeeper_platform_request_duration_seconds";

/// Somebody who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// WeCom, its robots included.
    Wecom,
    /// WeChat Pay.
    WechatPay,
    /// The planet.
    Zsxq,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what was asked.
    Ok,
    /// The platform said no.
    Refused,
    /// The platform, or something before it, broke.
    Failed,
    /// No whole answer came: what it did is not known.
    NoAnswer,
}

impl Platform {
    /// Its block in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wecom => "wecom",
            Self::WechatPay => "wechat_pay",
            Self::Zsxq => "zsxq",
        }
    }
}

impl Outcome {
    /// What an HTTP status alone says; none: no answer came.
    #[must_use]
    pub const fn of_status(status: Option<u16>) -> Self {
        match status {
            None => Self::NoAnswer,
            Some(200..400) => Self::Ok,
            Some(400..500) => Self::Refused,
            Some(_) => Self::Failed,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// Counts a call that has ended.
pub fn count_call(platform: Platform, outcome: Outcome, took: Duration) {
    let (platform, outcome) = (platform.as_str(), outcome.as_str());
    // The span that it stands in says for whom.
    tracing::debug!(
        platform,
        outcome,
        duration_ms = took.as_millis() as u64,
        "called"
    );
    counter!(REQUESTS, "platform" => platform, "outcome" => outcome).increment(1);
    histogram!(SECONDS, "platform" => platform).record(took.as_secs_f64());
}
