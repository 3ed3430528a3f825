//! The stand-ins alone, for a real `campkeeper serve`:
//! `cargo run -p sandbox -- --listen 127.0.0.1:9090 --app http://127.0.0.1:8080`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Parser;
use sandbox::{Sandbox, SandboxConfig};
use tokio::signal::unix::{SignalKind, signal};

/// Stand-ins of WeCom, WeChat Pay and the planet, with the WeCom phone page.
#[derive(Parser)]
#[command(name = "sandbox")]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// Where campkeeper is.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    app: String,
    /// Where the key files that campkeeper.toml names are written.
    #[arg(long, default_value = "data/sandbox-keys")]
    key_dir: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let config = SandboxConfig {
        listen: arguments.listen,
        app_url: Some(arguments.app),
        key_dir: Some(arguments.key_dir),
        on_clock_moved: None,
    };
    let sandbox = match Sandbox::start(config).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            tracing::error!(%error, "the sandbox did not start");
            return ExitCode::FAILURE;
        }
    };
    let base_url = sandbox.base_url();
    tracing::info!("phone and control panel: {base_url}/");
    tracing::info!("settings for campkeeper: {base_url}/control/campkeeper.toml");
    stop_signal().await;
    sandbox.stop().await;
    ExitCode::SUCCESS
}

/// Returns at Ctrl-C or SIGTERM. If signals cannot be heard it returns at once: ending is then the
/// only way to stay stoppable.
async fn stop_signal() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
