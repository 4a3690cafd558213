//! What all threads of an audit trail share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::answers::Put;
use super::audit_error::{AuditError, AuditErrorKind};
use super::event::AuditEvent;
use super::lane::{Lane, PerLane};
use super::packing::{self, Detail};
use super::pseudonym::ClaimedKey;
use super::record::{Common, What};
use super::recorded::Recorded;
use super::refusals::{Counted, Refusals};
use super::ring::Ring;
use super::waiting::{Alarm, Ticket};
use crate::address::Source;
use crate::clock::Clock;
use crate::event::{Event, EventThrottle, Observer};
use crate::policy::AuditLevel;

/// The longest time that an answer waits for its record.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// The state of an audit trail, without its threads.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) common: Common,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    /// The sinks of records.
    pub(super) lines: Vec<Line>,
    /// The sinks of checkpoints.
    pub(super) anchors: Vec<Line>,
    pub(super) detail: Detail,
    pub(super) claimed: ClaimedKey,
    pub(super) sample: u32,
    pub(super) refusals: Option<Refusals>,
    pub(super) alarm: Arc<Alarm>,
    pub(super) next: AtomicU64,
    pub(super) is_closed: AtomicBool,
    pub(super) losses: PerLane<EventThrottle>,
}

/// The way to one sink.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: Arc<str>,
    pub(super) ring: Arc<Ring>,
    pub(super) mode: Mode,
}

/// What a sink may ask of the requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    BestEffort,
    Required,
    BeforeAnswer,
}

impl Core {
    /// Records an event that is packed into `buffer`.
    pub(super) fn record(&self, event: &AuditEvent<'_>, buffer: &mut Vec<u8>) -> Recorded {
        let id = event.id.unwrap_or_else(|| self.next_id());
        let lane = lane(event);
        if self.is_left_out(event, lane, id) {
            return Recorded::ready(id, false, Ok(()));
        }
        packing::pack(event, id, &self.detail, buffer);
        self.put(lane, buffer, event.millis, id)
    }

    /// Returns a number that no other record of any start has.
    pub(super) fn next_id(&self) -> u128 {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        // The upper half is random for each start; the lower one does not show how many records
        // there are.
        let [low, high] = halves(self.common.boot);
        u128::from(high) << 64 | u128::from(scattered(count.wrapping_add(low)))
    }

    /// Returns whether the event gets no record: a sampled allow, or a refusal that is summed.
    fn is_left_out(&self, event: &AuditEvent<'_>, lane: Lane, id: u128) -> bool {
        match lane {
            Lane::Allowed => {
                let [low, _] = halves(id);
                let is_sampled = self.sample > 1 && event.detail() != AuditLevel::Full;
                is_sampled && low % u64::from(self.sample) != 0
            }
            Lane::Refused => self.is_summed(event),
            Lane::Notable => false,
        }
    }

    fn is_summed(&self, event: &AuditEvent<'_>) -> bool {
        let (Some(refusals), Some(kind)) = (&self.refusals, event.refusal()) else {
            return false;
        };
        if self.is_closed.load(Ordering::Acquire) {
            // No summary is written any more: each is counted as lost.
            return false;
        }
        let is_unverified = event.principal.is_none() && event.what == What::Decision;
        let Some(at) = self.clock.elapsed().filter(|_| is_unverified) else {
            return false;
        };
        self.summarise(Some(at));
        let source = event.origin.map_or(Source::unknown(None), |o| o.source());
        match refusals.count(source, kind, at, event.millis) {
            Counted::Recorded => false,
            Counted::Summed { is_first } => {
                if is_first {
                    self.alarm.set();
                }
                true
            }
        }
    }

