//! What looking at the installation found. The first line of its sentence says what it is, the rest
//! what to do about it; what is well has one line.

use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// A part of the installation that is looked at.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    VariantNames,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// What is set.
    Configuration,
    /// Our clock against those of the platforms.
    Clock,
    /// The database and its migrations.
    Database,
    /// Room, and whether files can be written.
    Disk,
    /// The access token of the WeCom application.
    WecomToken,
    /// Whether WeCom takes calls from our address.
    TrustedIp,
    /// Whether WeCom reaches us.
    Callback,
    /// Who sees the application.
    Agent,
    /// The domain of pages inside WeCom.
    TrustedDomain,
    /// The keys of WeChat Pay.
    WechatPay,
    /// Whether WeChat Pay reaches us.
    NotifyAddress,
    /// The login at the planet.
    Planet,
    /// The robots of the camps' groups.
    GroupRobots,
    /// The newest backup.
    Backup,
    /// The newest audit of the books.
    Books,
    /// Who gets the cards.
    Recipients,
}

impl Part {
    /// Its word in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Finding {
    /// Its block of the configuration is empty; its name.
    NotInUse { platform: String },
    /// Something else has to be mended first.
    Blocked,
    /// It was not known in time.
    TimedOut { seconds: u64 },
    /// Something of ours failed.
    Internal,

    /// All that is set can be used.
    ConfigurationGood,
    /// A key cannot be used; why, in a sentence.
    SettingWrong { key: String, why: String },
    /// Stored values that cannot be used.
    SettingsLeftOut { keys: Vec<String> },

    /// Our clock is right; the platforms that were asked.
    ClockGood { seconds: i64 },
    /// Our clock is some seconds off.
    ClockOff { seconds: i64 },
    /// Our clock is so wrong that signatures are refused.
    ClockWrong { seconds: i64 },
    /// No platform told the time.
    ClockUnknown,

    /// The database answers and is up to date.
    DatabaseGood { engine: String },
    /// The database does not answer.
    DatabaseSilent,
    /// Migrations are missing.
    DatabaseBehind { missing: i64 },
    /// The database is of a newer version of us.
    DatabaseAhead,

    /// There is room.
    DiskGood { free_gib: u64 },
    /// There is little room.
    DiskLow { free_mib: u64 },
    /// There is nearly none.
    DiskFull { free_mib: u64 },
    /// Files cannot be written.
    FilesUnwritable,

    /// The token was given.
    TokenGood,
    /// The secret is none of the application.
    SecretWrong,
    /// The corp is none.
    CorpWrong,
    /// WeCom cannot be reached.
    WecomSilent,
    /// WeCom refuses for another reason.
    WecomRefuses { code: i64 },

    /// WeCom takes our calls.
    IpTrusted,
    /// The address that our calls leave from is not in 企业可信IP.
    IpUntrusted { address: String },

    /// WeCom's calls arrive.
    CallbackGood,
    /// Nobody is at our address.
    CallbackUnreachable { url: String },
    /// Somebody else is at our address.
    CallbackForeign { url: String, status: u16 },
    /// Nothing of WeCom's has come so far.
    CallbackNeverCalled { url: String },

    /// The application is seen.
    AgentGood { name: String },
    /// The agent id is none of the corp.
    AgentWrong,
    /// The application is switched off.
    AgentClosed,
    /// Nobody sees the application.
    AgentInvisible,

    /// Pages may ask who reads them.
    DomainGood { domain: String },
    /// Pages are on another domain than is trusted.
    DomainMissing { domain: String },
    /// Another domain is trusted.
    DomainOther { domain: String, trusted: String },
    /// There is no ticket to sign pages with.
    TicketRefused { code: i64 },

    /// WeChat Pay takes our signature, and we take its.
    PayGood { mch_id: String },
    /// WeChat Pay takes our signature; its own has not been seen yet.
    PaySigned { mch_id: String },
    /// WeChat Pay cannot be reached.
    PaySilent,
    /// WeChat Pay does not take our signature.
    PaySignatureRefused,
    /// An answer of WeChat Pay cannot be verified.
    PayUnverified,
    /// WeChat Pay refuses for another reason.
    PayRefuses { code: String },
    /// The platform certificates are not to be had.
    PayCertificates,

    /// WeChat Pay's calls arrive.
    NotifyGood,
    /// Nobody is at our address.
    NotifyUnreachable { url: String },
    /// Somebody else is at our address.
    NotifyForeign { url: String, status: u16 },

    /// The login works.
    PlanetGood { days: Option<u64> },
    /// The login ends soon.
    PlanetExpiring { days: u64 },
    /// The login is over.
    PlanetLoginOver,
    /// The account does not belong to the planet.
    PlanetNotAMember { group_id: i64 },
    /// The account does not manage the planet.
    PlanetNotAManager,
    /// The day's calls are spent.
    PlanetBudgetSpent,
    /// The planet does not answer.
    PlanetSilent,

    /// All robots are there.
    RobotsGood { count: usize },
    /// No camp has one.
    NoRobots,
    /// Robots that are gone, by the names of their camps.
    RobotsGone { camps: Vec<String> },
    /// Robots whose key cannot be opened, and others that are gone.
    RobotKeysSealed {
        camps: Vec<String>,
        gone: Vec<String>,
    },

    /// There is a backup.
    BackupGood { at: String },
    /// There is none.
    NoBackup,
    /// The newest is old.
    BackupOld { days: i64 },
    /// The newest try failed.
    BackupFailed { at: String },
    /// Uploaded files are missing in it.
    BackupLacksUploads { at: String, count: u64 },
    /// The newest try to restore one failed.
    DrillFailed { at: String },
    /// None has been restored for days.
    DrillOld { days: i64 },

    /// The books are in order.
    BooksGood,
    /// The books differ.
    BooksDiffer,
    /// The audit is broken at a row.
    AuditBroken { seq: i64 },
    /// The newest try to look failed.
    BooksNotCompared { at: String },
    /// Nobody has looked for days.
    BooksOld { days: i64 },

    /// Recipients can be told, and can decide.
    RecipientsGood { count: usize },
    /// Nobody is named.
    NoRecipients,
    /// Some do not see the application.
    RecipientsUnseen { userids: Vec<String> },
    /// Some have no account with us.
    RecipientsUnknown { userids: Vec<String> },
}
