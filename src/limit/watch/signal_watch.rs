//! What looks out for signals.

use std::array;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::entries::{Denied, Known, Suspect, Suspicion};
use super::quiet::Quiet;
use super::signal::{Signal, Signals};
use super::spread::Spread;
use super::subjects::{Subjects, WhenFull};
use super::tally::SharedTally;
use super::thresholds::{SIGNALS, Thresholds};
use crate::address::Source;
#[cfg(feature = "api-key")]
use crate::api_key::store::ApiKeyDetails;
use crate::error::RejectionKind;
use crate::event::{Event, EventThrottle, Observer};
use crate::limit::lock_out::{default_weight, is_about_credential};
use crate::limits;
use crate::metrics::{Counted, Counter, Sample};
use crate::principal::{Principal, PrincipalKind};

/// The part of the presented credentials that has to fail for [`Signal::FailureRate`], in percent.
const FAILURE_PERCENT: u64 = 30;

/// Looks out for [`Signal`]s of possible attacks. Cheap to clone; clones share their counts.
///
/// A gate with it ([`GateBuilder::watch`](crate::gate::GateBuilder::watch)) reports each signal as an
/// [`Event::Signal`], an audit record and a metric. It never refuses a request, and its memory is fixed
/// from the start, about 3 MiB; while there are more sources or claimed identities than it has slots
/// for, further ones are not counted and [`Signal::Saturated`] is raised.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::limit::{Signal, Watch};
///
/// let minute = Duration::from_secs(60);
/// let watch = Watch::builder()
///     .threshold(Signal::DeniedBurst, 50, minute)
///     .threshold(Signal::SourceSpread, 500, 10 * minute) // many clients, some always misconfigured
///     .build()?;
/// // Gate::builder().watch(watch)
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Watch(Arc<Shared>);

struct Shared {
    thresholds: Thresholds,
    hasher: RandomState,
    presented: SharedTally,
    failures: SharedTally,
    spread: Mutex<Spread>,
    /// Of the signals whose subject is the whole service.
    quiet: [Mutex<Quiet>; SIGNALS],
    sources: Subjects<Suspect>,
    identities: Subjects<Suspect>,
    callers: Subjects<Denied>,
    keys: Subjects<Known>,
    counts: [Counter; SIGNALS],
    events: [EventThrottle; SIGNALS],
    observer: Option<Arc<dyn Observer>>,
}

/// Shows nothing of what it holds: it is as large as it was configured.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A request whose credential was refused.
#[derive(Clone, Copy)]
struct Failure {
    kind: RejectionKind,
    /// The hash of the source, if it is known.
    source: Option<u64>,
    /// The hash of the claimed identity, if the credential names one.
    claimed: Option<u64>,
    millis: u64,
}

impl Watch {
    pub(super) fn new(thresholds: Thresholds, observer: Option<Arc<dyn Observer>>) -> Self {
        let per = |signal| thresholds.of(signal).per;
        let ended = per(Signal::EndedCredentialUsed);
        let suspects = |signal| {
            let life = per(signal).max(ended);
            Subjects::new(limits::WATCH_SUBJECTS, life, WhenFull::Skip)
        };
        let callers = per(Signal::DeniedBurst);
        Self(Arc::new(Shared {
            thresholds,
            hasher: RandomState::new(),
            presented: SharedTally::default(),
            failures: SharedTally::default(),
            spread: Mutex::new(Spread::new(thresholds.of(Signal::SourceSpread).count)),
            quiet: Default::default(),
            sources: suspects(Signal::IdentityProbing),
            identities: suspects(Signal::IdentityTargeted),
            callers: Subjects::new(limits::WATCH_SUBJECTS, callers, WhenFull::Skip),
            keys: Subjects::new(limits::WATCH_SUBJECTS, u64::MAX, WhenFull::Replace),
            counts: array::from_fn(|_| Counter::new()),
            events: array::from_fn(|_| EventThrottle::new()),
            observer,
        }))
    }

