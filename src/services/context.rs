//! What every service is handed: the store, the clocks, and the clients and settings of one moment.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::domain::promise::PromiseRules;
use crate::domain::{Clock, Timestamp};
use crate::platforms::files::Files;
use crate::platforms::wechat_pay::{FundsAccount, WechatPay};
use crate::platforms::zsxq::Planet;
use crate::store::{Db, Keyring};

use super::decoding::Decoding;
use super::passwords::Passwords;
use super::{Clients, Error, Result};

/// Wall time: signatures, token life, sessions and leases. Nothing moves it.
pub trait WallClock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// What one operation is handed: clients and settings stay as they are until it ends. Cheap to
/// clone; [`super::LiveContext`] makes it.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Db,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Wall time.
    pub wall: Arc<dyn WallClock>,
    /// The platforms.
    pub clients: Arc<Clients>,
    /// Uploaded pictures.
    pub files: Files,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// The memory for files that are received and decoded.
    pub decoding: Decoding,
    /// What the configuration says.
    pub settings: Arc<Settings>,
    /// Cancelled when the product is to stop: long work ends at its next recorded point.
    pub stop: CancellationToken,
}

/// The part of the configuration that services go by.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people and platforms reach us, without a slash at its end.
    pub public_url: String,
    /// How many requests each caller has; 0: no limit.
    pub requests_per_minute: u32,
    /// Grace days of a new camp.
    pub default_grace_days: i64,
    /// What new orders promise.
    pub promise: PromiseRules,
    /// How long an approved refund can be withdrawn; 0: money moves at once.
    pub undo_seconds: u32,
    /// Refunds above this need a second person; 0: one is enough.
    pub second_approver_over_fen: i64,
    /// The merchant's account that pays refunds; none: the unsettled balance.
    pub funds_account: Option<FundsAccount>,
    /// WeCom userids who get the admins' cards.
    pub recipients: Vec<String>,
    /// Whether the application writes to members by itself.
    pub app_messages: bool,
    /// The corp, for sign-in and for pages inside WeCom.
    pub corp_id: String,
    /// The application of the corp.
    pub agent_id: i64,
    /// The page that asks members who they are.
    pub oauth_base: String,
    /// The page that signs staff in by QR code.
    pub login_base: String,
    /// The sentences for what is not done.
    pub catalogue: Arc<Catalogue>,
    /// The folder whose texts replace the built-in ones; empty: none.
    pub templates_dir: String,
    /// Members who open the pages in WeChat, outside WeCom.
    pub wechat_oauth: Option<WechatOauth>,
    /// Backups.
    pub backup: BackupSettings,
    /// The morning's reminders.
    pub reminders: Reminders,
}

/// Where backups go, and what they are of.
#[derive(Debug, Clone)]
pub struct BackupSettings {
    /// The folder.
    pub dir: PathBuf,
    /// How long they are kept.
    pub keep_days: u16,
    /// The address of the database, for PostgreSQL's own programs.
    pub database_url: SecretString,
}

/// Which of the morning's reminders are sent (PRD 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminders {
    /// To members who are not known to have joined their group.
    pub not_joined: bool,
    /// To members and coaches before the last day.
    pub ends_tomorrow: bool,
    /// To those who decide, once a camp has ended.
    pub ended: bool,
}

/// A service account that signs members in inside WeChat.
#[derive(Debug, Clone)]
pub struct WechatOauth {
    /// `https://api.weixin.qq.com`.
    pub api_base: String,
    /// The service account.
    pub app_id: String,
    /// Its secret.
    pub secret: SecretString,
}

impl Context {
    /// The present moment of business.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Today in Shanghai.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.clock.now().shanghai_day()
    }

    /// The present moment by the wall.
    #[must_use]
    pub fn wall_now(&self) -> Timestamp {
        self.wall.now()
    }

    /// A random number nobody can guess.
    #[must_use]
    pub fn new_uuid(&self) -> Uuid {
        Uuid::new_v4()
    }

    /// The keys of encrypted columns, tokens and links.
    #[must_use]
    pub fn keys(&self) -> &Keyring {
        self.db.keys()
    }

    /// WeChat Pay, or the error that says it is not set up.
    pub fn pay(&self) -> Result<&WechatPay> {
        let pay = self.clients.pay.as_ref();
        pay.ok_or(Error::NotConfigured("wechat_pay"))
    }

    /// The planet, or the error that says it is not set up.
    pub fn planet(&self) -> Result<&Planet> {
        let planet = self.clients.planet.as_ref();
        planet.ok_or(Error::NotConfigured("zsxq"))
    }

    /// The WeCom application, or the error that says it is not set up.
    pub fn wecom(&self) -> Result<&wecom::client::Client> {
        let wecom = self.clients.wecom.as_ref();
        wecom.ok_or(Error::NotConfigured("wecom"))
    }
}
