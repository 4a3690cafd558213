//! The table against a map that forgets nothing, and exact counts under threads.

use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use bearergate::limit::Limits;

use crate::common::{Numbers, SECOND, ask, at, by_source, one, only, pass, v4};
use crate::common::{alice, passes};

/// In a debug build a tenth, which takes as long.
const CHECKS: u64 = if cfg!(debug_assertions) {
    400_000
} else {
    4_000_000
};

/// The algorithm in its simplest form, over a map.
#[derive(Default)]
struct Reference(HashMap<u32, u128>);

impl Reference {
    const STEP: u128 = 100_000_000;
    const BURST: u128 = 5;

    /// Returns the wait of a request that is refused.
    fn ask(&mut self, key: u32, now: Duration) -> Option<Duration> {
        let now = now.as_nanos();
        let tat = self.0.entry(key).or_default();
        let next = (*tat).max(now) + Self::STEP;
        let latest = now + Self::BURST * Self::STEP;
        if next > latest {
            return Some(Duration::from_nanos((next - latest) as u64));
        }
        *tat = next;
        None
    }
}

#[test]
fn no_check_differs_from_a_map_that_forgets_nothing() {
    let limits = Limits::builder().tables(65_536, 1_024);
    let limits = limits.limit(by_source("10/s burst 5")).build().unwrap();
    let (mut reference, mut numbers) = (Reference::default(), Numbers::new());
    let (mut now, mut refused) = (Duration::ZERO, 0_u64);
    for _ in 0..CHECKS {
        now += Duration::from_nanos(numbers.below(200_000));
        // Some keys ask far more often than they may, most of them rarely.
        let key = match numbers.below(2) {
            0 => numbers.below(300),
            _ => numbers.below(20_000),
        } as u32;
        let found = pass(&limits, at(now).with_source(v4(key)));
        let expected = reference.ask(key, now);
        assert_eq!(
            found.err().map(|over| over.wait().unwrap()),
            expected,
            "{key} at {now:?}"
        );
        refused += u64::from(expected.is_some());
    }
    assert!(refused > CHECKS / 20, "{refused} refused");
}

#[test]
fn eight_threads_pass_exactly_what_one_does() {
    const THREADS: usize = 8;
    let limits = one("1000/h");
    let (principal, passed, start) = (alice(), AtomicU32::new(0), Barrier::new(THREADS));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..500 {
                    let wanted = at(SECOND).with_principal(&principal);
                    let is_ok = pass(&limits, wanted).is_ok();
                    passed.fetch_add(u32::from(is_ok), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(passed.into_inner(), 1_000);
}

#[test]
fn eight_threads_give_back_exactly_what_they_took() {
    const THREADS: usize = 8;
    let limits = only(by_source("1000/h"));
    let wanted = at(SECOND).with_source(v4(7));
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..500 {
                    drop(ask(&limits, wanted));
                }
            });
        }
    });
    assert_eq!(passes(&limits, wanted), 1_000);
}

#[test]
fn never_more_than_the_burst_and_the_refill_pass_in_any_span() {
    let limits = one("60/m burst 10");
    let principal = alice();
    let mut passed: Vec<Duration> = Vec::new();
    for tick in 0..1_200 {
        let now = Duration::from_millis(50) * tick;
        passed.extend(pass(&limits, at(now).with_principal(&principal)).map(|()| now));
    }
    for (first, start) in passed.iter().enumerate() {
        for (last, end) in passed.iter().enumerate().skip(first) {
            let most = 10 + (*end - *start).as_secs() as usize;
            assert!(last - first < most, "{start:?} to {end:?}");
        }
    }
    // Not less either: a full burst, and one a second.
    assert_eq!(passed.len(), 10 + 59);
}
