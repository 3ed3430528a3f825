//! SQLite's one writer. Sixteen connections with `BEGIN IMMEDIATE` starve some of them for
//! seconds; one writer that runs up to sixteen waiting works and commits them together does not.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::db::Conn;
use super::{Keyring, Signal, StoreError, StoreResult, Tx};

/// Works that share one commit at most.
const GROUP: usize = 16;
/// Works that may wait before callers wait to hand theirs in.
const QUEUE: usize = 1024;

#[derive(Clone)]
pub(super) struct Writer {
    works: mpsc::Sender<Message>,
}

enum Message {
    Work(Box<dyn Work>),
    Close(oneshot::Sender<()>),
}

/// One caller's transaction: run inside the group, answered when the group is durable.
trait Work: Send {
    /// Runs it; whether its changes are to be kept.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Undoes its answer: the group could not be committed, or the audit could not be written.
    fn fail(&mut self, error: StoreError);
    fn answer(self: Box<Self>, wakes: Vec<Signal>);
}

struct Transaction<T, E, F> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<(T, Vec<Signal>), E>>,
}

impl<T, E, F> Work for Transaction<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        async move {
            let Some(work) = self.work.take() else {
                return false;
            };
            // A panic is the work's own failure, not that of the others in its group.
            let outcome = AssertUnwindSafe(async { work(tx).await })
                .catch_unwind()
                .await;
            self.result = Some(outcome.unwrap_or_else(|_| Err(StoreError::WriterGone.into())));
            matches!(self.result, Some(Ok(_)))
        }
        .boxed()
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>, wakes: Vec<Signal>) {
        let result = self
            .result
            .unwrap_or_else(|| Err(StoreError::WriterGone.into()));
        // The caller may have gone away; what was committed stays committed.
        let _ = self.caller.send(result.map(|value| (value, wakes)));
    }
}

impl Writer {
    /// Starts the writer on a thread of its own: each answer of SQLite's thread then wakes one thread
    /// that waits for it, and not the runtime's workers in turn.
    pub(super) fn start(conn: Conn, keys: Arc<Keyring>) -> StoreResult<Self> {
        let (works, waiting) = mpsc::channel(QUEUE);
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || runtime.block_on(write_groups(Tx::new(conn), keys, waiting)))
            .map_err(sqlx::Error::Io)?;
        Ok(Self { works })
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<(T, Vec<Signal>), E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let work = Box::new(Transaction {
            work: Some(work),
            result: None,
            caller,
        });
        self.works
            .send(Message::Work(work))
            .await
            .map_err(|_| StoreError::WriterGone)?;
        answer.await.map_err(|_| StoreError::WriterGone)?
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.works.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

async fn write_groups(mut tx: Tx, keys: Arc<Keyring>, mut waiting: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(GROUP);
    while waiting.recv_many(&mut messages, GROUP).await > 0 {
        let mut group = Vec::with_capacity(messages.len());
        let mut closing = Vec::new();
        for message in messages.drain(..) {
            match message {
                Message::Work(work) => group.push(work),
                Message::Close(done) => closing.push(done),
            }
        }
        write_group(&mut tx, &keys, group).await;
        if !closing.is_empty() {
            // Answered only after the connection is gone, so that the file may be moved.
            waiting.close();
            drop(tx);
            for done in closing {
                let _ = done.send(());
            }
            return;
        }
    }
}

async fn write_group(tx: &mut Tx, keys: &Keyring, group: Vec<Box<dyn Work>>) {
    let mut group: Vec<(Box<dyn Work>, Vec<Signal>)> =
        group.into_iter().map(|work| (work, Vec::new())).collect();
    if let Err(cause) = commit_group(tx, keys, &mut group).await {
        tracing::error!(
            error = &cause as &dyn std::error::Error,
            "a group of writes was undone"
        );
        tx.abandon().await;
        for (work, wakes) in &mut group {
            wakes.clear();
            work.fail(StoreError::WriterGone);
        }
    }
    for (work, wakes) in group {
        work.answer(wakes);
    }
}

/// Runs a group, a savepoint each. What begins, divides and ends the transaction goes over with the
/// statements beside it.
async fn commit_group(
    tx: &mut Tx,
    keys: &Keyring,
    group: &mut [(Box<dyn Work>, Vec<Signal>)],
) -> StoreResult<()> {
    let last = group.len().saturating_sub(1);
    for (place, (work, wakes)) in group.iter_mut().enumerate() {
        if place == 0 {
            tx.put_off_control("BEGIN IMMEDIATE");
        }
        tx.put_off_control("SAVEPOINT work");
        let mut keep = work.run(tx).await;
        if keep && let Err(error) = release(tx, keys, place == last).await {
            work.fail(error);
            keep = false;
        }
        if let Some(cause) = tx.broken.take() {
            return Err(cause);
        }
        if keep {
            *wakes = tx.take_wakes();
        } else if let Err(error) = undo(tx, place == last).await {
            // What the transaction met says more than that it is gone.
            return Err(tx.broken.take().unwrap_or(error));
        }
    }
    Ok(())
}

/// Writes what a work has put off and audited, all of it or an error.
async fn release(tx: &mut Tx, keys: &Keyring, is_last: bool) -> StoreResult<()> {
    tx.flush_audit(keys).await?;
    tx.put_off_control("RELEASE work");
    if is_last {
        tx.put_off_control("COMMIT");
    }
    tx.flush().await
}

/// Undoes a work and keeps those before it.
async fn undo(tx: &mut Tx, is_last: bool) -> StoreResult<()> {
    tx.reset();
    tx.put_off_control("ROLLBACK TO work");
    tx.put_off_control("RELEASE work");
    if is_last {
        tx.put_off_control("COMMIT");
        tx.flush().await?;
    }
    Ok(())
}