    /// Counts a request that was refused before its caller was known, and returns the signals that
    /// it raises. `claimed` is a keyed hash of the identity that its credential claims.
    pub(crate) fn refused(
        &self,
        source: Source,
        kind: RejectionKind,
        claimed: Option<u64>,
        at: Duration,
    ) -> Signals {
        let shared = &*self.0;
        if !says_something(kind) {
            return Signals::NONE;
        }
        let millis = millis(at);
        shared.count_presented(millis);
        if default_weight(kind) == 0 {
            return Signals::NONE;
        }
        let source = source.is_known().then(|| shared.hash(source.key()));
        let raised = shared.failed(Failure {
            kind,
            source,
            claimed: claimed.map(|claimed| shared.hash(claimed)),
            millis,
        });
        shared.report(raised, at)
    }

    /// Counts a request that the policy denied, and returns the signals that it raises.
    pub(crate) fn denied(&self, caller: &Principal, at: Duration) -> Signals {
        let shared = &*self.0;
        let millis = millis(at);
        shared.count_presented(millis);
        let mut raised = Signals::NONE;
        let threshold = shared.thresholds.of(Signal::DeniedBurst);
        let is_burst = shared
            .callers
            .with(shared.caller(caller), millis, |denied| {
                denied.add(millis, threshold)
            });
        shared.note(&mut raised, Signal::DeniedBurst, is_burst, millis);
        shared.report(raised, at)
    }

    /// Counts a request that was admitted, and returns the signals that it raises.
    pub(crate) fn admitted(&self, caller: &Principal, source: Source, at: Duration) -> Signals {
        let shared = &*self.0;
        let millis = millis(at);
        shared.count_presented(millis);
        if caller.kind() != PrincipalKind::ApiKey || !source.is_known() {
            return Signals::NONE;
        }
        let threshold = shared.thresholds.of(Signal::NewSource);
        let network = shared.hash(source.coarse_key());
        let is_new = shared.keys.with(shared.key(caller), millis, |known| {
            known.add(network, millis, threshold)
        });
        let mut raised = Signals::NONE;
        shared.note(&mut raised, Signal::NewSource, is_new, millis);
        shared.report(raised, at)
    }

    /// Counts that a table of limits or lock-outs had no slot, and returns the signals that it
    /// raises.
    pub(crate) fn saturated(&self, at: Duration) -> Signals {
        let mut raised = Signals::NONE;
        self.0
            .note(&mut raised, Signal::Saturated, None, millis(at));
        self.0.report(raised, at)
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new(Thresholds::default(), None)
    }
}

impl Shared {
    fn failed(&self, failure: Failure) -> Signals {
        let millis = failure.millis;
        let mut raised = Signals::NONE;
        if self.is_failure_rate(millis) {
            raised.add(Signal::FailureRate);
        }
        if failure
            .source
            .is_some_and(|source| self.is_spread(source, millis))
        {
            raised.add(Signal::SourceSpread);
        }
        // The claimed identity is the subject of an ended credential, else its source is.
        let is_ended = is_ended(failure.kind);
        let Failure {
            source, claimed, ..
        } = failure;
        let by_source = Suspicion {
            signal: Signal::IdentityProbing,
            other: claimed,
            is_ended: is_ended && claimed.is_none(),
            millis,
        };
        let by_identity = Suspicion {
            signal: Signal::IdentityTargeted,
            other: source,
            is_ended,
            millis,
        };
        self.suspect(&mut raised, &self.sources, source, by_source);
        self.suspect(&mut raised, &self.identities, claimed, by_identity);
        raised
    }

    /// Whether so many of the last credentials failed.
    fn is_failure_rate(&self, millis: u64) -> bool {
        let threshold = self.thresholds.of(Signal::FailureRate);
        let tick = threshold.tick(millis);
        self.failures.add(tick);
        let failures = self.failures.sum(tick);
        failures >= u64::from(threshold.count)
            && failures * 100 >= self.presented.sum(tick) * FAILURE_PERCENT
            && self.may_raise(Signal::FailureRate, millis)
    }

    /// Whether credentials of so many sources failed.
    fn is_spread(&self, source: u64, millis: u64) -> bool {
        let threshold = self.thresholds.of(Signal::SourceSpread);
        let tick = threshold.tick(millis);
        let mut spread = self.spread.lock().unwrap_or_else(PoisonError::into_inner);
        spread.add(source, tick) && self.may_raise(Signal::SourceSpread, millis)
    }

