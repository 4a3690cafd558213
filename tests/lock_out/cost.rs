//! Allocations.

use allocation_counter::measure;
use bearergate::limit::LockOut;

use crate::common::{EXPIRED, FORGED, numbered, secs};

#[test]
fn neither_a_look_nor_blame_allocates() {
    let locks = LockOut::builder().sources(1_024).build().unwrap();
    let info = measure(|| {
        for number in 0..5_000 {
            let source = numbered(number % 1_500);
            locks.standing(source, secs(1));
            locks.blame(source, FORGED, secs(1));
            locks.blame(source, EXPIRED, secs(1));
        }
        locks.pardon(numbered(3));
    });
    assert_eq!(info.count_total, 0);
}