    /// Puts a packed record into every ring.
    fn put(&self, lane: Lane, record: &[u8], millis: u64, id: u128) -> Recorded {
        let mut answer = Ok(());
        let mut is_lost = false;
        let mut first = None;
        let mut others = Vec::new();
        for line in &self.lines {
            let put = line.ring.put(lane, record, millis);
            is_lost |= !matches!(put, Put::Taken(_));
            match (line.mode, put) {
                (Mode::BeforeAnswer, Put::Taken(number)) => {
                    let ticket = self.ticket(line, number, Instant::now() + ANSWER_WAIT);
                    match first {
                        None => first = Some(ticket),
                        Some(_) => others.push(ticket),
                    }
                }
                (_, Put::Taken(_)) | (Mode::BestEffort, _) => {}
                (_, Put::Lost) if answer.is_ok() => answer = Err(line.error(AuditErrorKind::Full)),
                (_, Put::Closed) if answer.is_ok() => {
                    answer = Err(line.error(AuditErrorKind::Closed));
                }
                (_, Put::Lost | Put::Closed) => {}
            }
        }
        if is_lost {
            self.report_loss(lane, 1);
        }
        match (answer, first) {
            (Ok(()), Some(first)) => Recorded::waiting(id, is_lost, first, others),
            (answer, _) => Recorded::ready(id, is_lost, answer),
        }
    }

    pub(super) fn ticket(&self, line: &Line, number: u64, deadline: Instant) -> Ticket {
        Ticket {
            ring: Arc::clone(&line.ring),
            alarm: Arc::clone(&self.alarm),
            sink: Arc::clone(&line.name),
            number,
            deadline,
        }
    }

    /// Writes the summaries that are due at this elapsed time, or all if it is `None`.
    pub(super) fn summarise(&self, at: Option<Duration>) {
        let Some(refusals) = &self.refusals else {
            return;
        };
        while let Some((kind, sum)) = refusals.next_due(at) {
            let mut record = Vec::new();
            let id = self.next_id();
            packing::pack_summary(kind, sum.loss, sum.sources, id, &mut record);
            for line in &self.lines {
                let loss = (Lane::Refused, sum.loss);
                let put = line.ring.put_or_lose(Lane::Notable, &record, loss);
                if !matches!(put, Put::Taken(_)) {
                    self.report_loss(Lane::Refused, sum.loss.count);
                }
            }
        }
    }

    fn report_loss(&self, lane: Lane, records: u64) {
        let (Some(observer), Some(at)) = (&self.observer, self.clock.elapsed()) else {
            return;
        };
        if let Some(records) = self.losses.get(lane).admit(at, records) {
            let lane = lane.as_str();
            observer.observe(&Event::AuditLost { lane, records });
        }
    }

    /// Looks after deadlines and summaries, until the alarm is closed.
    pub(super) fn watch(&self) {
        /// How often the clock is read while a summary is due some time.
        const TICK: Duration = Duration::from_millis(500);
        let mut within = None;
        while self.alarm.wait(within) {
            let now = Instant::now();
            let deadlines = self
                .lines
                .iter()
                .filter_map(|line| line.ring.wake_late(now));
            let next = deadlines.min().map(|at| at.saturating_duration_since(now));
            if let Some(at) = self.clock.elapsed() {
                self.summarise(Some(at));
            }
            let has_sum = self.refusals.as_ref().is_some_and(Refusals::has_some);
            let tick = has_sum.then_some(TICK);
            within = next.into_iter().chain(tick).min();
        }
    }
}

impl Line {
    pub(super) fn error(&self, kind: AuditErrorKind) -> AuditError {
        AuditError::new(kind, Arc::clone(&self.name))
    }
}

fn lane(event: &AuditEvent<'_>) -> Lane {
    match event.what {
        What::Decision | What::Authenticated | What::Completed => match event.refusal() {
            None => Lane::Allowed,
            Some(_) => Lane::Refused,
        },
        _ => Lane::Notable,
    }
}

/// The lower and the upper half.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves of a number are cut off on purpose"
)]
const fn halves(number: u128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

/// A permutation of the numbers (SplitMix64).
const fn scattered(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
