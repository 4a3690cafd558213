//! The clock of `--clock`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bearergate::clock::{Clock, SystemClock, UnixTime};

/// A clock that is moved by the operator. Clones share its times.
#[derive(Clone, Debug)]
pub(crate) struct ManualClock(Arc<Mutex<Times>>);

#[derive(Debug)]
struct Times {
    /// Since the Unix epoch.
    wall: Duration,
    elapsed: Duration,
}

impl ManualClock {
    /// Creates a clock that shows the system's second and does not move.
    pub(crate) fn start() -> Self {
        let now = SystemClock::default()
            .now()
            .unwrap_or(UnixTime::from_secs(0));
        Self(Arc::new(Mutex::new(Times {
            wall: Duration::from_secs(now.as_secs()),
            elapsed: Duration::ZERO,
        })))
    }

    /// Moves both times.
    pub(crate) fn advance(&self, span: Duration) {
        let mut times = self.times();
        times.wall = times.wall.saturating_add(span);
        times.elapsed = times.elapsed.saturating_add(span);
    }

    /// Moves the wall time only, as a correction of the system's clock does.
    pub(crate) fn step_wall(&self, millis: i64) {
        let mut times = self.times();
        let span = Duration::from_millis(millis.unsigned_abs());
        times.wall = match millis < 0 {
            true => times.wall.saturating_sub(span),
            false => times.wall.saturating_add(span),
        };
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Option<UnixTime> {
        Some(UnixTime::from_secs(self.times().wall.as_secs()))
    }

    fn elapsed(&self) -> Option<Duration> {
        Some(self.times().elapsed)
    }

    fn unix_millis(&self) -> Option<u64> {
        u64::try_from(self.times().wall.as_millis()).ok()
    }
}
