//! The handle of a lock-out.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::builder::LockOutBuilder;
use super::state::{Begun, Moment};
use super::table::Table;
use super::weights::Weights;
use crate::address::Source;
use crate::error::RejectionKind;
use crate::event::{Event, EventThrottle, Observer};
use crate::metrics::{Counted, Counter, Sample};

/// A lock-out of sources that present bad credentials. Cheap to clone; clones share one table.
#[derive(Clone, Debug)]
pub struct LockOut(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) table: Table,
    pub(super) weights: Weights,
    pub(super) spares_known: bool,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) counts: LockCounts,
}

#[derive(Debug)]
pub(super) struct LockCounts {
    lockouts: Counter,
    spared: Counter,
    /// A source had no slot since this was last asked.
    is_saturated: AtomicBool,
    locked_events: EventThrottle,
    saturated_events: EventThrottle,
}

/// Whether a source is locked out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller has to handle both answers"
)]
pub enum LockStanding {
    /// It is not.
    Free,
    /// It is, and its requests are [`LockedOut`](RejectionKind::LockedOut).
    Locked {
        /// The time to the end of the lock, in whole milliseconds and more than zero.
        ends_in: Duration,
    },
}

/// A lock that has begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Locked {
    /// How often the source was locked in a row, from 1.
    pub strikes: u32,
    /// The length of the lock.
    pub lasts: Duration,
}

impl LockOut {
    /// Starts with the defaults.
    pub fn builder() -> LockOutBuilder {
        LockOutBuilder::new()
    }

    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Returns whether a source is locked out at this [elapsed time](crate::clock::Clock::elapsed).
    /// It changes nothing.
    pub fn standing(&self, source: Source, at: Duration) -> LockStanding {
        if !source.is_known() {
            return LockStanding::Free;
        }
        match self.0.table.locked_for(source, Moment::of(at)) {
            0 => LockStanding::Free,
            millis => LockStanding::Locked {
                ends_in: Duration::from_millis(millis),
            },
        }
    }

    /// Counts a rejection against its source, and returns the lock that begins with it.
    pub fn blame(&self, source: Source, kind: RejectionKind, at: Duration) -> Option<Locked> {
        let points = self.0.weights.points(kind);
        if points == 0 || !source.is_known() {
            return None;
        }
        let blamed = self.0.table.blame(source, points, Moment::of(at));
        if blamed.is_shared {
            self.0.note_saturated(at);
        }
        let Begun { strikes, millis } = blamed.begun?;
        let locked = Locked {
            strikes: u32::from(strikes),
            lasts: Duration::from_millis(millis),
        };
        self.0.note_locked(source, locked, at);
        Some(locked)
    }

    /// Forgets what a source owes, its lock and its strikes.
    pub fn pardon(&self, source: Source) {
        self.0.table.pardon(source);
    }

    /// Returns whether credentials that are known without a signature check, a store or a network
    /// pass while their source is locked.
    pub fn spares_known(&self) -> bool {
        self.0.spares_known
    }

    /// Counts a request that passed although its source is locked.
    pub(crate) fn count_spared(&self) {
        self.0.counts.spared.add(1);
    }

    /// Returns whether a source had no slot since this was last asked.
    pub(crate) fn take_saturated(&self) -> bool {
        let is_saturated = &self.0.counts.is_saturated;
        is_saturated.load(Ordering::Relaxed) && is_saturated.swap(false, Ordering::Relaxed)
    }
}

impl Shared {
    fn note_saturated(&self, at: Duration) {
        let counts = &self.counts;
        counts.is_saturated.store(true, Ordering::Relaxed);
        if let Some(observer) = &self.observer
            && let Some(count) = counts.saturated_events.admit(at, 1)
        {
            let table = "sources";
            observer.observe(&Event::LimiterSaturated { table, count });
        }
    }

    fn note_locked(&self, source: Source, locked: Locked, at: Duration) {
        let counts = &self.counts;
        counts.lockouts.add(1);
        if let Some(observer) = &self.observer
            && let Some(count) = counts.locked_events.admit(at, 1)
        {
            observer.observe(&Event::SourceLocked {
                source: SourceText::of(source).as_str(),
                strikes: locked.strikes,
                secs: locked.lasts.as_secs(),
                count,
            });
        }
    }
}

impl LockCounts {
    pub(super) const fn new() -> Self {
        Self {
            lockouts: Counter::new(),
            spared: Counter::new(),
            is_saturated: AtomicBool::new(false),
            locked_events: EventThrottle::new(),
            saturated_events: EventThrottle::new(),
        }
    }
}

impl Counted for LockOut {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        let counts = &self.0.counts;
        let samples = [
            ("bearergate_locked_sources", self.0.table.locked()),
            ("bearergate_lockouts_total", counts.lockouts.get()),
            ("bearergate_spared_total", counts.spared.get()),
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

/// The text of a source, without an allocation.
struct SourceText {
    bytes: [u8; Self::BYTES],
    len: usize,
}

impl SourceText {
    /// The longest text is `2001:db8:1111:2222::/64`.
    const BYTES: usize = 48;

    fn of(source: Source) -> Self {
        let mut text = Self {
            bytes: [0; Self::BYTES],
            len: 0,
        };
        // What has no room is left out.
        let _ = write!(text, "{source}");
        text
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Write for SourceText {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let end = self.len.saturating_add(part.len());
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(part.as_bytes());
        self.len = end;
        Ok(())
    }
}
