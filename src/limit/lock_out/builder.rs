//! The configuration of a lock-out.

use std::sync::Arc;
use std::time::Duration;

use super::source_locks::{LockCounts, LockOut, Shared};
use super::state::LockRules;
use super::table::Table;
use super::weights::Weights;
use crate::environment::Environment;
use crate::error::{ConfigError, RejectionKind};
use crate::event::Observer;
use crate::limits;
use crate::rate::Rate;

/// A [`LockOut`] that is being configured. [`LockOut::builder`] makes it.
///
/// ```
/// use std::time::Duration;
///
/// use bearergate::RejectionKind;
/// use bearergate::limit::{LockOut, Rate};
///
/// let locks = LockOut::builder()
///     .budget(60, Rate::per_minute(6)?) // a busy NAT
///     .weight(RejectionKind::KeyNotFound, 0) // keys are being replaced
///     .most(Duration::from_secs(60 * 60))
///     .build()?;
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct LockOutBuilder {
    points: u32,
    /// Nanoseconds in which a point is paid back.
    step: u64,
    weights: Vec<(RejectionKind, u32)>,
    first: Duration,
    most: Duration,
    forget: Duration,
    spares_known: bool,
    sources: usize,
    observer: Option<Arc<dyn Observer>>,
}

impl LockOut {
    /// Starts with the defaults of [`LockOut::default`].
    pub fn builder() -> LockOutBuilder {
        LockOutBuilder::new()
    }
}

impl LockOutBuilder {
    fn new() -> Self {
        Self {
            points: limits::LOCK_POINTS,
            step: limits::LOCK_POINT_REFILL.as_nanos() as u64,
            weights: Vec::new(),
            first: limits::LOCK_FIRST,
            most: limits::LOCK_MOST,
            forget: limits::LOCK_FORGET,
            spares_known: true,
            sources: limits::SOURCES,
            observer: None,
        }
    }

    /// Sets how many points lock a source, and how fast points are paid back. By default 30, and 3 a
    /// minute: 10 forgeries at once, then one a minute. More lets a source guess more.
    ///
    /// A point is paid back in the time of one cell of the rate; its burst is not used. The budget
    /// is 1 to 1 000 000 points that are paid back within a day.
    pub fn budget(mut self, points: u32, refill: Rate) -> Self {
        self.points = points;
        self.step = refill.step_nanos();
        self
    }

    /// Sets the points of a kind of rejection, 0 to the budget. The
    /// [guide](crate::guide::lock_out#what-a-rejection-costs) has the defaults.
    ///
    /// A higher one locks honest clients with this fault sooner; with 0 they may repeat it for ever,
    /// and so may an attacker. A kind that says nothing about a credential, such as
    /// [`AccessDenied`](RejectionKind::AccessDenied) or
    /// [`Unavailable`](RejectionKind::Unavailable), has none: use
    /// [`Limits`](crate::limit::Limits) for verified callers.
    pub fn weight(mut self, kind: RejectionKind, points: u32) -> Self {
        self.weights.push((kind, points));
        self
    }

    /// Sets the length of the first lock, a second to a day. By default a minute. All locks of a
    /// network whose sources have no slot are as long.
    pub fn first(mut self, lock: Duration) -> Self {
        self.first = lock;
        self
    }

    /// Sets the length of the longest lock, from that of the first to a day. By default 15 minutes:
    /// some 40 forgeries an hour. A longer one locks the honest clients behind one address for longer.
    pub fn most(mut self, lock: Duration) -> Self {
        self.most = lock;
        self
    }

    /// Sets the time without blame after which strikes are forgotten, so that the next lock is as
    /// long as the first. By default an hour; it is at least as long as the longest lock, and at most
    /// 30 days. A source with strikes keeps its slot for that long.
    pub fn forget(mut self, span: Duration) -> Self {
        self.forget = span;
        self
    }

    /// Sets whether credentials that are known without a signature check, a store or a network pass
    /// while their source is locked: hits of a cache, and API keys and sessions in memory. By default
    /// they do. Without it, one guesser locks out everybody behind the same address.
    pub fn spare_known(mut self, spares: bool) -> Self {
        self.spares_known = spares;
        self
    }

