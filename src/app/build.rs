//! Builds what a configuration asks for: the settings of the services, and the clients.

use std::net::SocketAddr;
use std::path::Path;

use crate::bot::Templates;
use crate::catalogue::Catalogue;
use crate::config::{Config, ConfigError};
use crate::domain::promise::PromiseRules;
use crate::platforms::wechat_pay::FundsAccount;
use crate::services::configuration::{Build, Built};
use crate::services::{BackupSettings, Clients, Reminders, Settings, WechatOauth, with_causes};

use super::{Clocks, clients};

/// The remedy for texts that cannot be used.
const BUILT_IN_TEXTS: &str = "Leave it empty for the built-in texts";

/// Builds with real clients. `address` is where we are reached if `server.public_url` is empty.
pub(super) struct Builder {
    pub(super) clocks: Clocks,
    pub(super) address: SocketAddr,
}

impl Build for Builder {
    fn build(&self, config: Config, previous: Option<&Built>) -> Result<Built, ConfigError> {
        let before = previous.map(|built| &*built.clients);
        let kept = |block| {
            let is_same = previous.is_some_and(|built| built.config.agrees_on(block, &config));
            before.filter(|_| is_same)
        };
        let pay = match kept("wechat_pay") {
            Some(clients) => clients.pay.clone(),
            None => clients::wechat_pay(&config.wechat_pay, &self.clocks)?,
        };
        let planet = match kept("zsxq") {
            Some(clients) => clients.planet.clone(),
            None => {
                let before = before.and_then(|clients| clients.planet.as_ref());
                clients::planet(&config.zsxq, &self.clocks, before)?
            }
        };
        let (wecom, wecom_callback) = match kept("wecom") {
            Some(clients) => (clients.wecom.clone(), clients.wecom_callback.clone()),
            None => (
                clients::wecom(&config.wecom)?,
                clients::wecom_callback(&config.wecom)?,
            ),
        };
        if kept("templates").is_none() {
            try_templates(&config.templates.dir)?;
        }
        // Nobody answers it yet, but it shall not be wrong when somebody does.
        clients::smart_bot_callback(&config.wecom.smart_bot)?;
        let clients = Clients {
            pay,
            planet,
            wecom,
            wecom_callback,
        };
        Ok(Built {
            settings: self.settings(&config)?.into(),
            clients: clients.into(),
            config,
        })
    }
}

/// Tries the built-in texts and those of a folder: what the chat loads then works.
fn try_templates(dir: &str) -> Result<(), ConfigError> {
    if !dir.is_empty() && !Path::new(dir).is_dir() {
        return Err(ConfigError::new(
            "templates.dir",
            "is no folder",
            BUILT_IN_TEXTS,
        ));
    }
    Templates::load(dir).map(drop).map_err(|e| unusable(&e))
}

/// The sentences of refusals, each tried.
fn catalogue(dir: &str) -> Result<Catalogue, ConfigError> {
    Catalogue::load(dir).map_err(|e| unusable(&e))
}

fn unusable(error: &(dyn std::error::Error + 'static)) -> ConfigError {
    let what = format!("cannot be used: {}", with_causes(error));
    ConfigError::new("templates.dir", what, BUILT_IN_TEXTS)
}

fn funds_account(word: &str) -> Result<Option<FundsAccount>, ConfigError> {
    match word {
        "" => Ok(None),
        "AVAILABLE" => Ok(Some(FundsAccount::Available)),
        _ => Err(ConfigError::new(
            "refund.funds_account",
            "is no account that can pay refunds",
            "Leave it empty for the unsettled balance, or write AVAILABLE for the one at hand",
        )),
    }
}

fn backup(config: &Config) -> Result<BackupSettings, ConfigError> {
    let dir = config.backup.dir.trim();
    if dir.is_empty() || dir.contains("://") {
        return Err(ConfigError::new(
            "backup.dir",
            "is no folder",
            "It is a folder on another disk, best one that is copied to another machine",
        ));
    }
    Ok(BackupSettings {
        dir: dir.into(),
        keep_days: config.backup.keep_days,
        database_url: config.database.url.clone(),
    })
}

impl Builder {
    fn settings(&self, config: &Config) -> Result<Settings, ConfigError> {
        let oauth = &config.wechat_oauth;
        let in_use = oauth
            .in_use()
            .map_err(|key| ConfigError::missing("wechat_oauth", key))?;
        Ok(Settings {
            public_url: config
                .public_url()
                .map_or_else(|| format!("http://{}", self.address), str::to_owned),
            requests_per_minute: config.limits.requests_per_minute,
            default_grace_days: config.camp.default_grace_days.into(),
            promise: PromiseRules {
                list_within: config.promise.list_within,
                decision_within: config.promise.decision_within,
                money_within: config.promise.money_within,
                appeal_hours: config.promise.appeal_hours,
                answer_within: config.promise.answer_within,
            },
            undo_seconds: config.refund.undo_seconds,
            second_approver_over_fen: config.refund.second_approver_over_fen.into(),
            funds_account: funds_account(&config.refund.funds_account)?,
            recipients: config.notify.recipients.clone(),
            app_messages: config.notify.app_messages,
            corp_id: config.wecom.corp_id.clone(),
            agent_id: config.wecom.agent_id.into(),
            oauth_base: config.wecom.oauth_base.clone(),
            login_base: config.wecom.login_base.clone(),
            catalogue: catalogue(&config.templates.dir)?.into(),
            templates_dir: config.templates.dir.clone(),
            backup: backup(config)?,
            reminders: Reminders {
                not_joined: config.reminders.not_joined,
                ends_tomorrow: config.reminders.ends_tomorrow,
                ended: config.reminders.ended,
            },
            wechat_oauth: in_use.then(|| WechatOauth {
                api_base: oauth.api_base.clone(),
                app_id: oauth.app_id.clone(),
                secret: oauth.secret.clone(),
            }),
        })
    }
}
