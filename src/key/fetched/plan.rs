//! When keys are fetched, and how long they count.
//!
//! Nothing here waits, asks a clock or sends anything: every call is told the time.

use std::time::Duration;

use crate::clock::UnixTime;
use crate::crypto::Algorithm;
use crate::key::store::KeyHint;
use crate::limits;

/// How long keys of one source count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) fresh: Duration,
    pub(crate) stale: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            fresh: limits::JWKS_FRESH,
            stale: limits::JWKS_STALE,
        }
    }
}

impl Schedule {
    /// Returns how long keys count that were asked for at `fetched`.
    ///
    /// `jitter` puts the refresh off by up to a tenth of the freshness, so that many processes do
    /// not ask at once.
    pub(crate) fn terms(self, fetched: UnixTime, max_age: Option<Duration>, jitter: u8) -> Terms {
        let asked = max_age.map(|age| age.clamp(limits::JWKS_FRESH_MIN, limits::JWKS_FRESH_MAX));
        let fresh = asked.unwrap_or(self.fresh);
        let ahead = fresh * 4 / 5 + fresh * u32::from(jitter) / 2560;
        let fresh_until = fetched.saturating_add(fresh);
        Terms {
            fetched,
            ahead: fetched.saturating_add(ahead),
            fresh_until,
            stale_until: fresh_until.saturating_add(self.stale),
        }
    }
}

/// Until when fetched keys count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Terms {
    pub(crate) fetched: UnixTime,
    ahead: UnixTime,
    fresh_until: UnixTime,
    stale_until: UnixTime,
}

/// How far keys are on their way from fresh to useless.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// Nothing is to be done.
    Fresh,
    /// They count, and should be fetched anew.
    Due,
    /// They count although the source should have been asked; each use is told.
    Stale,
    /// They do not count.
    Over,
}

impl Terms {
    pub(crate) fn standing(&self, now: UnixTime) -> Standing {
        match now {
            // The clock was set back: how old the keys are is not known.
            now if now < self.fetched => Standing::Due,
            now if now < self.ahead => Standing::Fresh,
            now if now < self.fresh_until => Standing::Due,
            now if now < self.stale_until => Standing::Stale,
            _ => Standing::Over,
        }
    }
}

/// What an unknown key id leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Miss {
    /// It was looked up a moment ago and is not there.
    Absent,
    /// It must not be looked up now, and the source does not answer.
    Down,
    /// It is to be looked up.
    Fetch,
    /// It must not be looked up now.
    Spent,
}

/// Decides when the source of keys is asked.
#[derive(Debug, Default)]
pub(crate) struct RefreshPlan {
    failures: u32,
    /// No fetch before this, but for an unknown key id while the source answers.
    rest: Option<UnixTime>,
    misses: [Option<UnixTime>; limits::JWKS_MISSES],
    absent: Vec<(Algorithm, Box<str>, UnixTime)>,
}

impl RefreshPlan {
    /// Says whether keys that are missing, due or stale may be fetched now.
    pub(crate) fn may_load(&self, now: UnixTime) -> bool {
        !self.rest.is_some_and(|rest| is_resting(rest, now))
    }

    /// Says what to do about a key id that is not in the set.
    pub(crate) fn miss(&self, hint: KeyHint<'_>, now: UnixTime) -> Miss {
        let is_down = self.failures > 0;
        if self.is_absent(hint, now) {
            Miss::Absent
        } else if is_down && !self.may_load(now) {
            Miss::Down
        } else if self
            .misses
            .iter()
            .all(|at| at.is_some_and(|at| is_recent(at, now)))
        {
            if is_down { Miss::Down } else { Miss::Spent }
        } else {
            Miss::Fetch
        }
    }

    /// Notes that a fetch begins because of an unknown key id, whatever becomes of it.
    pub(crate) fn note_miss(&mut self, now: UnixTime) {
        let oldest = self
            .misses
            .iter_mut()
            .min_by_key(|at| at.filter(|at| is_recent(*at, now)).map(UnixTime::as_secs));
        if let Some(oldest) = oldest {
            *oldest = Some(now);
        }
    }

    /// Notes that keys came.
    pub(crate) fn succeeded(&mut self, now: UnixTime) {
        self.failures = 0;
        self.rest = Some(now.saturating_add(BACKOFF));
    }

