//! The lines of one sink: numbered, encoded and sealed.

use std::sync::Arc;
use std::time::Duration;

use super::chain::{Chain, ChainKey};
use super::core::Core;
use super::encoding::Encoding;
use super::lane::Lane;
use super::record::{CheckpointOf, LineMark, Record, What};
use super::ring::Ring;
use super::sink::{FileBegin, PreviousEnd};
use super::tally::Loss;
use super::unpacking::{blank, unpack};
use crate::limits;

/// Encoded bytes after which a batch is written.
const BATCH: usize = 256 * 1024;

/// The lines of a batch that is not written yet, and the numbers of those before.
#[derive(Debug)]
pub(super) struct Trail {
    name: Arc<str>,
    form: Form,
    sequence: u64,
    last_millis: u64,
    line: Vec<u8>,
    lines: Vec<u8>,
    marks: Vec<LineMark>,
    /// The bytes after which the batch is written.
    room: usize,
}

/// How entries become lines.
#[derive(Debug)]
enum Form {
    Records {
        encoding: Encoding,
        seals: Option<Box<Seals>>,
    },
    /// Sealed checkpoints of the other sinks, as they are.
    Checkpoints,
}

/// The chain of a trail and the places that confirm it.
#[derive(Debug)]
struct Seals {
    key: ChainKey,
    /// From the start on.
    chain: Option<Chain>,
    anchors: Vec<Arc<Ring>>,
    /// Checkpoints of the batch, with their times.
    unconfirmed: Vec<(Vec<u8>, u64)>,
    /// The lines since the last checkpoint, and the elapsed time of that.
    count: u64,
    since: Option<Duration>,
}

impl Trail {
    /// Creates the trail of a sink of records, with its chain and anchors if there is a key.
    pub(super) fn of_records(
        name: Arc<str>,
        encoding: Encoding,
        key: Option<ChainKey>,
        anchors: Vec<Arc<Ring>>,
    ) -> Self {
        let seals = key.map(|key| {
            Box::new(Seals {
                key,
                chain: None,
                anchors,
                unconfirmed: Vec::new(),
                count: 0,
                since: None,
            })
        });
        Self::new(name, Form::Records { encoding, seals })
    }

    /// Creates the trail of an anchor.
    pub(super) fn of_checkpoints(name: Arc<str>) -> Self {
        Self::new(name, Form::Checkpoints)
    }

    const fn new(name: Arc<str>, form: Form) -> Self {
        Self {
            name,
            form,
            sequence: 0,
            last_millis: 0,
            line: Vec::new(),
            lines: Vec::new(),
            marks: Vec::new(),
            room: BATCH,
        }
    }

