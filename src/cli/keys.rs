//! Master keys on the command line.

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
    let result = json!({"rewritten": rewritten, "left": left, "kinds": counts});
    let line = if left == 0 {
        format!("{rewritten} rewritten; the keys before the present one can go")
    } else {
        format!("{rewritten} rewritten, {left} left; keep the keys before the present one")
    };
    print(json, &result, &line)?;
    if left == 0 {
        Ok(())
    } else {
        Err(Failure::Partly)
    }
}
