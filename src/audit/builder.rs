//! Configuration of an audit trail.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;

use ring::rand::{SecureRandom, SystemRandom};

use super::audit::Audit;
use super::chain::ChainKey;
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
use super::trail::Trail;
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
    chain: Option<ChainKey>,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
}

/// A sink and what it may ask of the requests.
struct Configured {
    sink: Box<dyn AuditSink>,
    content: Content,
}

/// What a sink is given.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Content {
    Records(Encoding, Mode),
    /// Checkpoints only.
    Checkpoints,
}

impl Audit {
    /// Starts the configuration of a trail.
    pub fn builder() -> AuditBuilder {
        AuditBuilder::new()
    }
}

impl AuditBuilder {
    fn new() -> Self {
        Self {
            sinks: Vec::new(),
            node: "local".to_owned(),
            ring: limits::AUDIT_RING,
            sample: 1,
            addresses: None,
            detail: Detail::default(),
            collapse: Collapse::default(),
            chain: None,
            clock: Arc::new(SystemClock),
            observer: None,
        }
    }

    /// Adds a sink that no request waits for: requests are answered also where its buffer is full, and
    /// what has no room is counted and lost.
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
            content: Content::Records(encoding, mode),
        });
        self
    }

    /// Adds a sink that gets only the checkpoints of the [chain](Self::chain) of every other sink,
    /// as they are in its trail. Let it write where those who can change the trail cannot write:
    /// with its lines [`verify`](super::verify) sees that the end of a trail was cut off.
    pub fn anchor(mut self, sink: impl AuditSink + 'static) -> Self {
        self.sinks.push(Configured {
            sink: Box::new(sink),
            content: Content::Checkpoints,
        });
        self
    }

    /// Adds to each line a MAC over it and the line before, under this key, so that
    /// [`verify`](super::verify) finds what was changed, removed or inserted; a checkpoint is written
    /// every 60 seconds or 1 000 records. By default there is no chain.
    pub fn chain(mut self, key: ChainKey) -> Self {
        self.chain = Some(key);
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
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without a sink of records, and for an anchor
    /// without a chain,
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for a buffer outside 64 KiB to 1 GiB
    /// or a sample of 0, [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for the
    /// name of a node that has other characters than ASCII letters, digits, `.`, `_` and `-`, and
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for keyed addresses without a key.
    pub fn start(mut self) -> Result<Audit, ConfigError> {
        self.check()?;
        let sinks = std::mem::take(&mut self.sinks);
        let chain = self.chain.take();
        let lines = self.lines(&sinks);
        let core = Arc::new(self.core(lines)?);
        let trail = Audit::running(Arc::clone(&core));
        let watched = Arc::clone(&core);
        spawn("audit".to_owned(), move || watched.watch())?;
        let lines = core.lines.iter().chain(&core.anchors);
        let (anchors, records): (Vec<_>, Vec<_>) = sinks
            .into_iter()
            .partition(|sink| sink.content == Content::Checkpoints);
        for (line, Configured { sink, content }) in lines.zip(records.into_iter().chain(anchors)) {
            let (name, ring) = (Arc::clone(&line.name), Arc::clone(&line.ring));
            let anchors = core.anchors.iter().map(|line| Arc::clone(&line.ring));
            let trail = match content {
                Content::Records(encoding, _) => Trail::of_records(
                    Arc::clone(&name),
                    encoding,
                    chain.clone(),
                    anchors.collect(),
                ),
                Content::Checkpoints => Trail::of_checkpoints(Arc::clone(&name)),
            };
            let is_durable = line.mode == Mode::BeforeAnswer;
            let writer = Writer::new(Arc::clone(&core), (name, ring), sink, trail, is_durable);
            spawn(format!("audit {}", line.name), move || writer.run())?;
        }
        Ok(trail)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let is_anchor = |sink: &Configured| sink.content == Content::Checkpoints;
        if self.sinks.iter().all(is_anchor) {
            let detail = "expected a sink of records, found none; add one with `sink`, `required` \
                          or `before_answer`";
            return Err(ConfigError::missing("sink", detail));
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
        if self.chain.is_none() && self.sinks.iter().any(is_anchor) {
            let detail = "expected a chain for the anchor, found none; set its key with `chain`";
            return Err(ConfigError::missing("chain", detail));
        }
        if self.addresses == Some(AddressDetail::Keyed) && self.detail.pseudonyms.is_none() {
            let detail = "expected a key of pseudonyms for keyed addresses, found none; set one with \
                          `pseudonyms`";
            return Err(ConfigError::conflict("addresses", detail));
        }
        Ok(())
    }

    /// Makes the rings of the sinks of records, and of the anchors.
    fn lines(&self, sinks: &[Configured]) -> [Vec<Line>; 2] {
        let [mut records, mut anchors] = [Vec::new(), Vec::new()];
        let mut names = Vec::new();
        for Configured { sink, content } in sinks {
            let name = unique(sink.name(), &names);
            names.push(Arc::clone(&name));
            let (lines, mode, ring) = match content {
                Content::Records(_, mode) => (&mut records, *mode, self.ring),
                Content::Checkpoints => (&mut anchors, Mode::BestEffort, limits::AUDIT_RING_ANCHOR),
            };
            let wake_at = match mode {
                Mode::BeforeAnswer => 1,
                _ => limits::AUDIT_WAKE.min(ring / 4),
            };
            let ring = Arc::new(Ring::new(ring, wake_at));
            lines.push(Line { name, ring, mode });
        }
        [records, anchors]
    }

    fn core(self, [lines, anchors]: [Vec<Line>; 2]) -> Result<Core, ConfigError> {
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
            anchors,
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
fn unique(name: &str, taken: &[Arc<str>]) -> Arc<str> {
    let is_free = |name: &String| taken.iter().all(|other| **other != **name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(is_free).unwrap_or_default().into()
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<(), ConfigError> {
    let spawned = thread::Builder::new().name(name).spawn(run);
    let detail = "expected a new thread, found none; raise the limit of threads of the process";
    match spawned {
        Ok(_) => Ok(()),
        Err(error) => Err(ConfigError::conflict("audit", detail).with_source(error)),
    }
}
