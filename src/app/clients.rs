//! The clients of the platforms, each only when its block of the configuration is filled.

use std::path::Path;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8};
use secrecy::{ExposeSecret as _, SecretString};
use wecom::client::{CONNECT_TIMEOUT, ReqwestTransport, TIMEOUT};
use wecom::crypto::{KeyError, Keys};

use crate::config::{self, ConfigError};
use crate::platforms::wechat_pay::{self, WechatPay};
use crate::platforms::zsxq::{self, Planet};

use super::Clocks;
use super::measured_wecom::MeasuredTransport;

pub(super) fn wecom(block: &config::Wecom) -> Result<Option<wecom::Client>, ConfigError> {
    let missing = |key| ConfigError::missing("wecom", key);
    if !block.in_use().map_err(missing)? {
        return Ok(None);
    }
    let proxy = Some(block.proxy.expose_secret());
    ReqwestTransport::new(TIMEOUT, CONNECT_TIMEOUT, proxy)
        .and_then(|transport| {
            wecom::Client::builder(&block.corp_id, block.agent_id, block.secret.clone())
                .api_base(&block.api_base)
                .oauth_base(&block.oauth_base)
                .login_base(&block.login_base)
                .transport(Arc::new(MeasuredTransport(transport)))
                .build()
        })
        .map(Some)
        .map_err(|error| {
            let remedy = "See wecom.api_base, oauth_base, login_base and proxy";
            ConfigError::new("wecom", error.to_string(), remedy)
        })
}

pub(super) fn wecom_callback(block: &config::Wecom) -> Result<Option<Keys>, ConfigError> {
    let missing = |key| ConfigError::missing("wecom", key);
    if !block.in_use().map_err(missing)? {
        return Ok(None);
    }
    keys(
        "wecom",
        &block.token,
        &block.encoding_aes_key,
        &block.corp_id,
    )
    .map(Some)
}

pub(super) fn smart_bot_callback(block: &config::SmartBot) -> Result<Option<Keys>, ConfigError> {
    let missing = |key| ConfigError::missing("wecom.smart_bot", key);
    if !block.in_use().map_err(missing)? {
        return Ok(None);
    }
    // A corp's own smart bot names no receiver (wecom-bots-h5 §1.2).
    keys("wecom.smart_bot", &block.token, &block.encoding_aes_key, "").map(Some)
}

fn keys(
    block: &str,
    token: &SecretString,
    aes_key: &SecretString,
    receiver: &str,
) -> Result<Keys, ConfigError> {
    Keys::new(token.expose_secret(), aes_key.expose_secret(), receiver).map_err(|error| {
        let key = match error {
            KeyError::Token => "token",
            _ => "encoding_aes_key",
        };
        let remedy = "WeCom's admin console shows it where the callback address is entered";
        ConfigError::new(
            format!("{block}.{key}"),
            format!("cannot be used: {error}"),
            remedy,
        )
    })
}

pub(super) fn wechat_pay(
    block: &config::WechatPay,
    clocks: &Clocks,
) -> Result<Option<WechatPay>, ConfigError> {
    let missing = |key| ConfigError::missing("wechat_pay", key);
    if !block.in_use().map_err(missing)? {
        return Ok(None);
    }
    let public_key = if block.trusts_public_key().map_err(missing)? {
        Some(wechat_pay::PublicKey {
            id: block.public_key_id.clone(),
            pem: read("wechat_pay.public_key_file", &block.public_key_file)?,
        })
    } else {
        None
    };
    let settings = wechat_pay::Settings {
        api_base: block.api_base.clone(),
        app_id: block.app_id.clone(),
        mch_id: block.mch_id.clone(),
        serial_no: block.serial_no.clone(),
        private_key_pem: read("wechat_pay.private_key_file", &block.private_key_file)?.into(),
        api_v3_key: block.api_v3_key.clone(),
        public_key,
        timeouts: wechat_pay::Timeouts::default(),
    };
    WechatPay::new(settings, Arc::new(clocks.wall_reader()))
        .map(Some)
        .map_err(|error| {
            let key = format!("wechat_pay.{}", error.key);
            ConfigError::new(key, error.problem, error.remedy)
        })
}

/// Makes a client of the planet, in whose line `previous` may still wait.
pub(super) fn planet(
    block: &config::Zsxq,
    clocks: &Clocks,
    previous: Option<&Planet>,
) -> Result<Option<Planet>, ConfigError> {
    let missing = |key| ConfigError::missing("zsxq", key);
    if !block.in_use().map_err(missing)? {
        return Ok(None);
    }
    let group_id = block.group_id.trim().parse().map_err(|_| {
        let remedy = "The number in https://wx.zsxq.com/group/…";
        ConfigError::new("zsxq.group_id", "is not a number", remedy)
    })?;
    let mut settings = zsxq::Settings::new(&block.api_base, group_id, block.cookie.clone());
    settings.min_interval_ms = block.min_interval_ms;
    settings.jitter_ms = block.jitter_ms;
    settings.calls_per_day = block.calls_per_day;
    let (now, random) = (clocks.wall_reader(), rand::random::<u64>);
    let made = match previous {
        Some(previous) => previous.succeeded_by(settings, now, random),
        None => Planet::new(settings, now, random),
    };
    made.map(Some)
        .map_err(|error| ConfigError::new("zsxq", format!("cannot be used: {error}"), ""))
}

/// Reads a PEM file. An editor may have saved it as UTF-16, with its mark.
fn read(key: &str, path: &str) -> Result<String, ConfigError> {
    let wrong = |problem| {
        let remedy = "It is the path of a PEM file, relative to the working directory";
        ConfigError::new(key, problem, remedy)
    };
    let bytes = std::fs::read(Path::new(path))
        .map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let encoding = Encoding::for_bom(&bytes).map_or(UTF_8, |(encoding, _)| encoding);
    let (text, _, is_broken) = encoding.decode(&bytes);
    if is_broken {
        let problem =
            "is the path of a file that is no text: a PEM file is wanted, not .p12 or .der";
        return Err(wrong(problem.to_owned()));
    }
    Ok(text.into_owned())
}
