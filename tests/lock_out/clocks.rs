//! Clocks that are still, go back, or show huge times.

use std::time::Duration;

use bearergate::limit::{LockOut, LockStanding};

use crate::common::{FORGED, HOUR, MINUTE, is_locked, lock, locked_for, secs, source};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn a_clock_that_is_still_locks_and_keeps_the_lock() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    assert_eq!(lock(&locks, attacker, FORGED, Duration::ZERO).0, 10);
    for _ in 0..1_000 {
        assert_eq!(locks.blame(attacker, FORGED, Duration::ZERO), None);
    }
    assert_eq!(locks.standing(attacker, Duration::ZERO), locked_for(MINUTE));
}

#[test]
fn a_clock_that_goes_back_a_day_locks_for_the_rest_of_the_lock() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    let before = DAY * 10;
    lock(&locks, attacker, FORGED, before);
    let after = before - DAY;
    assert_eq!(locks.standing(attacker, after), locked_for(MINUTE));
    assert!(is_locked(&locks, attacker, after + secs(59)));
    assert_eq!(locks.standing(attacker, after + MINUTE), LockStanding::Free);
    // The debts go on from there: three points were paid back, and one forgery locks.
    let (count, locked) = lock(&locks, attacker, FORGED, after + MINUTE);
    assert_eq!((count, locked.strikes), (1, 2));
}

#[test]
fn points_that_are_ahead_of_the_clock_are_paid_back_from_now_on() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    for _ in 0..9 {
        locks.blame(attacker, FORGED, DAY * 10);
    }
    assert!(locks.blame(attacker, FORGED, DAY).is_some());
    let (count, _) = lock(&locks, attacker, FORGED, DAY + HOUR);
    assert_eq!(count, 10);
}

#[test]
fn a_clock_that_goes_ahead_a_year_frees_everybody() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    lock(&locks, attacker, FORGED, DAY);
    let after = DAY * 366;
    assert_eq!(locks.standing(attacker, after), LockStanding::Free);
    let (count, locked) = lock(&locks, attacker, FORGED, after);
    assert_eq!((count, locked.strikes), (10, 1));
}

#[test]
fn a_request_in_flight_may_be_older_than_the_last_blame() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    lock(&locks, attacker, FORGED, secs(100));
    // It was read before the lock began, and is answered with no more than the whole lock.
    assert_eq!(locks.standing(attacker, secs(95)), locked_for(MINUTE));
    assert_eq!(locks.blame(attacker, FORGED, secs(95)), None);
    assert_eq!(locks.standing(attacker, secs(159)), locked_for(secs(1)));
    assert_eq!(locks.standing(attacker, secs(160)), LockStanding::Free);
}

#[test]
fn huge_times_neither_panic_nor_lock_forever() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    let times = [
        Duration::MAX,
        Duration::from_secs(u64::MAX / 1_000),
        Duration::from_secs(1 << 46),
        Duration::from_nanos(u64::MAX),
        Duration::from_millis(u64::MAX),
    ];
    for at in times {
        lock(&locks, attacker, FORGED, at);
        assert!(is_locked(&locks, attacker, at));
        locks.pardon(attacker);
    }
    lock(&locks, attacker, FORGED, Duration::MAX);
    assert_eq!(locks.standing(attacker, secs(1)), locked_for(MINUTE));
    assert_eq!(locks.standing(attacker, secs(61)), LockStanding::Free);
}

#[test]
fn times_of_a_unix_clock_count_as_well() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    let now = secs(1_790_000_000);
    lock(&locks, attacker, FORGED, now);
    assert_eq!(
        locks.standing(attacker, now + secs(59)),
        locked_for(secs(1))
    );
    assert_eq!(locks.standing(attacker, now + MINUTE), LockStanding::Free);
}
