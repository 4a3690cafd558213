//! Requests in parallel with the writer of a ring, in many orders of their steps.
//!
//! `RUSTFLAGS="--cfg bearergate_shuttle" cargo test --lib interleavings` runs them.

use std::task::Waker;
use std::time::{Duration, Instant};

use shuttle::sync::Arc;
use shuttle::thread;

use super::answers::{Phase, Put, Settled};
use super::entries::{Entries, framed};
use super::lane::{Lane, PerLane};
use super::ring::Ring;
use super::tally::Done;

const ROUNDS: usize = 2_000;
/// A lane of refusals has room for three entries of one byte.
const RING: usize = 6 * 16;

/// What a writer has seen.
#[derive(Default)]
struct Seen {
    entries: Vec<u8>,
    lost: u64,
}

/// Takes what there is, and gives the room back.
fn write(ring: &Ring, buffer: &mut Vec<u8>, seen: &mut Seen) -> Phase {
    buffer.clear();
    let work = ring.take(buffer, Duration::ZERO, Some(Duration::ZERO));
    let mut done = PerLane::<Done>::default();
    for (lane, entry) in Entries(buffer) {
        seen.entries.extend_from_slice(entry);
        let done = done.get_mut(lane);
        done.bytes += framed(entry);
        done.records += 1;
    }
    seen.lost += work.losses.iter().map(|(_, loss)| loss.count).sum::<u64>();
    ring.release(&done, 0);
    ring.settle(work.last);
    work.phase
}

#[test]
fn every_entry_is_seen_once_or_counted_as_lost() {
    shuttle::check_random(
        || {
            let ring = Arc::new(Ring::new(RING, RING));
            let requests = [0_u8, 100].map(|first| {
                let ring = Arc::clone(&ring);
                thread::spawn(move || {
                    let puts = (0..4).map(|n| ring.put(Lane::Refused, &[first + n], 1));
                    puts.filter(|put| *put == Put::Lost).count() as u64
                })
            });
            let (mut seen, mut buffer) = (Seen::default(), ring.buffer());
            for _ in 0..3 {
                write(&ring, &mut buffer, &mut seen);
            }
            let lost = requests.map(|request| request.join().unwrap());
            write(&ring, &mut buffer, &mut seen);
            assert_eq!(seen.lost, lost.iter().sum::<u64>());
            assert_eq!(seen.entries.len() as u64 + seen.lost, 8);
            for first in [0, 100] {
                let of_one = seen
                    .entries
                    .iter()
                    .filter(|entry| **entry / 100 == first / 100);
                assert!(of_one.is_sorted(), "{:?}", seen.entries);
            }
            let report = ring.report();
            let tally = report.tallies.get(Lane::Refused);
            assert_eq!((tally.bytes, tally.queued), (0, 0));
        },
        ROUNDS,
    );
}

#[test]
fn closing_leaves_no_entry_unseen_and_uncounted() {
    shuttle::check_random(
        || {
            let ring = Arc::new(Ring::new(RING, RING));
            let request = {
                let ring = Arc::clone(&ring);
                thread::spawn(move || {
                    let puts = (0..3).map(|n| ring.put(Lane::Refused, &[n], 1));
                    puts.filter(|put| matches!(put, Put::Taken(_))).count()
                })
            };
            let writer = {
                let ring = Arc::clone(&ring);
                thread::spawn(move || {
                    let (mut seen, mut buffer) = (Seen::default(), ring.buffer());
                    while write(&ring, &mut buffer, &mut seen) == Phase::Open {
                        thread::yield_now();
                    }
                    ring.end();
                    seen.entries.len()
                })
            };
            ring.close();
            let taken = request.join().unwrap();
            assert_eq!(writer.join().unwrap(), taken);
            assert_eq!(ring.wait_end(None), 0);
        },
        ROUNDS,
    );
}

#[test]
fn a_settled_entry_was_seen_before() {
    shuttle::check_random(
        || {
            let ring = Arc::new(Ring::new(RING, 1));
            let request = {
                let ring = Arc::clone(&ring);
                thread::spawn(move || {
                    let Put::Taken(number) = ring.put(Lane::Refused, &[1], 1) else {
                        return false;
                    };
                    let later = Instant::now() + Duration::from_secs(600);
                    ring.poll_settled(number, later, Waker::noop()) == Settled::Yes
                })
            };
            let (mut seen, mut buffer) = (Seen::default(), ring.buffer());
            write(&ring, &mut buffer, &mut seen);
            let is_settled = request.join().unwrap();
            assert!(!is_settled || seen.entries == [1]);
        },
        ROUNDS,
    );
}