    /// Notes that no usable keys came.
    pub(crate) fn failed(&mut self, now: UnixTime) {
        let wait = BACKOFF * 2_u32.saturating_pow(self.failures.min(MOST_DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        self.rest = Some(now.saturating_add(wait.min(limits::BACKOFF_MAX)));
    }

    /// Forgets what is not there: the set is another one.
    pub(crate) fn replaced(&mut self) {
        self.absent.clear();
    }

    /// Notes that a key id was looked up and is not there.
    pub(crate) fn note_absent(&mut self, algorithm: Algorithm, kid: &str, now: UnixTime) {
        self.absent.retain(|(_, _, at)| is_recent(*at, now));
        if self.absent.len() < limits::JWKS_ABSENT {
            self.absent.push((algorithm, kid.into(), now));
        }
    }

    fn is_absent(&self, hint: KeyHint<'_>, now: UnixTime) -> bool {
        self.absent.iter().any(|(algorithm, kid, at)| {
            *algorithm == hint.algorithm() && Some(&**kid) == hint.kid() && is_recent(*at, now)
        })
    }
}

/// The first wait after a failure, and the least between two fetches.
const BACKOFF: Duration = Duration::from_secs(1);
const MOST_DOUBLINGS: u32 = 5;

/// A rest that ends later than any can was planned before the clock was set back.
fn is_resting(rest: UnixTime, now: UnixTime) -> bool {
    now < rest && rest <= now.saturating_add(limits::BACKOFF_MAX)
}

/// What lies ahead was noted before the clock was set back.
fn is_recent(at: UnixTime, now: UnixTime) -> bool {
    at <= now && now < at.saturating_add(limits::JWKS_MISS_SPAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::clock::FakeClock;

    const START: UnixTime = UnixTime::from_secs(1_800_000_000);

    struct Course {
        clock: FakeClock,
        plan: RefreshPlan,
    }

    impl Course {
        fn new() -> Self {
            Self {
                clock: FakeClock::at(START),
                plan: RefreshPlan::default(),
            }
        }

        fn now(&self) -> UnixTime {
            self.clock.now().unwrap()
        }

        fn pass(&self, secs: u64) {
            self.clock.advance(Duration::from_secs(secs));
        }

        fn miss(&self, kid: &str) -> Miss {
            self.plan.miss(hint(kid), self.now())
        }

        /// Looks up if that is allowed, and says whether it was.
        fn look_up(&mut self, kid: &str, answers: bool) -> bool {
            let now = self.now();
            if self.miss(kid) != Miss::Fetch {
                return false;
            }
            self.plan.note_miss(now);
            if answers {
                self.plan.succeeded(now);
                self.plan.note_absent(Algorithm::Rs256, kid, now);
            } else {
                self.plan.failed(now);
            }
            true
        }
    }

    fn hint(kid: &str) -> KeyHint<'_> {
        KeyHint::new(Some(kid), Algorithm::Rs256)
    }

    fn standing_after(terms: Terms, secs: u64) -> Standing {
        terms.standing(START.saturating_add(Duration::from_secs(secs)))
    }

    #[test]
    fn keys_pass_from_fresh_to_over() {
        let terms = Schedule::default().terms(START, None, 0);
        for (secs, standing) in [
            (0, Standing::Fresh),
            (479, Standing::Fresh),
            (480, Standing::Due),
            (599, Standing::Due),
            (600, Standing::Stale),
            (4_199, Standing::Stale),
            (4_200, Standing::Over),
        ] {
            assert_eq!(standing_after(terms, secs), standing, "{secs}");
        }
    }

    #[test]
    fn jitter_puts_the_refresh_off_by_less_than_a_tenth() {
        let late = Schedule::default().terms(START, None, u8::MAX);
        assert_eq!(standing_after(late, 538), Standing::Fresh);
        assert_eq!(standing_after(late, 540), Standing::Due);
    }

    #[test]
    fn the_source_shortens_and_lengthens_freshness_within_bounds() {
        for (max_age, fresh) in [(0, 60), (59, 60), (61, 61), (3_600, 3_600), (86_400, 3_600)] {
            let age = Duration::from_secs(max_age);
            let terms = Schedule::default().terms(START, Some(age), 0);
            assert_eq!(standing_after(terms, fresh - 1), Standing::Due);
            assert_eq!(standing_after(terms, fresh), Standing::Stale, "{max_age}");
        }
    }

    #[test]
    fn a_clock_set_back_makes_keys_due_but_not_useless() {
        let terms = Schedule::default().terms(START, None, 0);
        let before = UnixTime::from_secs(START.as_secs() - 1);
        assert_eq!(terms.standing(before), Standing::Due);
        let long_before = UnixTime::from_secs(0);
        assert_eq!(terms.standing(long_before), Standing::Due);
    }

    #[test]
    fn two_unknown_key_ids_are_looked_up_and_the_third_is_not() {
        let mut course = Course::new();
        assert!(course.look_up("a", true));
        assert!(course.look_up("b", true));
        assert_eq!(course.miss("c"), Miss::Spent);
        course.pass(29);
        assert_eq!(course.miss("c"), Miss::Spent);
        course.pass(1);
        assert_eq!(course.miss("c"), Miss::Fetch);
    }

    #[test]
    fn failed_look_ups_count_too() {
        let mut course = Course::new();
        assert!(course.look_up("a", false));
        assert_eq!(course.miss("b"), Miss::Down);
        course.pass(1);
        assert!(course.look_up("b", false));
        course.pass(5);
        assert_eq!(course.miss("c"), Miss::Down);
    }

    #[test]
    fn the_limit_slides() {
        let mut course = Course::new();
        assert!(course.look_up("a", true));
        course.pass(20);
        assert!(course.look_up("b", true));
        course.pass(10);
        assert!(course.look_up("c", true));
        course.pass(19);
        assert_eq!(course.miss("d"), Miss::Spent);
        course.pass(1);
        assert_eq!(course.miss("d"), Miss::Fetch);
    }

    #[test]
    fn a_thousand_bogus_key_ids_are_two_look_ups() {
        for answers in [true, false] {
            let mut course = Course::new();
            let kids: Vec<_> = (0..1_000).map(|n| n.to_string()).collect();
            let asked = kids.iter().filter(|kid| course.look_up(kid, answers));
            assert!(asked.count() <= limits::JWKS_MISSES);
        }
    }

    #[test]
    fn an_absent_key_id_is_not_looked_up_again_until_the_set_changes() {
        let mut course = Course::new();
        assert!(course.look_up("a", true));
        assert_eq!(course.miss("a"), Miss::Absent);
        let other = KeyHint::new(Some("a"), Algorithm::Es256);
        assert_eq!(course.plan.miss(other, course.now()), Miss::Fetch);
        course.plan.replaced();
        assert_eq!(course.miss("a"), Miss::Fetch);
    }

    #[test]
    fn absence_is_forgotten_after_half_a_minute() {
        let mut course = Course::new();
        assert!(course.look_up("a", true));
        course.pass(29);
        assert_eq!(course.miss("a"), Miss::Absent);
        course.pass(1);
        assert_eq!(course.miss("a"), Miss::Fetch);
    }

    #[test]
    fn absent_key_ids_are_bounded() {
        let mut plan = RefreshPlan::default();
        for n in 0..2 * limits::JWKS_ABSENT {
            plan.note_absent(Algorithm::Rs256, &n.to_string(), START);
        }
        assert_eq!(plan.absent.len(), limits::JWKS_ABSENT);
    }

    #[test]
    fn failures_back_off_up_to_half_a_minute() {
        let mut course = Course::new();
        assert!(course.plan.may_load(course.now()));
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            course.plan.failed(course.now());
            course.pass(wait - 1);
            assert!(!course.plan.may_load(course.now()), "{wait}");
            course.pass(1);
            assert!(course.plan.may_load(course.now()), "{wait}");
        }
        course.plan.succeeded(course.now());
        course.plan.failed(course.now());
        course.pass(1);
        assert!(course.plan.may_load(course.now()));
    }

    #[test]
    fn a_clock_set_back_does_not_lock_the_source_out() {
        let mut course = Course::new();
        assert!(course.look_up("a", true));
        assert!(course.look_up("b", true));
        course.plan.failed(course.now());
        course
            .clock
            .set(UnixTime::from_secs(START.as_secs() - 86_400));
        assert!(course.plan.may_load(course.now()));
        assert_eq!(course.miss("c"), Miss::Fetch);
        assert_eq!(course.miss("a"), Miss::Fetch);
    }
}