    /// Counts what a source or an identity was seen with.
    fn suspect(
        &self,
        raised: &mut Signals,
        table: &Subjects<Suspect>,
        subject: Option<u64>,
        seen: Suspicion,
    ) {
        let Some(subject) = subject else {
            return;
        };
        if seen.other.is_none() && !seen.is_ended {
            return;
        }
        let many = self.thresholds.of(seen.signal);
        let ended = self.thresholds.of(Signal::EndedCredentialUsed);
        let found = table.with(subject, seen.millis, |suspect| {
            (suspect.add(&seen, many), suspect.note_end(&seen, ended))
        });
        let is_many = found.map(|(is_many, _)| is_many);
        self.note(raised, seen.signal, is_many, seen.millis);
        if found.is_some_and(|(_, is_ended)| is_ended) {
            raised.add(Signal::EndedCredentialUsed);
        }
    }

    /// Adds a signal that a table has found. `None` means that the table had no slot.
    fn note(&self, raised: &mut Signals, signal: Signal, found: Option<bool>, millis: u64) {
        match found {
            Some(true) => raised.add(signal),
            Some(false) => {}
            None if self.may_raise(Signal::Saturated, millis) => raised.add(Signal::Saturated),
            None => {}
        }
    }

    /// Whether a signal of the whole service may be raised now. It is quiet afterwards.
    fn may_raise(&self, signal: Signal, millis: u64) -> bool {
        let per = self.thresholds.of(signal).per;
        self.quiet.get(signal as usize).is_some_and(|quiet| {
            let mut quiet = quiet.lock().unwrap_or_else(PoisonError::into_inner);
            quiet.pass(millis, per)
        })
    }

    fn report(&self, raised: Signals, at: Duration) -> Signals {
        for signal in raised.iter() {
            if let Some(counter) = self.counts.get(signal as usize) {
                counter.add(1);
            }
            if let Some(observer) = &self.observer
                && let Some(events) = self.events.get(signal as usize)
                && let Some(count) = events.admit(at, 1)
            {
                let signal = signal.as_str();
                observer.observe(&Event::Signal { signal, count });
            }
        }
        raised
    }

    fn count_presented(&self, millis: u64) {
        let threshold = self.thresholds.of(Signal::FailureRate);
        self.presented.add(threshold.tick(millis));
    }

    fn hash(&self, subject: impl Hash) -> u64 {
        self.hasher.hash_one(subject)
    }

    /// The hash of a verified caller.
    fn caller(&self, caller: &Principal) -> u64 {
        let authority = caller.authority().as_str();
        match (caller.subject(), caller.client()) {
            (Some(subject), _) => self.hash((0, authority, subject)),
            (None, Some(client)) => self.hash((1, authority, client)),
            (None, None) => self.hash((2, authority, caller.kind())),
        }
    }

    /// The hash of an API key, or of its owner if another validator made the principal.
    fn key(&self, caller: &Principal) -> u64 {
        #[cfg(feature = "api-key")]
        if let Some(details) = caller.extension::<ApiKeyDetails>() {
            return self.hash((3, caller.authority().as_str(), details.id().as_str()));
        }
        self.caller(caller)
    }
}

impl Counted for Watch {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        for (signal, count) in Signal::ALL.iter().zip(&self.0.counts) {
            add(Sample {
                name: "bearergate_signals_total",
                labels: &[("signal", signal.as_str())],
                value: count.get(),
            });
        }
    }
}

/// Returns whether the kind says something about a credential that was presented.
const fn says_something(kind: RejectionKind) -> bool {
    is_about_credential(kind) && !matches!(kind, RejectionKind::CredentialMissing)
}

/// Returns whether the credential was valid once, and was ended before its time.
const fn is_ended(kind: RejectionKind) -> bool {
    use RejectionKind as Kind;
    matches!(
        kind,
        Kind::TokenRevoked | Kind::ApiKeyDisabled | Kind::RefreshReused
    )
}

fn millis(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}
