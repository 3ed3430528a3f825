//! Commands that read people's files: the matcher as a tool, and the roster.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _};
use std::path::{Path, PathBuf};

use campkeeper::services::Context;
use campkeeper::services::imports::{MAX_FILE_BYTES, Mode};
use campkeeper::services::match_files::match_files;
use campkeeper::services::roster;
use clap::Args;
use serde_json::json;

use super::Failure;
use super::output::{print, tell};

/// Tables to match, and where the decisions go.
#[derive(Debug, Args)]
pub(super) struct MatchArguments {
    /// CSV or xlsx: `order_no, planet_user_id, planet_nickname, wechat_nickname`.
    #[arg(long)]
    payments: PathBuf,
    /// CSV or xlsx: `planet_user_id, planet_nickname`, and `member_number, wechat_nickname,
    /// card_name` where known.
    #[arg(long)]
    planet_users: PathBuf,
    /// CSV: `order_no, planet_user_id, score, decision, reasons`.
    #[arg(long)]
    out: PathBuf,
}

/// Matches two exports. The result appears whole or not at all.
pub(super) fn match_exports(arguments: &MatchArguments, json: bool) -> Result<(), Failure> {
    let payments = open(&arguments.payments)?;
    let users = open(&arguments.planet_users)?;
    let folder = match arguments.out.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // Only its owner may read it: it says who has paid.
    let made =
        tempfile::NamedTempFile::new_in(folder).map_err(|error| Failure::file(folder, error))?;
    let summary = match_files(payments, users, BufWriter::new(made.as_file()))?;
    made.persist(&arguments.out)
        .map_err(|error| Failure::file(&arguments.out, error.error))?;
    let line = format!(
        "{} payments, {} planet users: {} matched, {} to review, {} for people to search; written to {}",
        summary.payments,
        summary.planet_users,
        summary.matched,
        summary.review,
        summary.manual,
        arguments.out.display(),
    );
    Ok(print(json, &json!(summary), &line)?)
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    File::open(path)
        .map(BufReader::new)
        .map_err(|error| Failure::file(path, error))
}

/// Imports a roster, or says what that would do.
pub(super) async fn import_roster(
    ctx: &Context,
    path: &Path,
    mode: Mode,
    json: bool,
) -> Result<(), Failure> {
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    open(path)?
        // One more than is taken, so that what is too large shows.
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::file(path, error))?;
    let report = roster::import(ctx, None, bytes, mode).await?;
    for fault in &report.errors {
        tell(&format!("row {}: {}", fault.row, fault.message));
    }
    let line = format!(
        "{} added, {} changed, {} unchanged, {} left out",
        report.added,
        report.changed,
        report.unchanged,
        report.errors.len(),
    );
    Ok(print(json, &json!(report), &line)?)
}

impl Failure {
    fn file(path: &Path, error: io::Error) -> Self {
        Self::File {
            path: path.to_path_buf(),
            error,
        }
    }
}
