//! Reads `tests/vectors/wechatpay` for the unit tests of this module.

use super::super::settings::{PublicKey, Settings, Timeouts};
use super::super::signing::{MerchantSigner, read_private_key};
use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

pub(crate) const API_V3_KEY: &str = "TestApiV3Key0123456789abcdefABCD";
pub(crate) const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012025100900123456000001";
pub(crate) const PLATFORM_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
const MCH_ID: &str = "1900000001";
const MERCHANT_SERIAL: &str = "3775B6A45ACD588826D15E583A95F5DD0123ABCD";

pub(crate) fn bytes(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/wechatpay");
    std::fs::read(folder.join(file)).unwrap()
}

pub(crate) fn text(file: &str) -> String {
    String::from_utf8(bytes(file)).unwrap()
}

pub(crate) fn json(file: &str) -> Value {
    serde_json::from_str(&text(file)).unwrap()
}

pub(crate) fn headers(case: &Value) -> HeaderMap {
    let pairs = case["headers"].as_object().unwrap().iter();
    pairs
        .map(|(name, value)| {
            let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), value)
        })
        .collect()
}

pub(crate) fn clock_at(unix_seconds: i64) -> Arc<dyn Fn() -> DateTime<Utc> + Send + Sync> {
    let now = DateTime::from_timestamp(unix_seconds, 0).unwrap();
    Arc::new(move || now)
}

pub(crate) fn merchant_signer() -> MerchantSigner {
    let key = read_private_key(&text("keys/merchant_private_key.pem")).unwrap();
    MerchantSigner::new(MCH_ID.to_owned(), MERCHANT_SERIAL.to_owned(), key)
}

/// The merchant of the vectors, in public-key mode.
pub(crate) fn settings(api_base: &str) -> Settings {
    Settings {
        api_base: api_base.to_owned(),
        app_id: "wx1234567890abcdef".to_owned(),
        mch_id: MCH_ID.to_owned(),
        serial_no: MERCHANT_SERIAL.to_owned(),
        private_key_pem: SecretString::from(text("keys/merchant_private_key.pem")),
        api_v3_key: SecretString::from(API_V3_KEY),
        public_key: Some(PublicKey {
            id: PUBLIC_KEY_ID.to_owned(),
            pem: text("keys/wechatpay_pub_public_key.pem"),
        }),
        timeouts: Timeouts::default(),
    }
}
