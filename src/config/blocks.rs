//! The blocks of the configuration file, as they are written.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use super::sources::Values;

/// The whole file. Every key has a default in `campkeeper.example.toml`; unknown keys are errors.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where we listen and how we are reached.
    pub server: Server,
    /// Where the data are.
    pub database: Database,
    /// Where uploads are.
    pub files: Files,
    /// The master key.
    pub security: Security,
    /// Defaults of new camps.
    pub camp: Camp,
    /// Rules of refunds.
    pub refund: Refund,
    /// What members are promised.
    pub promise: Promise,
    /// Backups.
    pub backup: Backup,
    /// Limits of the doors.
    pub limits: Limits,
    /// The WeCom application.
    pub wecom: Wecom,
    /// Sign-in inside WeChat.
    pub wechat_oauth: WechatOauth,
    /// Who is told.
    pub notify: Notify,
    /// What is reminded of.
    pub reminders: Reminders,
    /// Texts and cards.
    pub templates: Templates,
    /// WeChat Pay.
    pub wechat_pay: WechatPay,
    /// The planet.
    pub zsxq: Zsxq,
    /// All of it as it was read.
    #[serde(skip)]
    pub(super) values: Values,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The address of the one HTTP listener.
    pub listen: SocketAddr,
    /// How browsers and platforms reach us; empty: the address listened on.
    pub public_url: String,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ProxyRange>,
    /// The address of the listener for Prometheus; empty: none.
    pub metrics_listen: MetricsListen,
    /// How lines of the log look.
    pub log_format: LogFormat,
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object each, for programs.
    Json,
}

/// An address, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsListen(pub Option<SocketAddr>);

impl<'de> Deserialize<'de> for MetricsListen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let address = text.parse().map(|address| Self(Some(address)));
        address.map_err(|_| serde::de::Error::custom("must be an address and a port, or empty"))
    }
}

/// An address or a CIDR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyRange(pub IpNet);

impl<'de> Deserialize<'de> for ProxyRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let one = text.parse::<IpAddr>().map(IpNet::from);
        one.or_else(|_| text.parse::<IpNet>())
            .map(Self)
            .map_err(|_| serde::de::Error::custom("must hold addresses or CIDRs (10.0.0.0/8)"))
    }
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://FILE` or `postgres://…`; it may hold a password.
    pub url: SecretString,
}

/// `[files]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// `file://FOLDER`.
    pub url: String,
}

/// `[security]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// 32 bytes in base64.
    pub master_key: SecretString,
    /// Those before it.
    pub previous_master_keys: Vec<SecretString>,
}

/// `[camp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camp {
    /// Grace days of a new camp.
    pub default_grace_days: u16,
}

/// `[refund]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// 0: money moves at once.
    pub undo_seconds: u32,
    /// 0: one approver is enough.
    pub second_approver_over_fen: u32,
    /// The merchant's account that pays: empty, or `AVAILABLE`.
    pub funds_account: String,
}

/// `[promise]`: days, unless named hours; frozen into each order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// From a camp's end until its refund list is there.
    pub list_within: u16,
    /// From a camp's end until its refunds are decided.
    pub decision_within: u16,
    /// From the decision until the money is back.
    pub money_within: u16,
    /// Until a refusal is final.
    pub appeal_hours: u16,
    /// From an objection until its answer.
    pub answer_within: u16,
}

/// `[backup]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// A folder.
    pub dir: String,
    /// How long they are kept.
    pub keep_days: u16,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Per person or address; 0: no limit.
    pub requests_per_minute: u32,
}

/// `[wecom]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wecom {
    /// The part before `/cgi-bin`.
    pub api_base: String,
    /// A forward proxy; it may hold a password. Empty: none.
    pub proxy: SecretString,
    /// `ww…`
    pub corp_id: String,
    /// The application's number.
    pub agent_id: u32,
    /// The application's secret.
    pub secret: SecretString,
    /// The token of its callback.
    pub token: SecretString,
    /// The key of its callback, 43 characters.
    pub encoding_aes_key: SecretString,
    /// The authorize page.
    pub oauth_base: String,
    /// The page that signs in by QR code.
    pub login_base: String,
    /// The smart bot.
    pub smart_bot: SmartBot,
}

/// `[wecom.smart_bot]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmartBot {
    /// Its name, as groups mention it.
    pub name: String,
    /// The token of its callback.
    pub token: SecretString,
    /// The key of its callback.
    pub encoding_aes_key: SecretString,
}

/// `[wechat_oauth]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatOauth {
    /// `https://api.weixin.qq.com`.
    pub api_base: String,
    /// The service account.
    pub app_id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// `[notify]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// WeCom userids who get the admins' cards.
    pub recipients: Vec<String>,
    /// Whether members are written to by the application.
    pub app_messages: bool,
}

