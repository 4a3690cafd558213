//! The buffer between the threads of requests and the thread of a sink.

use std::mem;
use std::sync::PoisonError;
#[cfg(not(all(test, bearergate_shuttle)))]
use std::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};
use std::task::Waker;
use std::time::{Duration, Instant};

#[cfg(all(test, bearergate_shuttle))]
use shuttle::sync::{
    Condvar, Mutex, MutexGuard,
    atomic::{AtomicUsize, Ordering},
};

use super::answers::{Phase, Put, Report, Settled, Work};
use super::entries::framed;
use super::lane::{Lane, PerLane};
use super::tally::{Done, Loss, Tally};
use super::waiters::Waiters;

/// The bytes that a request needs: those of its record, as a rule.
const ROOM: usize = 1_024;

/// A wait that condition variables of all systems can measure.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// A buffer of fixed size. Its lanes have shares of it, and its entries are in the order in which
/// they were put.
///
/// INVARIANT: the bytes of a lane in `waiting` and those that the writer has taken and not released
/// are never more than the lane's quota.
#[derive(Debug)]
pub(super) struct Ring {
    state: Mutex<State>,
    /// For the writer: there is something to do.
    work: Condvar,
    /// For those who close: the writer has ended.
    end: Condvar,
    /// A copy of the used bytes of the lanes of requests, which is read without the lock.
    used: PerLane<AtomicUsize>,
    quotas: PerLane<usize>,
    /// Waiting bytes that wake the writer.
    wake_at: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    tallies: PerLane<Tally>,
    /// The number of the last entry or marker.
    last: u64,
    /// All up to this number is written and synced.
    settled: u64,
    waiters: Waiters,
    /// The writer waits without a limit of time.
    is_idle: bool,
    /// The writer is to start at once.
    is_urgent: bool,
    /// Somebody waits until what was put before is written and synced.
    is_marked: bool,
    phase: Phase,
    is_broken: bool,
    written: u64,
    errors: u64,
    /// Records that had room, and that the writer has left.
    abandoned: u64,
}

impl Ring {
    /// Creates a ring of so many bytes, which are allocated now, twice: once for the requests and
    /// once for the writer (see [`buffer`](Self::buffer)).
    pub(super) fn new(bytes: usize, wake_at: usize) -> Self {
        let state = State {
            waiting: Vec::with_capacity(bytes),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            end: Condvar::new(),
            used: PerLane::each(|_| AtomicUsize::new(0)),
            quotas: PerLane::quotas(bytes),
            wake_at,
        }
    }

    /// Returns the second buffer, which the writer passes to [`take`](Self::take).
    pub(super) fn buffer(&self) -> Vec<u8> {
        Vec::with_capacity(self.quotas.iter().map(|(_, bytes)| *bytes).sum())
    }

    /// Puts an entry into its lane, or counts it as lost. It does not wait for the writer and
    /// allocates nothing.
    pub(super) fn put(&self, lane: Lane, entry: &[u8], millis: u64) -> Put {
        self.put_or_lose(lane, entry, (lane, Loss::one(millis)))
    }

    /// Puts an entry into its lane, or counts this loss.
    pub(super) fn put_or_lose(&self, lane: Lane, entry: &[u8], loss: (Lane, Loss)) -> Put {
        let mut state = self.lock();
        let size = framed(entry);
        let is_open = state.phase == Phase::Open;
        let used = state.tallies.get(lane).bytes;
        let has_room = used + size <= *self.quotas.get(lane);
        let (true, true, Ok(length)) = (is_open, has_room, u32::try_from(entry.len())) else {
            state.tallies.get_mut(loss.0).lose(loss.1);
            return if is_open { Put::Lost } else { Put::Closed };
        };
        let tally = state.tallies.get_mut(lane);
        tally.bytes += size;
        tally.queued += 1;
        tally.taken += 1;
        self.publish(lane, used + size);
        state.waiting.extend_from_slice(&length.to_le_bytes());
        state.waiting.push(lane as u8);
        state.waiting.extend_from_slice(entry);
        state.last += 1;
        let number = state.last;
        let is_first = mem::take(&mut state.is_idle);
        let is_full = state.waiting.len() >= self.wake_at;
        let is_full = is_full && !mem::replace(&mut state.is_urgent, true);
        drop(state);
        if is_first || is_full {
            self.work.notify_one();
        }
        Put::Taken(number)
    }

