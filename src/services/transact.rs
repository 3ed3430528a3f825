//! The one way in which services write: a transaction that is run again when it was overtaken.
//!
//! `Db::write` alone, once, is for what rests on something outside the transaction, so that seeing
//! it again could not help: a claim or a lease, what came of a call that has been made, a row that
//! is new or not.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::store::Tx;

use super::{Context, Result};

/// How often a transaction is run again: more than a handful of people at once decide about no one
/// thing.
const MAX_CONFLICTS: usize = 8;

impl Context {
    /// Runs `work` on `given` in one write transaction, and again while somebody else was first: it
    /// then sees what they did. Nothing may call out of it.
    pub(super) async fn transact<D, T, F>(&self, given: D, work: F) -> Result<T>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t D) -> BoxFuture<'t, Result<T>> + Copy + Send + 'static,
    {
        let given = Arc::new(given);
        again_if_overtaken(|| {
            let given = Arc::clone(&given);
            self.db
                .write(move |tx| Box::pin(async move { work(tx, &given).await }))
        })
        .await
    }
}

impl Context {
    /// Runs `work` on `given` in one write transaction, once: what it rests on was seen outside, and
    /// whoever calls this sees to being overtaken.
    pub(super) async fn transact_once<D, T, F>(&self, given: D, work: F) -> Result<T>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t D) -> BoxFuture<'t, Result<T>> + Copy + Send + 'static,
    {
        self.db
            .write(move |tx| Box::pin(async move { work(tx, &given).await }))
            .await
    }
}

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
