//! What the client must be told, and how it says what is wrong with it.

use super::aead::ApiV3Key;
use super::field_limits::is_secure_address;
use super::signing::{MerchantSigner, read_private_key};
use super::trust::{PUBLIC_KEY_ID_PREFIX, TrustedKeys, VerifyKey};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

const MAX_SERIAL_CHARS: usize = 64;
const MAX_APP_ID_CHARS: usize = 32;
const MAX_MCH_ID_CHARS: usize = 32;

/// One merchant, one appid.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://api.mch.weixin.qq.com`; http on loopback only. A path in it goes before every path
    /// of the API and is signed with it.
    pub api_base: String,
    /// The appid of the orders, bound to the merchant; within WeCom the corp id (§10).
    pub app_id: String,
    /// The merchant number.
    pub mch_id: String,
    /// Serial of the merchant API certificate, hex.
    pub serial_no: String,
    /// Text of `apiclient_key.pem`, PKCS#8 or PKCS#1.
    pub private_key_pem: SecretString,
    /// The APIv3 key: exactly 32 bytes, used as they are.
    pub api_v3_key: SecretString,
    /// The WeChat Pay public key; `None`: platform certificates are fetched instead.
    pub public_key: Option<PublicKey>,
    /// How long a call may take.
    pub timeouts: Timeouts,
}

/// The WeChat Pay public key (微信支付公钥), which has no expiry and comes from the merchant platform.
#[derive(Debug, Clone)]
pub struct PublicKey {
    /// `PUB_KEY_ID_` and digits.
    pub id: String,
    /// Text of `pub_key.pem`.
    pub pem: String,
}

/// Limits of one call. After either, what the call did is unknown.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// For the whole call, body included.
    pub total: Duration,
}

impl Default for Timeouts {
    /// 5 s to connect, 30 s in all, as the official SDKs have it.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
        }
    }
}

/// A setting is missing or malformed. Names the key of the `[wechat_pay]` block and says where its
/// value comes from; never shows a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wechat_pay.{key} {problem}. {remedy}")]
pub struct ConfigError {
    /// Name within the block, as in the configuration file.
    pub key: &'static str,
    /// A phrase that follows the name: "is not …".
    pub problem: String,
    /// How to get the right value.
    pub remedy: &'static str,
}

/// The settings, checked and parsed.
pub(super) struct Identity {
    pub(super) api_base: Url,
    pub(super) signer: MerchantSigner,
    pub(super) api_v3_key: ApiV3Key,
    pub(super) keys: TrustedKeys,
}

impl Settings {
    pub(super) fn check(&self) -> Result<Identity, ConfigError> {
        let api_base = self.checked_api_base()?;
        if !is_word(&self.app_id, MAX_APP_ID_CHARS) {
            return Err(wrong("app_id", "is not an appid"));
        }
        let digits = self.mch_id.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !is_word(&self.mch_id, MAX_MCH_ID_CHARS) {
            return Err(wrong(
                "mch_id",
                "is not a merchant number, which has digits only",
            ));
        }
        let hex = self.serial_no.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hex || !is_word(&self.serial_no, MAX_SERIAL_CHARS) {
            return Err(wrong("serial_no", "is not the hex serial of a certificate"));
        }
        let private_key = read_private_key(self.private_key_pem.expose_secret())
            .map_err(|problem| wrong("private_key_file", problem))?;
        let api_v3_key = ApiV3Key::new(self.api_v3_key.expose_secret().as_bytes())
            .ok_or_else(|| wrong("api_v3_key", "is not exactly 32 bytes long"))?;
        let public_key = self
            .public_key
            .as_ref()
            .map(PublicKey::parsed)
            .transpose()?;
        let serial_no = self.serial_no.to_ascii_uppercase();
        Ok(Identity {
            api_base,
            signer: MerchantSigner::new(self.mch_id.clone(), serial_no, private_key),
            api_v3_key,
            keys: TrustedKeys::new(public_key),
        })
    }

    fn checked_api_base(&self) -> Result<Url, ConfigError> {
        let url = Url::parse(&self.api_base)
            .map_err(|_| wrong("api_base", "is not an absolute address"))?;
        if !is_secure_address(&url) {
            return Err(wrong("api_base", "is not an https address"));
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(wrong("api_base", "has more than a host and a path"));
        }
        Ok(url)
    }
}

impl PublicKey {
    fn parsed(&self) -> Result<(String, VerifyKey), ConfigError> {
        let digits = self
            .id
            .strip_prefix(PUBLIC_KEY_ID_PREFIX)
            .unwrap_or_default();
        if !is_word(digits, MAX_SERIAL_CHARS) {
            return Err(wrong("public_key_id", "does not look like PUB_KEY_ID_…"));
        }
        let key =
            VerifyKey::from_pem(&self.pem).map_err(|problem| wrong("public_key_file", problem))?;
        Ok((self.id.clone(), key))
    }
}

