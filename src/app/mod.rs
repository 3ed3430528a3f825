//! The composition root: the configuration becomes a database, clients, services, routes and
//! workers. Only here are real clients built and real clocks read.

mod build;
mod clients;
mod clocks;
mod measured_wecom;

use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bot::{TemplateError, WecomChat};
use crate::catalogue::CatalogueError;
use crate::config::{Config, ConfigError, Sources, Stored};
use crate::jobs::{self, Jobs};
use crate::platforms::files::Files;
use crate::services::backup::Target;
use crate::services::configuration::{Configuration, ConfigureError, Follower};
use crate::services::decoding::Decoding;
use crate::services::passwords::Passwords;
use crate::services::{self, Context, LiveContext};
use crate::store::{
    Db, DbOptions, Engine, Keyring, KeyringError, MAX_KEYS, StoreError, installation, master_key,
};
use crate::web::{self, WebSettings};

use build::Builder;
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
    /// The sentences of refusals cannot be used.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Migrations are missing, and none were to be applied.
    #[error("the database lacks {missing} migrations; `campkeeper migrate` applies them")]
    Behind {
        /// How many.
        missing: i64,
    },
    /// There is no database yet, and none was to be made.
    #[error("there is no database at database.url yet; `campkeeper migrate` makes it")]
    NoDatabase {
        /// How many migrations make it.
        missing: i64,
    },
    /// Settings could not be read.
    #[error(transparent)]
    Services(#[from] services::Error),
    /// The clock's jobs cannot be scheduled.
    #[error(transparent)]
    Jobs(#[from] jobs::StartError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0} ({1})")]
    Listen(SocketAddr, &'static str, #[source] std::io::Error),
}

impl From<ConfigureError> for StartError {
    fn from(error: ConfigureError) -> Self {
        match error {
            ConfigureError::Setting(error) => Self::Config(error),
            ConfigureError::Service(error) => Self::Services(error),
        }
    }
}

/// The product before its doors open: all that the command line needs.
pub struct Product {
    /// Makes the context of each operation.
    pub live: LiveContext,
    /// The clock's jobs.
    pub jobs: Jobs,
    /// Where settings come from.
    pub configuration: Configuration,
    /// Follows changes of the settings.
    pub follower: Follower,
}

/// The running product.
pub struct App {
    live: LiveContext,
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The address that Prometheus reads at.
    pub metrics_address: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl App {
    /// Migrates the database, listens, and starts the workers. It is ready when this returns.
    ///
    /// # Errors
    /// [`StartError`] says which key to mend.
    pub async fn start(sources: Sources, clocks: Clocks) -> Result<Self, StartError> {
        // What takes a restart is never stored.
        let config = sources.config(&Stored::new())?;
        let (listener, address) = listen(config.server.listen, "server.listen").await?;
        let metrics = match config.server.metrics_listen.0 {
            Some(address) => Some(listen(address, "server.metrics_listen").await?),
            None => None,
        };
        let Product {
            live,
            jobs,
            configuration,
            follower,
        } = open(&sources, clocks, address).await?;
        let app = Self {
            live: live.clone(),
            address,
            metrics_address: metrics.as_ref().map(|(_, address)| *address),
            stop: live.snapshot().stop,
            tasks: TaskTracker::new(),
        };
        if let Some((listener, _)) = metrics {
            app.serve_metrics(listener, &jobs);
        }
        let router = web::router(
            live.clone(),
            jobs.clone(),
            configuration,
            web_settings(&config),
        );
        let proxies = web_settings(&config).trusted_proxies;
        let served = web::serve(listener, router, proxies, app.stop.clone());
        app.tasks.spawn(served);
        jobs.start(&app.stop, &app.tasks).await?;
        let stop = app.stop.clone();
        // Cut off anywhere: a change is seen again by whoever starts next.
        app.tasks.spawn(async move {
            stop.run_until_cancelled(follow(live, follower)).await;
        });
        let (live, stop) = (app.live.clone(), app.stop.clone());
        // Cut off anywhere: the end of the audit is noted anew at the next start.
        app.tasks.spawn(async move {
            stop.run_until_cancelled(services::audit_chain::keep_noting(live))
                .await;
        });
        if config.wecom.smart_bot.in_use().is_ok_and(|in_use| in_use) {
            tracing::warn!("wecom.smart_bot is set, but the smart robot is not answered yet");
        }
        Ok(app)
    }

    /// Counts from now on, and lets Prometheus read.
    fn serve_metrics(&self, listener: TcpListener, jobs: &Jobs) {
        // What is counted before somebody counts is lost.
        web::metrics::counters();
        let router = web::metrics::router(self.live.clone(), jobs.clone());
        let served = web::serve(listener, router, Vec::new(), self.stop.clone());
        self.tasks.spawn(served);
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled(web::metrics::keep_up()).await;
        });
    }

    /// What an operation that begins now is handed; tests and the demo act and look through it.
    #[must_use]
    pub fn context(&self) -> Context {
        self.live.snapshot()
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
        let ctx = self.context();
        if let Err(error) = services::audit_chain::note(&ctx).await {
            tracing::warn!(%error, "the end of the audit could not be noted");
        }
        ctx.db.close().await;
    }
}

/// Listens on the address of a key.
async fn listen(
    address: SocketAddr,
    key: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen(address, key, error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Follows changes of the settings, and keeps the certificates of the client that is in use.
async fn follow(live: LiveContext, mut follower: Follower) {
    loop {
        let pay = live.runtime().clients.pay.clone();
        let keep_certificates = async {
            match pay {
                Some(pay) => pay.keep_certificates().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Only sleeps or reads: it may be cut off anywhere, and never ends.
            () = keep_certificates => {}
            () = follower.changed() => {}
        }
    }
}

/// Puts the product together without listening. `address` is where we would be reached if
/// `server.public_url` is empty.
///
/// # Errors
/// [`StartError`] says which key to mend.
pub async fn open(
    sources: &Sources,
    clocks: Clocks,
    address: SocketAddr,
) -> Result<Product, StartError> {
    let configuration = configuration(sources, &clocks, address).await?;
    let product = put_together(configuration, clocks).await?;
    product.follower.tell_left_out().await?;
    Ok(product)
}

/// How far a database has to be migrated for who only looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// To the end.
    Present,
    /// It may be that of an earlier version.
    Earlier,
}

/// The same to look at it only: nothing is made, migrated or told.
///
/// # Errors
/// As [`open`], [`StartError::Behind`] and [`StartError::NoDatabase`].
pub async fn look_into(
    sources: &Sources,
    clocks: Clocks,
    address: SocketAddr,
    schema: Schema,
) -> Result<Product, StartError> {
    let configuration = configuration_there(sources, &clocks, address, schema).await?;
    put_together(configuration, clocks).await
}

/// The configuration with what the database holds of it, to look at only.
///
/// # Errors
/// As [`configuration`], [`StartError::Behind`] and [`StartError::NoDatabase`].
pub async fn configuration_there(
    sources: &Sources,
    clocks: &Clocks,
    address: SocketAddr,
    schema: Schema,
) -> Result<Configuration, StartError> {
    let config = sources.config(&Stored::new())?;
    let keys = Arc::new(keyring(&config)?);
    let url = config.database.url.expose_secret();
    if sqlite_file(url).is_some_and(|file| !file.exists()) {
        let missing = Db::migrations(Engine::Sqlite);
        return Err(StartError::NoDatabase { missing });
    }
    let connected = Db::connect(url, DbOptions::default(), keys).await;
    let db = connected.map_err(not_opened)?;
    let known = Db::migrations(db.engine());
    // Without its table nothing has been applied.
    let applied = match db.read().await {
        Ok(mut conn) => installation::applied_migrations(&mut conn).await,
        Err(error) => return Err(error.into()),
    };
    match known.saturating_sub(applied.unwrap_or(0)) {
        missing if missing == known => return Err(StartError::NoDatabase { missing }),
        missing if missing > 0 && schema == Schema::Present => {
            return Err(StartError::Behind { missing });
        }
        _ => {}
    }
    let fits = master_key::would_fit(&db).await?;
    of_database(db, fits, sources, clocks, address)
}

async fn put_together(configuration: Configuration, clocks: Clocks) -> Result<Product, StartError> {
    let beginning = configuration.begin().await?;
    let built = beginning.built();
    let config = &built.config;
    let files = open_files(config).await?;
    let live = LiveContext::from(Context {
        db: configuration.db().clone(),
        clock: clocks.clock,
        wall: clocks.wall,
        clients: Arc::clone(&built.clients),
        files,
        passwords: Passwords::default(),
        decoding: Decoding::default(),
        settings: Arc::clone(&built.settings),
        stop: CancellationToken::new(),
    });
    live.replace(built.runtime(beginning.generation));
    let chat = WecomChat::new(live.clone())?;
    let jobs = Jobs::new(live.clone(), Arc::new(chat));
    let follower = Follower::new(configuration.clone(), live.clone(), beginning);
    Ok(Product {
        live,
        jobs,
        configuration,
        follower,
    })
}

/// Where a backup is restored to by a configuration. Nothing is opened or made but the folders.
///
/// # Errors
/// [`StartError`] says which key to mend.
pub async fn restore_target(sources: &Sources, clocks: &Clocks) -> Result<Target, StartError> {
    let config = sources.config(&Stored::new())?;
    let url = config.database.url.expose_secret();
    make_folder_of(url)?;
    Ok(Target {
        sqlite_file: sqlite_file(url),
        url: config.database.url.clone(),
        files: open_files(&config).await?,
        backup_dir: config.backup.dir.trim().into(),
        keys: Arc::new(keyring(&config)?),
        now: clocks.clock.now(),
        wall_now: clocks.wall.now(),
        stop: CancellationToken::new(),
    })
}

/// Opens the database and what it holds of the configuration: what reads and writes settings, even
/// while the product cannot start with them.
///
/// # Errors
/// [`StartError`] says which key to mend.
pub async fn configuration(
    sources: &Sources,
    clocks: &Clocks,
    address: SocketAddr,
) -> Result<Configuration, StartError> {
    let db = connect(&sources.config(&Stored::new())?).await?;
    db.migrate().await?;
    let fits = master_key::fits(&db).await?;
    of_database(db, fits, sources, clocks, address)
}

async fn connect(config: &Config) -> Result<Db, StartError> {
    let keys = keyring(config)?;
    let url = config.database.url.expose_secret();
    make_folder_of(url)?;
    Db::connect(url, DbOptions::default(), Arc::new(keys))
        .await
        .map_err(not_opened)
}

fn of_database(
    db: Db,
    has_its_key: bool,
    sources: &Sources,
    clocks: &Clocks,
    address: SocketAddr,
) -> Result<Configuration, StartError> {
    if !has_its_key {
        let remedy = "Give the key that it was made with, or add that one to \
                      security.previous_master_keys";
        let what = "opens nothing of what the database holds";
        return Err(ConfigError::new("security.master_key", what, remedy).into());
    }
    let builder = Builder {
        clocks: clocks.clone(),
        address,
    };
    let clock = Arc::clone(&clocks.clock);
    Ok(Configuration::new(
        db,
        clock,
        sources.clone(),
        Arc::new(builder),
    ))
}

fn keyring(config: &Config) -> Result<Keyring, ConfigError> {
    let security = &config.security;
    let refused = |key, error| match error {
        KeyringError::TooManyKeys => {
            let remedy = "Run `campkeeper keys rotate`, then remove those that are old";
            ConfigError::new(key, format!("are more than {}", MAX_KEYS - 1), remedy)
        }
        _ => {
            let remedy = "Make one with `openssl rand -base64 32`";
            ConfigError::new(key, "is not 32 bytes in base64", remedy)
        }
    };
    Keyring::new(&security.master_key, &[])
        .map_err(|error| refused("security.master_key", error))?;
    Keyring::new(&security.master_key, &security.previous_master_keys)
        .map_err(|error| refused("security.previous_master_keys", error))
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

fn web_settings(config: &Config) -> WebSettings {
    let proxies = config.server.trusted_proxies.iter();
    WebSettings {
        trusted_proxies: proxies.map(|range| range.0).collect(),
    }
}

async fn open_files(config: &Config) -> Result<Files, ConfigError> {
    Files::open(&config.files.url).await.map_err(|error| {
        let remedy = "It is file://FOLDER, a folder that we may write to";
        ConfigError::new("files.url", format!("cannot be used: {error}"), remedy)
    })
}

/// The file of an embedded database.
fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite://")?;
    path.split('?').next().map(PathBuf::from)
}

/// SQLite makes the file, but not its folder.
fn make_folder_of(url: &str) -> Result<(), StartError> {
    let Some(path) = sqlite_file(url) else {
        return Ok(());
    };
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            let mut made = std::fs::DirBuilder::new();
            // What is in it is nobody else's on the machine.
            let made = made.recursive(true).mode(0o700).create(folder);
            made.map_err(StartError::Folder)
        }
        _ => Ok(()),
    }
}
