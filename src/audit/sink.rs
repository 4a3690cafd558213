//! Where the lines of the audit trail go.

use std::fmt;
use std::io;

use super::record::{LineMark, Severity, What};

/// A destination of audit records, on a thread of its own: it may block.
pub trait AuditSink: fmt::Debug + Send {
    /// Writes all lines of a batch.
    ///
    /// # Errors
    ///
    /// An I/O error; the next call gives the same lines again, possibly followed by others. A sink
    /// that wrote some of them remembers how many bytes, and goes on behind them.
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()>;

    /// Makes durable what was written. It is called after each batch of a
    /// [`before_answer`](super::AuditBuilder::before_answer) sink, for a
    /// [`flush`](super::Audit::flush), and at the end.
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

    /// Called before the lines of a batch are sealed, and returns whether they begin a file, which
    /// the chain then says in the first of them. By default there are no files.
    #[doc(hidden)]
    fn prepare(&mut self) -> io::Result<Option<FileBegin>> {
        Ok(None)
    }

    /// Called at least once a second while nothing is written.
    #[doc(hidden)]
    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Returns for how many bytes there is room in the current file. A batch should end with the
    /// line that exceeds it.
    #[doc(hidden)]
    fn room(&self) -> usize {
        usize::MAX
    }

    /// Returns the name of the current file, for checkpoints; empty without a file.
    #[doc(hidden)]
    fn file(&self) -> &str {
        ""
    }

    /// Takes what the sink found or did since the last call, to be recorded. Asked after each
    /// `start`, `prepare` and `write`, failed ones included.
    #[doc(hidden)]
    fn take_notices(&mut self) -> Vec<SinkNotice> {
        Vec::new()
    }
}

/// Whole lines that are to be written.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    lines: &'a [u8],
    marks: &'a [LineMark],
}

impl<'a> Batch<'a> {
    /// Creates a batch of lines, each with its line feed, and one mark for each of them
    /// ([`Record::mark`](super::record::Record::mark)).
    pub(crate) const fn new(lines: &'a [u8], marks: &'a [LineMark]) -> Self {
        Self { lines, marks }
    }

    /// Returns the lines, each with its line feed.
    pub const fn bytes(&self) -> &'a [u8] {
        self.lines
    }

    /// Returns the lines one by one.
    pub fn lines(&self) -> impl Iterator<Item = BatchLine<'a>> {
        let Self { lines, marks } = *self;
        let mut start = 0;
        marks.iter().map(move |mark| {
            let line = lines.get(start..mark.end).unwrap_or_default();
            start = mark.end;
            BatchLine { line, mark }
        })
    }

    /// Returns the number of lines.
    pub const fn len(&self) -> usize {
        self.marks.len()
    }

    /// Returns whether there are no lines.
    pub const fn is_empty(&self) -> bool {
        self.marks.is_empty()
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

    /// Returns the code of the [kind](crate::RejectionKind) of a refusal, or `allowed`, for a
    /// decision and a summary; for other records the code of [`what`](Self::what).
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

/// A file that a sink begins with its next batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FileBegin {
    /// The sequence number of the first line of this start that is still kept, in an older file or
    /// in this one.
    pub kept_from: u64,
}

/// Something that a sink found or did, for a record of the kind [`Lifecycle`](super::What).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SinkNotice {
    /// What happened: `file_removed`, `file_missing`, `file_replaced` or `file_shortened`.
    pub what: &'static str,
    /// The name of the file.
    pub file: String,
}
