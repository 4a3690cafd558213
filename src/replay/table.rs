//! Marks in the memory of this process.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::shard::{GROUPS, Known, Shard, Short};
use super::{ReplayMark, ReplayStore};
use crate::clock::UnixTime;
use crate::error::{ConfigError, StoreError, StoreErrorKind};
use crate::event::{Event, EventThrottle, Observer};
use crate::limits;
use crate::metrics::{Counted, Metrics, Sample};
use crate::now_or_later::NowOrLater;

/// A [`ReplayStore`] in the memory of this process; cheap to clone, and clones share it.
///
/// It is for a service of one node: another node does not know its marks. It never evicts: a full
/// table refuses new claims until marks have ended, and one owner can use a quarter of it at most. It
/// keeps a mark for up to 30 s longer than it has to. The answer is always ready.
///
/// A restart forgets the marks, so a proof that was used before it may be used once more while it is
/// fresh. [`DpopBuilder::refuse_older_than_start`](crate::binding::DpopBuilder::refuse_older_than_start)
/// and nonces of this process ([`Nonces::of_this_process`](crate::nonce::Nonces::of_this_process))
/// prevent that.
///
/// ```
/// use bearergate::replay::ReplayTable;
///
/// let table = ReplayTable::new(100_000)?;
/// assert!(table.is_empty());
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ReplayTable(pub(super) Arc<Inner>);

pub(super) struct Inner {
    shards: [Mutex<Shard>; SHARDS],
    capacity: usize,
    len: AtomicUsize,
    /// The second of the last sweep.
    swept: AtomicU64,
    refused: AtomicU64,
    throttle: EventThrottle,
    observer: Option<Arc<dyn Observer>>,
}

const SHARDS: usize = 64;

impl ReplayTable {
    /// Makes a table for this many marks. Memory grows as marks are claimed, to at most 40 bytes for
    /// each.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) outside
    /// [`limits::REPLAY_ENTRIES_MIN`] to [`limits::REPLAY_ENTRIES_MAX`].
    pub fn new(entries: usize) -> Result<Self, ConfigError> {
        let range = limits::REPLAY_ENTRIES_MIN..=limits::REPLAY_ENTRIES_MAX;
        if !range.contains(&entries) {
            return Err(ConfigError::out_of_range("entries", entries, range));
        }
        Ok(Self::with_capacity(entries, None))
    }

    fn with_capacity(capacity: usize, observer: Option<Arc<dyn Observer>>) -> Self {
        Self(Arc::new(Inner {
            shards: std::array::from_fn(|_| Mutex::default()),
            capacity,
            len: AtomicUsize::new(0),
            swept: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            throttle: EventThrottle::new(),
            observer,
        }))
    }

    /// Sets the observer of [`ReplayTableFull`](crate::event::Event::ReplayTableFull). It makes an
    /// empty table, so call it before the table is used.
    #[must_use]
    pub fn observer(self, observer: impl Observer + 'static) -> Self {
        Self::with_capacity(self.0.capacity, Some(Arc::new(observer)))
    }

    /// Returns the number of marks, with those that have ended and are not removed yet.
    pub fn len(&self) -> usize {
        self.0.len.load(Ordering::Relaxed)
    }

    /// Returns true if there is no mark.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the counters of the table.
    pub fn metrics(&self) -> Metrics {
        Metrics::new(vec![Arc::new(self.clone())])
    }

    /// Returns how many claims were refused because there was no room.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }
}

impl Default for ReplayTable {
    /// A table for 1 000 000 marks.
    fn default() -> Self {
        Self::with_capacity(limits::REPLAY_ENTRIES, None)
    }
}

impl ReplayStore for ReplayTable {
    fn claim(
        &self,
        mark: ReplayMark,
        until: UnixTime,
        now: UnixTime,
    ) -> NowOrLater<'_, Result<bool, StoreError>> {
        NowOrLater::now(self.0.claim(mark, until, now))
    }
}

impl Inner {
    fn claim(&self, mark: ReplayMark, until: UnixTime, now: UnixTime) -> Result<bool, StoreError> {
        let mut short: Short = [0; 16];
        short.copy_from_slice(mark.as_bytes().split_at(16).0);
        let group = usize::from(mark.group()) / SHARDS % GROUPS;
        let mut has_swept = false;
        loop {
            let mut shard = self.shard(mark.group());
            let dropped = shard.drop_ended(now);
            self.len.fetch_sub(dropped, Ordering::Relaxed);
            match shard.find(&short, until) {
                Known::Claimed => return Ok(false),
                Known::Forgotten => return Err(set_back()),
                Known::Free => {}
            }
            if shard.owned(group) < self.capacity / 4 && self.reserve() {
                shard.insert(short, group, until);
                return Ok(true);
            }
            drop(shard);
            if has_swept || !self.sweep(now) {
                return Err(self.full(now));
            }
            has_swept = true;
        }
    }

    fn shard(&self, group: u16) -> MutexGuard<'_, Shard> {
        let [first, ..] = &self.shards;
        let shard = self.shards.get(usize::from(group) % SHARDS);
        // A claim does not panic, and a half-made one would only keep a mark.
        let locked = shard.unwrap_or(first).lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place of one mark, if there is one.
    fn reserve(&self) -> bool {
        let one_more = |len| (len < self.capacity).then_some(len + 1);
        let taken = self
            .len
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok()
    }

    /// Drops the marks that have ended in shards that nobody uses, at most once a second. Returns
    /// whether it did.
    pub(super) fn sweep(&self, now: UnixTime) -> bool {
        let (second, last) = (now.as_secs(), self.swept.load(Ordering::Relaxed));
        // What is far ahead is from before the clock was set back; requests that had to wait have an
        // older time, and sweep nothing.
        let is_due = second > last || last - second > limits::REQUEST_AGE.as_secs();
        let claim = || {
            self.swept
                .compare_exchange(last, second, Ordering::Relaxed, Ordering::Relaxed)
        };
        if !is_due || claim().is_err() {
            return false;
        }
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let dropped = shard.drop_ended(now);
            self.len.fetch_sub(dropped, Ordering::Relaxed);
        }
        true
    }

    fn full(&self, now: UnixTime) -> StoreError {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let at = Duration::from_secs(now.as_secs());
        if let (Some(observer), Some(count)) = (&self.observer, self.throttle.admit(at, 1)) {
            observer.observe(&Event::ReplayTableFull { count });
        }
        StoreErrorKind::Full.into()
    }
}

fn set_back() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable)
        .with_source("the clock was set back, and marks of this time were forgotten")
}

impl Counted for ReplayTable {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        let samples = [
            ("bearergate_replay_entries", self.len() as u64),
            ("bearergate_replay_full_total", self.refused()),
        ];
        for (name, value) in samples {
            add(Sample {
                name,
                labels: &[],
                value,
            });
        }
    }
}

impl fmt::Debug for ReplayTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayTable")
            .field("len", &self.len())
            .field("capacity", &self.0.capacity)
            .finish_non_exhaustive()
    }
}
