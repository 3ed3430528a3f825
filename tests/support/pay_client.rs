//! Our client of the stand-in's WeChat Pay.

use std::sync::Arc;
use std::time::Duration;

use campkeeper::platforms::wechat_pay::{PublicKey, Settings, Timeouts, WechatPay};
use sandbox::Sandbox;
use sandbox::wechat_pay as peer;

/// A client that gives a call up after `total`.
pub fn pay_client(sandbox: &Sandbox, total: Duration) -> WechatPay {
    let clock = sandbox.clock().clone();
    let settings = Settings {
        api_base: format!("{}/wechat-pay", sandbox.base_url()),
        app_id: peer::APP_ID.to_owned(),
        mch_id: peer::MERCHANT_ID.to_owned(),
        serial_no: peer::MERCHANT_SERIAL.to_owned(),
        private_key_pem: peer::MERCHANT_PRIVATE_KEY_PEM.into(),
        api_v3_key: peer::API_V3_KEY.into(),
        public_key: Some(PublicKey {
            id: peer::PUBLIC_KEY_ID.to_owned(),
            pem: peer::PUBLIC_KEY_PEM.to_owned(),
        }),
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            total,
        },
    };
    WechatPay::new(settings, Arc::new(move || clock.wall_now())).unwrap()
}
