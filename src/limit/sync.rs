//! Locks and atomic numbers, which are those of shuttle where it chooses the order of the steps.

#[cfg(not(all(test, bearergate_shuttle)))]
use std::sync;

#[cfg(all(test, bearergate_shuttle))]
use shuttle::sync;

pub(super) use self::sync::atomic::{AtomicU32, AtomicU64, Ordering};
pub(super) use self::sync::{Mutex, MutexGuard};