    /// Counts records as lost that were never put, such as those of a summary without room.
    pub(super) fn lose(&self, lane: Lane, loss: Loss) {
        let mut state = self.lock();
        let tally = state.tallies.get_mut(lane);
        tally.lose(loss);
    }

    /// Returns whether both lanes of requests have room for one more record.
    pub(super) fn has_room(&self) -> bool {
        [Lane::Allowed, Lane::Refused].into_iter().all(|lane| {
            let used = self.used.get(lane).load(Ordering::Relaxed);
            used + ROOM <= *self.quotas.get(lane)
        })
    }

    /// Puts a marker that is settled when all before it is, losses included, and hurries the writer.
    pub(super) fn mark(&self) -> u64 {
        let mut state = self.lock();
        state.last += 1;
        state.is_urgent = true;
        state.is_marked = true;
        state.is_idle = false;
        let number = state.last;
        drop(state);
        self.work.notify_one();
        number
    }

    /// Returns whether this number is settled; if it is not yet, the waker is called when that may
    /// have changed.
    pub(super) fn poll_settled(&self, number: u64, deadline: Instant, waker: &Waker) -> Settled {
        let mut state = self.lock();
        if state.settled >= number {
            return Settled::Yes;
        }
        if matches!(state.phase, Phase::Abandoned | Phase::Ended) {
            return Settled::Never;
        }
        if Instant::now() >= deadline {
            let is_broken = state.is_broken;
            return Settled::Late { is_broken };
        }
        state.waiters.add(number, deadline, waker);
        drop(state);
        // A writer that waits before a new try does not wait longer than it has to.
        self.work.notify_one();
        Settled::NotYet
    }

    /// Wakes those whose deadline has passed, and returns the next deadline.
    pub(super) fn wake_late(&self, now: Instant) -> Option<Instant> {
        let mut state = self.lock();
        let late = state.waiters.take_late(now);
        let next = state.waiters.next_deadline();
        drop(state);
        late.into_iter().for_each(Waker::wake);
        next
    }

    /// Exchanges the buffers as soon as there is something to do, and at the latest when `within`
    /// has passed: then the work may be empty. `spare` has to be empty, and has the entries after it.
    pub(super) fn take(
        &self,
        spare: &mut Vec<u8>,
        batch: Duration,
        within: Option<Duration>,
    ) -> Work {
        let mut state = self.lock();
        if state.has_nothing() {
            state.is_idle = true;
            state = self.wait(state, within, State::has_nothing);
            state.is_idle = false;
        }
        let has_time = |state: &State| {
            let is_small = state.waiting.len() < self.wake_at;
            is_small && !state.is_urgent && !state.is_marked && state.phase == Phase::Open
        };
        state = self.wait(state, Some(batch), has_time);
        state.is_urgent = false;
        mem::swap(&mut state.waiting, spare);
        Work {
            losses: PerLane::each(|lane| mem::take(&mut state.tallies.get_mut(lane).pending)),
            last: state.last,
            is_awaited: mem::take(&mut state.is_marked),
            phase: state.phase,
        }
    }

    /// Gives the room of written entries back.
    pub(super) fn release(&self, done: &PerLane<Done>, lines: u64) {
        let mut state = self.lock();
        state.written += lines;
        for (lane, done) in done.iter() {
            let tally = state.tallies.get_mut(lane);
            tally.bytes = tally.bytes.saturating_sub(done.bytes);
            tally.queued = tally.queued.saturating_sub(done.records);
            self.publish(lane, tally.bytes);
        }
    }

