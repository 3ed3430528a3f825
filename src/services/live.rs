//! Makes the context of each operation while settings and clients change: an operation takes one
//! snapshot and keeps it to its end, whatever is changed meanwhile.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;

use crate::domain::Clock;
use crate::platforms::files::Files;
use crate::store::Db;

use super::decoding::Decoding;
use super::passwords::Passwords;
use super::{Clients, Context, Settings, WallClock};

/// Settings and clients at one moment.
pub struct Runtime {
    /// The generation of the stored settings that it was made after.
    pub generation: i64,
    pub settings: Arc<Settings>,
    pub clients: Arc<Clients>,
}

/// Makes the context of each operation. Cheap to clone: all clones see a change at once.
#[derive(Clone)]
pub struct LiveContext {
    db: Db,
    clock: Arc<dyn Clock>,
    wall: Arc<dyn WallClock>,
    files: Files,
    passwords: Passwords,
    decoding: Decoding,
    stop: CancellationToken,
    runtime: Arc<ArcSwap<Runtime>>,
}

impl LiveContext {
    /// The context of one operation that begins now.
    #[must_use]
    pub fn snapshot(&self) -> Context {
        let runtime = self.runtime();
        Context {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
            wall: Arc::clone(&self.wall),
            clients: Arc::clone(&runtime.clients),
            files: self.files.clone(),
            passwords: self.passwords.clone(),
            decoding: self.decoding.clone(),
            settings: Arc::clone(&runtime.settings),
            stop: self.stop.clone(),
        }
    }

    /// The runtime of new operations.
    #[must_use]
    pub fn runtime(&self) -> Arc<Runtime> {
        self.runtime.load_full()
    }

    /// Lets operations that begin from now on go by `runtime`.
    pub fn replace(&self, runtime: Runtime) {
        self.runtime.store(Arc::new(runtime));
    }
}

/// Goes by the settings and clients of one context until they are replaced.
impl From<Context> for LiveContext {
    fn from(ctx: Context) -> Self {
        let runtime = Runtime {
            generation: 0,
            settings: ctx.settings,
            clients: ctx.clients,
        };
        Self {
            db: ctx.db,
            clock: ctx.clock,
            wall: ctx.wall,
            files: ctx.files,
            passwords: ctx.passwords,
            decoding: ctx.decoding,
            stop: ctx.stop,
            runtime: Arc::new(ArcSwap::from_pointee(runtime)),
        }
    }
}
