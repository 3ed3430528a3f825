//! Being told to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::output::tell;

/// Ctrl-C, and the end that an operating system asks for.
pub(super) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Does work that ends in good order, with what it has made on its way removed, once `stop` is
/// cancelled: by the first signal. The second drops it where it is.
pub(super) async fn until_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    let mut signals = StopSignals::listen()?;
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return Ok(done),
        () = signals.next() => {}
    }
    tell("stopping; once more to stop at once");
    stop.cancel();
    tokio::select! {
        done = work => Ok(done),
        () = signals.next() => Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into()),
    }
}
