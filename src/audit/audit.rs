//! The audit trail.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::answers::{Phase, Report};
use super::audit_error::AuditError;
use super::core::{Core, Line, Mode};
use super::event::AuditEvent;
use super::health::{AuditHealth, Closed, Lost, SinkHealth, SinkState};
use super::lane::{Lane, PerLane};
use super::recorded::Recorded;
use crate::diagnosis::Finding;
use crate::limits;
use crate::metrics::{Counted, Sample};
use crate::now_or_later::NowOrLater;

/// The longest time that a flush waits, and that dropping the trail does.
const FLUSH_WAIT: Duration = Duration::from_secs(4);
const DROP_WAIT: Duration = Duration::from_millis(500);

/// The audit trail: a record of each request, written by threads of their own.
///
/// [`record`](Self::record) packs what happened into a buffer of fixed size, one for each sink; it
/// neither blocks nor allocates. A thread of each sink numbers the records, encodes them and writes
/// them. What finds no room in a buffer is counted, and a [`Gap`](super::What::Gap) record says how
/// many were lost: each event is in the trail, or is counted, in each sink.
///
/// Cheap to clone: all clones share the threads. Close it with [`close`](Self::close) before the
/// process ends; dropping the last clone waits for half a second.
#[derive(Clone)]
pub struct Audit(Arc<Owner>);

/// Closes the trail when the last handle is dropped.
struct Owner {
    core: Arc<Core>,
}

impl Audit {
    /// Takes over a core whose threads run.
    pub(super) fn running(core: Arc<Core>) -> Self {
        Self(Arc::new(Owner { core }))
    }

    /// Records an event, without blocking and without an allocation.
    ///
    /// An allow can be left out by [`sample_allowed`](super::AuditBuilder::sample_allowed), and a refusal
    /// of an unauthenticated request can be counted in a summary ([`Collapse`](super::Collapse)).
    /// Everything else is packed for each sink, or counted as lost there.
    pub fn record(&self, event: &AuditEvent<'_>) -> Recorded {
        with_buffer(|buffer| self.core().record(event, buffer))
    }

    /// Writes and syncs what was recorded before, with the summaries of refusals and the gaps. It is
    /// ready when all sinks have done so.
    ///
    /// # Errors
    ///
    /// [`Failing`](super::AuditErrorKind::Failing) or [`Late`](super::AuditErrorKind::Late) if a sink has not done
    /// so within four seconds, [`Closed`](super::AuditErrorKind::Closed) after the trail was closed. What
    /// has room stays in the buffer and is written later: flush again.
    pub fn flush(&self) -> NowOrLater<'_, Result<(), AuditError>> {
        NowOrLater::later(async move {
            self.core().summarise(None);
            let deadline = Instant::now() + FLUSH_WAIT;
            self.finish(&self.core().lines, deadline).await?;
            // The checkpoints of the others are in their rings only now.
            self.finish(&self.core().anchors, deadline).await
        })
    }

    /// Returns the state of each sink.
    pub fn health(&self) -> AuditHealth {
        let sinks = self.core().lines.iter().chain(&self.core().anchors);
        AuditHealth {
            sinks: sinks.map(sink_health).collect(),
        }
    }

    /// Writes what was recorded before, ends the threads, and waits for them at most so long, also if
    /// a sink hangs. Other clones then record nothing: what they are given is counted as lost.
    pub fn close(self, within: Duration) -> Closed {
        self.0.close(within)
    }

    /// Returns whether every sink that requests depend on has room for the record of one more
    /// request. It is asked before a request is worked on.
    pub(crate) fn has_room(&self) -> bool {
        let lines = self.core().lines.iter();
        let mut needed = lines.filter(|line| line.mode != Mode::BestEffort);
        needed.all(|line| line.ring.has_room())
    }

    /// Returns whether an answer has to wait until its record is written.
    pub(crate) fn waits(&self) -> bool {
        let mut lines = self.core().lines.iter();
        lines.any(|line| line.mode == Mode::BeforeAnswer)
    }

    /// Returns what an operator should know of each sink.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let health = self.health();
        let sinks = health.sinks().iter();
        sinks.map(SinkHealth::finding).collect()
    }

    /// Returns the keyed hash of an identity that was claimed and not verified.
    pub(crate) fn claimed_id(&self, authority: &str, value: &[u8]) -> [u8; 8] {
        self.core().claimed.claimed_id(authority, value)
    }

    fn core(&self) -> &Core {
        &self.0.core
    }

    /// Waits until these sinks have written what they were given.
    async fn finish(&self, lines: &[Line], deadline: Instant) -> Result<(), AuditError> {
        let mark = |line: &Line| self.core().ticket(line, line.ring.mark(), deadline);
        // All are marked before the first is waited for.
        let tickets: Vec<_> = lines.iter().map(mark).collect();
        let mut answer = Ok(());
        for ticket in tickets {
            let written = ticket.await;
            answer = answer.and(written);
        }
        answer
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit")
            .field("lines", &self.core().lines)
            .finish_non_exhaustive()
    }
}

