//! Requests in parallel at one bucket, in many orders of their steps.
//!
//! `RUSTFLAGS="--cfg bearergate_shuttle" cargo test --lib interleavings` runs them: the locks of the
//! tables and the shared cells then belong to shuttle, which chooses whose step is next.

use std::sync::Arc;

use shuttle::thread;

use super::gcra::{Answer, Pace};
use super::in_flight::InFlight;
use super::limit_state::LimitState;
use super::permit::EveryoneFlight;
use super::table::{STRIPE, Spot, Table};
use crate::limits;

const ROUNDS: usize = 300;

/// Five cells at once, one in a second.
const PACE: Pace = Pace::new(1_000_000_000, 5_000_000_000);

fn take(table: &Table, key: u64) -> (Spot, bool) {
    let price = (PACE, Some(PACE.step));
    let (spot, answer) = table.take(key, 1, price, || 7);
    (spot, matches!(answer, Answer::Pass { .. }))
}

fn table() -> Table {
    let table = Table::new(STRIPE);
    table.allow(PACE.span);
    table
}

/// Runs the work on three threads, and returns what all of them returned.
fn together<T: Send + 'static>(work: impl Fn(u64) -> T + Send + Sync + 'static) -> Vec<T> {
    let work = Arc::new(work);
    let threads: Vec<_> = (0..3)
        .map(|number| {
            let work = Arc::clone(&work);
            thread::spawn(move || work(number))
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect()
}

#[test]
fn a_slot_passes_its_burst_whoever_asks() {
    shuttle::check_random(
        || {
            let table = Arc::new(table());
            let shared = Arc::clone(&table);
            let passed = together(move |_| (0..3).filter(|_| take(&shared, 5).1).count());
            assert_eq!(passed.iter().sum::<usize>(), 5);
        },
        ROUNDS,
    );
}

#[test]
fn keys_that_take_a_free_slot_at_once_do_not_lose_a_charge() {
    shuttle::check_random(
        || {
            let table = Arc::new(table());
            let shared = Arc::clone(&table);
            // Keys of one window.
            together(move |number| take(&shared, 5 + number * STRIPE as u64));
            for number in 0..3 {
                let key = 5 + number * STRIPE as u64;
                let passed = (0..9).filter(|_| take(&table, key).1).count();
                assert_eq!(passed, 4);
            }
        },
        ROUNDS,
    );
}

#[test]
fn a_shared_cell_passes_its_burst_whoever_asks() {
    shuttle::check_random(
        || {
            let table = Arc::new(table());
            for number in 0..limits::TABLE_WINDOW as u64 {
                assert_eq!(take(&table, 1 + number * STRIPE as u64).0, Spot::Slot);
            }
            let shared = Arc::clone(&table);
            let passed = together(move |number| {
                let key = 1 + (1_000 + number) * STRIPE as u64;
                let taken = (0..3).map(|_| take(&shared, key));
                let taken: Vec<_> = taken.collect();
                assert!(taken.iter().all(|(spot, _)| matches!(spot, Spot::Cell(_))));
                taken.iter().filter(|(_, passed)| *passed).count()
            });
            assert_eq!(passed.iter().sum::<usize>(), 5);
        },
        ROUNDS / 3,
    );
}

#[test]
fn what_is_given_back_is_there_again() {
    shuttle::check_random(
        || {
            let table = Arc::new(table());
            let shared = Arc::clone(&table);
            together(move |_| {
                if take(&shared, 5).1 {
                    shared.give_back(5, PACE.step);
                }
            });
            assert_eq!((0..9).filter(|_| take(&table, 5).1).count(), 5);
        },
        ROUNDS,
    );
}

#[test]
fn permits_are_never_more_than_there_are_and_all_return() {
    shuttle::check_random(
        || {
            let counts = Arc::new(InFlight::new(STRIPE));
            let shared = Arc::clone(&counts);
            together(move |_| {
                for _ in 0..2 {
                    let entered = shared.enter(5, 2, || 7);
                    assert!(entered.is_none_or(|(_, count)| count <= 2));
                }
            });
            assert_eq!(counts.count(), 0);
            let held: Vec<_> = (0..3).filter_map(|_| counts.enter(5, 2, || 7)).collect();
            assert_eq!(held.len(), 2);
        },
        ROUNDS,
    );
}

#[test]
fn permits_for_everyone_all_return() {
    shuttle::check_random(
        || {
            let state = Arc::new(LimitState::new());
            let shared = Arc::clone(&state);
            together(move |_| {
                for _ in 0..2 {
                    let entered = EveryoneFlight::enter(&shared, 2);
                    assert!(entered.is_none_or(|(_, count)| count <= 2));
                }
            });
            let held: Vec<_> = (0..3)
                .filter_map(|_| EveryoneFlight::enter(&state, 2))
                .collect();
            assert_eq!(held.len(), 2);
        },
        ROUNDS,
    );
}
