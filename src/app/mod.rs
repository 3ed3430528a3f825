//! The composition root: the configuration becomes a database, clients, services, routes and
//! workers. Only here are real clients built and real clocks read.

mod clients;
mod clocks;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bot::{Bot, TemplateError, Templates};
use crate::config::{Config, ConfigError};
use crate::jobs;
use crate::platforms::files::Files;
use crate::services::{Context, Settings, WechatOauth};
use crate::store::{Db, DbOptions, Keyring, StoreError};
use crate::web::{self, WebSettings};

pub use clocks::{Clocks, SystemClock};

/// How long requests and workers may take to end once we are told to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// Why the product does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A key is missing or malformed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be opened or migrated.
    #[error("the database (database.url) cannot be opened")]
    Database(#[from] StoreError),
    /// The folder of the database cannot be made.
    #[error("the folder of database.url cannot be made")]
    Folder(#[source] std::io::Error),
    /// A template cannot be used.
    #[error(transparent)]
    Templates(#[from] TemplateError),
    /// The clock's jobs cannot be scheduled.
    #[error(transparent)]
    Jobs(#[from] jobs::StartError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0} (server.listen)")]
    Listen(SocketAddr, #[source] std::io::Error),
}

/// The running product.
pub struct App {
    /// What its services are handed; tests and the demo act and look through it.
    pub ctx: Context,
    /// The address that it listens on.
    pub address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl App {
    /// Migrates the database, listens, and starts the workers. It is ready when this returns.
    ///
    /// # Errors
    /// [`StartError`] says which key to mend.
    pub async fn start(config: Config, clocks: Clocks) -> Result<Self, StartError> {
        let listen = config.server.listen;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| StartError::Listen(listen, error))?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::Listen(listen, error))?;
        let ctx = open(&config, clocks, address).await?;
        ctx.db.migrate().await?;
        let app = Self {
            address,
            stop: ctx.stop.clone(),
            tasks: TaskTracker::new(),
            ctx,
        };
        let router = web::router(app.ctx.clone(), web_settings(&config)?);
        app.tasks.spawn(serve(listener, router, app.stop.clone()));
        jobs::start(&app.ctx, &app.stop, &app.tasks).await?;
        if let Some(pay) = app.ctx.pay.clone() {
            let stop = app.stop.clone();
            // Only sleeps or reads: it may be cut off anywhere.
            app.tasks.spawn(async move {
                stop.run_until_cancelled(pay.keep_certificates()).await;
            });
        }
        if clients::smart_bot_callback(&config.wecom.smart_bot)?.is_some() {
            tracing::warn!("wecom.smart_bot is set, but the smart robot is not answered yet");
        }
        if !config.server.metrics_listen.is_empty() {
            tracing::warn!("server.metrics_listen is set, but metrics are not served yet");
        }
        Ok(app)
    }

    /// Stops accepting, lets requests and workers reach a recorded point, and closes the database.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_TIMEOUT, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some work did not end in time; its lease will run out");
        }
        self.ctx.db.close().await;
    }
}

async fn serve(listener: TcpListener, router: axum::Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "the listener failed");
    }
}