fn is_word(text: &str, max_chars: usize) -> bool {
    (1..=max_chars).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn wrong(key: &'static str, problem: impl Into<String>) -> ConfigError {
    let remedy = match key {
        "api_base" => "Normally https://api.mch.weixin.qq.com; http is taken on loopback only",
        "app_id" => {
            "Merchant platform (pay.weixin.qq.com) → 产品中心 → AppID账号管理; \
             for members who sign in through WeCom it is the corp id"
        }
        "mch_id" => "Merchant platform (pay.weixin.qq.com) → 账户中心 → 商户信息 → 微信支付商户号",
        "serial_no" => {
            "Merchant platform → 账户中心 → API安全 → 商户API证书, \
             or `openssl x509 -in apiclient_cert.pem -noout -serial`"
        }
        "private_key_file" => {
            "It is apiclient_key.pem of the merchant API certificate: \
             merchant platform → 账户中心 → API安全 → 商户API证书"
        }
        "api_v3_key" => "You choose it in the merchant platform → 账户中心 → API安全 → APIv3密钥",
        _ => {
            "Merchant platform → 账户中心 → API安全 → 微信支付公钥: the id and pub_key.pem; \
             leave both empty if the merchant still uses platform certificates"
        }
    };
    ConfigError {
        key,
        problem: problem.into(),
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::vectors;
    use super::*;

    #[test]
    fn takes_the_settings_of_the_vectors_in_both_modes() {
        let mut settings = vectors::settings("https://api.mch.weixin.qq.com");
        assert_eq!(settings.check().err(), None);
        settings.public_key = None;
        assert_eq!(settings.check().err(), None);
    }

    #[test]
    fn names_the_key_that_is_wrong() {
        type Spoil = fn(&mut Settings);
        let cases: &[(&str, Spoil)] = &[
            ("api_base", |s| s.api_base = "api.mch.weixin.qq.com".into()),
            ("api_base", |s| {
                s.api_base = "http://api.mch.weixin.qq.com".into()
            }),
            ("api_base", |s| {
                s.api_base = "https://api.mch.weixin.qq.com/?a=b".into()
            }),
            ("api_base", |s| {
                s.api_base = "https://user@api.mch.weixin.qq.com".into()
            }),
            ("app_id", |s| s.app_id = String::new()),
            ("app_id", |s| s.app_id = "wx 1".into()),
            ("mch_id", |s| s.mch_id = "wx1".into()),
            ("serial_no", |s| s.serial_no = "PUB_KEY_ID_011".into()),
            ("private_key_file", |s| s.private_key_pem = "".into()),
            ("api_v3_key", |s| s.api_v3_key = "testAPIv3Key0000".into()),
            ("api_v3_key", |s| {
                s.api_v3_key = "TestApiV3Key0123456789abcdefABCD\n".into()
            }),
            ("public_key_id", |s| {
                s.public_key.as_mut().unwrap().id = "5157F0".into()
            }),
            ("public_key_file", |s| {
                s.public_key.as_mut().unwrap().pem = "5157F0".into()
            }),
        ];
        for (key, spoil) in cases {
            let mut settings = vectors::settings("http://127.0.0.1:9090/wechat-pay");
            spoil(&mut settings);
            let error = settings.check().err().unwrap();
            assert_eq!(error.key, *key);
            let shown = error.to_string();
            assert!(shown.starts_with(&format!("wechat_pay.{key} ")), "{shown}");
            assert!(!shown.contains("estA"), "shows a secret: {shown}");
        }
    }

    #[test]
    fn reads_a_pkcs1_private_key() {
        let pkcs8 = vectors::text("keys/merchant_private_key.pem");
        let (pem, _) = x509_parser::pem::Pem::read(std::io::Cursor::new(pkcs8)).unwrap();
        // The PKCS#1 key is the last member of PKCS#8: an octet string after 26 bytes of header.
        let pkcs1 = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            &pem.contents[26..],
        );
        let label = "RSA PRIVATE KEY";
        let pem = format!("-----BEGIN {label}-----\n{pkcs1}\n-----END {label}-----\n");
        let mut settings = vectors::settings("https://api.mch.weixin.qq.com");
        settings.private_key_pem = pem.into();
        assert_eq!(settings.check().err(), None);
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", vectors::settings("https://api.mch.weixin.qq.com"));
        assert!(
            !shown.contains(vectors::API_V3_KEY) && !shown.contains("PRIVATE"),
            "{shown}"
        );
    }
}
