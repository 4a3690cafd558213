//! Many threads at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use bearergate::limit::LockOut;
use bearergate::limit::Rate;

use crate::common::{FAILED, is_locked, numbered, secs};

const THREADS: u32 = 8;
const SOURCES: u32 = 500;

#[test]
fn no_blame_is_lost_and_each_lock_begins_once() {
    // Eight threads blame each source 125 times: exactly the budget.
    let locks = LockOut::builder()
        .budget(THREADS * 125, Rate::per_minute(1_000).unwrap())
        .build()
        .unwrap();
    let begun = AtomicU32::new(0);
    let blame_all = |rounds: u32| {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for number in (0..rounds).flat_map(|_| 0..SOURCES) {
                        let locked = locks.blame(numbered(number), FAILED, secs(1));
                        begun.fetch_add(u32::from(locked.is_some()), Ordering::Relaxed);
                    }
                });
            }
        });
    };
    blame_all(124);
    for number in 0..SOURCES {
        for _ in 0..7 {
            assert_eq!(locks.blame(numbered(number), FAILED, secs(1)), None);
        }
        assert!(!is_locked(&locks, numbered(number), secs(1)));
    }
    assert_eq!(begun.load(Ordering::Relaxed), 0);
    // The 1000th of each locks, and no later one begins another lock.
    blame_all(1);
    assert_eq!(begun.load(Ordering::Relaxed), SOURCES);
    for number in 0..SOURCES {
        assert!(is_locked(&locks, numbered(number), secs(1)));
    }
}