    /// Says that all up to this number is written and synced.
    pub(super) fn settle(&self, number: u64) {
        let mut state = self.lock();
        state.settled = state.settled.max(number);
        state.is_broken = false;
        let settled = state.settled;
        let woken = state.waiters.take_up_to(settled);
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Counts an error of the sink.
    pub(super) fn fail(&self) {
        let mut state = self.lock();
        state.is_broken = true;
        state.errors += 1;
    }

    /// Says that the sink works, and returns the phase.
    pub(super) fn mend(&self) -> Phase {
        let mut state = self.lock();
        state.is_broken = false;
        state.phase
    }

    /// Waits before the next try, at most so long: somebody who waits for the records shortens it.
    /// Returns the phase.
    pub(super) fn pause(&self, least: Duration, most: Duration) -> Phase {
        let is_held = |state: &State| !matches!(state.phase, Phase::Abandoned);
        let state = self.wait(self.lock(), Some(least), is_held);
        let is_patient = |state: &State| {
            state.phase == Phase::Open && state.waiters.is_empty() && !state.is_marked
        };
        self.wait(state, Some(most.saturating_sub(least)), is_patient)
            .phase
    }

    /// Begins to close: nothing is put any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing;
        }
        drop(state);
        self.work.notify_all();
    }

    /// Waits until the writer has ended, without a deadline for ever, and returns how many records it has not written by then.
    /// They are counted as lost.
    pub(super) fn wait_end(&self, deadline: Option<Instant>) -> u64 {
        let mut state = self.lock();
        while state.phase == Phase::Closing {
            let now = Instant::now();
            let left = deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(now));
            if left.is_zero() {
                break;
            }
            let waited = self.end.wait_timeout(state, left.min(LONG));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.phase == Phase::Ended {
            return state.abandoned;
        }
        state.phase = Phase::Abandoned;
        state.abandon();
        let rest = state.abandoned;
        let woken = state.waiters.take_up_to(u64::MAX);
        drop(state);
        self.work.notify_all();
        woken.into_iter().for_each(Waker::wake);
        rest
    }

    /// Says that the writer has ended. What it leaves is lost.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.abandon();
        state.phase = Phase::Ended;
        let woken = state.waiters.take_up_to(u64::MAX);
        drop(state);
        self.end.notify_all();
        woken.into_iter().for_each(Waker::wake);
    }

    /// Returns the numbers for health and metrics.
    pub(super) fn report(&self) -> Report {
        let state = self.lock();
        Report {
            tallies: state.tallies,
            phase: state.phase,
            is_broken: state.is_broken,
            written: state.written,
            errors: state.errors,
        }
    }

    fn publish(&self, lane: Lane, bytes: usize) {
        self.used.get(lane).store(bytes, Ordering::Relaxed);
    }

    /// Waits while the condition holds, at most so long.
    fn wait<'r>(
        &self,
        mut state: MutexGuard<'r, State>,
        within: Option<Duration>,
        mut condition: impl FnMut(&State) -> bool,
    ) -> MutexGuard<'r, State> {
        let end = within.map(|within| Instant::now() + within);
        while condition(&state) {
            let Some(end) = end else {
                let waited = self.work.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.work.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// A panic while the lock is held leaves counts that are at most one record off.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_nothing(&self) -> bool {
        let has_loss = self
            .tallies
            .iter()
            .any(|(_, tally)| tally.pending.count > 0);
        self.waiting.is_empty() && !has_loss && !self.is_marked && self.phase == Phase::Open
    }

    /// Counts what waits or is being written as lost.
    fn abandon(&mut self) {
        for lane in Lane::ALL {
            let tally = self.tallies.get_mut(lane);
            let rest = mem::take(&mut tally.queued);
            tally.bytes = 0;
            tally.lost = tally.lost.saturating_add(rest);
            self.abandoned = self.abandoned.saturating_add(rest);
        }
        self.waiting.clear();
    }
}
