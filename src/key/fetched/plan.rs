//! The times at which keys are fetched, and how long they may be used.
//!
//! Nothing here waits, reads a clock or sends a request: each call is given the time.

use std::time::Duration;

use crate::clock::UnixTime;
use crate::crypto::Algorithm;
use crate::key::hint::KeyHint;
use crate::limits;

/// How long the keys of one source may be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefreshSchedule {
    pub(crate) fresh: Duration,
    pub(crate) stale: Duration,
}

impl Default for RefreshSchedule {
    fn default() -> Self {
        Self {
            fresh: limits::JWKS_FRESH,
            stale: limits::JWKS_STALE,
        }
    }
}

impl RefreshSchedule {
    /// Returns how long keys may be used that were requested at `fetched`.
    ///
    /// `jitter` delays the refresh by up to a tenth of the fresh time, so that many processes do
    /// not send their requests at once.
    pub(crate) fn terms(self, fetched: UnixTime, max_age: Option<Duration>, jitter: u8) -> Terms {
        let given = max_age.map(|age| age.clamp(limits::JWKS_FRESH_MIN, limits::JWKS_FRESH_MAX));
        let fresh = given.unwrap_or(self.fresh);
        let refresh_after = fresh * 4 / 5 + fresh * u32::from(jitter) / 2560;
        let fresh_until = fetched.saturating_add(fresh);
        Terms {
            fetched,
            refresh_at: fetched.saturating_add(refresh_after),
            fresh_until,
            stale_until: fresh_until.saturating_add(self.stale),
        }
    }
}

/// The times until which fetched keys may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Terms {
    pub(crate) fetched: UnixTime,
    refresh_at: UnixTime,
    fresh_until: UnixTime,
    stale_until: UnixTime,
}

/// The age of fetched keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Freshness {
    /// They are used, and no refresh is due.
    Fresh,
    /// They are used, and a refresh is due.
    Due,
    /// They are used although the refresh failed or is late; each use is reported.
    Stale,
    /// They must not be used.
    Expired,
}

impl Terms {
    pub(crate) fn freshness(&self, now: UnixTime) -> Freshness {
        match now {
            // The clock was set back, so the age of the keys is not known.
            now if now < self.fetched => Freshness::Due,
            now if now < self.refresh_at => Freshness::Fresh,
            now if now < self.fresh_until => Freshness::Due,
            now if now < self.stale_until => Freshness::Stale,
            _ => Freshness::Expired,
        }
    }
}

/// What to do about a key id that is not in the set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UnknownKid {
    /// Look it up at the source.
    Fetch,
    /// Do not look it up now: the limit of look-ups is reached.
    LimitReached,
    /// It was looked up recently, and the source does not have it.
    Missing,
    /// Do not look it up now: the source fails.
    SourceDown,
}

/// The decision when the source of the keys is asked.
#[derive(Debug, Default)]
pub(crate) struct RefreshPlan {
    failures: u32,
    /// No fetch before this time, except for an unknown key id while the source answers.
    backoff_until: Option<UnixTime>,
    /// The times of the last look-ups of unknown key ids.
    lookups: [Option<UnixTime>; limits::JWKS_MISSES],
    /// Key ids that were looked up and that the source does not have.
    missing_kids: Vec<(Algorithm, Box<str>, UnixTime)>,
}

impl RefreshPlan {
    /// Returns whether keys that are absent, due or stale may be fetched now.
    pub(crate) fn may_load(&self, now: UnixTime) -> bool {
        // A back-off that would last longer than the longest was recorded before the clock was set
        // back.
        let latest = now.saturating_add(limits::BACKOFF_MAX);
        !self
            .backoff_until
            .is_some_and(|until| now < until && until <= latest)
    }

    /// Returns what to do about a key id that is not in the set.
    pub(crate) fn unknown_kid(&self, hint: KeyHint<'_>, now: UnixTime) -> UnknownKid {
        let is_down = self.failures > 0;
        let is_missing = self.missing_kids.iter().any(|(algorithm, kid, at)| {
            *algorithm == hint.algorithm() && Some(&**kid) == hint.kid() && is_recent(*at, now)
        });
        if is_missing {
            UnknownKid::Missing
        } else if is_down && !self.may_load(now) {
            UnknownKid::SourceDown
        } else if self
            .lookups
            .iter()
            .all(|at| at.is_some_and(|at| is_recent(at, now)))
        {
            if is_down {
                UnknownKid::SourceDown
            } else {
                UnknownKid::LimitReached
            }
        } else {
            UnknownKid::Fetch
        }
    }

