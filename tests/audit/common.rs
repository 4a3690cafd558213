//! What the tests share.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use bearergate::audit::{Audit, AuditBuilder, AuditError, AuditEvent, Encoding, What};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::testing::MemorySink;
use bearergate::{NowOrLater, RejectionKind};
use serde_json::Value;

pub(crate) const MILLIS: u64 = 1_760_000_000_000;
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) fn clock() -> FakeClock {
    FakeClock::at(UnixTime::from_secs(MILLIS / 1_000))
}

/// A trail of one sink in memory.
pub(crate) fn memory() -> (AuditBuilder, MemorySink) {
    let sink = MemorySink::new("memory");
    let builder = Audit::builder().clock(clock());
    (builder.sink(sink.clone(), Encoding::Native), sink)
}

pub(crate) fn allow<'a>() -> AuditEvent<'a> {
    AuditEvent::new(What::Decision, MILLIS)
        .with_method("GET")
        .with_path("/orders/7")
}

pub(crate) fn refusal<'a>() -> AuditEvent<'a> {
    allow()
        .with_kind(RejectionKind::TokenExpired)
        .with_status(401)
}

/// Records and does not wait.
pub(crate) fn put(audit: &Audit, event: &AuditEvent<'_>) -> bool {
    !audit.record(event).is_lost()
}

pub(crate) fn flush(audit: &Audit) -> Result<(), AuditError> {
    finish(audit.flush())
}

pub(crate) fn close(audit: Audit) {
    assert!(audit.close(SOON).is_complete());
}

/// Waits on this thread for a value.
pub(crate) fn finish<T: Send>(value: NowOrLater<'_, T>) -> T {
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

/// The records of a trail, with the check that every line is whole and no number is missing.
pub(crate) fn records(sink: &MemorySink) -> Vec<Value> {
    let lines = sink.lines();
    let records: Vec<Value> = lines.iter().map(|line| parsed(line)).collect();
    for (record, number) in records.iter().zip(1_u64..) {
        assert_eq!(record["bearergate.sequence"], number, "{record}");
    }
    records
}

pub(crate) fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

pub(crate) fn of(records: &[Value], what: What) -> Vec<&Value> {
    let is_wanted = |record: &&Value| record["bearergate.what"] == what.as_str();
    records.iter().filter(is_wanted).collect()
}

pub(crate) fn whats(records: &[Value]) -> Vec<&str> {
    let whats = records
        .iter()
        .map(|record| record["bearergate.what"].as_str());
    whats.flatten().collect()
}

/// The sum of the counts of these records.
pub(crate) fn counted(records: &[Value], what: What) -> u64 {
    let counts = of(records, what).into_iter();
    counts
        .map(|record| record["bearergate.count"].as_u64().unwrap())
        .sum()
}
