//! Configuration of an audit trail.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;

use ring::rand::{SecureRandom, SystemRandom};

use super::audit::Audit;
use super::collapse::Collapse;
use super::core::{Core, Line, Mode};
use super::encoding::Encoding;
use super::event::Paths;
use super::lane::PerLane;
use super::packing::Detail;
use super::pseudonym::{AddressDetail, ClaimedKey, PseudonymKey};
use super::record::Common;
use super::refusals::Refusals;
use super::ring::Ring;
use super::sink::AuditSink;
use super::waiting::Alarm;
use super::writer::Writer;
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::event::{EventThrottle, Observer};
use crate::limits;

/// Configures an [`Audit`]; made by [`Audit::builder`].
#[must_use = "nothing is recorded before `start`"]
pub struct AuditBuilder {
    sinks: Vec<Configured>,
    node: String,
    ring: usize,
    sample: u32,
    addresses: Option<AddressDetail>,
    detail: Detail,
    collapse: Collapse,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
}

/// A sink and what it may ask of the requests.
struct Configured {
    sink: Box<dyn AuditSink>,
    encoding: Encoding,
    mode: Mode,
}

impl AuditBuilder {
    pub(super) fn new() -> Self {
        Self {
            sinks: Vec::new(),
            node: "local".to_owned(),
            ring: limits::AUDIT_RING,
            sample: 1,
            addresses: None,
            detail: Detail::default(),
            collapse: Collapse::default(),
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }

    /// Adds a sink that is written as well as it goes: requests are answered also where its buffer
    /// is full, and what has no room is counted and lost.
    pub fn sink(self, sink: impl AuditSink + 'static, encoding: Encoding) -> Self {
        self.with(sink, encoding, Mode::BestEffort)
    }

    /// Adds a sink without which no request is answered: while its buffer has no room, each request
    /// is [`Unavailable`](crate::RejectionKind::Unavailable) before anything is charged. Another
    /// sink that works does not make up for it. A record can still be lost when the process is
    /// killed: at most 100 ms or 256 KiB of them.
    pub fn required(self, sink: impl AuditSink + 'static, encoding: Encoding) -> Self {
        self.with(sink, encoding, Mode::Required)
    }

    /// Adds a sink that each answer waits for: a request is answered when its record is written and
    /// synced, and is [`Unavailable`](crate::RejectionKind::Unavailable) if that takes longer than
    /// one second. Its latency is that of the sink.
    pub fn before_answer(self, sink: impl AuditSink + 'static, encoding: Encoding) -> Self {
        self.with(sink, encoding, Mode::BeforeAnswer)
    }

    fn with(mut self, sink: impl AuditSink + 'static, encoding: Encoding, mode: Mode) -> Self {
        self.sinks.push(Configured {
            sink: Box::new(sink),
            encoding,
            mode,
        });
        self
    }

    /// Sets the name of this node, which each record and the names of files have; by default
    /// `local`.
    pub fn node(mut self, name: impl Into<String>) -> Self {
        self.node = name.into();
        self
    }

    /// Sets the size of the buffer of each sink in bytes; by default 8 MiB
    /// ([`AUDIT_RING`](limits::AUDIT_RING)), about 14 900 allowed requests. Three quarters are for
    /// allows, three sixteenths for refusals, one sixteenth for everything else.
    pub fn ring(mut self, bytes: usize) -> Self {
        self.ring = bytes;
        self
    }

    /// Records only one in so many plain allows, chosen at random; by default each. Refusals, what
    /// is no request, and allows of the level [`Full`](crate::policy::AuditLevel::Full) are always
    /// recorded. With it the trail no longer shows every request.
    pub fn sample_allowed(mut self, one_in: u32) -> Self {
        self.sample = one_in;
        self
    }

    /// Sets what is recorded of paths; by default the whole path without its query.
    pub fn paths(mut self, paths: Paths) -> Self {
        self.detail.paths = paths;
        self
    }

    /// Records subjects, clients and, unless [`addresses`](Self::addresses) says otherwise, addresses
    /// as pseudonyms under this key. By default they are recorded as they are.
    pub fn pseudonyms(mut self, key: PseudonymKey) -> Self {
        self.detail.pseudonyms = Some(key);
        self
    }

    /// Sets how much of the client's address is recorded; by default all of it, or a pseudonym where
    /// there is a key for it.
    pub fn addresses(mut self, detail: AddressDetail) -> Self {
        self.addresses = Some(detail);
        self
    }

    /// Sets when refusals of unauthenticated requests are counted in summaries; by default beyond 10
    /// a minute of each source and kind.
    pub fn collapse(mut self, collapse: Collapse) -> Self {
        self.collapse = collapse;
        self
    }

    /// Takes over the clock and the observer of an environment.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_clock(&mut self.clock);
        environment.set_observer(&mut self.observer);
        self
    }

