//! The product and the stand-ins in one process: what `make demo` runs. Everything but the product
//! is simulated; time can be moved on the phone page, and the product's own clockwork follows it.

mod guide;
mod pictures;
mod planter;
mod seed;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use campkeeper::app::{App, Clocks, SystemClock};
use campkeeper::config::Sources;
use campkeeper::domain::{Clock, Timestamp};
use clap::Parser;
use sandbox::clock::SandboxClock;
use sandbox::{Sandbox, SandboxConfig};
use tracing_subscriber::EnvFilter;

/// Campkeeper with everything around it simulated.
#[derive(Parser)]
struct Arguments {
    /// Where the product listens; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the stand-ins listen; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:9090")]
    sandbox: SocketAddr,
    /// The folder of the database and the pictures; it is emptied first.
    #[arg(long, default_value = "target/demo")]
    folder: PathBuf,
}

/// Business time is the stand-ins': the control panel moves both.
struct DemoClock(SandboxClock);

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        Timestamp::from(self.0.now())
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    if arguments.folder.exists() {
        std::fs::remove_dir_all(&arguments.folder).context("the demo's folder")?;
    }
    std::fs::create_dir_all(&arguments.folder).context("the demo's folder")?;

    let sandbox = Sandbox::start(SandboxConfig {
        listen: arguments.sandbox,
        key_dir: Some(arguments.folder.clone()),
        ..SandboxConfig::default()
    })
    .await
    .context("the stand-ins")?;
    // Before the product starts: its book of jobs knows no way back.
    let story = seed::Story::before_today(sandbox.clock());
    let clocks = Clocks {
        clock: Arc::new(DemoClock(sandbox.clock().clone())),
        wall: Arc::new(SystemClock),
    };
    let app = App::start(sources(&arguments, &sandbox), clocks).await?;
    let url = format!("http://{}", app.address);
    sandbox.set_app_url(&url);
    guide::preparing();
    story.plant(&app, &sandbox, &url).await?;
    guide::print(&url, &sandbox.base_url());

    stopped().await?;
    app.stop().await;
    sandbox.stop().await;
    Ok(())
}

/// Ctrl-C, or the end that a script asks for.
async fn stopped() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

fn sources(arguments: &Arguments, sandbox: &Sandbox) -> Sources {
    let folder = arguments.folder.display();
    let variables = [
        ("SERVER__LISTEN", arguments.listen.to_string()),
        ("SERVER__PUBLIC_URL", String::new()),
        ("SERVER__METRICS_LISTEN", String::new()),
        // The product does not answer the robot yet.
        ("WECOM__SMART_BOT__NAME", String::new()),
        ("WECOM__SMART_BOT__TOKEN", String::new()),
        ("WECOM__SMART_BOT__ENCODING_AES_KEY", String::new()),
        ("DATABASE__URL", format!("sqlite://{folder}/campkeeper.db")),
        ("FILES__URL", format!("file://{folder}/uploads")),
        ("BACKUP__DIR", format!("{folder}/backups")),
        ("LIMITS__REQUESTS_PER_MINUTE", "0".to_owned()),
        ("REFUND__UNDO_SECONDS", "20".to_owned()),
        ("NOTIFY__RECIPIENTS", "lin.yue,chen.an".to_owned()),
        ("ZSXQ__MIN_INTERVAL_MS", "0".to_owned()),
        ("ZSXQ__JITTER_MS", "0".to_owned()),
    ];
    let variables = variables.map(|(key, value)| (format!("CAMPKEEPER__{key}"), value));
    Sources::new(sandbox.campkeeper_toml(), variables)
}
