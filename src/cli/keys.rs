//! Master keys on the command line.

use campkeeper::services::backup::{self, NeededKey};
use campkeeper::services::{Context, rotate_keys};
use serde_json::json;

use super::Failure;
use super::output::{print, tell};

/// Rewrites what is under an earlier key, and says how far it is.
pub(super) async fn rotate(ctx: &Context, json: bool) -> Result<(), Failure> {
    let counts = rotate_keys::rotate(ctx, |count| {
        tell(&format!(
            "{}: {} seen, {} rewritten",
            count.kind, count.seen, count.rewritten
        ));
    })
    .await?;
    let rewritten: usize = counts.iter().map(|count| count.rewritten).sum();
    let left: usize = counts.iter().map(|count| count.left).sum();
    let needed = backup::needed_keys(ctx).await?;
    let result =
        json!({"rewritten": rewritten, "left": left, "kinds": counts, "neededByBackups": needed});
    let line = if left > 0 {
        format!("{rewritten} rewritten, {left} left; keep the keys before the present one")
    } else if needed.is_empty() {
        format!("{rewritten} rewritten; the keys before the present one can go")
    } else {
        let kept: Vec<String> = needed.iter().map(needed_line).collect();
        format!(
            "{rewritten} rewritten; of the keys before the present one those can go that no backup \
             needs\n{}",
            kept.join("\n")
        )
    };
    print(json, &result, &line)?;
    if left == 0 {
        Ok(())
    } else {
        Err(Failure::Partly)
    }
}

fn needed_line(needed: &NeededKey) -> String {
    let NeededKey {
        key,
        backups,
        newest,
    } = needed;
    let so_many = format!("{backups} backups in backup.dir, the newest of {newest}");
    match key {
        Some(key) => format!("keep {key}: it opens {so_many}"),
        None => format!("no key that is configured opens {so_many}"),
    }
}
