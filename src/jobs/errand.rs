//! Work of another door that is called by name like a job: the bot's inbox and outbox.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;

use crate::services;

type Run = dyn Fn() -> BoxFuture<'static, services::Result<Value>> + Send + Sync;

/// Work that has a job's name and no tick to claim: each piece of it has a lease of its own.
#[derive(Clone)]
pub struct Errand {
    /// Its name on the command line and in the API.
    pub name: &'static str,
    run: Arc<Run>,
}

impl Errand {
    /// An errand of a name.
    pub fn new(
        name: &'static str,
        run: impl Fn() -> BoxFuture<'static, services::Result<Value>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            run: Arc::new(run),
        }
    }

    /// Does it once, now; answers what was done.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn run(&self) -> services::Result<Value> {
        (self.run)().await
    }
}

impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Errand").field(&self.name).finish()
    }
}
