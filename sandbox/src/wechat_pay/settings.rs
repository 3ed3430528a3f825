//! What tests and the control panel may set.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Which of WeChat Pay's keys the merchant trusts (wechat-pay-v3 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustMode {
    /// New merchants: the public key only; `/v3/certificates` answers 404.
    #[default]
    PublicKey,
    /// Older merchants: the platform certificate only.
    Certificates,
    /// On the way: answers follow `Wechatpay-Serial`, notifications come under either key in turn.
    Migrating,
}

/// How fast the stand-in does what takes the real one minutes to hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// How long a second of the notification retry ladder (15 s, 15 s, 30 s, 3 min …) lasts here;
    /// tests set a millisecond.
    pub ladder_second: Duration,
    /// How long an accepted refund stays PROCESSING; `None`: until somebody finishes it.
    pub refund_takes: Option<Duration>,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            ladder_second: Duration::from_secs(1),
            refund_takes: Some(Duration::from_secs(2)),
        }
    }
}