    /// Records that a fetch starts because of an unknown key id, whether it succeeds or not.
    pub(crate) fn record_lookup(&mut self, now: UnixTime) {
        let oldest = self
            .lookups
            .iter_mut()
            .min_by_key(|at| at.filter(|at| is_recent(*at, now)).map(UnixTime::as_secs));
        if let Some(oldest) = oldest {
            *oldest = Some(now);
        }
    }

    /// Records that the source sent keys.
    pub(crate) fn succeeded(&mut self, now: UnixTime) {
        self.failures = 0;
        self.backoff_until = Some(now.saturating_add(BACKOFF));
    }

    /// Records that the source sent no usable keys.
    pub(crate) fn failed(&mut self, now: UnixTime) {
        let wait = BACKOFF * 2_u32.saturating_pow(self.failures.min(MOST_DOUBLINGS));
        self.failures = self.failures.saturating_add(1);
        self.backoff_until = Some(now.saturating_add(wait.min(limits::BACKOFF_MAX)));
    }

    /// Forgets the missing key ids, because the set has changed.
    pub(crate) fn set_replaced(&mut self) {
        self.missing_kids.clear();
    }

    /// Records that a key id was looked up and that the source does not have it.
    pub(crate) fn record_missing(&mut self, algorithm: Algorithm, kid: &str, now: UnixTime) {
        self.missing_kids.retain(|(_, _, at)| is_recent(*at, now));
        if self.missing_kids.len() < limits::JWKS_ABSENT {
            self.missing_kids.push((algorithm, kid.into(), now));
        }
    }
}

/// The wait after the first failure, and the least time between two fetches.
const BACKOFF: Duration = Duration::from_secs(1);
const MOST_DOUBLINGS: u32 = 5;

