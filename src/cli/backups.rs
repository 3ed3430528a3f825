//! Backups on the command line.

use std::path::Path;

use campkeeper::app::{self, Clocks};
use campkeeper::config::Sources;
use campkeeper::services::{Context, Error, backup};
use serde_json::json;

use super::Failure;
use super::output::{print, tell};
use super::stopping::until_stopped;

/// Makes a backup in a file.
pub(super) async fn make(ctx: &Context, file: &Path, json: bool) -> Result<(), Failure> {
    let made = until_stopped(&ctx.stop, backup::write(ctx, file)).await?;
    let made = made.map_err(Error::from)?;
    let line = format!(
        "{}: {} bytes, {} uploaded files",
        made.file.display(),
        made.bytes,
        made.uploads
    );
    print(json, &json!(made), &line)?;
    all_there(made.missing)
}

/// Restores one into the empty database of the configuration.
pub(super) async fn restore(sources: &Sources, file: &Path, json: bool) -> Result<(), Failure> {
    let target = app::restore_target(sources, &Clocks::system()).await?;
    let restored = until_stopped(&target.stop, backup::restore(&target, file)).await??;
    let line = format!(
        "restored what was saved at {}: {} payments with whole books, {} rows of a whole audit, {} \
         uploaded files",
        restored.made_at, restored.payments, restored.audit_rows, restored.uploads
    );
    print(json, &json!(restored), &line)?;
    all_there(restored.missing)
}

fn all_there(missing: usize) -> Result<(), Failure> {
    if missing == 0 {
        return Ok(());
    }
    tell(&format!(
        "{missing} uploaded files that the database knows are missing"
    ));
    Err(Failure::Partly)
}
