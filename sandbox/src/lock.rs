//! Locks that outlive a thread that died while it held one.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex whose data stay usable even if another thread died while holding it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
