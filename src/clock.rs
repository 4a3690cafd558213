//! Time sources: the system clock, a fake clock for tests, and the clock skew that checks forgive.
//!
//! Every check that depends on time reads it from a [`Clock`], once per request. Tests move time
//! with [`FakeClock`] and never sleep.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::ConfigError;
use crate::limits;

/// A source of the current time.
///
/// Contract: return a time only if it is the current one, as far as the source knows; return
/// `None` otherwise, never a guess. `now` is called on the path of a request, so it must not
/// block. The time need not be monotonic: a check that depends on order compares stored times.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use bearergate::clock::{Clock, UnixTime};
///
/// /// The time that a background thread received from a time server, 0 before the first answer.
/// #[derive(Debug)]
/// struct ServerClock(AtomicU64);
///
/// impl Clock for ServerClock {
///     fn now(&self) -> Option<UnixTime> {
///         match self.0.load(Ordering::Relaxed) {
///             0 => None,
///             secs => Some(UnixTime::from_secs(secs)),
///         }
///     }
/// }
///
/// let clock = ServerClock(AtomicU64::new(0));
/// assert_eq!(clock.now(), None);
/// clock.0.store(1_700_000_000, Ordering::Relaxed);
/// assert_eq!(clock.now(), Some(UnixTime::from_secs(1_700_000_000)));
/// ```
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the current time, or `None` if it is unknown.
    ///
    /// A request without a known time is not validated
    /// ([`Unavailable`](crate::RejectionKind::Unavailable)); it is never accepted.
    fn now(&self) -> Option<UnixTime>;
}

const _: Option<&dyn Clock> = None;

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Option<UnixTime> {
        (**self).now()
    }
}

/// A time in whole seconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// `Display` writes RFC 3339 in UTC up to the year 9999, and the number of seconds after it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixTime(u64);

impl UnixTime {
    /// Creates a time from whole seconds since the Unix epoch.
    ///
    /// Every value is accepted. A claim of a token is accepted only up to the year 9999.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Returns the whole seconds since the Unix epoch.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns true if this time has passed: `now` is at or after this time plus `leeway`.
    ///
    /// This is the check of `exp`: RFC 7519 section 4.1.4 refuses a token "on or after" its expiry.
    pub const fn has_passed(self, now: Self, leeway: Leeway) -> bool {
        now.0 >= self.0.saturating_add(leeway.0.as_secs())
    }

    /// Returns true if this time is in the future: later than `now` plus `leeway`.
    ///
    /// This is the check of `nbf` and `iat` (RFC 7519 sections 4.1.5 and 4.1.6).
    pub const fn is_in_future(self, now: Self, leeway: Leeway) -> bool {
        self.0 > now.0.saturating_add(leeway.0.as_secs())
    }

    /// Returns the time `span` later, saturating at the largest value. Fractions of a second in
    /// `span` are dropped.
    #[must_use]
    pub const fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    /// Returns this time as a UTC calendar time, or `None` after the year 9999. Use it to write
    /// times to logs and records in formats other than that of `Display`.
    pub fn to_datetime(self) -> Option<OffsetDateTime> {
        let secs = i64::try_from(self.0).ok()?;
        OffsetDateTime::from_unix_timestamp(secs).ok()
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_datetime().and_then(|t| t.format(&Rfc3339).ok()) {
            Some(text) => f.write_str(&text),
            None => self.0.fmt(f),
        }
    }
}

/// Clock skew that time checks forgive: 30 seconds by default, at most [`Leeway::MAX`].
///
/// A token is accepted for this long after its `exp` and before its `nbf` and `iat`. A larger
/// leeway accepts expired tokens for longer.
///
/// ```
/// use std::time::Duration;
/// use bearergate::clock::Leeway;
///
/// assert_eq!(Leeway::default().as_secs(), 30);
/// assert!(Leeway::new(Duration::from_secs(600)).is_ok());
/// assert!(Leeway::new(Duration::from_secs(601)).is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Leeway(Duration);

impl Leeway {
    /// No leeway: times are compared to the second. With it, a token from a node whose clock is one
    /// second ahead may be refused.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// Largest leeway that can be configured, ten minutes. Source: Tink.
    pub const MAX: Self = Self(limits::LEEWAY_MAX);

