//! Sinks that fail, write a part, or panic.

use std::io;
use std::sync::{Arc, Mutex};

use bearergate::audit::{Audit, AuditErrorKind, AuditSink, Batch, Encoding, SinkState, What};
use bearergate::event::{Event, Observer};
use bearergate::testing::MemorySink;

use crate::common::{allow, clock, close, flush, memory, of, put, records};

#[test]
fn a_sink_that_failed_gets_every_line_whole_and_once() {
    for part in [0, 1, 100, 1_000_000] {
        let (builder, sink) = memory();
        sink.fail_after(part);
        sink.fail(3);
        let audit = builder.start().unwrap();
        for _ in 0..50 {
            assert!(put(&audit, &allow()));
        }
        flush(&audit).unwrap();
        assert_eq!(of(&records(&sink), What::Decision).len(), 50, "part {part}");
        assert_eq!(audit.health().sinks()[0].errors(), 3);
        assert!(audit.health().is_working());
        close(audit);
        assert_eq!(records(&sink).len(), 52);
    }
}

#[test]
fn a_flush_fails_while_the_sink_does_and_succeeds_after_it() {
    let (builder, sink) = memory();
    sink.fail(u64::MAX);
    let audit = builder.start().unwrap();
    assert!(put(&audit, &allow()));
    let error = flush(&audit).unwrap_err();
    assert_eq!(
        (error.kind(), error.sink()),
        (AuditErrorKind::Failing, "memory")
    );
    assert_eq!(audit.health().sinks()[0].state(), SinkState::Broken);
    sink.fail(0);
    flush(&audit).unwrap();
    assert_eq!(audit.health().sinks()[0].state(), SinkState::Working);
    assert_eq!(of(&records(&sink), What::Decision).len(), 1);
    close(audit);
}

/// Panics on its first write.
#[derive(Debug)]
struct Panics {
    is_first: bool,
    sink: MemorySink,
}

impl AuditSink for Panics {
    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        assert!(
            !std::mem::take(&mut self.is_first),
            "the test lets it panic"
        );
        self.sink.write(batch)
    }
}

#[test]
fn a_sink_that_panics_is_tried_again() {
    let sink = MemorySink::new("memory");
    let is_first = true;
    let panics = Panics {
        is_first,
        sink: sink.clone(),
    };
    let audit = Audit::builder()
        .clock(clock())
        .sink(panics, Encoding::Native);
    let audit = audit.start().unwrap();
    assert!(put(&audit, &allow()));
    close(audit);
    assert_eq!(records(&sink).len(), 3);
}

#[derive(Debug, Default)]
struct Events(Mutex<Vec<String>>);

impl Observer for Events {
    fn observe(&self, event: &Event<'_>) {
        let text = match event {
            Event::AuditLost { lane, records } => format!("lost {records} {lane}"),
            Event::AuditSinkFailed { sink, count } => format!("failed {count} {sink}"),
            _ => return,
        };
        self.0.lock().unwrap().push(text);
    }
}

#[test]
fn an_observer_is_told_of_failures_and_losses_once_a_second() {
    let events = Arc::new(Events::default());
    let (builder, sink) = memory();
    let clock = clock();
    sink.fail(2);
    let builder = builder.clock(clock.clone()).observer(Arc::clone(&events));
    let audit = builder.ring(64 * 1024).start().unwrap();
    flush(&audit).unwrap();
    assert_eq!(*events.0.lock().unwrap(), ["failed 1 memory"]);
    sink.block();
    assert!(put(&audit, &allow()));
    sink.wait_blocked();
    while put(&audit, &allow()) {}
    assert!(!put(&audit, &allow()));
    clock.advance(std::time::Duration::from_secs(1));
    assert!(!put(&audit, &allow()));
    assert_eq!(
        events.0.lock().unwrap()[1..],
        ["lost 1 allowed", "lost 2 allowed"]
    );
    sink.unblock();
    close(audit);
}