    /// Sets the clock by which refusals are counted; by default the
    /// [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the observer that is told of lost records and failing sinks; by default there is none.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Starts the threads. It does not wait for the sinks.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a sink,
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a buffer outside 64 KiB to 1 GiB
    /// or a sample of 0, [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for the
    /// name of a node that has other characters than ASCII letters, digits, `.`, `_` and `-`, and
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for keyed addresses without a key.
    pub fn start(mut self) -> Result<Audit, ConfigError> {
        self.check()?;
        let sinks = std::mem::take(&mut self.sinks);
        let lines = self.lines(&sinks);
        let core = Arc::new(self.core(lines)?);
        let trail = Audit::running(Arc::clone(&core));
        let watched = Arc::clone(&core);
        spawn("audit".to_owned(), move || watched.watch())?;
        for (line, configured) in core.lines.iter().zip(sinks) {
            let Configured {
                sink,
                encoding,
                mode,
            } = configured;
            let (core, ring) = (Arc::clone(&core), Arc::clone(&line.ring));
            let is_durable = mode == Mode::BeforeAnswer;
            let name = Arc::clone(&line.name);
            let writer = Writer::new(core, ring, name, (sink, encoding), is_durable);
            spawn(format!("audit {}", line.name), move || writer.run())?;
        }
        Ok(trail)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.sinks.is_empty() {
            let remedy = "add one with `sink`, `required` or `before_answer`";
            return Err(ConfigError::empty("sink", remedy));
        }
        let rings = limits::AUDIT_RING_MIN..=limits::AUDIT_RING_MAX;
        if !rings.contains(&self.ring) {
            return Err(ConfigError::out_of_range("ring", self.ring, rings));
        }
        if self.sample == 0 {
            return Err(ConfigError::out_of_range(
                "sample_allowed",
                self.sample,
                1..,
            ));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if self.node.is_empty() || self.node.len() > 64 || !self.node.chars().all(is_plain) {
            let expected = "1 to 64 ASCII letters, digits, `.`, `_` or `-`";
            let remedy = "give the name of the host";
            return Err(ConfigError::unexpected(
                "node", expected, &self.node, remedy,
            ));
        }
        if self.addresses == Some(AddressDetail::Keyed) && self.detail.pseudonyms.is_none() {
            let detail = "expected a key of pseudonyms for keyed addresses, found none; set one with \
                          `pseudonyms`";
            return Err(ConfigError::conflict("addresses", detail));
        }
        Ok(())
    }

    fn lines(&self, sinks: &[Configured]) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for configured in sinks {
            let wake_at = match configured.mode {
                Mode::BeforeAnswer => 1,
                _ => limits::AUDIT_WAKE.min(self.ring / 4),
            };
            lines.push(Line {
                name: unique(configured.sink.name(), &lines),
                ring: Arc::new(Ring::new(self.ring, wake_at)),
                mode: configured.mode,
            });
        }
        lines
    }

    fn core(self, lines: Vec<Line>) -> Result<Core, ConfigError> {
        let mut boot = [0; 16];
        let random = SystemRandom::new().fill(&mut boot);
        random.map_err(|_| ConfigError::no_random("audit"))?;
        let mut detail = self.detail;
        let keyed = match detail.pseudonyms {
            Some(_) => AddressDetail::Keyed,
            None => AddressDetail::Full,
        };
        detail.addresses = self.addresses.unwrap_or(keyed);
        let claimed = ClaimedKey::new(detail.pseudonyms.as_ref())?;
        Ok(Core {
            common: Common {
                node: self.node,
                boot: u128::from_le_bytes(boot),
                version: env!("CARGO_PKG_VERSION"),
            },
            clock: self.clock,
            observer: self.observer,
            lines,
            detail,
            claimed,
            sample: self.sample,
            refusals: self.collapse.per_minute.map(Refusals::new),
            alarm: Arc::new(Alarm::default()),
            next: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            losses: PerLane::each(|_| EventThrottle::new()),
        })
    }
}

impl fmt::Debug for AuditBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sinks: Vec<_> = self.sinks.iter().map(|sink| &sink.sink).collect();
        f.debug_struct("AuditBuilder")
            .field("sinks", &sinks)
            .field("node", &self.node)
            .field("ring", &self.ring)
            .finish_non_exhaustive()
    }
}

/// Returns the name of a sink, with a number if an earlier one has it.
fn unique(name: &str, lines: &[Line]) -> Arc<str> {
    let is_taken = |name: &str| lines.iter().any(|line| &*line.name == name);
    if !is_taken(name) {
        return name.into();
    }
    let numbered = (2..=lines.len() + 1).map(|number| format!("{name}-{number}"));
    let mut free = numbered.filter(|name| !is_taken(name));
    free.next().unwrap_or_default().into()
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<(), ConfigError> {
    let spawned = thread::Builder::new().name(name).spawn(run);
    let detail = "expected a new thread, found none; raise the limit of threads of the process";
    match spawned {
        Ok(_) => Ok(()),
        Err(error) => Err(ConfigError::conflict("audit", detail).with_source(error)),
    }
}
