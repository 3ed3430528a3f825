//! Looks at the installation, also at one that does not start.

use std::net::SocketAddr;
use std::sync::Arc;

use campkeeper::app::{self, Clocks, Schema, StartError};
use campkeeper::catalogue::{Catalogue, Finding, Part};
use campkeeper::config::Sources;
use campkeeper::services::doctor::{self, Report, Scope};
use campkeeper::services::with_causes;
use serde_json::{Value, json};

use super::Failure;
use super::output::{print, tell};

/// Prints one line a part, and what to do where one is not well.
pub(super) async fn look(sources: &Sources, offline: bool, json: bool) -> Result<(), Failure> {
    let scope = if offline {
        Scope::Offline
    } else {
        Scope::Whole
    };
    let report = match report(sources, scope).await {
        Ok(report) => report,
        Err(error) => of_start(error)?,
    };
    let lines: Vec<String> = views(&report).iter().map(line).collect();
    let whole = json!({"ok": report.is_ok(), "checks": views(&report)});
    print(json, &whole, &lines.join("\n"))?;
    if report.is_ok() {
        Ok(())
    } else {
        Err(Failure::Unwell)
    }
}

async fn report(sources: &Sources, scope: Scope) -> Result<Report, StartError> {
    let address: SocketAddr = sources.config(&Default::default())?.server.listen;
    let looked = app::look_into(sources, Clocks::system(), address, Schema::Present);
    let product = looked.await?;
    let ctx = product.live.snapshot();
    let report = doctor::examine(&ctx, &product.configuration, scope).await;
    ctx.db.close().await;
    Ok(report)
}

/// What keeps the product from starting is all that can be told.
fn of_start(error: StartError) -> Result<Report, Failure> {
    let catalogue = Arc::new(Catalogue::load("").map_err(StartError::from)?);
    tell(&format!("campkeeper: {}", with_causes(&error)));
    let (part, finding) = match error {
        StartError::Config(error) => return Ok(Report::of_setting(error, catalogue)),
        StartError::Behind { missing } | StartError::NoDatabase { missing } => {
            (Part::Database, Finding::DatabaseBehind { missing })
        }
        StartError::Database(_) | StartError::Folder(_) => {
            (Part::Database, Finding::DatabaseSilent)
        }
        _ => (Part::Configuration, Finding::Internal),
    };
    Ok(Report::of_start(part, finding, catalogue))
}

fn views(report: &Report) -> Vec<Value> {
    let checks = report.checks.iter();
    let view = checks.map(|checked| {
        let (title, message, remedy) = checked.told(&report.catalogue);
        json!({
            "name": checked.part.as_str(), "title": title, "state": checked.state.as_str(),
            "message": message, "remedy": remedy,
        })
    });
    view.collect()
}

/// `[fail] 企业可信 IP：… → …`, in one line whatever is said.
fn line(view: &Value) -> String {
    let word = |name: &str| view[name].as_str().unwrap_or_default().to_owned();
    let (state, title, message) = (word("state"), word("title"), word("message"));
    let line = format!("[{state:>4}] {title}：{message}");
    let line = match view["remedy"].as_str() {
        Some(remedy) => format!("{line} → {remedy}"),
        None => line,
    };
    line.replace('\n', " ")
}
