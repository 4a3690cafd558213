//! When a source is locked, for how long, and what is remembered.

use std::time::Duration;

use bearergate::limit::Rate;
use bearergate::limit::{LockOut, LockStanding};

use crate::common::{
    FAILED, FORGED, HOUR, MINUTE, is_locked, lock, locked_for, millis, secs, source,
};

#[test]
fn the_tenth_forgery_locks_and_the_ninth_does_not() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    for _ in 0..9 {
        assert_eq!(locks.blame(attacker, FORGED, secs(5)), None);
        assert_eq!(locks.standing(attacker, secs(5)), LockStanding::Free);
    }
    let locked = locks.blame(attacker, FORGED, secs(5)).unwrap();
    assert_eq!((locked.strikes, locked.lasts), (1, MINUTE));
    assert_eq!(locks.standing(attacker, secs(5)), locked_for(MINUTE));
}

#[test]
fn the_thirtieth_failure_of_one_point_locks() {
    let locks = LockOut::default();
    let (count, locked) = lock(&locks, source("192.0.2.1"), FAILED, secs(5));
    assert_eq!((count, locked.strikes, locked.lasts), (30, 1, MINUTE));
}

#[test]
fn a_lock_ends_at_its_exact_millisecond() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    lock(&locks, attacker, FORGED, millis(1_234));
    let at = |passed: u64| locks.standing(attacker, millis(1_234 + passed));
    assert_eq!(at(59_000), locked_for(secs(1)));
    assert_eq!(at(59_999), locked_for(millis(1)));
    assert_eq!(at(60_000), LockStanding::Free);
    assert_eq!(at(60_001), LockStanding::Free);
}

#[test]
fn locks_double_up_to_the_longest() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    let mut at = secs(100);
    let mut seen = Vec::new();
    for strikes in 1..=7 {
        let (count, locked) = lock(&locks, attacker, FORGED, at);
        assert_eq!(locked.strikes, strikes);
        seen.push((count, locked.lasts.as_secs()));
        assert!(is_locked(&locks, attacker, at + locked.lasts - millis(1)));
        at += locked.lasts;
    }
    // Three points a minute are paid back during a lock: 3, 6, 12, 24, and then all of them.
    let expected = [
        (10, 60),
        (1, 120),
        (2, 240),
        (4, 480),
        (8, 900),
        (10, 900),
        (10, 900),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_persistent_source_has_45_attempts_in_its_first_hour_and_40_in_the_next() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    let mut attempts = [0; 2];
    for second in 0..7_200 {
        let at = secs(second);
        while !is_locked(&locks, attacker, at) {
            locks.blame(attacker, FORGED, at);
            attempts[usize::from(second >= 3_600)] += 1;
        }
    }
    assert_eq!(attempts, [45, 40]);
}

#[test]
fn an_hour_without_blame_forgets_the_strikes() {
    for (idle, strikes, lasts) in [
        (HOUR - millis(1), 3, secs(240)),
        (HOUR, 1, MINUTE),
        (HOUR + secs(1), 1, MINUTE),
    ] {
        let locks = LockOut::default();
        let attacker = source("192.0.2.1");
        lock(&locks, attacker, FORGED, secs(0));
        let (_, second) = lock(&locks, attacker, FORGED, MINUTE);
        assert_eq!((second.strikes, second.lasts), (2, secs(120)));
        let (_, locked) = lock(&locks, attacker, FORGED, MINUTE + idle);
        assert_eq!((locked.strikes, locked.lasts), (strikes, lasts), "{idle:?}");
    }
}

#[test]
fn the_hour_is_counted_from_the_last_blame() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    lock(&locks, attacker, FORGED, secs(0));
    // One point each half hour locks nobody and keeps the strike.
    for half_hours in 1..=20 {
        let at = secs(1_800 * half_hours);
        assert_eq!(locks.blame(attacker, FAILED, at), None);
    }
    let (_, locked) = lock(
        &locks,
        attacker,
        FORGED,
        secs(1_800 * 20) + HOUR - millis(1),
    );
    assert_eq!(locked.strikes, 2);
}

#[test]
fn points_are_paid_back_at_the_rate_and_no_faster() {
    let locks = LockOut::default();
    let client = source("192.0.2.1");
    // One point in 20 seconds for ten hours: as fast as it is paid back.
    for step in 0..1_800 {
        assert_eq!(locks.blame(client, FAILED, secs(20 * step)), None);
    }
    // The same a little faster is locked in the end, and never before 30 points more were made.
    let client = source("192.0.2.2");
    let is_locked = |step: &u64| locks.blame(client, FAILED, secs(19 * step)).is_some();
    let first = (0..1_800).find(is_locked).unwrap();
    assert!((560..=600).contains(&first), "{first}");
}

#[test]
fn the_moments_between_forgeries_do_not_give_one_more() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    let mut at = secs(7);
    for attempt in 1..=10 {
        at += millis(130);
        let locked = locks.blame(attacker, FORGED, at);
        assert_eq!(locked.is_some(), attempt == 10, "{attempt}");
    }
    // The same after the lock, when it is noticed a little late.
    let locked = locks.blame(attacker, FORGED, at + MINUTE + millis(700));
    assert_eq!(locked.unwrap().lasts, secs(120));
    // A whole point that was paid back counts: 29 of 30.
    let other = source("192.0.2.2");
    for _ in 0..9 {
        assert_eq!(locks.blame(other, FORGED, secs(100)), None);
    }
    assert_eq!(locks.blame(other, FORGED, secs(120)), None);
    assert!(locks.blame(other, FAILED, secs(120)).is_some());
}