    /// Returns the extension of files.
    pub(super) const fn extension(&self) -> &'static str {
        match self.form {
            Form::Records { encoding, .. } => encoding.extension(),
            Form::Checkpoints => "anchor",
        }
    }

    /// Starts the chain after the end of the former start.
    pub(super) fn start(&mut self, core: &Core, previous: Option<&PreviousEnd>) {
        if let Form::Records {
            encoding,
            seals: Some(seals),
        } = &mut self.form
        {
            let boot = core.common.boot;
            let trail = format!("{}/{}", core.common.node, self.name);
            let chain = Chain::start(&seals.key, &trail, boot, *encoding, previous);
            seals.chain = Some(chain);
            seals.since = core.clock.elapsed();
        }
    }

    /// Returns how many starts there were, if a chain counts them.
    pub(super) fn starts(&self) -> Option<u64> {
        Some(self.seals()?.chain.as_ref()?.starts())
    }

    pub(super) fn has_chain(&self) -> bool {
        self.seals().is_some()
    }

    /// Whether the trail has records about itself.
    pub(super) const fn has_records(&self) -> bool {
        matches!(self.form, Form::Records { .. })
    }

    pub(super) const fn last_millis(&self) -> u64 {
        self.last_millis
    }

    /// The loss of a record of about now.
    pub(super) const fn one_loss(&self) -> Loss {
        Loss::one(self.last_millis)
    }

    /// Begins a batch, which is the first one of a file if there is one.
    pub(super) fn begin_batch(&mut self, begun: Option<FileBegin>, room: usize) {
        self.room = room.min(BATCH);
        if let (Some(begun), Some(seals)) = (begun, self.seals_mut())
            && let Some(chain) = &mut seals.chain
        {
            chain.begin_file(begun.kept_from);
        }
    }

    pub(super) const fn is_batch_full(&self) -> bool {
        self.lines.len() >= self.room
    }

    pub(super) fn batch(&self) -> (&[u8], &[LineMark]) {
        (&self.lines, &self.marks)
    }

    /// Forgets a batch that was written, and gives its checkpoints to the anchors. Before that they
    /// would confirm lines that a killed process never wrote.
    pub(super) fn end_batch(&mut self) {
        if let Some(seals) = self.seals_mut() {
            for (entry, millis) in seals.unconfirmed.drain(..) {
                for anchor in &seals.anchors {
                    anchor.put(Lane::Notable, &entry, millis);
                }
            }
        }
        self.lines.clear();
        self.marks.clear();
    }

    /// Adds an entry of the ring; false if it cannot be read.
    pub(super) fn add_entry(&mut self, core: &Core, entry: &[u8]) -> bool {
        if !self.has_records() {
            return self.add_sealed(entry);
        }
        let Some(record) = unpack(entry, self.sequence + 1) else {
            return false;
        };
        self.add(core, &record);
        true
    }

    /// Adds a record of the trail about itself.
    pub(super) fn add_own<'r>(
        &mut self,
        core: &Core,
        what: What,
        millis: u64,
        fill: impl FnOnce(&mut Record<'r>),
    ) {
        if self.has_records() {
            let mut record = blank(what, millis, self.sequence + 1);
            record.id = core.next_id();
            fill(&mut record);
            self.add(core, &record);
        }
    }

    /// Adds a checkpoint, which the anchors get when it is written.
    pub(super) fn add_checkpoint(&mut self, core: &Core, file: &str) {
        let Some(chain) = self.seals().and_then(|seals| seals.chain.as_ref()) else {
            return;
        };
        let (head, count) = (chain.head(), chain.count());
        let millis = self.last_millis;
        self.add_own(core, What::Checkpoint, millis, |record| {
            let head = head.as_str();
            record.checkpoint = Some(CheckpointOf { head, count, file });
        });
        let Some(mark) = self.marks.last() else {
            return;
        };
        let entry = sealed_entry(mark, &self.line);
        if let Some(seals) = self.seals_mut() {
            seals.unconfirmed.push((entry, millis));
            if let Some(chain) = &mut seals.chain {
                chain.ratchet();
            }
            seals.count = 0;
            seals.since = core.clock.elapsed();
        }
    }

    /// Returns whether a checkpoint is due by the number of lines.
    pub(super) fn is_checkpoint_due_by_count(&self) -> bool {
        let count = self.seals().map_or(0, |seals| seals.count);
        count >= limits::AUDIT_CHECKPOINT_RECORDS
    }

    /// Returns whether a checkpoint is due.
    pub(super) fn is_checkpoint_due(&self, core: &Core) -> bool {
        let Some(seals) = self.seals().filter(|seals| seals.count > 0) else {
            return false;
        };
        let since = seals.since.unwrap_or_default();
        let now = core.clock.elapsed();
        let is_old = now.is_some_and(|now| now.abs_diff(since) >= limits::AUDIT_CHECKPOINT);
        is_old || self.is_checkpoint_due_by_count()
    }

    /// Encodes and seals a record as the next line.
    fn add(&mut self, core: &Core, record: &Record<'_>) {
        self.line.clear();
        if let Form::Records { encoding, seals } = &mut self.form {
            encoding.encode(record, &core.common, &mut self.line);
            if let Some(seals) = seals {
                seals.count += 1;
                if let Some(chain) = &mut seals.chain {
                    chain.seal(&mut self.line);
                }
            }
        }
        self.sequence += 1;
        self.last_millis = record.millis;
        self.lines.extend_from_slice(&self.line);
        self.lines.push(b'\n');
        self.marks.push(record.mark(self.lines.len()));
    }

    /// Adds a checkpoint of another sink.
    fn add_sealed(&mut self, entry: &[u8]) -> bool {
        let Some((mut mark, line)) = read_sealed_entry(entry) else {
            return false;
        };
        self.last_millis = mark.millis;
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        mark.end = self.lines.len();
        self.marks.push(mark);
        true
    }

    fn seals(&self) -> Option<&Seals> {
        match &self.form {
            Form::Records { seals, .. } => seals.as_deref(),
            Form::Checkpoints => None,
        }
    }

    fn seals_mut(&mut self) -> Option<&mut Seals> {
        match &mut self.form {
            Form::Records { seals, .. } => seals.as_deref_mut(),
            Form::Checkpoints => None,
        }
    }
}

/// Packs a sealed checkpoint for the ring of an anchor.
fn sealed_entry(mark: &LineMark, line: &[u8]) -> Vec<u8> {
    let mut entry = Vec::with_capacity(32 + line.len());
    entry.extend_from_slice(&mark.millis.to_le_bytes());
    entry.extend_from_slice(&mark.sequence.to_le_bytes());
    entry.extend_from_slice(&mark.id.to_le_bytes());
    entry.extend_from_slice(line);
    entry
}

fn read_sealed_entry(entry: &[u8]) -> Option<(LineMark, &[u8])> {
    let (millis, rest) = entry.split_first_chunk()?;
    let (sequence, rest) = rest.split_first_chunk()?;
    let (id, line) = rest.split_first_chunk()?;
    let millis = u64::from_le_bytes(*millis);
    let mut record = blank(What::Checkpoint, millis, u64::from_le_bytes(*sequence));
    record.id = u128::from_le_bytes(*id);
    Some((record.mark(0), line))
}
