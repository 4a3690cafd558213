//! Where the lines of the audit trail go.

use std::cell::Cell;
use std::fmt;
use std::io;

use super::record::{LineMark, Severity, What};

/// A destination of audit records, on a thread of its own: it may block.
pub trait AuditSink: fmt::Debug + Send {
    /// Writes all lines of a batch.
    ///
    /// # Errors
    ///
    /// An I/O error. The batch is then given again, without what was reported to
    /// [`Batch::count_written`] before: after 100 ms at first and every 5 s at last.
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()>;

    /// Makes durable what was written. It is called after each batch of a
    /// [`before_answer`](super::AuditBuilder::before_answer) sink, for a
    /// [`flush`](super::Audit::flush), at the end, and at most one second after a batch.
    ///
    /// # Errors
    ///
    /// An I/O error; it is tried again.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Called once before the first batch, and returns what the chain continues from. By default
    /// there is nothing before.
    #[doc(hidden)]
    fn start(&mut self, start: &SinkStart<'_>) -> io::Result<Option<PreviousEnd>> {
        let _ = start;
        Ok(None)
    }

    /// The name for events and metrics.
    fn name(&self) -> &str {
        "sink"
    }
}

/// Whole lines that are to be written.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    lines: &'a [u8],
    marks: &'a [LineMark],
    /// The bytes of `lines` that were written before.
    written: usize,
    progress: Option<&'a Cell<usize>>,
}

impl<'a> Batch<'a> {
    /// Creates a batch of lines, each with its line feed, and one mark for each of them
    /// ([`Record::mark`](super::record::Record::mark)).
    pub(crate) const fn new(lines: &'a [u8], marks: &'a [LineMark]) -> Self {
        Self {
            lines,
            marks,
            written: 0,
            progress: None,
        }
    }

    /// Continues a batch after the bytes that `progress` counts.
    pub(crate) const fn continued(mut self, progress: &'a Cell<usize>) -> Self {
        self.written = progress.get();
        self.progress = Some(progress);
        self
    }

    /// Returns the lines, each with its line feed. They begin within a line if a part of it was
    /// [counted as written](Self::count_written) before: appended to that part they are whole.
    pub fn bytes(&self) -> &'a [u8] {
        self.lines.get(self.written..).unwrap_or_default()
    }

    /// Returns the part of the first line that was written before, for a sink that has to begin the
    /// line again in another place.
    pub fn cut(&self) -> &'a [u8] {
        let before = self.lines.get(..self.written).unwrap_or_default();
        let start = before.iter().rposition(|byte| *byte == b'\n');
        before
            .get(start.map_or(0, |at| at + 1)..)
            .unwrap_or_default()
    }

    /// Says that so many more of the [bytes](Self::bytes) are written, so that they are not given
    /// again if the sink fails then. A sink that fails without it gets the whole batch again.
    pub fn count_written(&self, bytes: usize) {
        if let Some(progress) = self.progress {
            let sum = progress.get().saturating_add(bytes);
            progress.set(sum.min(self.lines.len()));
        }
    }

    /// Returns the lines that are not wholly written, one by one, each from its beginning.
    pub fn lines(&self) -> impl Iterator<Item = BatchLine<'a>> {
        let Self { lines, .. } = *self;
        let mut start = self.written - self.cut().len();
        self.open_marks().iter().map(move |mark| {
            let line = lines.get(start..mark.end).unwrap_or_default();
            start = mark.end;
            BatchLine { line, mark }
        })
    }

    /// Returns the number of lines.
    pub fn len(&self) -> usize {
        self.open_marks().len()
    }

    /// Returns whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.open_marks().is_empty()
    }

    /// The marks of the lines that are not wholly written.
    fn open_marks(&self) -> &'a [LineMark] {
        let first = self.marks.partition_point(|mark| mark.end <= self.written);
        self.marks.get(first..).unwrap_or_default()
    }
}

/// One line of a [`Batch`], and what a sink may need to know of it without parsing it.
#[derive(Clone, Copy, Debug)]
pub struct BatchLine<'a> {
    line: &'a [u8],
    mark: &'a LineMark,
}

impl<'a> BatchLine<'a> {
    /// Returns the line without its line feed: UTF-8 without control characters.
    pub fn bytes(&self) -> &'a [u8] {
        self.line.strip_suffix(b"\n").unwrap_or(self.line)
    }

    /// Returns what the record is about.
    pub const fn what(&self) -> What {
        self.mark.what
    }

    /// Returns the code of the [kind](crate::RejectionKind) of a refused request, `allowed`, or for
    /// other records the code of [`what`](Self::what).
    pub const fn code(&self) -> &'static str {
        self.mark.code
    }

    /// Returns how urgent the record is.
    pub const fn severity(&self) -> Severity {
        self.mark.severity
    }

    /// Returns the time of the record, in milliseconds since the Unix epoch.
    pub const fn unix_millis(&self) -> u64 {
        self.mark.millis
    }

    /// Returns the number of the record: from 1 in each start, without holes.
    pub const fn sequence(&self) -> u64 {
        self.mark.sequence
    }

    /// Returns the id of the record. A completed request has that of its decision.
    pub const fn id(&self) -> u128 {
        self.mark.id
    }
}

/// The start that a sink is told of.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SinkStart<'a> {
    /// The name of the node.
    pub node: &'a str,
    /// The random number of this start.
    pub boot: u128,
    /// The extension of files.
    pub extension: &'static str,
}

/// The end of the trail that a sink found from a start before.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PreviousEnd {
    /// The last whole line.
    pub last_line: Vec<u8>,
}
