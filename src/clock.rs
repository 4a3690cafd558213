//! Time sources: the system clock, a fake clock for tests, and the clock skew that checks forgive.
//!
//! Every check that depends on time reads it from a [`Clock`], once per request. Tests move time
//! with [`FakeClock`] and never sleep.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

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

    /// Returns the time since a fixed origin, which never goes back; `None` if it is unknown.
    ///
    /// Limits and lock-outs count with it, because a step of the wall clock must neither lock nor
    /// free anybody. By default it is [`now`](Self::now) in whole seconds: a clock of your own
    /// should return a monotonic time with fractions, or limits count whole seconds and follow the
    /// steps of its wall time.
    fn elapsed(&self) -> Option<Duration> {
        self.now().map(|now| Duration::from_secs(now.as_secs()))
    }

    /// Returns the current time in milliseconds since the Unix epoch, for records; `None` if it is
    /// unknown. By default it is [`now`](Self::now) in whole seconds.
    fn unix_millis(&self) -> Option<u64> {
        self.now().map(|now| now.as_secs().saturating_mul(1_000))
    }
}

const _: Option<&dyn Clock> = None;

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Option<UnixTime> {
        (**self).now()
    }

    fn elapsed(&self) -> Option<Duration> {
        (**self).elapsed()
    }

    fn unix_millis(&self) -> Option<u64> {
        (**self).unix_millis()
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
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
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

/// The clock of the operating system: its wall clock, and its monotonic clock for
/// [`elapsed`](Clock::elapsed).
///
/// It returns no time of day while the system's clock is set to a time before 1970.
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

    fn elapsed(&self) -> Option<Duration> {
        Some(ORIGIN.elapsed())
    }

    fn unix_millis(&self) -> Option<u64> {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        u64::try_from(since.as_millis()).ok()
    }
}

/// The origin of [`SystemClock::elapsed`](Clock::elapsed), fixed when it is first read.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A clock for tests: it keeps its time until [`set`](Self::set) or [`advance`](Self::advance)
/// moves it.
///
/// It has a wall time and, for [`elapsed`](Clock::elapsed), a time that never goes back. Clones
/// share both, so a test can move the clock that it gave to a validator.
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
pub struct FakeClock(Arc<Mutex<FakeTime>>);

#[derive(Debug)]
struct FakeTime {
    /// Since the Unix epoch; `None` while the clock is stopped.
    wall: Option<Duration>,
    elapsed: Duration,
}

impl FakeClock {
    /// Creates a clock that shows `now`. It does not advance by itself, so a test decides when a
    /// credential expires.
    pub fn at(now: UnixTime) -> Self {
        Self(Arc::new(Mutex::new(FakeTime {
            wall: Some(Duration::from_secs(now.0)),
            elapsed: Duration::ZERO,
        })))
    }

    /// Sets the wall time to `now`, which may be earlier than the current one. A
    /// [stopped](Self::stop) clock runs again, and all clones show the new time.
    /// [`elapsed`](Clock::elapsed) moves with it only forwards: a wall clock that is set back leaves
    /// it as it is. Use [`step_wall`](Self::step_wall) to move the wall time only.
    pub fn set(&self, now: UnixTime) {
        let mut time = self.time();
        let wall = Duration::from_secs(now.0);
        let ahead = wall.saturating_sub(time.wall.unwrap_or(wall));
        time.elapsed = time.elapsed.saturating_add(ahead);
        time.wall = Some(wall);
    }

    /// Sets only the wall time, as a correction of the system's clock does.
    pub fn step_wall(&self, now: UnixTime) {
        self.time().wall = Some(Duration::from_secs(now.0));
    }

    /// Moves both times forwards by `span`, with its fraction of a second. All clones show the new
    /// time.
    pub fn advance(&self, span: Duration) {
        let mut time = self.time();
        time.wall = time.wall.map(|wall| wall.saturating_add(span));
        time.elapsed = time.elapsed.saturating_add(span);
    }

    /// Makes [`now`](Clock::now) and [`elapsed`](Clock::elapsed) return `None` until the time is set
    /// again, as a broken clock does. Everything that needs the time then fails with
    /// [`Unavailable`](crate::RejectionKind::Unavailable).
    pub fn stop(&self) {
        self.time().wall = None;
    }

    fn time(&self) -> MutexGuard<'_, FakeTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Option<UnixTime> {
        self.time().wall.map(|wall| UnixTime(wall.as_secs()))
    }

    fn elapsed(&self) -> Option<Duration> {
        let time = self.time();
        time.wall.map(|_| time.elapsed)
    }

    fn unix_millis(&self) -> Option<u64> {
        let wall = self.time().wall?;
        u64::try_from(wall.as_millis()).ok()
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

    #[test]
    fn fractions_of_a_second_count() {
        let clock = FakeClock::at(at(1_000));
        for _ in 0..4 {
            clock.advance(Duration::from_millis(250));
        }
        assert_eq!(clock.now(), Some(at(1_001)));
        assert_eq!(clock.elapsed(), Some(Duration::from_secs(1)));
        clock.advance(Duration::from_millis(250));
        assert_eq!(clock.unix_millis(), Some(1_001_250));
    }

    #[test]
    fn elapsed_time_never_goes_back() {
        let clock = FakeClock::at(at(1_000));
        clock.set(at(400));
        assert_eq!(
            (clock.now(), clock.elapsed()),
            (Some(at(400)), Some(Duration::ZERO))
        );
        clock.set(at(450));
        assert_eq!(clock.elapsed(), Some(Duration::from_secs(50)));
        clock.step_wall(at(9_000));
        assert_eq!(clock.elapsed(), Some(Duration::from_secs(50)));
        clock.stop();
        assert_eq!((clock.now(), clock.elapsed()), (None, None));
        let [first, second] = [SystemClock.elapsed(), SystemClock.elapsed()];
        assert!(first <= second);
    }

    #[test]
    fn a_clock_without_a_monotonic_time_counts_seconds() {
        #[derive(Debug)]
        struct WallOnly;
        impl Clock for WallOnly {
            fn now(&self) -> Option<UnixTime> {
                Some(at(7))
            }
        }
        assert_eq!(WallOnly.elapsed(), Some(Duration::from_secs(7)));
        assert_eq!(Arc::new(WallOnly).unix_millis(), Some(7_000));
    }
}
