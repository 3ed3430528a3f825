//! The configuration: defaults < file < stored < environment. The only place that reads the
//! environment.
//!
//! The defaults are the example file itself, so that what `config example` prints cannot differ
//! from what holds. What a value means (whether a key opens, an address answers) is checked by
//! whoever it is for, in `app`.

mod blocks;
mod environment;
mod fill;
mod keys;
mod sources;

use std::path::Path;

use figment::error::Kind;
use reqwest::Url;
use secrecy::ExposeSecret as _;

use crate::domain::FieldError;

pub use blocks::*;
pub use fill::{Filled, default_of};
pub use keys::{PLATFORMS, block_of};
pub use sources::{Change, Origin, Shown, Sources, Stored, check_stored, read_stored};

/// Every key with its default and what it is for.
pub const EXAMPLE: &str = include_str!("../../campkeeper.example.toml");

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "campkeeper.toml";

/// A key is missing or malformed: its name, what is wrong, and how to get it. Never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {problem}{}{remedy}", if remedy.is_empty() { "" } else { ". " })]
pub struct ConfigError {
    /// As in the file: `wecom.corp_id`.
    pub key: String,
    /// A phrase that follows the name: “is missing”.
    pub problem: String,
    /// How to get the right value.
    pub remedy: String,
    /// The same for who tells it in other words.
    pub fault: FieldError,
}

impl ConfigError {
    /// The error of one key.
    pub fn new(
        key: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            problem: problem.into(),
            remedy: remedy.into(),
            fault: FieldError::Unusable,
        }
    }

    /// The same, where more is known of what is wrong.
    #[must_use]
    pub fn as_fault(self, fault: FieldError) -> Self {
        Self { fault, ..self }
    }

    /// The error of a block that is only half filled.
    #[must_use]
    pub fn missing(block: &str, key: &str) -> Self {
        Self::new(
            format!("{block}.{key}"),
            format!("is missing, while other keys of [{block}] are there"),
            remedy_of(block, key),
        )
        .as_fault(FieldError::Missing)
    }
}

impl Config {
    /// True if a block has the same values as in `other`.
    #[must_use]
    pub fn agrees_on(&self, block: &str, other: &Self) -> bool {
        self.values.agree_on(&other.values, block)
    }

    /// How browsers and platforms reach us, without a slash at its end; `None`: the address
    /// listened on.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        let url = self.server.public_url.trim_end_matches('/');
        (!url.is_empty()).then_some(url)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.security.master_key.expose_secret().is_empty() {
            return Err(ConfigError::new(
                "security.master_key",
                "is missing",
                "Make one with `openssl rand -base64 32` and put it into campkeeper.toml \
                 (`campkeeper config example` prints a whole file) or into \
                 CAMPKEEPER__SECURITY__MASTER_KEY",
            )
            .as_fault(FieldError::Missing));
        }
        self.check_outside()?;
        self.promise.check()?;
        match self.public_url() {
            Some(url) if !is_public_base(url) => Err(ConfigError::new(
                "server.public_url",
                "is not an https address of a host, without path and query",
                "It is what browsers and platforms open: https://camp.example.com; \
                 http is taken on loopback only",
            )),
            None if !self.server.listen.ip().is_loopback() => Err(ConfigError::new(
                "server.public_url",
                "is missing, while server.listen is open to other machines",
                "It is what browsers and platforms open: https://camp.example.com",
            )),
            _ => Ok(()),
        }
    }
}

impl Config {
    /// Secrets go to these addresses.
    fn check_outside(&self) -> Result<(), ConfigError> {
        let bases = [
            ("wecom.api_base", &self.wecom.api_base),
            ("wecom.oauth_base", &self.wecom.oauth_base),
            ("wecom.login_base", &self.wecom.login_base),
            ("wechat_oauth.api_base", &self.wechat_oauth.api_base),
            ("wechat_pay.api_base", &self.wechat_pay.api_base),
            ("zsxq.api_base", &self.zsxq.api_base),
        ];
        let is_secure = |text: &str| Url::parse(text).is_ok_and(|url| is_secure_url(&url));
        match bases.iter().find(|(_, base)| !is_secure(base)) {
            None => Ok(()),
            Some((key, _)) => Err(ConfigError::new(
                *key,
                "is not an https address",
                "Leave it out for the real platform; http is taken on loopback only",
            )),
        }
    }
}

/// The longest promise, in days: a camp could not be published with a longer one.
const MAX_PROMISED_DAYS: u16 = 60;
/// The longest wait for objections, in hours.
const MAX_APPEAL_HOURS: u16 = 24 * 30;

