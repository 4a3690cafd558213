//! The time that a record of the audit trail takes on the thread of the request.
//!
//! The buffer is emptied between the measured rounds, so that every record has room.

#![expect(clippy::expect_used, reason = "a bench panics at the first error")]

#[path = "common/audited.rs"]
mod audited;

use std::hint::black_box;
use std::time::{Duration, Instant};

use audited::{Audited, Discards};
use bearergate::audit::{Audit, Encoding};
use criterion::{Criterion, criterion_group, criterion_main};

/// Records of a round: less than the buffer holds.
const ROUND: u64 = 5_000;

fn record(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("audit record");
    let audited = Audited::new();
    for (name, event) in [("allow", audited.allow()), ("refusal", audited.refusal())] {
        let builder = Audit::builder().sink(Discards, Encoding::Ocsf);
        let audit = builder.start().expect("a trail");
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                let mut time = Duration::ZERO;
                let mut left = count;
                while left > 0 {
                    let round = left.min(ROUND);
                    let start = Instant::now();
                    for _ in 0..round {
                        assert!(!audit.record(black_box(&event)).is_lost());
                    }
                    time += start.elapsed();
                    audited::finish(audit.flush()).expect("written");
                    left -= round;
                }
                time
            });
        });
        let closed = audit.close(Duration::from_secs(10));
        assert!(closed.is_complete());
    }
    group.finish();
}

criterion_group!(benches, record);
criterion_main!(benches);
