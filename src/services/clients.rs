//! The clients of the platforms, as one operation finds them.

use wecom::crypto::Keys;

use crate::platforms::wechat_pay::WechatPay;
use crate::platforms::zsxq::Planet;

/// The clients of the platforms; each is none while its block of the configuration is empty.
#[derive(Clone, Default)]
pub struct Clients {
    /// WeChat Pay.
    pub pay: Option<WechatPay>,
    /// The planet.
    pub planet: Option<Planet>,
    /// The WeCom application.
    pub wecom: Option<wecom::Client>,
    /// The keys of its callback.
    pub wecom_callback: Option<Keys>,
}
