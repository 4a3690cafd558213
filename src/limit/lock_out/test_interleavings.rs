//! Blame, looks and pardons of several threads, in many orders of their steps.
//!
//! `RUSTFLAGS="--cfg bearergate_shuttle" cargo test --lib interleavings` runs them: the locks of
//! the table then belong to shuttle, which chooses whose step is next.

use std::net::{IpAddr, Ipv4Addr};

use shuttle::sync::Arc;
use shuttle::thread;

use super::state::{LockRules, Moment};
use super::table::Table;
use crate::address::Source;
use crate::limits;

const ROUNDS: usize = 1_000;
const NOW: Moment = Moment::from_millis(5_000);

const fn source(number: u32) -> Source {
    Source::of(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number)))
}

/// Runs `act` in three threads that share a table of the fewest slots.
fn in_threads(act: impl Fn(&Table, u32) + Send + Sync + 'static, then: fn(&Table)) {
    let act = Arc::new(act);
    let run = move || {
        let table = Arc::new(Table::new(limits::TABLE_SLOTS_MIN, LockRules::default()));
        let threads: Vec<_> = (0..3)
            .map(|number| {
                let (table, act) = (Arc::clone(&table), Arc::clone(&act));
                thread::spawn(move || act(&table, number))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        then(&table);
    };
    shuttle::check_random(run, ROUNDS);
}

#[test]
fn blame_of_one_source_is_summed_up_and_locks_once() {
    let blame = |table: &Table, _| {
        let begun = (0..3).filter(|_| table.blame(source(1), 3, NOW).begun.is_some());
        assert_eq!(begun.count(), 0);
    };
    in_threads(blame, |table| {
        // Nine times three points were counted: two are left, and the third locks.
        assert_eq!(table.blame(source(1), 2, NOW).begun, None);
        assert_eq!(table.locked_for(source(1), NOW), 0);
        assert!(table.blame(source(1), 1, NOW).begun.is_some());
        assert_eq!(table.locked_for(source(1), NOW), 60_000);
    });
}

#[test]
fn a_lock_begins_once_and_is_seen_by_everybody_after_it() {
    let blame = |table: &Table, _| {
        for _ in 0..2 {
            table.blame(source(1), 10, NOW);
        }
        if table.blame(source(1), 10, NOW).begun.is_some() {
            assert_eq!(table.locked_for(source(1), NOW), 60_000);
        }
        assert_eq!(table.locked_for(source(1), NOW), 60_000);
    };
    // A second lock would have lasted for two minutes.
    in_threads(blame, |table| {
        assert_eq!(table.locked_for(source(1), NOW), 60_000)
    });
}

#[test]
fn sources_of_one_stripe_keep_their_own_states() {
    let blame = |table: &Table, number| {
        for _ in 0..9 {
            assert_eq!(table.blame(source(number), 3, NOW).begun, None);
        }
        assert!(table.blame(source(number), 3, NOW).begun.is_some());
        assert_eq!(table.locked_for(source(7), NOW), 0);
    };
    in_threads(blame, |table| {
        for number in 0..3 {
            assert_eq!(table.locked_for(source(number), NOW), 60_000);
        }
        assert_eq!(table.locked(), 3);
    });
}

#[test]
fn a_pardon_is_before_or_after_each_blame() {
    let act = |table: &Table, number| match number {
        0 => table.pardon(source(1)),
        _ => {
            table.blame(source(1), 10, NOW);
        }
    };
    in_threads(act, |table| {
        let left = (0..3).find(|_| table.blame(source(1), 10, NOW).begun.is_some());
        // None, one or both of the two were pardoned.
        assert!(matches!(left, Some(0..=2)));
    });
}
