//! The store of limits that several nodes share.

use std::fmt;
use std::time::Duration;

use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::rate::Rate;

/// Buckets of rates that several nodes share.
///
/// A bucket is one time: the *theoretical arrival time* (TAT) at which it is full again. Each cell
/// that is taken adds one step of the rate, the period divided by the quota and rounded up. A bucket
/// whose time has passed is full, so it needs no entry: an entry expires with its time.
///
/// Contract:
///
/// - [`take`](Self::take) is one atomic step of the store, whichever node asks: of two calls for
///   the last cell one gets it.
/// - Time is the store's own clock, never one that a node sends. In any span `s` a bucket gives at
///   most `burst + s / step` cells.
/// - From `least` to `want` cells are taken, as many as there are, or none if there are fewer than
///   `least`. `want` is at least `least`, which is at least 1. `least` may be more than the burst:
///   then none are taken.
/// - A TAT that lies further ahead than now and the time that fills an empty bucket (burst times
///   step) is reduced to that, and written, also if nothing is taken. Otherwise a bucket that was
///   used under a slower rate, or a value of another program, would refuse forever. A value that is
///   no time is as no value.
/// - An answer is ready within 50 ms: a call that takes longer has to end with
///   [`Unavailable`](crate::error::StoreErrorKind::Unavailable). This crate has no timer of its own
///   that could end it: the request that made the call waits for the store, and so do the requests
///   of the same bucket that are received in its first 50 ms.
/// - Nothing happens before the answer is first polled, unless it is ready. A call whose future is
///   dropped may have taken the cells.
///
/// What this crate adds: calls for several requests at once, breakers, and what a limit does while
/// its store does not answer. `testing::rate_store` (feature `testing`) checks an implementation
/// against this contract.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::{Mutex, PoisonError};
/// use std::time::{Duration, Instant};
///
/// use bearergate::NowOrLater;
/// use bearergate::error::StoreError;
/// use bearergate::limit::{Rate, RateKey, RateStore, Taken};
///
/// /// Buckets in the memory of one process. It never removes one: see a table of fixed size, or the
/// /// expiry of a store, for real use.
/// #[derive(Debug)]
/// struct LocalRates {
///     origin: Instant,
///     tats: Mutex<HashMap<RateKey, Duration>>,
/// }
///
/// impl RateStore for LocalRates {
///     fn take<'a>(
///         &'a self,
///         key: &'a RateKey,
///         rate: Rate,
///         want: u32,
///         least: u32,
///     ) -> NowOrLater<'a, Result<Taken, StoreError>> {
///         let step = rate.period().as_nanos().div_ceil(u128::from(rate.quota()));
///         let step = Duration::from_nanos(u64::try_from(step).unwrap_or(u64::MAX));
///         let span = step.saturating_mul(rate.burst_cells());
///         let now = self.origin.elapsed();
///         let mut tats = self.tats.lock().unwrap_or_else(PoisonError::into_inner);
///         let tat = tats.entry(*key).or_default();
///         *tat = (*tat).clamp(now, now + span);
///         let free = (span - (*tat - now)).as_nanos() / step.as_nanos();
///         let free = u32::try_from(free).unwrap_or(u32::MAX);
///         let cells = if free < least { 0 } else { want.min(free) };
///         let missing = step.saturating_mul(least.saturating_sub(free));
///         let wait = if cells == 0 { missing } else { Duration::ZERO };
///         *tat += step * cells;
///         NowOrLater::now(Ok(Taken::new(cells, wait, free - cells)))
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = LocalRates { origin: Instant::now(), tats: Mutex::default() };
/// let (key, rate) = (RateKey::from_bytes([7; 16]), Rate::per_minute(3)?);
/// let first = store.take(&key, rate, 2, 1).try_now().map_err(|_| "it never waits")??;
/// assert_eq!((first.cells, first.left), (2, 1));
/// let second = store.take(&key, rate, 2, 2).try_now().map_err(|_| "it never waits")??;
/// assert_eq!(second.cells, 0);
/// assert!(second.wait <= Duration::from_secs(20));
/// # Ok(())
/// # }
/// ```
pub trait RateStore: fmt::Debug + Send + Sync {
    /// Takes up to `want` cells of the bucket `key`, at least `least` or none.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store did not answer within 50 ms; it may have taken the cells. The
    /// limit then counts by itself or refuses, as it is configured.
    fn take<'a>(
        &'a self,
        key: &'a RateKey,
        rate: Rate,
        want: u32,
        least: u32,
    ) -> NowOrLater<'a, Result<Taken, StoreError>>;
}

const _: Option<&dyn RateStore> = None;

impl<S: RateStore + ?Sized> RateStore for std::sync::Arc<S> {
    fn take<'a>(
        &'a self,
        key: &'a RateKey,
        rate: Rate,
        want: u32,
        least: u32,
    ) -> NowOrLater<'a, Result<Taken, StoreError>> {
        (**self).take(key, rate, want, least)
    }
}

/// The key of a bucket: a keyed hash of the limit's name and of whom it counts, so that a store
/// holds no name of a caller and a caller cannot choose a key.
///
/// A store uses the bytes as they are. Two keys are the same bucket only if all of them are equal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RateKey([u8; 16]);

impl RateKey {
    /// Creates a key from the bytes of a keyed hash. Limits make their keys by themselves; it is for
    /// the tests of a store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What a store took from a bucket.
///
/// It is not trusted: more cells than were wanted count as those that were wanted, and a wait is
/// reduced to the time that fills an empty bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Taken {
    /// The cells that were taken: 0, or from `least` to `want`.
    pub cells: u32,
    /// If none were taken, the time until `least` cells are there, rounded up; otherwise zero.
    pub wait: Duration,
    /// The cells that are left after it.
    pub left: u32,
}

impl Taken {
    /// Creates the answer of a store.
    pub const fn new(cells: u32, wait: Duration, left: u32) -> Self {
        Self { cells, wait, left }
    }
}
