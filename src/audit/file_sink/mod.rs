//! Audit files that are rotated.

mod directory;
mod file_name;
mod last_line;
mod live_file;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::audit::sink::{AuditSink, Batch, FileBegin, PreviousEnd, SinkNotice, SinkStart};
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;
use crate::limits;

use directory::Directory;
use file_name::{FileName, Series};
use live_file::{LiveFile, Loss, Unfinished};

/// When audit files are made durable, so that they survive a loss of power.
///
/// A killed process loses nothing that was written, whatever the policy is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// At most so long after a batch was written, and when a file is finished.
    Every(Duration),
    /// After each batch, which is not written before: the next one waits for the disk.
    EachBatch,
    /// When the operating system does it. A loss of power can lose the last half minute.
    Never,
}

/// A sink that writes files of lines into a directory.
///
/// A new file is begun at each start, when the current one has reached its size
/// ([`max_bytes`](Self::max_bytes), 100 MiB) or its age ([`max_age`](Self::max_age), a day), and
/// when it was removed, replaced or shortened by somebody else, which is recorded. A file is named
/// `<name>-<node>-<start>-<n>.<extension>` and never renamed; names in alphabetical order are in
/// the order of time. Only the newest [`keep`](Self::keep) (20) files of this name and node are
/// kept; the removal of an older one is recorded. On Unix only the user of the service can read
/// them (mode 0600).
///
/// A batch is appended with one call. If the disk is full in the middle of it, the rest follows
/// when there is space again, without a repetition or a cut line. A process that is killed can
/// leave a cut last line, which the next start does not touch.
///
/// One process writes one name and node of a directory at a time: give each process of a machine a
/// node of its own. Files of others in the directory are neither read nor removed.
///
/// ```
/// use bearergate::audit::FileSink;
///
/// # let directory = std::env::temp_dir().join(format!("bearergate-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// let sink = FileSink::new(&directory, "orders")?.keep(100)?;
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileSink {
    directory: Directory,
    name: String,
    max_bytes: u64,
    max_age: Duration,
    keep: usize,
    policy: SyncPolicy,
    clock: Arc<dyn Clock>,
    series: Option<Series>,
    live: Option<LiveFile>,
    /// Files of this start that were not removed by this sink, with their first lines.
    own: VecDeque<(FileName, u64)>,
    /// Whole lines of this start.
    lines: u64,
    unfinished: Unfinished,
    /// Whether [`AuditSink::prepare`] was called for the batch that is written next.
    is_prepared: bool,
    notices: Vec<SinkNotice>,
}

impl FileSink {
    /// Creates a sink of files in a directory, whose names begin with `name`.
    ///
    /// # Errors
    ///
    /// In the field `directory`, [`StoreUnusable`](crate::error::ConfigErrorKind::StoreUnusable)
    /// unless it exists, this process can create files in it, and on Unix not everybody can: who
    /// can write there can remove files. In the field `name`,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) unless it has 1 to 64 of
    /// `A`-`Z`, `a`-`z`, `0`-`9`, `_`, `-` and `.`, and does not begin with `.`.
    pub fn new(
        directory: impl Into<PathBuf>,
        name: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        let name = name.into();
        if !file_name::is_name(&name) {
            let expected = "1 to 64 of `A`-`Z`, `a`-`z`, `0`-`9`, `_`, `-` and `.`";
            let remedy = "give the beginning of the names of files, such as `audit`";
            return Err(ConfigError::unexpected("name", expected, &name, remedy));
        }
        Ok(Self {
            directory: Directory::new(directory.into(), &name)?,
            name,
            max_bytes: limits::AUDIT_FILE,
            max_age: limits::AUDIT_FILE_AGE,
            keep: limits::AUDIT_KEEP,
            policy: SyncPolicy::Every(limits::AUDIT_SYNC),
            clock: Arc::new(SystemClock),
            series: None,
            live: None,
            own: VecDeque::new(),
            lines: 0,
            unfinished: Unfinished::default(),
            is_prepared: false,
            notices: Vec::new(),
        })
    }

    /// Begins a new file when the current one has this many bytes; 100 MiB by default. A file
    /// exceeds it by at most one batch.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) unless it is between 1 and 2^40.
    pub fn max_bytes(mut self, bytes: u64) -> Result<Self, ConfigError> {
        let range = 1..=limits::AUDIT_FILE_MAX;
        if !range.contains(&bytes) {
            return Err(ConfigError::out_of_range("max_bytes", bytes, range));
        }
        self.max_bytes = bytes;
        Ok(self)
    }

    /// Begins a new file when the current one is this old; a day by default.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for less than a second or more
    /// than 400 days.
    pub fn max_age(mut self, age: Duration) -> Result<Self, ConfigError> {
        let range = Duration::from_secs(1)..=limits::AUDIT_FILE_AGE_MAX;
        if !range.contains(&age) {
            return Err(ConfigError::out_of_range("max_age", age, range));
        }
        self.max_age = age;
        Ok(self)
    }