/// A time in the future was recorded before the clock was set back.
fn is_recent(at: UnixTime, now: UnixTime) -> bool {
    at <= now && now < at.saturating_add(limits::JWKS_MISS_SPAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, FakeClock};

    const START: UnixTime = UnixTime::from_secs(1_800_000_000);

    struct Scenario {
        clock: FakeClock,
        plan: RefreshPlan,
    }

    impl Scenario {
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

        fn unknown_kid(&self, kid: &str) -> UnknownKid {
            self.plan.unknown_kid(hint(kid), self.now())
        }

        /// Looks the key id up if that is allowed, and returns whether it was.
        fn look_up(&mut self, kid: &str, answers: bool) -> bool {
            let now = self.now();
            if self.unknown_kid(kid) != UnknownKid::Fetch {
                return false;
            }
            self.plan.record_lookup(now);
            if answers {
                self.plan.succeeded(now);
                self.plan.record_missing(Algorithm::Rs256, kid, now);
            } else {
                self.plan.failed(now);
            }
            true
        }
    }

    fn hint(kid: &str) -> KeyHint<'_> {
        KeyHint::new(Some(kid), Algorithm::Rs256)
    }

    fn freshness_after(terms: Terms, secs: u64) -> Freshness {
        terms.freshness(START.saturating_add(Duration::from_secs(secs)))
    }

    #[test]
    fn keys_pass_from_fresh_to_expired() {
        let terms = RefreshSchedule::default().terms(START, None, 0);
        for (secs, freshness) in [
            (0, Freshness::Fresh),
            (479, Freshness::Fresh),
            (480, Freshness::Due),
            (599, Freshness::Due),
            (600, Freshness::Stale),
            (4_199, Freshness::Stale),
            (4_200, Freshness::Expired),
        ] {
            assert_eq!(freshness_after(terms, secs), freshness, "{secs}");
        }
    }

    #[test]
    fn jitter_delays_the_refresh_by_less_than_a_tenth() {
        let late = RefreshSchedule::default().terms(START, None, u8::MAX);
        assert_eq!(freshness_after(late, 538), Freshness::Fresh);
        assert_eq!(freshness_after(late, 540), Freshness::Due);
    }

    #[test]
    fn the_source_shortens_and_lengthens_freshness_within_bounds() {
        for (max_age, fresh) in [(0, 60), (59, 60), (61, 61), (3_600, 3_600), (86_400, 3_600)] {
            let age = Duration::from_secs(max_age);
            let terms = RefreshSchedule::default().terms(START, Some(age), 0);
            assert_eq!(freshness_after(terms, fresh - 1), Freshness::Due);
            assert_eq!(freshness_after(terms, fresh), Freshness::Stale, "{max_age}");
        }
    }

    #[test]
    fn a_clock_set_back_makes_keys_due_but_not_expired() {
        let terms = RefreshSchedule::default().terms(START, None, 0);
        let before = UnixTime::from_secs(START.as_secs() - 1);
        assert_eq!(terms.freshness(before), Freshness::Due);
        let long_before = UnixTime::from_secs(0);
        assert_eq!(terms.freshness(long_before), Freshness::Due);
    }

    #[test]
    fn two_unknown_key_ids_are_looked_up_and_the_third_is_not() {
        let mut scenario = Scenario::new();
        assert!(scenario.look_up("a", true));
        assert!(scenario.look_up("b", true));
        assert_eq!(scenario.unknown_kid("c"), UnknownKid::LimitReached);
        scenario.pass(29);
        assert_eq!(scenario.unknown_kid("c"), UnknownKid::LimitReached);
        scenario.pass(1);
        assert_eq!(scenario.unknown_kid("c"), UnknownKid::Fetch);
    }

    #[test]
    fn failed_look_ups_count_too() {
        let mut scenario = Scenario::new();
        assert!(scenario.look_up("a", false));
        assert_eq!(scenario.unknown_kid("b"), UnknownKid::SourceDown);
        scenario.pass(1);
        assert!(scenario.look_up("b", false));
        scenario.pass(5);
        assert_eq!(scenario.unknown_kid("c"), UnknownKid::SourceDown);
    }

    #[test]
    fn the_limit_of_look_ups_is_a_sliding_window() {
        let mut scenario = Scenario::new();
        assert!(scenario.look_up("a", true));
        scenario.pass(20);
        assert!(scenario.look_up("b", true));
        scenario.pass(10);
        assert!(scenario.look_up("c", true));
        scenario.pass(19);
        assert_eq!(scenario.unknown_kid("d"), UnknownKid::LimitReached);
        scenario.pass(1);
        assert_eq!(scenario.unknown_kid("d"), UnknownKid::Fetch);
    }

    #[test]
    fn a_thousand_bogus_key_ids_are_two_look_ups() {
        for answers in [true, false] {
            let mut scenario = Scenario::new();
            let kids: Vec<_> = (0..1_000).map(|n| n.to_string()).collect();
            let asked = kids.iter().filter(|kid| scenario.look_up(kid, answers));
            assert!(asked.count() <= limits::JWKS_MISSES);
        }
    }

    #[test]
    fn a_missing_key_id_is_not_looked_up_again_until_the_set_changes() {
        let mut scenario = Scenario::new();
        assert!(scenario.look_up("a", true));
        assert_eq!(scenario.unknown_kid("a"), UnknownKid::Missing);
        let other = KeyHint::new(Some("a"), Algorithm::Es256);
        assert_eq!(
            scenario.plan.unknown_kid(other, scenario.now()),
            UnknownKid::Fetch
        );
        scenario.plan.set_replaced();
        assert_eq!(scenario.unknown_kid("a"), UnknownKid::Fetch);
    }

    #[test]
    fn a_missing_key_id_is_forgotten_after_half_a_minute() {
        let mut scenario = Scenario::new();
        assert!(scenario.look_up("a", true));
        scenario.pass(29);
        assert_eq!(scenario.unknown_kid("a"), UnknownKid::Missing);
        scenario.pass(1);
        assert_eq!(scenario.unknown_kid("a"), UnknownKid::Fetch);
    }

    #[test]
    fn missing_key_ids_are_bounded() {
        let mut plan = RefreshPlan::default();
        for n in 0..2 * limits::JWKS_ABSENT {
            plan.record_missing(Algorithm::Rs256, &n.to_string(), START);
        }
        assert_eq!(plan.missing_kids.len(), limits::JWKS_ABSENT);
    }

    #[test]
    fn failures_back_off_for_up_to_half_a_minute() {
        let mut scenario = Scenario::new();
        assert!(scenario.plan.may_load(scenario.now()));
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            scenario.plan.failed(scenario.now());
            scenario.pass(wait - 1);
            assert!(!scenario.plan.may_load(scenario.now()), "{wait}");
            scenario.pass(1);
            assert!(scenario.plan.may_load(scenario.now()), "{wait}");
        }
        scenario.plan.succeeded(scenario.now());
        scenario.plan.failed(scenario.now());
        scenario.pass(1);
        assert!(scenario.plan.may_load(scenario.now()));
    }

    #[test]
    fn a_clock_set_back_does_not_block_the_source() {
        let mut scenario = Scenario::new();
        assert!(scenario.look_up("a", true));
        assert!(scenario.look_up("b", true));
        scenario.plan.failed(scenario.now());
        scenario
            .clock
            .set(UnixTime::from_secs(START.as_secs() - 86_400));
        assert!(scenario.plan.may_load(scenario.now()));
        assert_eq!(scenario.unknown_kid("c"), UnknownKid::Fetch);
        assert_eq!(scenario.unknown_kid("a"), UnknownKid::Fetch);
    }
}
