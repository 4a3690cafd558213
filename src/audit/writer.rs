//! The thread that writes the records of one sink.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use super::encoding::Encoding;
use super::lane::PerLane;
use super::record::{CountOf, LineMark, Record, What};
use super::ring::{Done, Entries, Loss, Phase, Ring, Work, framed};
use super::sink::{AuditSink, Batch, SinkStart};
use super::unpacking::{blank, unpack};
use crate::event::{Event, EventThrottle};
use crate::limits;

/// Encoded bytes after which a batch is written.
const BATCH: usize = 256 * 1024;
/// The time before the first new try, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// The longest time that written records are not synced.
const SYNC: Duration = Duration::from_secs(1);

/// The writer is not waited for any longer.
struct Abandoned;

/// Writes the entries of a ring into a sink.
#[derive(Debug)]
pub(super) struct Writer {
    core: Arc<Core>,
    ring: Arc<Ring>,
    name: Arc<str>,
    sink: Box<dyn AuditSink>,
    encoding: Encoding,
    /// Whether each batch is synced.
    is_durable: bool,
    failures: EventThrottle,
    sequence: u64,
    last_millis: u64,
    /// When the first batch was written that is not synced.
    unsynced: Option<Instant>,
    lines: Vec<u8>,
    marks: Vec<LineMark>,
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
        ring: Arc<Ring>,
        name: Arc<str>,
        (sink, encoding): (Box<dyn AuditSink>, Encoding),
        is_durable: bool,
    ) -> Self {
        Self {
            core,
            ring,
            name,
            sink,
            encoding,
            is_durable,
            failures: EventThrottle::new(),
            sequence: 0,
            last_millis: 0,
            unsynced: None,
            lines: Vec::new(),
            marks: Vec::new(),
            done: PerLane::default(),
        }
    }

    /// Runs until the ring is closed and empty, or abandoned.
    pub(super) fn run(mut self) {
        let ending = Ending(Arc::clone(&self.ring));
        // What is left then is counted when the ring ends.
        let _ = self.serve();
        drop(ending);
    }

    fn serve(&mut self) -> Result<(), Abandoned> {
        self.begin()?;
        let mut buffer = self.ring.buffer();
        loop {
            buffer.clear();
            let within = self.unsynced.map(|_| SYNC);
            let work = self.ring.take(&mut buffer, limits::AUDIT_FLUSH, within);
            let is_end = work.phase != Phase::Open;
            self.write_entries(&buffer)?;
            self.write_gaps(&work)?;
            if is_end {
                self.write_own(What::Stopped)?;
            }
            self.sync_if_due(is_end || work.is_awaited)?;
            self.ring.settle(work.last);
            if is_end {
                return Ok(());
            }
        }
    }

    fn begin(&mut self) -> Result<(), Abandoned> {
        let core = Arc::clone(&self.core);
        let start = SinkStart {
            node: &core.common.node,
            boot: core.common.boot,
            extension: self.encoding.extension(),
        };
        let mut previous = None;
        self.persist(|sink| {
            previous = sink.start(&start)?;
            Ok(())
        })?;
        let _ = previous;
        self.write_own(What::Started)
    }

    fn write_entries(&mut self, entries: &[u8]) -> Result<(), Abandoned> {
        for (lane, entry) in Entries(entries) {
            let done = self.done.get_mut(lane);
            done.bytes += framed(entry);
            done.records += 1;
            match unpack(entry, self.sequence + 1) {
                Some(record) => self.add(&record),
                None => self.ring.lose(lane, Loss::one(self.last_millis)),
            }
            if self.lines.len() >= BATCH {
                self.write_lines()?;
            }
        }
        self.write_lines()
    }

    /// Writes how many records were lost in each lane. They were lost after those before were put.
    fn write_gaps(&mut self, work: &Work) -> Result<(), Abandoned> {
        for (lane, loss) in work.losses.iter().filter(|(_, loss)| loss.count > 0) {
            let mut record = self.own(What::Gap, loss.last_millis);
            record.count = Some(CountOf {
                count: loss.count,
                first_millis: loss.first_millis,
                last_millis: loss.last_millis,
                sources: None,
                lane: Some(lane.as_str()),
            });
            self.add(&record);
        }
        self.write_lines()
    }

    /// Writes the record of the start or the end.
    fn write_own(&mut self, what: What) -> Result<(), Abandoned> {
        let millis = self.core.clock.unix_millis();
        let record = self.own(what, millis.unwrap_or(self.last_millis));
        self.add(&record);
        self.write_lines()
    }

    /// Begins a record of the trail about itself.
    fn own(&self, what: What, millis: u64) -> Record<'static> {
        let mut record = blank(what, millis, self.sequence + 1);
        record.id = self.core.next_id();
        record
    }

    /// Encodes a record as the next line.
    fn add(&mut self, record: &Record<'_>) {
        self.sequence += 1;
        self.last_millis = record.millis;
        self.encoding
            .encode(record, &self.core.common, &mut self.lines);
        self.lines.push(b'\n');
        self.marks.push(record.mark(self.lines.len()));
    }

    /// Writes the lines that are ready, and gives the room of their records back.
    fn write_lines(&mut self) -> Result<(), Abandoned> {
        if !self.lines.is_empty() {
            let lines = std::mem::take(&mut self.lines);
            let marks = std::mem::take(&mut self.marks);
            let progress = Cell::new(0);
            let written = self.persist(|sink| {
                let batch = Batch::new(&lines, &marks).continued(&progress);
                if batch.bytes().is_empty() {
                    return Ok(());
                }
                sink.write(&batch)
            });
            let count = marks.len() as u64;
            (self.lines, self.marks) = (lines, marks);
            written?;
            self.lines.clear();
            self.marks.clear();
            self.unsynced.get_or_insert_with(Instant::now);
            self.ring.release(&std::mem::take(&mut self.done), count);
        } else if self.done != PerLane::default() {
            self.ring.release(&std::mem::take(&mut self.done), 0);
        }
        Ok(())
    }

    fn sync_if_due(&mut self, is_awaited: bool) -> Result<(), Abandoned> {
        let Some(since) = self.unsynced else {
            return Ok(());
        };
        if is_awaited || self.is_durable || since.elapsed() >= SYNC {
            self.persist(|sink| sink.sync())?;
            self.unsynced = None;
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
            let answer = catch_unwind(AssertUnwindSafe(|| step(&mut *self.sink)));
            if matches!(answer, Ok(Ok(()))) {
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
