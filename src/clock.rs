//! Time as the checks see it.
//!
//! Every check that depends on time takes it from a [`Clock`], once per request, so tests move
//! time with [`FakeClock`] and never sleep.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::limits;

/// Tells the current time.
///
/// Implementations must not block. The time need not be monotonic.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the current time, or `None` when it cannot be told.
    ///
    /// A request whose time cannot be told is not judged
    /// ([`Unavailable`](crate::error::RejectionKind::Unavailable)), never accepted.
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
/// `Display` writes RFC 3339 up to the year 9999, else the number of seconds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixTime(u64);

impl UnixTime {
    /// Takes seconds since the Unix epoch.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Returns the seconds since the Unix epoch.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns true if `now` is at or after this time plus `leeway`.
    ///
    /// RFC 7519 section 4.1.4: a token is refused "on or after" its expiry.
    pub const fn is_over(self, now: Self, leeway: Leeway) -> bool {
        now.0 >= self.0.saturating_add(leeway.0.as_secs())
    }

    /// Returns true if this time lies after `now` plus `leeway`.
    pub const fn is_ahead(self, now: Self, leeway: Leeway) -> bool {
        self.0 > now.0.saturating_add(leeway.0.as_secs())
    }

    /// Returns the time `span` later, or the last one there is.
    #[must_use]
    pub const fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    /// Returns this time as calendar time, or `None` after the year 9999.
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

/// Clock skew to forgive: 30 seconds by default, at most [`limits::LEEWAY_MAX`].
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
    /// No skew at all.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// Accepts a skew of up to ten minutes; a fraction of a second is cut off.
    ///
    /// # Errors
    ///
    /// Returns [`LeewayTooLarge`] above [`limits::LEEWAY_MAX`].
    pub const fn new(skew: Duration) -> Result<Self, LeewayTooLarge> {
        if skew.as_nanos() > limits::LEEWAY_MAX.as_nanos() {
            return Err(LeewayTooLarge(()));
        }
        Ok(Self(skew))
    }

    /// Returns the skew in whole seconds.
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

/// The requested leeway exceeds [`limits::LEEWAY_MAX`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the leeway is longer than 600 seconds; it must be at most 600 seconds")]
pub struct LeewayTooLarge(());

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    /// Returns `None` while the system's clock stands before 1970.
    fn now(&self) -> Option<UnixTime> {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        Some(UnixTime(since.as_secs()))
    }
}

/// A clock that stands still until it is told to move.
///
/// Clones share one time.
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
    /// Starts at `now`.
    pub fn at(now: UnixTime) -> Self {
        Self(Arc::new(AtomicU64::new(now.0)))
    }

    /// Moves to `now`, forwards or backwards.
    pub fn set(&self, now: UnixTime) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    /// Moves forwards by `span`.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(span.as_secs(), Ordering::SeqCst);
    }

    /// Makes the clock unable to tell the time until it is set again.
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

    const fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    #[test]
    fn time_is_over_at_its_exact_second() {
        assert!(!at(100).is_over(at(99), Leeway::ZERO));
        assert!(at(100).is_over(at(100), Leeway::ZERO));
    }

    #[test]
    fn leeway_moves_both_boundaries() {
        let leeway = Leeway::default();
        assert!(!at(100).is_over(at(129), leeway));
        assert!(at(100).is_over(at(130), leeway));
        assert!(at(131).is_ahead(at(100), leeway));
        assert!(!at(130).is_ahead(at(100), leeway));
    }

    #[test]
    fn leeway_arithmetic_cannot_overflow() {
        let leeway = Leeway::new(limits::LEEWAY_MAX).unwrap();
        assert!(!at(u64::MAX).is_over(at(u64::MAX - 1), leeway));
        assert!(!at(u64::MAX).is_ahead(at(u64::MAX), leeway));
        assert_eq!(at(u64::MAX).saturating_add(Duration::MAX), at(u64::MAX));
    }

    #[test]
    fn leeway_above_ten_minutes_is_refused() {
        assert!(Leeway::new(Duration::from_secs(600)).is_ok());
        assert!(Leeway::new(Duration::new(600, 1)).is_err());
        assert!(Leeway::new(Duration::MAX).is_err());
    }

    #[test]
    fn time_reads_as_calendar_time() {
        assert_eq!(at(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(at(limits::TIME_MAX).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(at(u64::MAX).to_string(), u64::MAX.to_string());
    }

    #[test]
    fn system_clock_tells_a_time_after_this_was_written() {
        assert!(SystemClock.now().unwrap() > at(1_700_000_000));
    }
}
