//! The thread that writes the records of one sink.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::answers::{Phase, Work};
use super::core::Core;
use super::entries::{Entries, framed};
use super::lane::PerLane;
use super::record::{CountOf, What};
use super::ring::Ring;
use super::sink::{AuditSink, Batch, PreviousEnd, SinkNotice, SinkStart};
use super::tally::Done;
use super::trail::Trail;
use crate::event::{Event, EventThrottle};
use crate::limits;

/// The time before the first new try, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// How often a sink is asked while nothing is recorded.
const IDLE: Duration = Duration::from_secs(1);

/// The writer is not waited for any longer.
pub(super) struct Abandoned;

/// Writes the entries of a ring into a sink.
#[derive(Debug)]
pub(super) struct Writer {
    core: Arc<Core>,
    trail: Trail,
    out: Output,
    /// Whether each batch is synced.
    is_durable: bool,
}

/// A sink that is tried until it takes what it is given.
#[derive(Debug)]
struct Output {
    core: Arc<Core>,
    ring: Arc<Ring>,
    name: Arc<str>,
    sink: Box<dyn AuditSink>,
    failures: EventThrottle,
    notices: Vec<SinkNotice>,
    is_prepared: bool,
    is_synced: bool,
    /// The entries whose lines are not written.
    done: PerLane<Done>,
}

