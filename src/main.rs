//! The command line of Campkeeper. Results go to stdout, everything else to stderr; exit 0 done,
//! 1 failed, 2 wrong usage or configuration, 3 already running elsewhere.

mod cli;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use campkeeper::config::LogFormat;
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise; the scheduler tells of every job it learns, and
/// PostgreSQL at every start that the table of migrations is there already.
const LOGGED: &str = "info,tokio_cron_scheduler=warn,sqlx::postgres::notice=warn";

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match cli::log_format(&arguments) {
        LogFormat::Text => log.init(),
        LogFormat::Json => log
            .with_ansi(false)
            .event_format(cli::JsonLines)
            .fmt_fields(cli::JsonFields)
            .init(),
    }
    match cli::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            cli::complain(&failure);
            ExitCode::from(failure.code())
        }
    }
}
