//! The file that is written now.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::directory::{self, Directory};
use super::file_name::Series;

/// The file that is written now.
#[derive(Debug)]
pub(super) struct LiveFile {
    file: File,
    path: PathBuf,
    name: String,
    /// What this sink wrote.
    len: u64,
    begun: Option<Duration>,
    /// When the first byte was written that is not durable.
    unsynced: Option<Option<Duration>>,
}

/// What happened to a file behind the back of the sink.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Loss {
    Missing,
    Replaced,
    Shortened,
}

/// How much of a batch was written before an error.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    /// Bytes of the batch.
    written: usize,
    /// The last of them, to recognise the batch.
    tail: Vec<u8>,
    /// Of the line that the last write ended in.
    line: usize,
}

impl LiveFile {
    /// Creates the next file of a series.
    pub(super) fn create(
        directory: &Directory,
        series: &mut Series,
        now: Option<Duration>,
    ) -> io::Result<Self> {
        let name = series.next_name();
        let path = directory.join(&name);
        Ok(Self {
            file: directory::create(&path)?,
            path,
            name: name.into_text(),
            len: 0,
            begun: now,
            unsynced: None,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn age(&self, now: Option<Duration>) -> Duration {
        let age = now.zip(self.begun);
        age.map_or(Duration::ZERO, |(now, begun)| now.saturating_sub(begun))
    }

    /// Returns for how long something has been written that is not durable, if anything.
    pub(super) fn unsynced(&self, now: Option<Duration>) -> Option<Duration> {
        let since = self.unsynced?;
        // Without a time, it is time.
        let time = now.zip(since);
        Some(time.map_or(Duration::MAX, |(now, since)| now.saturating_sub(since)))
    }

    /// Returns what others did to the file, if its path does not lead to what was written.
    pub(super) fn loss(&self) -> Option<Loss> {
        let named = match fs::symlink_metadata(&self.path) {
            Ok(named) => named,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Some(Loss::Missing),
            // The next write shows whether it can be written.
            Err(_) => return None,
        };
        let opened = self.file.metadata().ok()?;
        if !is_same(&named, &opened) {
            return Some(Loss::Replaced);
        }
        (opened.len() < self.len).then_some(Loss::Shortened)
    }

    /// Appends what is not written yet of a batch, and counts the lines that became whole.
    pub(super) fn append(
        &mut self,
        batch: &[u8],
        unfinished: &mut Unfinished,
        lines: &mut u64,
        now: Option<Duration>,
    ) -> io::Result<()> {
        let is_known = unfinished.is_of(batch);
        if unfinished.line > 0 && !(is_known && self.is_untouched()) {
            // The part of a line cannot be finished, so it is ended, and the line written again.
            self.write_some(b"\n")?;
            unfinished.begin_line_again();
        }
        if !is_known {
            *unfinished = Unfinished::default();
        }
        while let Some(rest) = batch
            .get(unfinished.written..)
            .filter(|rest| !rest.is_empty())
        {
            let len = self.write_some(rest)?;
            self.unsynced.get_or_insert(now);
            *lines = lines.saturating_add(unfinished.advance(batch, len));
        }
        Ok(())
    }

    fn is_untouched(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|found| found.len() == self.len)
    }

    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                other => break other?,
            }
        };
        self.len = self
            .len
            .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        Ok(len)
    }

    /// Makes durable what was written.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.unsynced.is_some() {
            self.file.sync_data()?;
            self.unsynced = None;
        }
        Ok(())
    }
}

impl Unfinished {
    pub(super) const fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// Forgets the part of a line that was written: it is written again as a whole.
    pub(super) fn begin_line_again(&mut self) {
        self.written -= self.line;
        self.line = 0;
        self.tail.clear();
    }

    /// Returns whether the batch is the one of which a part was written.
    fn is_of(&self, batch: &[u8]) -> bool {
        let written = batch.get(..self.written);
        written.is_some_and(|written| written.ends_with(&self.tail))
    }

    /// Returns how many lines became whole.
    fn advance(&mut self, batch: &[u8], len: usize) -> u64 {
        let end = self.written + len;
        let new = batch.get(self.written..end).unwrap_or_default();
        let lines = new.iter().filter(|byte| **byte == b'\n').count();
        self.line = match new.iter().rposition(|byte| *byte == b'\n') {
            Some(feed) => new.len() - feed - 1,
            None => self.line + new.len(),
        };
        let tail = batch.get(end.saturating_sub(TAIL_BYTES)..end);
        self.tail = tail.unwrap_or_default().to_vec();
        self.written = end;
        u64::try_from(lines).unwrap_or(u64::MAX)
    }
}

#[cfg(unix)]
fn is_same(named: &fs::Metadata, opened: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    (named.dev(), named.ino()) == (opened.dev(), opened.ino()) && opened.nlink() > 0
}

#[cfg(not(unix))]
fn is_same(named: &fs::Metadata, _: &fs::Metadata) -> bool {
    named.is_file()
}

const TAIL_BYTES: usize = 64;