impl Promise {
    /// A promise that cannot be kept, or is none.
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, problem: String, fault| {
            let remedy = "`campkeeper config example` shows what is usual";
            Err(ConfigError::new(format!("promise.{key}"), problem, remedy).as_fault(fault))
        };
        let days = [
            ("list_within", self.list_within, MAX_PROMISED_DAYS),
            ("decision_within", self.decision_within, MAX_PROMISED_DAYS),
            ("money_within", self.money_within, MAX_PROMISED_DAYS),
            ("answer_within", self.answer_within, MAX_PROMISED_DAYS),
            ("appeal_hours", self.appeal_hours, MAX_APPEAL_HOURS),
        ];
        if let Some((key, _, max)) = days
            .iter()
            .find(|(_, given, max)| !(1..=*max).contains(given))
        {
            let (min, most) = (1, i64::from(*max));
            let fault = FieldError::OutOfRange { min, max: most };
            return wrong(key, format!("is not from 1 to {max}"), fault);
        }
        if self.decision_within < self.list_within {
            let problem = "is before promise.list_within: nobody decides about a list before it is \
                           there";
            return wrong("decision_within", problem.to_owned(), FieldError::Unusable);
        }
        Ok(())
    }
}

/// Whether an address is https, or on this machine, which counts as https everywhere.
#[must_use]
pub fn is_secure_url(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

fn is_public_base(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        is_secure_url(&url)
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
    })
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| {
        ConfigError::new(
            path.display().to_string(),
            format!("cannot be read: {error}"),
            "`campkeeper config example` prints a file to begin with",
        )
    })
}