/// Ends a ring however its writer ends.
struct Ending(Arc<Ring>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Writer {
    pub(super) fn new(
        core: Arc<Core>,
        (name, ring): (Arc<str>, Arc<Ring>),
        sink: Box<dyn AuditSink>,
        trail: Trail,
        is_durable: bool,
    ) -> Self {
        let out = Output {
            core: Arc::clone(&core),
            ring,
            name,
            sink,
            failures: EventThrottle::new(),
            notices: Vec::new(),
            is_prepared: false,
            is_synced: true,
            done: PerLane::default(),
        };
        Self {
            core,
            trail,
            out,
            is_durable,
        }
    }

    /// Runs until the ring is closed and empty, or abandoned.
    pub(super) fn run(mut self) {
        let ending = Ending(Arc::clone(&self.out.ring));
        // What is left then is counted when the ring ends.
        let _ = self.serve();
        drop(ending);
    }

    fn serve(&mut self) -> Result<(), Abandoned> {
        let previous = self.out.start(self.trail.extension())?;
        self.trail.start(&self.core, previous.as_ref());
        self.write_own(What::Started)?;
        self.finish_batch()?;
        let mut buffer = self.out.ring.buffer();
        loop {
            buffer.clear();
            let work = self
                .out
                .ring
                .take(&mut buffer, limits::AUDIT_FLUSH, Some(IDLE));
            let is_end = work.phase != Phase::Open;
            if buffer.is_empty() && !work.is_awaited && !is_end {
                self.out.persist(|sink| sink.idle())?;
            }
            self.write_entries(&buffer)?;
            self.write_gaps(&work)?;
            if is_end {
                self.write_own(What::Stopped)?;
            }
            if self.trail.is_checkpoint_due(&self.core) || is_end {
                self.write_checkpoint()?;
            }
            self.finish_batch()?;
            self.out
                .sync_if(is_end || work.is_awaited || self.is_durable)?;
            self.out.ring.settle(work.last);
            if is_end {
                return Ok(());
            }
        }
    }

    fn write_entries(&mut self, entries: &[u8]) -> Result<(), Abandoned> {
        for (lane, entry) in Entries(entries) {
            self.begin_line()?;
            if !self.trail.add_entry(&self.core, entry) {
                let loss = self.trail.one_loss();
                self.out.ring.lose(lane, loss);
            }
            let done = self.out.done.get_mut(lane);
            done.bytes += framed(entry);
            done.records += 1;
            self.end_line()?;
        }
        Ok(())
    }

    /// Writes how many records were lost in each lane. They were lost after those before were put.
    fn write_gaps(&mut self, work: &Work) -> Result<(), Abandoned> {
        for (lane, loss) in work.losses.iter().filter(|(_, loss)| loss.count > 0) {
            self.begin_line()?;
            let count = CountOf {
                count: loss.count,
                first_millis: loss.first_millis,
                last_millis: loss.last_millis,
                sources: None,
                lane: Some(lane.as_str()),
            };
            self.trail
                .add_own(&self.core, What::Gap, loss.last_millis, |record| {
                    record.count = Some(count);
                });
            self.end_line()?;
        }
        Ok(())
    }

    /// Writes the record of the start or the end.
    fn write_own(&mut self, what: What) -> Result<(), Abandoned> {
        self.begin_line()?;
        let millis = self.core.clock.unix_millis();
        let millis = millis.unwrap_or(self.trail.last_millis());
        let starts = self.trail.starts().filter(|_| what == What::Started);
        self.trail.add_own(&self.core, what, millis, |record| {
            record.starts = starts;
        });
        self.end_line()
    }

    fn write_checkpoint(&mut self) -> Result<(), Abandoned> {
        if self.trail.has_chain() {
            self.begin_line()?;
            let file = self.out.sink.file().to_owned();
            self.trail.add_checkpoint(&self.core, &file);
        }
        Ok(())
    }

    /// Writes the lines that are ready, and what the sink reports about itself.
    fn finish_batch(&mut self) -> Result<(), Abandoned> {
        loop {
            self.out.write(&mut self.trail)?;
            let notices = std::mem::take(&mut self.out.notices);
            if notices.is_empty() || !self.trail.has_records() {
                return Ok(());
            }
            for SinkNotice { what, file } in notices {
                self.begin_line()?;
                let millis = self.trail.last_millis();
                self.trail
                    .add_own(&self.core, What::Lifecycle, millis, |record| {
                        record.subject_matter = Some((what, &file));
                    });
            }
        }
    }

    /// Prepares the sink for the first line of a batch.
    fn begin_line(&mut self) -> Result<(), Abandoned> {
        if self.out.is_prepared {
            return Ok(());
        }
        let mut begun = None;
        self.out.persist(|sink| {
            begun = sink.prepare()?;
            Ok(())
        })?;
        self.out.is_prepared = true;
        let room = self.out.sink.room();
        self.trail.begin_batch(begun, room);
        Ok(())
    }

    /// Writes the batch if it is long enough.
    fn end_line(&mut self) -> Result<(), Abandoned> {
        if self.trail.is_batch_full() {
            if self.trail.is_checkpoint_due(&self.core) {
                self.write_checkpoint()?;
            }
            self.out.write(&mut self.trail)?;
        } else if self.trail.is_checkpoint_due_by_count() {
            self.write_checkpoint()?;
        }
        Ok(())
    }
}

impl Output {
    fn start(&mut self, extension: &'static str) -> Result<Option<PreviousEnd>, Abandoned> {
        let core = Arc::clone(&self.core);
        let start = SinkStart {
            node: &core.common.node,
            boot: core.common.boot,
            extension,
        };
        let mut previous = None;
        self.persist(|sink| {
            previous = sink.start(&start)?;
            Ok(())
        })?;
        Ok(previous)
    }

    /// Writes the lines of a batch, and gives the room of their records back.
    fn write(&mut self, trail: &mut Trail) -> Result<(), Abandoned> {
        let (lines, marks) = trail.batch();
        if !lines.is_empty() {
            self.persist(|sink| sink.write(&Batch::new(lines, marks)))?;
            self.is_synced = false;
            self.is_prepared = false;
        }
        let count = marks.len() as u64;
        self.ring.release(&std::mem::take(&mut self.done), count);
        trail.end_batch();
        Ok(())
    }

    fn sync_if(&mut self, is_awaited: bool) -> Result<(), Abandoned> {
        if is_awaited && !self.is_synced {
            self.persist(|sink| sink.sync())?;
            self.is_synced = true;
        }
        Ok(())
    }

    /// Repeats a step until the sink takes it.
    fn persist(
        &mut self,
        mut step: impl FnMut(&mut dyn AuditSink) -> io::Result<()>,
    ) -> Result<(), Abandoned> {
        let mut pause = FIRST_PAUSE;
        loop {
            // A sink that panics is one that fails.
            let answer = catch_unwind(AssertUnwindSafe(|| {
                let answer = step(&mut *self.sink);
                (answer, self.sink.take_notices())
            }));
            let is_done = answer.is_ok_and(|(answer, notices)| {
                self.notices.extend(notices);
                answer.is_ok()
            });
            if is_done {
                return match self.ring.mend() {
                    Phase::Abandoned => Err(Abandoned),
                    _ => Ok(()),
                };
            }
            self.ring.fail();
            self.report_failure();
            if self.ring.pause(FIRST_PAUSE, pause) == Phase::Abandoned {
                return Err(Abandoned);
            }
            pause = LAST_PAUSE.min(pause * 2);
        }
    }

    fn report_failure(&self) {
        let Some(observer) = &self.core.observer else {
            return;
        };
        let at = self.core.clock.elapsed().unwrap_or_default();
        if let Some(count) = self.failures.admit(at, 1) {
            let sink = &*self.name;
            observer.observe(&Event::AuditSinkFailed { sink, count });
        }
    }
}