    /// Sets of how many sources a state is kept, 1 024 to 16 777 216, rounded up to a multiple of
    /// 1 024. By default 131 072. Each takes 24 bytes and 8 more for shared states, from the start.
    /// With fewer, more sources share the state of their network while an attack has many.
    pub fn sources(mut self, slots: usize) -> Self {
        self.sources = slots;
        self
    }

    /// Sets the observer of [`SourceLocked`](crate::event::Event::SourceLocked) and
    /// [`LimiterSaturated`](crate::event::Event::LimiterSaturated), each at most once a second. It is
    /// called inside the request, so it must not block. By default there is none.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the observer of an environment, if it has one.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_observer(&mut self.observer);
        self
    }

    /// Builds the lock-out.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) in the field `budget`, `weight`,
    /// `first`, `most`, `forget` or `sources`; [`Conflict`](crate::error::ConfigErrorKind::Conflict)
    /// in the field `weight` for a kind that says nothing about a credential.
    pub fn build(self) -> Result<LockOut, ConfigError> {
        let rules = self.rules()?;
        let weights = self.weights()?;
        self.check_sources()?;
        Ok(self.lock_out(rules, weights))
    }

    /// Checks what [`build`](Self::build) checks.
    #[cfg(feature = "config-file")]
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.rules()?;
        self.weights()?;
        self.check_sources()
    }

    fn check_sources(&self) -> Result<(), ConfigError> {
        let slots = limits::TABLE_SLOTS_MIN..=limits::TABLE_SLOTS_MAX;
        match slots.contains(&self.sources) {
            true => Ok(()),
            false => Err(ConfigError::out_of_range("sources", self.sources, slots)),
        }
    }

    fn lock_out(self, rules: LockRules, weights: Weights) -> LockOut {
        LockOut::new(Shared {
            table: Table::new(self.sources, rules),
            weights,
            spares_known: self.spares_known,
            observer: self.observer,
            counts: LockCounts::new(),
        })
    }

    fn weights(&self) -> Result<Weights, ConfigError> {
        let mut weights = Weights::default();
        for (kind, points) in &self.weights {
            if *points > self.points {
                return Err(ConfigError::out_of_range(
                    "weight",
                    *points,
                    0..=self.points,
                ));
            }
            weights.set(*kind, *points)?;
        }
        Ok(weights)
    }

    fn rules(&self) -> Result<LockRules, ConfigError> {
        if !(1..=limits::RATE_QUOTA_MAX).contains(&self.points) {
            let range = 1..=limits::RATE_QUOTA_MAX;
            return Err(ConfigError::out_of_range("budget", self.points, range));
        }
        let step = self.step.div_ceil(1_000);
        let span = step.saturating_mul(u64::from(self.points));
        if Duration::from_micros(span) > limits::LOCK_SPAN_MAX {
            let given = Duration::from_micros(span);
            let range = Duration::ZERO..=limits::LOCK_SPAN_MAX;
            return Err(ConfigError::out_of_range("budget", given, range));
        }
        let first = limits::LOCK_SPAN_MIN..=limits::LOCK_SPAN_MAX;
        if !first.contains(&self.first) {
            return Err(ConfigError::out_of_range("first", self.first, first));
        }
        let most = self.first..=limits::LOCK_SPAN_MAX;
        if !most.contains(&self.most) {
            return Err(ConfigError::out_of_range("most", self.most, most));
        }
        let forget = self.most..=limits::LOCK_FORGET_MAX;
        if !forget.contains(&self.forget) {
            return Err(ConfigError::out_of_range("forget", self.forget, forget));
        }
        Ok(LockRules {
            step,
            span,
            first: millis(self.first),
            most: millis(self.most),
            forget: millis(self.forget),
        })
    }
}

/// Whole milliseconds, rounded up.
fn millis(span: Duration) -> u64 {
    let millis = span.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).unwrap_or(u64::MAX)
}

impl Default for LockOut {
    /// The lock-out that the [guide](crate::guide::lock_out) describes.
    fn default() -> Self {
        LockOutBuilder::new().lock_out(LockRules::default(), Weights::default())
    }
}