/// Says which key is wrong without its value, which may be a secret.
fn explain(error: figment::Error) -> ConfigError {
    let key = error.path.join(".");
    match error.kind {
        Kind::UnknownField(..) => {
            ConfigError::new(key, "is no key of ours", "See `campkeeper config example`")
                .as_fault(FieldError::NoSuchField)
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => ConfigError::new(
            key,
            format!("must be {}", in_words(&expected.to_string())),
            "See `campkeeper config example`",
        )
        .as_fault(FieldError::Malformed),
        Kind::Message(message) if !key.is_empty() => {
            ConfigError::new(key, format!("cannot be used: {message}"), "")
        }
        // Without a key it is the file itself that does not parse; TOML's message quotes the line,
        // which may be a secret.
        _ => ConfigError::new(
            if key.is_empty() { "the file" } else { &key },
            "is not valid TOML",
            "See `campkeeper config example`",
        ),
    }
}

/// What a value has to be, without the names of our types.
fn in_words(expected: &str) -> &str {
    match expected {
        "u16" | "u32" | "u64" => "a whole number, 0 or more",
        "a sequence" => "a list, as in [\"a\", \"b\"]",
        other => other,
    }
}

fn remedy_of(block: &str, key: &str) -> &'static str {
    match (block, key) {
        ("wecom", "corp_id") => "WeCom's admin console → 我的企业 → 企业ID",
        ("wecom", "agent_id" | "secret") => "WeCom's admin console → 应用管理 → the application",
        ("wecom", _) => {
            "WeCom's admin console → 应用管理 → the application → 接收消息 → 设置API接收"
        }
        ("wecom.smart_bot", _) => "WeCom's admin console → 智能机器人 → API模式 → URL回调",
        ("wechat_oauth", _) => "mp.weixin.qq.com → 设置与开发 → 基本配置",
        ("wechat_pay", _) => "pay.weixin.qq.com → 账户中心 → API安全",
        ("zsxq", "group_id") => "The number in https://wx.zsxq.com/group/…",
        ("zsxq", _) => "The cookie zsxq_access_token of a browser that is signed in to wx.zsxq.com",
        _ => "See `campkeeper config example`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "[security]\nmaster_key = \"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\"\n";

    fn parse(file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        parse_with(file, &Stored::new(), variables)
    }

    fn parse_with(
        file: &str,
        stored: &Stored,
        variables: &[(&str, &str)],
    ) -> Result<Config, ConfigError> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Sources::new(format!("{KEY}{file}"), variables).config(stored)
    }

    #[test]
    fn the_example_is_whole_and_only_wants_a_master_key() {
        let error = Sources::new("", []).config(&Stored::new()).unwrap_err();
        assert_eq!(error.key, "security.master_key");
        assert!(error.to_string().contains("openssl rand -base64 32"));
        let config = parse("", &[]).unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.refund.undo_seconds, 60);
        assert_eq!(config.limits.requests_per_minute, 100);
        assert_eq!(config.public_url(), None);
        assert_eq!(config.wecom.in_use(), Ok(false));
        assert_eq!(config.wechat_pay.in_use(), Ok(false));
        assert_eq!(config.zsxq.in_use(), Ok(false));
    }

    #[test]
    fn the_environment_wins_and_keeps_the_kind_of_every_key() {
        let config = parse(
            "[wecom]\ncorp_id = \"ww1\"\n[limits]\nrequests_per_minute = 7\n",
            &[
                ("CAMPKEEPER__WECOM__CORP_ID", "ww2"),
                ("CAMPKEEPER__WECOM__SMART_BOT__NAME", "小营"),
                ("CAMPKEEPER__WECHAT_PAY__MCH_ID", "1900000001"),
                ("CAMPKEEPER__WECHAT_PAY__SERIAL_NO", "5157E09"),
                ("CAMPKEEPER__ZSXQ__GROUP_ID", "15551441848112"),
                ("CAMPKEEPER__REFUND__UNDO_SECONDS", "5"),
                ("CAMPKEEPER__NOTIFY__RECIPIENTS", "lin.yue, chen.an"),
                (
                    "CAMPKEEPER__SERVER__TRUSTED_PROXIES",
                    "10.0.0.0/8,127.0.0.1",
                ),
                ("CAMPKEEPER_TEST_POSTGRES", "postgres://x"),
            ],
        )
        .unwrap();
        assert_eq!(config.wecom.corp_id, "ww2");
        assert_eq!(config.wecom.smart_bot.name, "小营");
        assert_eq!(config.wechat_pay.mch_id, "1900000001");
        assert_eq!(config.wechat_pay.serial_no, "5157E09");
        assert_eq!(config.zsxq.group_id, "15551441848112");
        assert_eq!(config.refund.undo_seconds, 5);
        assert_eq!(config.limits.requests_per_minute, 7);
        assert_eq!(config.notify.recipients, ["lin.yue", "chen.an"]);
        assert_eq!(config.server.trusted_proxies.len(), 2);
    }

    #[test]
    fn a_wrong_key_is_named_and_its_value_is_not() {
        let cases = [
            ("[wecom]\ncorp = \"hush\"\n", "wecom.corp"),
            ("[wecom]\nsecret = 4711\n", "wecom.secret"),
            ("[refund]\nundo_seconds = -4711\n", "refund.undo_seconds"),
            ("[server]\nlisten = \"hush\"\n", "server.listen"),
            (
                "[server]\ntrusted_proxies = [\"hush\"]\n",
                "server.trusted_proxies.0",
            ),
            (
                "[server]\npublic_url = \"http://hush.cn\"\n",
                "server.public_url",
            ),
            (
                "[server]\npublic_url = \"https://hush.cn/a\"\n",
                "server.public_url",
            ),
            ("[server]\nlisten = \"0.0.0.0:80\"\n", "server.public_url"),
            ("[wecom]\nsecret = \"hush\n", "the file"),
        ];
        for (file, key) in cases {
            let error = parse(file, &[]).unwrap_err();
            assert_eq!(error.key, key, "{error}");
            let shown = error.to_string();
            assert!(
                !shown.contains("hush") && !shown.contains("4711"),
                "{shown}"
            );
        }
        let error = parse("", &[("CAMPKEEPER__LIMITS__REQUESTS_PER_MINUTE", "many")]).unwrap_err();
        assert_eq!(error.key, "limits.requests_per_minute");
        assert!(!format!("{:?}", parse("[wecom]\nsecret = \"hush\"\n", &[])).contains("hush"));
    }

    #[test]
    fn a_half_filled_block_names_what_is_missing() {
        let config = parse("[wecom]\ncorp_id = \"ww1\"\nagent_id = 5\n", &[]).unwrap();
        assert_eq!(config.wecom.in_use(), Err("secret"));
        let config = parse("[wechat_pay]\npublic_key_id = \"PUB_KEY_ID_1\"\n", &[]).unwrap();
        assert_eq!(config.wechat_pay.in_use(), Err("public_key_file"));
        let config = parse("[zsxq]\ncookie = \"x\"\n", &[]).unwrap();
        assert_eq!(config.zsxq.in_use(), Err("group_id"));
        let shown = ConfigError::missing("wecom", "secret").to_string();
        assert!(shown.starts_with("wecom.secret is missing"), "{shown}");
        assert!(shown.contains("应用管理"));
    }

    #[test]
    fn loopback_counts_as_https() {
        for (url, secure) in [
            ("https://camp.example.com", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost", true),
            ("http://camp.example.com", false),
            ("ftp://localhost", false),
        ] {
            assert_eq!(is_secure_url(&Url::parse(url).unwrap()), secure, "{url}");
        }
    }
}
