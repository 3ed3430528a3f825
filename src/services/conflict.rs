//! What was overtaken is done again.

use super::Result;

/// How often: more than a handful of people at once decide about no one thing.
const MAX_CONFLICTS: usize = 8;

/// Does `work` again while somebody else was first: it then sees what they did. `work` is one
/// transaction, or steps of which each can be repeated.
pub(super) async fn again_if_overtaken<T, F>(work: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut conflicts = 0;
    loop {
        match work().await {
            Err(error) if error.is_conflict() && conflicts < MAX_CONFLICTS => conflicts += 1,
            other => return other,
        }
    }
}