/// What services need, without listening: for the command line. `address` is where we would be
/// reached if `server.public_url` is empty.
///
/// # Errors
/// [`StartError`] says which key to mend.
pub async fn open(
    config: &Config,
    clocks: Clocks,
    address: SocketAddr,
) -> Result<Context, StartError> {
    let keys = keyring(config)?;
    let settings = settings(config, address)?;
    let pay = clients::wechat_pay(&config.wechat_pay, &clocks)?;
    let planet = clients::planet(&config.zsxq, &clocks)?;
    let wecom = clients::wecom(&config.wecom)?;
    let callback_keys = clients::wecom_callback(&config.wecom)?;
    let templates = templates(&config.templates.dir)?;
    let files = Files::open(&config.files.url).await.map_err(|error| {
        let remedy = "It is file://FOLDER, a folder that we may write to";
        ConfigError::new("files.url", format!("cannot be used: {error}"), remedy)
    })?;
    let url = config.database.url.expose_secret();
    make_folder_of(url)?;
    let db = Db::connect(url, DbOptions::default(), Arc::new(keys))
        .await
        .map_err(not_opened)?;
    let ctx = Context {
        db,
        clock: clocks.clock,
        wall: clocks.wall,
        pay,
        planet,
        wecom,
        chat: None,
        files,
        settings: Arc::new(settings),
        stop: CancellationToken::new(),
    };
    // The chat's own context has no chat: it is the chat.
    let bot = Bot::new(ctx.clone(), templates, callback_keys);
    Ok(Context {
        chat: Some(Arc::new(bot)),
        ..ctx
    })
}

fn keyring(config: &Config) -> Result<Keyring, ConfigError> {
    let security = &config.security;
    let malformed = |key| {
        let remedy = "Make one with `openssl rand -base64 32`";
        ConfigError::new(key, "is not 32 bytes in base64", remedy)
    };
    Keyring::new(&security.master_key, &[]).map_err(|_| malformed("security.master_key"))?;
    Keyring::new(&security.master_key, &security.previous_master_keys)
        .map_err(|_| malformed("security.previous_master_keys"))
}

/// An address that is none is a slip in the configuration; all else is the database's trouble.
fn not_opened(error: StoreError) -> StartError {
    match error {
        StoreError::UnknownEngine => {
            let remedy = "It is sqlite://FILE or postgres://user:pass@host/db";
            ConfigError::new("database.url", "is no address of a database", remedy).into()
        }
        other => other.into(),
    }
}

/// The built-in texts and those of a folder, read and tried.
fn templates(dir: &str) -> Result<Templates, StartError> {
    if !dir.is_empty() && !Path::new(dir).is_dir() {
        let remedy = "Leave it empty for the built-in texts";
        return Err(ConfigError::new("templates.dir", "is no folder", remedy).into());
    }
    Ok(Templates::load(dir)?)
}

fn settings(config: &Config, address: SocketAddr) -> Result<Settings, ConfigError> {
    let oauth = &config.wechat_oauth;
    let in_use = oauth
        .in_use()
        .map_err(|key| ConfigError::missing("wechat_oauth", key))?;
    Ok(Settings {
        public_url: config
            .public_url()
            .map_or_else(|| format!("http://{address}"), str::to_owned),
        default_grace_days: config.camp.default_grace_days.into(),
        undo_seconds: config.refund.undo_seconds,
        second_approver_over_fen: config.refund.second_approver_over_fen.into(),
        recipients: config.notify.recipients.clone(),
        corp_id: config.wecom.corp_id.clone(),
        agent_id: config.wecom.agent_id.into(),
        oauth_base: config.wecom.oauth_base.clone(),
        login_base: config.wecom.login_base.clone(),
        wechat_oauth: in_use.then(|| WechatOauth {
            api_base: oauth.api_base.clone(),
            app_id: oauth.app_id.clone(),
            secret: oauth.secret.clone(),
        }),
    })
}

fn web_settings(config: &Config) -> Result<WebSettings, ConfigError> {
    let proxies = config.server.trusted_proxies.iter();
    Ok(WebSettings {
        requests_per_minute: config.limits.requests_per_minute,
        trusted_proxies: proxies.map(|range| range.0).collect(),
        wecom_callback: clients::wecom_callback(&config.wecom)?,
    })
}

/// SQLite makes the file, but not its folder.
fn make_folder_of(url: &str) -> Result<(), StartError> {
    let Some(path) = url.strip_prefix("sqlite://") else {
        return Ok(());
    };
    let path = path.split('?').next().unwrap_or_default();
    match Path::new(path).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).map_err(StartError::Folder)
        }
        _ => Ok(()),
    }
}
