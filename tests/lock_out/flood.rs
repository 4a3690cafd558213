//! More sources than slots.

use bearergate::limit::{LockOut, LockStanding};

use crate::common::{FORGED, MINUTE, is_locked, lock, millis, numbered, secs};

/// Sources from 10.0.0.0/8, so that they are none of the others.
fn flood(locks: &LockOut, count: u32, at: std::time::Duration) {
    for number in 0..count {
        locks.blame(numbered(0x0a00_0000 + number), FORGED, at);
    }
}

/// Sources from 192.0.0.0/8.
fn attackers() -> impl Iterator<Item = bearergate::address::Source> {
    (0..1_000).map(|number| numbered(0xc000_0000 + number * 257))
}

#[test]
fn a_flood_of_sources_frees_nobody_who_is_locked() {
    let locks = LockOut::default();
    for attacker in attackers() {
        lock(&locks, attacker, FORGED, secs(0));
    }
    flood(&locks, 200_000, secs(1));
    flood(&locks, 50_000, secs(30));
    for attacker in attackers() {
        let standing = locks.standing(attacker, millis(59_999));
        assert_eq!(standing, crate::common::locked_for(millis(1)));
        assert_eq!(locks.standing(attacker, MINUTE), LockStanding::Free);
    }
}

#[test]
fn a_flood_of_sources_forgets_neither_points_nor_strikes() {
    let locks = LockOut::default();
    for attacker in attackers() {
        lock(&locks, attacker, FORGED, secs(0));
        // It owes 27 of 30 points.
        assert_eq!(locks.standing(attacker, MINUTE), LockStanding::Free);
    }
    flood(&locks, 200_000, MINUTE);
    for attacker in attackers() {
        let locked = locks.blame(attacker, FORGED, MINUTE).unwrap();
        assert_eq!((locked.strikes, locked.lasts), (2, secs(120)));
    }
}

#[test]
fn a_full_table_locks_few_who_have_done_nothing() {
    let locks = LockOut::builder().sources(4_096).build().unwrap();
    // Forty thousand sources of one /16 that forge until they are locked: 10 times the slots.
    for round in 0..10 {
        flood(&locks, 40_000, secs(round));
    }
    let innocents = (0..10_000).map(|number| numbered(0xc000_0000 + number * 257));
    let refused = innocents.filter(|source| is_locked(&locks, *source, secs(10)));
    let refused = refused.count();
    // 157 networks of 2 048 cells are locked.
    assert!(refused < 1_000, "{refused} of 10000");
}

#[test]
fn a_source_without_a_slot_shares_the_lock_of_its_network() {
    let locks = LockOut::builder().sources(1_024).build().unwrap();
    flood(&locks, 20_000, secs(0));
    // Each source forges once, all of one /24: nobody has a slot, so the network is locked. The
    // flood may have locked the state that a network has; take one of another.
    let network = |number: u32, host: u32| numbered(0xc633_0000 + number * 256 + host);
    let number = (0..100).find(|number| !is_locked(&locks, network(*number, 0), secs(1)));
    let host = |host| network(number.unwrap(), host);
    let begun: Vec<_> = (0..10)
        .filter_map(|number| locks.blame(host(number), FORGED, secs(1)))
        .collect();
    assert_eq!(begun.len(), 1);
    assert_eq!(begun[0].lasts, MINUTE);
    assert!(is_locked(&locks, host(251), secs(2)));
    // It is never longer than the first lock.
    for minute in 1..5 {
        let at = MINUTE * minute + secs(1);
        assert!(!is_locked(&locks, host(251), at));
        flood(&locks, 5_000, at);
        let locked = (0..250).find_map(|number| locks.blame(host(number), FORGED, at));
        assert_eq!(locked.unwrap().lasts, MINUTE);
    }
}

#[test]
fn slots_are_free_again_when_nothing_is_owed() {
    let locks = LockOut::builder().sources(1_024).build().unwrap();
    flood(&locks, 20_000, secs(0));
    // The points of the flood are paid back, and none of it was locked itself.
    let later = secs(24 * 60 * 60);
    for number in 0..100 {
        let attacker = numbered(0xc000_0000 + number * 257);
        let (count, locked) = lock(&locks, attacker, FORGED, later);
        assert_eq!((count, locked.strikes, locked.lasts), (10, 1, MINUTE));
    }
}
