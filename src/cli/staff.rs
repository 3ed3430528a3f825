//! Staff and what they did, on the command line.

use std::io::Read as _;

use campkeeper::services::staff::{self, NewAccount};
use campkeeper::services::{Context, audit_chain};
use campkeeper::store::audit::ChainStatus;
use secrecy::SecretString;
use serde_json::json;

use super::Failure;
use super::output::print;

/// The longest password that is read from stdin.
const MAX_PASSWORD_BYTES: u64 = 4096;

/// Makes an account.
pub(super) async fn add(ctx: &Context, account: NewAccount, json: bool) -> Result<(), Failure> {
    let user = staff::create(ctx, None, account).await?;
    let result = json!({"id": user.id, "username": user.username, "role": user.role});
    Ok(print(
        json,
        &result,
        &format!("{} ({}) is there", user.username, user.role),
    )?)
}

/// Opens a user name that is locked.
pub(super) async fn unlock(ctx: &Context, username: &str, json: bool) -> Result<(), Failure> {
    let had_attempts = staff::unlock(ctx, username).await?;
    let line = if had_attempts {
        format!("{username} can sign in again")
    } else {
        format!("{username} was not locked")
    };
    let result = json!({"username": username, "hadAttempts": had_attempts});
    Ok(print(json, &result, &line)?)
}

/// Says whether the audit is whole.
pub(super) async fn verify_audit(
    ctx: &Context,
    end: Option<String>,
    json: bool,
) -> Result<(), Failure> {
    let chain = audit_chain::verify(ctx, end.as_deref()).await?;
    match chain {
        ChainStatus::Intact { rows } => {
            let result = json!({"intact": true, "rows": rows});
            Ok(print(json, &result, &format!("intact: {rows} rows"))?)
        }
        ChainStatus::Broken { seq, what } => {
            if json {
                print(
                    json,
                    &json!({"intact": false, "seq": seq, "what": what}),
                    "",
                )?;
            }
            Err(Failure::AuditBroken { seq, what })
        }
    }
}

/// The first line of stdin.
pub(super) fn read_password() -> std::io::Result<SecretString> {
    let mut text = String::new();
    std::io::stdin()
        .take(MAX_PASSWORD_BYTES)
        .read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned().into())
}
