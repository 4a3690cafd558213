//! Where the lines of the audit trail go.

use std::fmt;
use std::io;

/// A destination of audit records, on a thread of its own: it may block.
pub trait AuditSink: fmt::Debug + Send {
    /// Writes all lines of a batch.
    ///
    /// # Errors
    ///
    /// An I/O error; the next call gives the same lines again, possibly followed by others. A sink
    /// that wrote some of them remembers how many bytes, and goes on behind them.
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()>;

    /// Makes durable what was written.
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
    count: usize,
}

impl<'a> Batch<'a> {
    pub(crate) const fn new(lines: &'a [u8], count: usize) -> Self {
        Self { lines, count }
    }

    /// Returns the lines, each with its line feed.
    pub const fn bytes(&self) -> &'a [u8] {
        self.lines
    }

    /// Returns the lines one by one, without their line feeds.
    pub fn lines(&self) -> impl Iterator<Item = &'a [u8]> {
        self.lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
    }

    /// Returns the number of lines.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Returns whether there are no lines.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
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