impl Owner {
    fn close(&self, within: Duration) -> Closed {
        if self.core.is_closed.swap(true, Ordering::AcqRel) {
            return Closed { unwritten: 0 };
        }
        let deadline = Instant::now().checked_add(within);
        self.core.summarise(None);
        let mut unwritten = 0_u64;
        // The last checkpoints are in the rings of the anchors when the others have ended.
        for lines in [&self.core.lines, &self.core.anchors] {
            lines.iter().for_each(|line| line.ring.close());
            let rest = lines.iter().map(|line| line.ring.wait_end(deadline));
            unwritten = rest.fold(unwritten, u64::saturating_add);
        }
        self.core.alarm.close();
        Closed { unwritten }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.close(DROP_WAIT);
    }
}

impl Counted for Audit {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        let reports: Vec<_> = self
            .core()
            .lines
            .iter()
            .map(|l| (l, l.ring.report()))
            .collect();
        for lane in Lane::ALL {
            let labels = [("lane", lane.as_str())];
            let mut sample = |name, value| {
                let labels = &labels;
                add(Sample {
                    name,
                    labels,
                    value,
                });
            };
            let first = reports.first().map(|(_, report)| report.tallies.get(lane));
            let given = first.map_or(0, |tally| tally.taken.saturating_add(tally.lost));
            let tallies = || reports.iter().map(|(_, report)| report.tallies.get(lane));
            sample("bearergate_audit_records_total", given);
            sample(
                "bearergate_audit_lost_total",
                tallies().map(|t| t.lost).sum(),
            );
            let bytes: usize = tallies().map(|t| t.bytes).sum();
            sample("bearergate_audit_bytes", bytes as u64);
        }
        let anchors = self.core().anchors.iter().map(|l| (l, l.ring.report()));
        for (line, report) in reports.iter().copied().chain(anchors) {
            add(Sample {
                name: "bearergate_audit_write_errors_total",
                labels: &[("sink", &line.name)],
                value: report.errors,
            });
        }
    }
}

fn sink_health(line: &Line) -> SinkHealth {
    let report = line.ring.report();
    SinkHealth {
        name: Arc::clone(&line.name),
        state: state(&report),
        lost: Lost(PerLane::each(|lane| report.tallies.get(lane).lost)),
        queued_bytes: report.tallies.iter().map(|(_, tally)| tally.bytes).sum(),
        written: report.written,
        errors: report.errors,
    }
}

const fn state(report: &Report) -> SinkState {
    match report.phase {
        Phase::Abandoned | Phase::Ended => SinkState::Closed,
        Phase::Open | Phase::Closing if report.is_broken => SinkState::Broken,
        Phase::Open | Phase::Closing => SinkState::Working,
    }
}

/// Passes the buffer of this thread, which is allocated once.
fn with_buffer<T>(pack: impl Fn(&mut Vec<u8>) -> T) -> T {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    if buffer.capacity() == 0 {
        buffer.reserve_exact(limits::AUDIT_RECORD);
    }
    let answer = pack(&mut buffer);
    // While the thread ends there is no place for it.
    let _ = BUFFER.try_with(|place| place.set(buffer));
    answer
}
