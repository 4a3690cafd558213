//! Audit files that are rotated.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::audit::sink::{AuditSink, Batch, FileBegin, PreviousEnd, SinkNotice, SinkStart};
use crate::error::ConfigError;

/// When audit files are made durable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// At most so long after a batch was written.
    Every(Duration),
    /// After each batch.
    EachBatch,
    /// When the operating system does it.
    Never,
}

/// A sink that writes files into a directory.
#[derive(Debug)]
pub struct FileSink {
    directory: PathBuf,
    name: String,
    notices: Vec<SinkNotice>,
}

impl FileSink {
    /// Makes a sink of files in a directory that exists.
    pub fn new(
        directory: impl Into<PathBuf>,
        name: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            directory: directory.into(),
            name: name.into(),
            notices: Vec::new(),
        })
    }
}

impl AuditSink for FileSink {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        let _ = (batch, &self.directory);
        Ok(())
    }

    fn start(&mut self, start: &SinkStart<'_>) -> io::Result<Option<PreviousEnd>> {
        let _ = start;
        Ok(None)
    }

    fn prepare(&mut self) -> io::Result<Option<FileBegin>> {
        Ok(None)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn take_notices(&mut self) -> Vec<SinkNotice> {
        std::mem::take(&mut self.notices)
    }
}