    /// Keeps this many files of this name and node, the current one included; 20 by default. The
    /// oldest is removed when a new one is begun, so copy files elsewhere before that.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) unless it is between 1 and
    /// 1 000 000.
    pub fn keep(mut self, files: usize) -> Result<Self, ConfigError> {
        let range = 1..=limits::AUDIT_KEEP_MAX;
        if !range.contains(&files) {
            return Err(ConfigError::out_of_range("keep", files, range));
        }
        self.keep = files;
        Ok(self)
    }

    /// Sets when files are made durable; by default at most a second after a batch was written
    /// ([`SyncPolicy::Every`]).
    #[must_use]
    pub const fn durability(mut self, policy: SyncPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the clock for the age of files and the time between syncs; only its
    /// [`elapsed`](Clock::elapsed) is used. The system's monotonic clock by default, which is right
    /// except in tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Lets go of the current file if its path leads to another one, or nowhere.
    fn check_live(&mut self) {
        let Some(live) = &self.live else {
            return;
        };
        let Some(loss) = live.loss() else {
            return;
        };
        let what = match loss {
            Loss::Missing => "file_missing",
            Loss::Replaced => "file_replaced",
            Loss::Shortened => "file_shortened",
        };
        let file = live.name().to_owned();
        self.notices.push(SinkNotice { what, file });
        self.live = None;
        self.unfinished.begin_line_again();
    }

    fn is_due(&self) -> bool {
        let Some(live) = &self.live else {
            return true;
        };
        live.len() >= self.max_bytes || live.age(self.clock.elapsed()) >= self.max_age
    }

    /// Begins a file, and removes the oldest ones beyond those that are kept.
    fn begin_file(&mut self) -> io::Result<FileBegin> {
        let Some(series) = &mut self.series else {
            return Err(io::Error::other("the sink was not started"));
        };
        if let Some(live) = &mut self.live
            && self.policy != SyncPolicy::Never
        {
            live.sync()?;
        }
        let live = LiveFile::create(&self.directory, series, self.clock.elapsed())?;
        let name = live.name().to_owned();
        if self.policy != SyncPolicy::Never {
            self.directory.sync();
        }
        self.own.push_back((FileName::new(name), self.lines + 1));
        self.live = Some(live);
        self.remove_oldest();
        let kept_from = self.own.front().map_or(1, |(_, first)| *first);
        Ok(FileBegin { kept_from })
    }

    fn remove_oldest(&mut self) {
        let Some(series) = &self.series else {
            return;
        };
        let files = self.directory.files(series).unwrap_or_default();
        let surplus = files.len().saturating_sub(self.keep);
        let is_live = |file: &FileName| file.as_str() == self.file();
        let oldest: Vec<_> = files.into_iter().take(surplus).collect();
        for file in oldest
            .into_iter()
            .filter(|file| !is_live(file))
            .collect::<Vec<_>>()
        {
            let what = match self.directory.remove(&file) {
                Ok(()) => "file_removed",
                Err(_) => "file_not_removed",
            };
            if what == "file_removed" {
                self.own.retain(|(own, _)| *own != file);
            }
            let file = file.into_text();
            self.notices.push(SinkNotice { what, file });
        }
    }

    /// Makes the current file durable if the policy says that it is time.
    fn sync_if_due(&mut self) -> io::Result<()> {
        let now = self.clock.elapsed();
        let Some(live) = &mut self.live else {
            return Ok(());
        };
        let is_due = match self.policy {
            SyncPolicy::Every(time) => live.unsynced(now).is_some_and(|since| since >= time),
            SyncPolicy::EachBatch => live.unsynced(now).is_some(),
            SyncPolicy::Never => false,
        };
        if is_due { live.sync() } else { Ok(()) }
    }
}

impl AuditSink for FileSink {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        if !self.is_prepared {
            self.prepare()?;
        }
        self.check_live();
        if self.live.is_none() {
            self.begin_file()?;
        }
        let now = self.clock.elapsed();
        if let Some(live) = &mut self.live {
            let lines = &mut self.lines;
            live.append(batch.bytes(), &mut self.unfinished, lines, now)?;
        }
        self.sync_if_due()?;
        self.unfinished = Unfinished::default();
        self.is_prepared = false;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.live.as_mut().map_or(Ok(()), LiveFile::sync)
    }

    fn start(&mut self, start: &SinkStart<'_>) -> io::Result<Option<PreviousEnd>> {
        let mut series = Series::new(&self.name, start);
        let files = self.directory.files(&series)?;
        series.follow(files.last());
        self.series = Some(series);
        let end = last_line::of_files(&self.directory, &files)?;
        Ok(end.map(|last_line| PreviousEnd { last_line }))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&mut self) -> io::Result<Option<FileBegin>> {
        self.check_live();
        // A batch of which a part was written is finished in the same file.
        let begun = match self.unfinished.is_empty() && self.is_due() {
            true => Some(self.begin_file()?),
            false => None,
        };
        self.is_prepared = true;
        Ok(begun)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.sync_if_due()
    }

    fn room(&self) -> usize {
        let len = self.live.as_ref().map_or(0, LiveFile::len);
        usize::try_from(self.max_bytes.saturating_sub(len)).unwrap_or(usize::MAX)
    }

    fn file(&self) -> &str {
        self.live.as_ref().map_or("", LiveFile::name)
    }

    fn take_notices(&mut self) -> Vec<SinkNotice> {
        std::mem::take(&mut self.notices)
    }
}
