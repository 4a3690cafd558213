//! The handle of a lock-out.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::state::{Begun, Moment};
use super::table::Table;
use super::weights::Weights;
use crate::address::Source;
use crate::error::RejectionKind;
use crate::event::{Event, EventThrottle, Observer};
use crate::metrics::{Counted, Counter, Sample};

/// A lock-out of sources that present bad credentials. Cheap to clone; clones share one table.
///
/// A rejection costs its [source](Source) points, by its kind; points are paid back with time. A
/// source whose points reach the budget is locked for a minute, and for twice as long each further
/// time, up to 15 minutes. A gate with it
/// ([`GateBuilder::lock_out`](crate::gate::GateBuilder::lock_out)) refuses the requests of a locked
/// source as [`LockedOut`](RejectionKind::LockedOut), before it reads their credentials.
///
/// Only the source is counted, never an identity that a credential claims, because an attacker
/// could claim that of a victim. A source whose address is not known is never locked. A success pays
/// nothing back, because an attacker may have one valid credential.
///
/// The memory is fixed, 4 MiB by default. A source that owes points, is locked, or has strikes is
/// never forgotten: when all slots are taken, further sources share the state of their network, an
/// IPv4 /24 or IPv6 /48, and its locks are as long as the first. Nothing is kept over a restart or
/// shared with other processes.
///
/// The [guide](crate::guide::lock_out) has the defaults with their reasons.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::RejectionKind;
/// use bearergate::address::Source;
/// use bearergate::limit::{LockOut, LockStanding};
///
/// let locks = LockOut::default();
/// let source = Source::of("192.0.2.7".parse()?);
/// let at = Duration::from_secs(10); // `Clock::elapsed`
///
/// for _ in 0..9 {
///     assert_eq!(locks.blame(source, RejectionKind::SignatureInvalid, at), None);
/// }
/// let locked = locks.blame(source, RejectionKind::SignatureInvalid, at).ok_or("not locked")?;
/// assert_eq!((locked.strikes, locked.lasts), (1, Duration::from_secs(60)));
/// let ends_in = Duration::from_millis(1);
/// let almost = at + Duration::from_millis(59_999);
/// assert_eq!(locks.standing(source, almost), LockStanding::Locked { ends_in });
/// let after = at + Duration::from_secs(60);
/// assert_eq!(locks.standing(source, after), LockStanding::Free);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Returns whether a source is locked out at this [elapsed time](crate::clock::Clock::elapsed).
    ///
    /// It counts nothing. A source that was never blamed costs one look at the table. A lock that was
    /// begun at a later time than `at` lasts from `at` on, because the clock was set back.
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

    /// Counts a rejection against its source, and returns the lock if it begins with this one.
    ///
    /// Call it for every rejection of a credential, after the verdict; kinds without
    /// [points](super::LockOutBuilder::weight) change nothing. Rejections of requests that were in flight
    /// when the lock began neither extend it nor begin another one.
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

    /// Forgets the points, the lock and the strikes of a source, for an operator who knows that it is
    /// honest. While the table is full, a source without a slot has those of its network.
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
        // What does not fit is left out.
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
        let free = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        free.copy_from_slice(part.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Mutex;

    use super::*;

    const FORGED: RejectionKind = RejectionKind::SignatureInvalid;

    const fn source(number: u32) -> Source {
        Source::of(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number)))
    }

    fn lock(locks: &LockOut, source: Source, at: Duration) {
        while locks.blame(source, FORGED, at).is_none() {}
    }

    fn samples(locks: &LockOut) -> Vec<(&'static str, u64)> {
        let mut samples = Vec::new();
        locks.samples(&mut |sample| {
            assert!(sample.labels.is_empty());
            samples.push((sample.name, sample.value));
        });
        samples
    }

    #[test]
    fn locks_are_counted_while_they_last_and_since_the_start() {
        let locks = LockOut::builder().sources(1_024).build().unwrap();
        let expect = |locked, lockouts, spared| {
            let expected = [
                ("bearergate_locked_sources", locked),
                ("bearergate_lockouts_total", lockouts),
                ("bearergate_spared_total", spared),
            ];
            assert_eq!(samples(&locks), expected);
        };
        expect(0, 0, 0);
        for number in 0..3 {
            lock(
                &locks,
                source(number),
                Duration::from_secs(u64::from(number)),
            );
        }
        locks.count_spared();
        expect(3, 3, 1);
        // The last request was at 61 s: the first two locks are over.
        locks.standing(source(9), Duration::from_secs(61));
        expect(1, 3, 1);
        locks.pardon(source(2));
        expect(0, 3, 1);
    }

    #[derive(Debug, Default)]
    struct Seen(Mutex<Vec<String>>);

    impl Observer for Seen {
        fn observe(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push(format!("{event:?}"));
        }
    }

    #[test]
    fn a_lock_is_an_event_at_most_once_a_second() {
        let seen = Arc::new(Seen::default());
        let observer = Arc::clone(&seen);
        let locks = LockOut::builder().observer(observer).build().unwrap();
        let v6 = Source::of("2001:db8:1111:2222::1".parse().unwrap());
        lock(&locks, source(1), Duration::from_millis(5_000));
        lock(&locks, source(2), Duration::from_millis(5_400));
        lock(&locks, source(3), Duration::from_millis(5_999));
        lock(&locks, v6, Duration::from_millis(6_000));
        lock(&locks, v6, Duration::from_millis(66_000));
        let event = |source, strikes, secs, count| {
            let event = Event::SourceLocked {
                source,
                strikes,
                secs,
                count,
            };
            format!("{event:?}")
        };
        let expected = [
            event("10.0.0.1", 1, 60, 1),
            event("2001:db8:1111:2222::/64", 1, 60, 3),
            event("2001:db8:1111:2222::/64", 2, 120, 1),
        ];
        assert_eq!(*seen.0.lock().unwrap(), expected);
    }

    #[test]
    fn a_full_table_is_an_event_and_is_reported_once() {
        let seen = Arc::new(Seen::default());
        let observer = Arc::clone(&seen);
        let builder = LockOut::builder().sources(1_024).observer(observer);
        let locks = builder.build().unwrap();
        for number in 0..900 {
            locks.blame(source(number), FORGED, Duration::ZERO);
        }
        locks.take_saturated();
        seen.0.lock().unwrap().clear();
        for number in 0..3_000 {
            locks.blame(source(number), FORGED, Duration::from_secs(2));
        }
        assert!(locks.take_saturated());
        assert!(!locks.take_saturated());
        let seen = seen.0.lock().unwrap();
        let saturated = seen
            .iter()
            .filter(|event| event.contains("LimiterSaturated"));
        assert_eq!(saturated.count(), 1);
    }
}
