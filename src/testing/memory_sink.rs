//! A sink of audit records for tests.

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::audit::{AuditSink, Batch};

/// A sink that keeps the lines of the audit trail in memory, and that fails, hangs or writes only a
/// part when a test says so.
///
/// Clones share the lines: give one to [`AuditBuilder`](crate::audit::AuditBuilder) and keep one.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::audit::{Audit, AuditEvent, Encoding, What};
/// use bearergate::testing::MemorySink;
///
/// let sink = MemorySink::new("memory");
/// let audit = Audit::builder().sink(sink.clone(), Encoding::Native).start()?;
/// let recorded = audit.record(&AuditEvent::new(What::Decision, 1_760_000_000_000));
/// assert!(!recorded.is_lost());
/// assert!(audit.close(Duration::from_secs(5)).is_complete());
/// assert_eq!(sink.lines().len(), 3); // started, the decision, stopped
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct MemorySink {
    name: Arc<str>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// The part of the batch that is written.
    progress: usize,
    is_blocked: bool,
    is_inside: bool,
    failures: u64,
    writes: u64,
    syncs: u64,
    /// Bytes that a write takes before it fails.
    part: Option<usize>,
}

impl MemorySink {
    /// Creates a sink of this name, which takes all that it is given.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            shared: Arc::default(),
        }
    }

    /// Lets every call hang until [`unblock`](Self::unblock).
    pub fn block(&self) {
        self.change(|state| state.is_blocked = true);
    }

    /// Lets calls go on.
    pub fn unblock(&self) {
        self.change(|state| state.is_blocked = false);
    }

    /// Waits until a call hangs.
    pub fn wait_blocked(&self) {
        let state = self.lock();
        let waited = self
            .shared
            .changed
            .wait_while(state, |state| !state.is_inside);
        drop(waited);
    }

    /// Waits until there are so many lines.
    pub fn wait_lines(&self, count: usize) {
        let state = self.lock();
        let has_less = |state: &mut State| memchr::memchr_iter(b'\n', &state.bytes).count() < count;
        let waited = self.shared.changed.wait_while(state, has_less);
        drop(waited);
    }

    /// Lets so many of the next writes and syncs fail.
    pub fn fail(&self, times: u64) {
        self.change(|state| state.failures = times);
    }

    /// Lets each failing write take so many bytes before; by default none.
    pub fn fail_after(&self, bytes: usize) {
        self.change(|state| state.part = Some(bytes));
    }

    /// Returns all that was written.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// Returns the lines that were written, without their line feeds.
    pub fn lines(&self) -> Vec<String> {
        let bytes = self.bytes();
        let text = String::from_utf8_lossy(&bytes);
        text.lines().map(str::to_owned).collect()
    }

    /// Returns how often it was written to, failures included.
    pub fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// Returns how often it was synced without failing.
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.shared.changed.notify_all();
    }

    /// Waits while calls hang.
    fn enter(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.is_inside = state.is_blocked;
        self.shared.changed.notify_all();
        let waited = self
            .shared
            .changed
            .wait_while(state, |state| state.is_blocked);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_inside = false;
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuditSink for MemorySink {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        let mut state = self.enter();
        state.writes += 1;
        let rest = batch.bytes().get(state.progress..).unwrap_or_default();
        if state.failures > 0 {
            state.failures -= 1;
            let part = state.part.unwrap_or(0).min(rest.len().saturating_sub(1));
            state
                .bytes
                .extend_from_slice(rest.get(..part).unwrap_or_default());
            state.progress += part;
            return Err(io::Error::other("the test lets it fail"));
        }
        state.bytes.extend_from_slice(rest);
        state.progress = 0;
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.enter();
        if state.failures > 0 {
            state.failures -= 1;
            return Err(io::Error::other("the test lets it fail"));
        }
        state.syncs += 1;
        Ok(())
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for MemorySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySink")
            .field("name", &self.name)
            .field("bytes", &self.lock().bytes.len())
            .finish_non_exhaustive()
    }
}