#[test]
fn good_requests_pay_nothing_back() {
    let with = LockOut::default();
    let without = LockOut::default();
    let attacker = source("192.0.2.1");
    for attempt in 1..=10 {
        let at = secs(attempt);
        // What a gate asks for a good request.
        assert_eq!(with.standing(attacker, at), LockStanding::Free);
        let expected = without.blame(attacker, FORGED, at);
        assert_eq!(with.blame(attacker, FORGED, at), expected);
        assert_eq!(expected.is_some(), attempt == 10);
    }
}

#[test]
fn a_rejection_during_the_lock_neither_extends_it_nor_counts_as_a_strike() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    lock(&locks, attacker, FORGED, secs(0));
    // Requests that were in flight when the lock began.
    for _ in 0..50 {
        assert_eq!(locks.blame(attacker, FORGED, secs(30)), None);
    }
    assert_eq!(
        locks.standing(attacker, millis(59_999)),
        locked_for(millis(1))
    );
    assert_eq!(locks.standing(attacker, secs(60)), LockStanding::Free);
    let (_, locked) = lock(&locks, attacker, FORGED, secs(60));
    assert_eq!((locked.strikes, locked.lasts), (2, secs(120)));
}

#[test]
fn the_points_are_no_more_than_the_budget() {
    let locks = LockOut::default();
    let attacker = source("192.0.2.1");
    for _ in 0..1_000 {
        locks.blame(attacker, FORGED, secs(0));
    }
    // All is paid back after the budget's own time, however many were in flight.
    let (count, _) = lock(&locks, attacker, FORGED, secs(600));
    assert_eq!(count, 10);
}

#[test]
fn a_pardon_forgets_points_lock_and_strikes_of_one_source() {
    let locks = LockOut::default();
    let [pardoned, other] = [source("192.0.2.1"), source("192.0.2.2")];
    for source in [pardoned, other] {
        lock(&locks, source, FORGED, secs(0));
    }
    locks.pardon(pardoned);
    assert_eq!(locks.standing(pardoned, secs(1)), LockStanding::Free);
    assert!(is_locked(&locks, other, secs(1)));
    let (count, locked) = lock(&locks, pardoned, FORGED, secs(1));
    assert_eq!((count, locked.strikes), (10, 1));
}

#[test]
fn sources_are_addresses_of_ipv4_and_networks_of_64_bits_of_ipv6() {
    let locks = LockOut::default();
    for host in 0..10 {
        let address = source(&format!("2001:db8:1:2::{host:x}"));
        assert_eq!(locks.blame(address, FORGED, secs(0)).is_some(), host == 9);
    }
    assert!(is_locked(&locks, source("2001:db8:1:2:ffff::1"), secs(0)));
    // Another /64 of the same /56, and a neighbour of IPv4.
    assert!(!is_locked(&locks, source("2001:db8:1:3::1"), secs(0)));
    lock(&locks, source("192.0.2.1"), FORGED, secs(0));
    assert!(is_locked(&locks, source("::ffff:192.0.2.1"), secs(0)));
    assert!(!is_locked(&locks, source("192.0.2.2"), secs(0)));
}

#[test]
fn a_lock_is_of_the_source_and_never_of_an_identity() {
    let locks = LockOut::default();
    lock(&locks, source("192.0.2.1"), FORGED, secs(0));
    assert!(!is_locked(&locks, source("198.51.100.7"), secs(0)));
}

#[test]
fn unknown_sources_are_never_locked() {
    use bearergate::address::Source;

    let locks = LockOut::default();
    let proxy = "10.0.0.1".parse().unwrap();
    for unknown in [Source::unknown(None), Source::unknown(Some(proxy))] {
        for _ in 0..1_000 {
            assert_eq!(locks.blame(unknown, FORGED, secs(0)), None);
        }
        assert_eq!(locks.standing(unknown, secs(0)), LockStanding::Free);
        locks.pardon(unknown);
    }
    // The proxy's own address is not its unknown clients.
    assert!(!is_locked(&locks, Source::of(proxy), secs(0)));
}

#[test]
fn clones_share_one_table() {
    let locks = LockOut::default();
    let other = locks.clone();
    lock(&locks, source("192.0.2.1"), FORGED, secs(0));
    assert!(is_locked(&other, source("192.0.2.1"), secs(0)));
}

#[test]
fn a_source_that_was_locked_is_paid_back_as_configured() {
    let locks = LockOut::builder()
        .budget(6, Rate::per_second(1).unwrap())
        .first(secs(2))
        .most(secs(5))
        .forget(secs(60))
        .build()
        .unwrap();
    let attacker = source("192.0.2.1");
    let mut at = Duration::ZERO;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let (count, locked) = lock(&locks, attacker, FORGED, at);
        seen.push((count, locked.lasts.as_secs()));
        at += locked.lasts;
    }
    assert_eq!(seen, [(2, 2), (1, 4), (2, 5), (2, 5)]);
    let (_, locked) = lock(&locks, attacker, FORGED, at + secs(60));
    assert_eq!(locked.lasts, secs(2));
}
