//! Counts what the drivers say in the log that they were asked.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

static HOPS: AtomicUsize = AtomicUsize::new(0);
static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    hops: usize,
    statements: usize,
}

impl Counted {
    pub const fn new(hops: usize, statements: usize) -> Self {
        Self { hops, statements }
    }
}

/// Begins to listen.
pub fn start() {
    let subscriber = tracing_subscriber::registry().with(Listener);
    tracing::subscriber::set_global_default(subscriber).unwrap();
}

/// What `work` asks.
pub async fn counted<T>(work: impl Future<Output = T>) -> (T, Counted) {
    let now = || {
        (
            HOPS.load(Ordering::SeqCst),
            STATEMENTS.load(Ordering::SeqCst),
        )
    };
    let before = now();
    let done = work.await;
    // SQLite's driver tells of a statement when it has forgotten it, on its own thread.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let after = now();
    (done, Counted::new(after.0 - before.0, after.1 - before.1))
}

struct Listener;

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if event.metadata().target() != "sqlx::query" {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        // A short statement is its own summary.
        let sql = if text.statement.trim().is_empty() {
            text.summary
        } else {
            text.statement
        };
        let is_ours =
            |part: &&str| !part.trim().is_empty() && !part.contains("a guard did not hold");
        HOPS.fetch_add(1, Ordering::SeqCst);
        STATEMENTS.fetch_add(sql.split(';').filter(is_ours).count(), Ordering::SeqCst);
    }
}

#[derive(Default)]
struct Text {
    summary: String,
    statement: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}