/// `[reminders]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// Members who are not known to have joined their group.
    pub not_joined: bool,
    /// Members and coaches, before the last day.
    pub ends_tomorrow: bool,
    /// Those who decide, once a camp has ended.
    pub ended: bool,
}

/// `[templates]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Templates {
    /// Overrides `message-templates/` file by file; empty: nothing does.
    pub dir: String,
}

/// `[wechat_pay]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatPay {
    /// `https://api.mch.weixin.qq.com`; a path in it is signed too.
    pub api_base: String,
    /// The appid of the orders.
    pub app_id: String,
    /// The merchant.
    pub mch_id: String,
    /// Of the merchant API certificate.
    pub serial_no: String,
    /// Path of `apiclient_key.pem`.
    pub private_key_file: String,
    /// 32 bytes.
    pub api_v3_key: SecretString,
    /// `PUB_KEY_ID_…`; empty: platform certificates.
    pub public_key_id: String,
    /// Path of `pub_key.pem`.
    pub public_key_file: String,
}

/// `[zsxq]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zsxq {
    /// `https://api.zsxq.com`.
    pub api_base: String,
    /// The planet's number.
    pub group_id: String,
    /// The bare token, or `zsxq_access_token=…`.
    pub cookie: SecretString,
    /// Rest between two calls.
    pub min_interval_ms: u64,
    /// Up to so much more, at random.
    pub jitter_ms: u64,
    /// 0: no limit.
    pub calls_per_day: u32,
}

/// A key of a block and whether it is filled.
type Key = (&'static str, bool);

/// Whether a block is in use: none of its keys is filled, or all are.
///
/// # Errors
/// The first key that is missing while another one is there.
fn is_in_use(keys: &[Key]) -> Result<bool, &'static str> {
    match keys.iter().find(|(_, filled)| !filled) {
        None => Ok(true),
        Some(_) if keys.iter().all(|(_, filled)| !filled) => Ok(false),
        Some((missing, _)) => Err(missing),
    }
}

fn filled(secret: &SecretString) -> bool {
    !secret.expose_secret().trim().is_empty()
}

impl Wecom {
    /// Whether the application is set up.
    ///
    /// # Errors
    /// The key that is missing.
    pub fn in_use(&self) -> Result<bool, &'static str> {
        is_in_use(&[
            ("corp_id", !self.corp_id.is_empty()),
            ("agent_id", self.agent_id != 0),
            ("secret", filled(&self.secret)),
            ("token", filled(&self.token)),
            ("encoding_aes_key", filled(&self.encoding_aes_key)),
        ])
    }
}

impl SmartBot {
    /// Whether the smart bot is set up.
    ///
    /// # Errors
    /// The key that is missing.
    pub fn in_use(&self) -> Result<bool, &'static str> {
        is_in_use(&[
            ("token", filled(&self.token)),
            ("encoding_aes_key", filled(&self.encoding_aes_key)),
        ])
    }
}

impl WechatOauth {
    /// Whether members may sign in inside WeChat.
    ///
    /// # Errors
    /// The key that is missing.
    pub fn in_use(&self) -> Result<bool, &'static str> {
        is_in_use(&[
            ("app_id", !self.app_id.is_empty()),
            ("secret", filled(&self.secret)),
        ])
    }
}

impl WechatPay {
    /// Whether WeChat Pay is set up.
    ///
    /// # Errors
    /// The key that is missing.
    pub fn in_use(&self) -> Result<bool, &'static str> {
        let in_use = is_in_use(&[
            ("app_id", !self.app_id.is_empty()),
            ("mch_id", !self.mch_id.is_empty()),
            ("serial_no", !self.serial_no.is_empty()),
            ("private_key_file", !self.private_key_file.is_empty()),
            ("api_v3_key", filled(&self.api_v3_key)),
        ])?;
        self.trusts_public_key()?;
        Ok(in_use)
    }

    /// Whether answers are verified by the public key; otherwise by platform certificates.
    ///
    /// # Errors
    /// The key that is missing.
    pub fn trusts_public_key(&self) -> Result<bool, &'static str> {
        is_in_use(&[
            ("public_key_id", !self.public_key_id.is_empty()),
            ("public_key_file", !self.public_key_file.is_empty()),
        ])
    }
}

impl Zsxq {
    /// Whether the planet is set up.
    ///
    /// # Errors
    /// The key that is missing.
    pub fn in_use(&self) -> Result<bool, &'static str> {
        is_in_use(&[
            ("group_id", !self.group_id.is_empty()),
            ("cookie", filled(&self.cookie)),
        ])
    }
}