    /// Creates a leeway. A fraction of a second is dropped when times are compared.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) in the field `leeway` if `skew` is longer than
    /// [`Leeway::MAX`].
    pub fn new(skew: Duration) -> Result<Self, ConfigError> {
        if skew > limits::LEEWAY_MAX {
            let range = Duration::ZERO..=limits::LEEWAY_MAX;
            return Err(ConfigError::out_of_range("leeway", skew, range));
        }
        Ok(Self(skew))
    }

    /// Returns the leeway in whole seconds. It is added to `exp` and subtracted from `nbf` and
    /// `iat` in every check.
    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }
}

impl Default for Leeway {
    fn default() -> Self {
        Self(limits::LEEWAY)
    }
}

impl From<Leeway> for Duration {
    fn from(leeway: Leeway) -> Self {
        leeway.0
    }
}

/// The clock of the operating system.
///
/// It returns no time while the system's clock is set to a time before 1970.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Option<UnixTime> {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        Some(UnixTime(since.as_secs()))
    }
}

/// A clock for tests: it keeps its time until [`set`](Self::set) or [`advance`](Self::advance)
/// moves it.
///
/// Clones share one time, so a test can move the clock that it gave to a validator.
///
/// ```
/// use std::time::Duration;
/// use bearergate::clock::{Clock, FakeClock, UnixTime};
///
/// let clock = FakeClock::at(UnixTime::from_secs(1_000));
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.now(), Some(UnixTime::from_secs(1_005)));
/// clock.stop();
/// assert_eq!(clock.now(), None);
/// ```
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<AtomicU64>);

impl FakeClock {
    /// Creates a clock that shows `now`. It does not advance by itself, so a test decides when a
    /// credential expires.
    pub fn at(now: UnixTime) -> Self {
        Self(Arc::new(AtomicU64::new(now.0)))
    }

    /// Sets the time to `now`, which may be earlier than the current one. A [stopped](Self::stop)
    /// clock runs again, and all clones show the new time.
    pub fn set(&self, now: UnixTime) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves the time forwards by the whole seconds of `span`. A fraction of a second is dropped.
    /// All clones show the new time.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(span.as_secs(), Ordering::SeqCst);
    }

    /// Makes [`now`](Clock::now) return `None` until the time is set again, as a broken clock does.
    /// Everything that needs the time then fails with
    /// [`Unavailable`](crate::RejectionKind::Unavailable).
    pub fn stop(&self) {
        self.0.store(Self::STOPPED, Ordering::SeqCst);
    }

    const STOPPED: u64 = u64::MAX;
}

impl Clock for FakeClock {
    fn now(&self) -> Option<UnixTime> {
        let secs = self.0.load(Ordering::SeqCst);
        (secs != Self::STOPPED).then_some(UnixTime(secs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;

    const fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    #[test]
    fn time_has_passed_at_its_exact_second() {
        assert!(!at(100).has_passed(at(99), Leeway::ZERO));
        assert!(at(100).has_passed(at(100), Leeway::ZERO));
    }

    #[test]
    fn leeway_moves_both_boundaries() {
        let leeway = Leeway::default();
        assert!(!at(100).has_passed(at(129), leeway));
        assert!(at(100).has_passed(at(130), leeway));
        assert!(at(131).is_in_future(at(100), leeway));
        assert!(!at(130).is_in_future(at(100), leeway));
    }

    #[test]
    fn leeway_arithmetic_cannot_overflow() {
        let leeway = Leeway::MAX;
        assert!(!at(u64::MAX).has_passed(at(u64::MAX - 1), leeway));
        assert!(!at(u64::MAX).is_in_future(at(u64::MAX), leeway));
        assert_eq!(at(u64::MAX).saturating_add(Duration::MAX), at(u64::MAX));
    }

    #[test]
    fn leeway_above_ten_minutes_is_rejected() {
        assert!(Leeway::new(Duration::from_secs(600)).is_ok());
        assert!(Leeway::new(Duration::new(600, 1)).is_err());
        let error = Leeway::new(Duration::MAX).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
        assert_eq!(error.field(), "leeway");
    }

    #[test]
    fn time_is_displayed_as_calendar_time() {
        assert_eq!(at(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(at(limits::TIME_MAX).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(at(u64::MAX).to_string(), u64::MAX.to_string());
    }

    #[test]
    fn system_clock_returns_a_recent_time() {
        assert!(SystemClock.now().unwrap() > at(1_700_000_000));
    }
}
