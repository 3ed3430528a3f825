//! What the command line can do. Each command calls one service.

mod backups;
mod doctor;
mod files;
mod json_log;
mod keys;
mod output;
mod settings;
mod staff;
mod stopping;
mod wizard;

use std::net::SocketAddr;
use std::path::PathBuf;

use campkeeper::app::{self, App, Clocks, Product, Schema, StartError};
use campkeeper::bot;
use campkeeper::config::{self, ConfigError, LogFormat, Sources, Stored};
use campkeeper::domain::ChainFault;
use campkeeper::domain::staff::Role;
use campkeeper::jobs::{self, Jobs, RunError};
use campkeeper::services::configuration::ConfigureError;
use campkeeper::services::imports::Mode;
use campkeeper::services::match_files::MatchFilesError;
use campkeeper::services::staff::NewAccount;
use campkeeper::services::{self, Context, audit_chain};
use campkeeper::store::{StoreError, users};
use campkeeper::web::openapi;
use clap::{Parser, Subcommand};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use files::MatchArguments;
pub(crate) use json_log::{JsonFields, JsonLines};
pub(crate) use output::complain;
use output::{print, print_text};
use stopping::{StopSignals, until_stopped};

/// Keeps the deposits of training camps: paid, checked in, refunded exactly once.
#[derive(Debug, Parser)]
#[command(name = "campkeeper", version)]
pub(crate) struct Arguments {
    /// The configuration file (campkeeper.toml if it is there).
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Print results as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate the database and serve.
    Serve,
    /// Migrate the database.
    Migrate,
    /// Copy the database and the uploads into a sealed file, beside a running server.
    Backup {
        /// The file.
        file: PathBuf,
    },
    /// Restore a backup into an empty database, once its audit and its books were found whole. Stop
    /// the server first.
    Restore {
        /// The file.
        file: PathBuf,
    },
    /// Staff accounts.
    #[command(subcommand)]
    User(UserCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The master keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// The clock's jobs.
    #[command(subcommand)]
    Job(JobCommand),
    /// The WeCom application.
    #[command(subcommand)]
    Wecom(WecomCommand),
    /// The planet's roster.
    #[command(subcommand)]
    Roster(RosterCommand),
    /// Look at the whole installation: what works, and what to do where something does not.
    Doctor {
        /// Ask nobody outside.
        #[arg(long)]
        offline: bool,
    },
    /// Match an export of payments with one of planet users.
    Match(MatchArguments),
    /// Print the OpenAPI document.
    Openapi,
    /// The configuration file.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
enum JobCommand {
    /// Name every job.
    List,
    /// Run a job once, now, beside a running server.
    Run {
        /// Its name, as `job list` says it.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
enum WecomCommand {
    /// Publish the menu under the chat.
    Menu,
}

#[derive(Debug, Subcommand)]
enum RosterCommand {
    /// Import the member export of the planet's back office (CSV or xlsx).
    Import {
        /// The export.
        file: PathBuf,
        /// Only say what it would do.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make an account.
    Add {
        /// The name typed at sign-in.
        #[arg(long)]
        username: String,
        /// super_admin, admin, coach or volunteer.
        #[arg(long)]
        role: Role,
        /// The name that others see.
        #[arg(long)]
        display_name: Option<String>,
        /// Their WeCom account, so that they can talk to the bot.
        #[arg(long)]
        wecom_userid: Option<String>,
        /// Read the password from stdin: arguments can be seen by others on the machine.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Open a user name that wrong passwords have locked.
    Unlock {
        /// The name typed at sign-in.
        username: String,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Say whether any row was edited, removed or added.
    Verify {
        /// Also compare with an end of it that the log of the program has (`end=…`).
        #[arg(long)]
        end: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Rewrite what is kept under a previous master key, beside a running server.
    Rotate,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print a commented file to begin with.
    Example {
        /// Ask for what is needed, and write the file in its place.
        #[arg(long)]
        wizard: bool,
    },
    /// Store a value over the file's: running servers follow within seconds.
    Set {
        /// A key as in the file (`zsxq.cookie`), its value on stdin; or a block (`zsxq`), its keys
        /// on stdin as TOML or JSON.
        key: String,
        /// Forget what is stored; nothing is read.
        #[arg(long)]
        unset: bool,
    },
    /// Print the value that holds, and where it comes from.
    Get {
        /// A key as in the file, or a block: then each of its keys.
        key: String,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Configure(#[from] ConfigureError),
    #[error(transparent)]
    Service(#[from] services::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Job(#[from] RunError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{}: {error}", path.display())]
    File {
        path: PathBuf,
        #[source]
        error: std::io::Error,
    },
    #[error(transparent)]
    Match(#[from] MatchFilesError),
    #[error("something fails; the lines above say what to do")]
    Unwell,
    #[error("not all of it could be done; the log says why")]
    Partly,
    #[error("the audit chain is broken at row {seq}: {what}")]
    AuditBroken { seq: i64, what: ChainFault },
}

impl Failure {
    /// The exit code of the contract.
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Configure(ConfigureError::Setting(_))
            | Self::Start(StartError::Config(_))
            | Self::Service(services::Error::Invalid(_) | services::Error::NotConfigured(_))
            | Self::Job(RunError::Unknown | RunError::Service(services::Error::NotConfigured(_))) => {
                2
            }
            Self::Job(RunError::AlreadyRunning) => 3,
            _ => 1,
        }
    }
}

/// How the configuration wants the log. A configuration that cannot be read is complained about
/// afterwards, in words for people.
pub(crate) fn log_format(arguments: &Arguments) -> LogFormat {
    let config = Sources::read(arguments.config.as_deref())
        .and_then(|sources| sources.config(&Stored::new()));
    config.map_or_else(|_| LogFormat::default(), |config| config.server.log_format)
}

/// Carries out a command.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Config(ConfigCommand::Example { wizard: true }) => {
            wizard::write_file(arguments.config, std::io::stdin().lock())?;
        }
        Command::Config(ConfigCommand::Example { wizard: false }) => print_text(config::EXAMPLE)?,
        Command::Match(files) => files::match_exports(files, arguments.json)?,
        Command::Openapi => {
            let document =
                serde_json::to_value(openapi::document()).map_err(std::io::Error::from)?;
            print(true, &document, "")?;
        }
        Command::Job(JobCommand::List) => list_jobs(arguments.json)?,
        _ => {
            let sources = Sources::read(arguments.config.as_deref())?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            runtime.block_on(with_sources(sources, arguments))?;
        }
    }
    Ok(())
}

async fn with_sources(sources: Sources, arguments: Arguments) -> Result<(), Failure> {
    let json = arguments.json;
    if let Command::Doctor { offline } = arguments.command {
        return doctor::look(&sources, offline, json).await;
    }
    let address = sources.config(&Stored::new())?.server.listen;
    match arguments.command {
        Command::Serve => return serve(sources).await,
        Command::Restore { file } => return backups::restore(&sources, &file, json).await,
        Command::Config(command) => return configure(&sources, address, command, json).await,
        Command::Backup { file } => {
            // It can be made before an upgrade, by the new program.
            let ctx = look_into(&sources, address, Schema::Earlier).await?;
            let done = backups::make(&ctx, &file, json).await;
            ctx.db.close().await;
            return done;
        }
        Command::Audit(AuditCommand::Verify { end }) => {
            let ctx = look_into(&sources, address, Schema::Present).await?;
            let done = staff::verify_audit(&ctx, end, json).await;
            ctx.db.close().await;
            return done;
        }
        _ => {}
    }
    let Product { live, jobs, .. } = app::open(&sources, Clocks::system(), address).await?;
    let ctx = live.snapshot();
    let done = match arguments.command {
        Command::User(UserCommand::Add {
            username,
            role,
            display_name,
            wecom_userid,
            password_stdin: _,
        }) => {
            let account = NewAccount {
                username,
                password: staff::read_password()?,
                role,
                display_name,
                wecom_userid,
            };
            staff::add(&ctx, account, json).await
        }
        Command::User(UserCommand::Unlock { username }) => {
            staff::unlock(&ctx, &username, json).await
        }
        Command::Keys(KeysCommand::Rotate) => keys::rotate(&ctx, json).await,
        Command::Job(JobCommand::Run { name }) => run_job(&jobs, &ctx.stop, &name, json).await,
        Command::Roster(RosterCommand::Import { file, dry_run }) => {
            let mode = if dry_run { Mode::DryRun } else { Mode::Write };
            files::import_roster(&ctx, &file, mode, json).await
        }
        Command::Wecom(WecomCommand::Menu) => publish_menu(&ctx, json).await,
        _ => Ok(print(
            json,
            &json!({"migrated": true}),
            "the database is up to date",
        )?),
    };
    if let Err(error) = audit_chain::note(&ctx).await {
        tracing::warn!(%error, "the end of the audit could not be noted");
    }
    ctx.db.close().await;
    done
}

/// What a command works with that changes nothing of the database, not even what is missing in it.
async fn look_into(
    sources: &Sources,
    address: SocketAddr,
    schema: Schema,
) -> Result<Context, StartError> {
    let product = app::look_into(sources, Clocks::system(), address, schema).await?;
    Ok(product.live.snapshot())
}

async fn configure(
    sources: &Sources,
    address: SocketAddr,
    command: ConfigCommand,
    json: bool,
) -> Result<(), Failure> {
    match command {
        ConfigCommand::Set { key, unset } => {
            let configuration = app::configuration(sources, &Clocks::system(), address).await?;
            let done = settings::set(&configuration, &key, unset, json).await;
            configuration.db().close().await;
            done
        }
        ConfigCommand::Get { key } => {
            let clocks = Clocks::system();
            let there = app::configuration_there(sources, &clocks, address, Schema::Present);
            let shown = match there.await {
                Ok(configuration) => {
                    let shown = configuration.show(&key).await;
                    configuration.db().close().await;
                    shown?
                }
                // Where there is none, nothing is stored.
                Err(StartError::NoDatabase { .. }) => sources.show(&key, &Stored::new())?,
                Err(error) => return Err(error.into()),
            };
            settings::print_shown(&key, &shown, json)
        }
        ConfigCommand::Example { .. } => Ok(print_text(config::EXAMPLE)?),
    }
}

async fn serve(sources: Sources) -> Result<(), Failure> {
    // Listened to before anybody is told that we are ready: who stops us then stops us in order.
    let mut signals = StopSignals::listen()?;
    let app = App::start(sources, Clocks::system()).await?;
    print_text(&format!("listening on http://{}\n", app.address))?;
    if users::count(&mut app.context().db.read().await?).await? == 0 {
        tracing::warn!(
            "there is no staff yet; make the first: \
             campkeeper user add --username admin --role super_admin --password-stdin"
        );
    }
    signals.next().await;
    tracing::info!("stopping");
    tokio::select! {
        () = app.stop() => {}
        // The second signal is hard; leases take back what it cuts off.
        () = signals.next() => {}
    }
    Ok(())
}

fn list_jobs(json: bool) -> Result<(), Failure> {
    let names: Vec<&str> = jobs::JOBS.iter().map(|job| job.name).collect();
    Ok(print(json, &json!(names), &names.join("\n"))?)
}

async fn run_job(
    jobs: &Jobs,
    stop: &CancellationToken,
    name: &str,
    json: bool,
) -> Result<(), Failure> {
    let (done, is_whole) = match until_stopped(stop, jobs.run_once(name)).await? {
        Err(RunError::Service(services::Error::PartlyDone(done))) => (done, false),
        ran => (ran?, true),
    };
    print(json, &done, &done.to_string())?;
    if is_whole {
        Ok(())
    } else {
        Err(Failure::Partly)
    }
}

async fn publish_menu(ctx: &Context, json: bool) -> Result<(), Failure> {
    let menu = bot::menu(&ctx.settings.public_url)
        .map_err(|error| services::Error::Invariant(error.to_string()))?;
    ctx.wecom()?
        .create_menu(&menu)
        .await
        .map_err(|error| services::Error::Platform {
            platform: "wecom",
            what: error.to_string(),
        })?;
    Ok(print(
        json,
        &json!({"published": true}),
        "the menu is published",
    )?)
}
