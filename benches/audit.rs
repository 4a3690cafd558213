//! The time that a record of the audit trail takes on the thread of the request.
//!
//! The buffer is emptied between the measured rounds, so that every record has room.

#![expect(clippy::expect_used, reason = "a bench panics at the first error")]

#[path = "common/audited.rs"]
mod audited;

use std::hint::black_box;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use audited::Audited;
use bearergate::audit::{Audit, AuditSink, Batch, Encoding};
use bearergate::{NowOrLater, RejectionKind};
use criterion::{Criterion, criterion_group, criterion_main};

/// Records of a round: less than the buffer holds.
const ROUND: u64 = 5_000;

fn record(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("audit record");
    let audited = Audited::new();
    let refusal = audited.allow().with_kind(RejectionKind::RateLimited);
    for (name, event) in [("allow", audited.allow()), ("refusal", refusal)] {
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
                    finish(audit.flush()).expect("written");
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

/// Takes every line and keeps none.
#[derive(Debug)]
struct Discards;

impl AuditSink for Discards {
    fn write(&mut self, _: &Batch<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Waits on this thread for a value.
fn finish<T: Send>(value: NowOrLater<'_, T>) -> T {
    struct Parked(Thread);
    impl Wake for Parked {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut value = pin!(value);
    loop {
        match value.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

criterion_group!(benches, record);
criterion_main!(benches);
