//! What a sink may ask of the requests: best effort, required, before the answer.

use std::time::Duration;

use bearergate::NowOrLater;
use bearergate::audit::{Audit, AuditErrorKind, Encoding, What};
use bearergate::testing::MemorySink;

use crate::common::{allow, clock, close, finish, flush, memory, of, put, records, refusal};

fn two() -> [MemorySink; 2] {
    ["one", "two"].map(MemorySink::new)
}

// Defect J09 (hanging sink hangs all): docs/defects.md
#[test]
fn a_hanging_sink_leaves_the_others_complete_and_no_request_waiting() {
    let [good, hanging] = two();
    hanging.block();
    let builder = Audit::builder()
        .clock(clock())
        .before_answer(good.clone(), Encoding::Native);
    let audit = builder
        .sink(hanging.clone(), Encoding::Native)
        .ring(64 * 1024)
        .start()
        .unwrap();
    hanging.wait_blocked();
    for _ in 0..2_000 {
        assert_eq!(finish(audit.record(&allow()).written()), Ok(()));
    }
    let health = audit.health();
    let [of_good, of_hanging] = [0, 1].map(|n| health.sinks()[n].lost().total());
    assert_eq!(of_good, 0);
    assert!(of_hanging > 0);
    assert_eq!(of(&records(&good), What::Decision).len(), 2_000);
    assert!(hanging.lines().is_empty());
    hanging.unblock();
    close(audit);
    let records = records(&hanging);
    let gap = &of(&records, What::Gap)[0]["bearergate.count"];
    assert_eq!(*gap, of_hanging);
}

// Defect J10 ("required" satisfied by another sink): docs/defects.md
#[test]
fn a_full_required_sink_is_an_error_though_another_one_is_fine() {
    for is_required in [true, false] {
        let [good, full] = two();
        full.block();
        let builder = Audit::builder().clock(clock()).ring(64 * 1024);
        let builder = builder.sink(good.clone(), Encoding::Native);
        let builder = match is_required {
            true => builder.required(full.clone(), Encoding::Native),
            false => builder.sink(full.clone(), Encoding::Native),
        };
        let audit = builder.start().unwrap();
        full.wait_blocked();
        while put(&audit, &allow()) {}
        let recorded = audit.record(&allow());
        assert!(recorded.is_lost());
        let answer = recorded.written().try_now().unwrap();
        let kind = answer.as_ref().map_err(|error| error.kind());
        let expected = if is_required {
            Err(AuditErrorKind::Full)
        } else {
            Ok(&())
        };
        assert_eq!(kind, expected);
        if let Err(error) = answer {
            assert_eq!(error.sink(), "two");
        }
        full.unblock();
        close(audit);
    }
}

#[test]
fn an_answer_waits_until_its_record_is_written_and_synced() {
    let sink = MemorySink::new("durable");
    sink.block();
    let builder = Audit::builder().clock(clock());
    let audit = builder
        .before_answer(sink.clone(), Encoding::Native)
        .start()
        .unwrap();
    let written = audit.record(&refusal()).written();
    let Err(written) = written.try_now() else {
        panic!("it is not written yet");
    };
    sink.unblock();
    assert_eq!(finish(written), Ok(()));
    assert_eq!(of(&records(&sink), What::Decision).len(), 1);
    assert!(sink.syncs() >= 1);
    close(audit);
}

#[test]
fn an_answer_does_not_wait_for_a_sink_of_another_mode() {
    let (builder, sink) = memory();
    sink.block();
    let audit = builder.start().unwrap();
    sink.wait_blocked();
    assert_eq!(
        audit.record(&allow()).written().try_now().ok(),
        Some(Ok(()))
    );
    sink.unblock();
    close(audit);
}

#[test]
fn an_answer_waits_one_second_at_most() {
    let hang: fn(&MemorySink) = MemorySink::block;
    let fail: fn(&MemorySink) = |sink| sink.fail(u64::MAX);
    for (break_it, expected) in [
        (hang, AuditErrorKind::Late),
        (fail, AuditErrorKind::Failing),
    ] {
        let sink = MemorySink::new("durable");
        break_it(&sink);
        let builder = Audit::builder().clock(clock());
        let audit = builder
            .before_answer(sink.clone(), Encoding::Native)
            .start()
            .unwrap();
        let error = finish(audit.record(&allow()).written()).unwrap_err();
        assert_eq!((error.kind(), error.sink()), (expected, "durable"));
        sink.unblock();
        sink.fail(0);
        assert_eq!(
            finish(audit.record(&allow()).written()),
            Ok(()),
            "it works again"
        );
        close(audit);
        assert_eq!(of(&records(&sink), What::Decision).len(), 2);
    }
}

// Defect J18 (shutdown drains for ever, or not at all): docs/defects.md
#[test]
fn closing_with_a_hanging_sink_ends_in_time_and_counts_the_rest() {
    let [good, hanging] = two();
    hanging.block();
    let builder = Audit::builder()
        .clock(clock())
        .sink(good.clone(), Encoding::Native);
    let audit = builder
        .sink(hanging.clone(), Encoding::Native)
        .start()
        .unwrap();
    hanging.wait_blocked();
    for _ in 0..100 {
        assert!(put(&audit, &allow()));
    }
    let other = audit.clone();
    let closed = audit.close(Duration::from_millis(50));
    assert!(!closed.is_complete());
    assert_eq!(closed.unwritten(), 100);
    assert_eq!(of(&records(&good), What::Decision).len(), 100);
    assert_eq!(other.health().sinks()[1].lost().allowed(), 100);
    assert!(!put(&other, &allow()), "nothing is recorded after the end");
    assert_eq!(flush(&other).unwrap_err().kind(), AuditErrorKind::Closed);
    hanging.unblock();
}

#[test]
fn closing_writes_all_that_is_queued() {
    let (builder, sink) = memory();
    let audit = builder.start().unwrap();
    for _ in 0..1_000 {
        assert!(put(&audit, &allow()));
    }
    close(audit);
    assert_eq!(of(&records(&sink), What::Decision).len(), 1_000);
}

#[test]
fn dropping_the_last_handle_writes_what_is_queued() {
    let (builder, sink) = memory();
    let audit = builder.start().unwrap();
    let other = audit.clone();
    drop(audit);
    assert!(put(&other, &allow()));
    drop(other);
    assert_eq!(of(&records(&sink), What::Decision).len(), 1);
}

#[test]
fn an_unwritten_answer_can_be_dropped() {
    let sink = MemorySink::new("durable");
    sink.block();
    let builder = Audit::builder().clock(clock());
    let audit = builder
        .before_answer(sink.clone(), Encoding::Native)
        .start()
        .unwrap();
    drop(audit.record(&allow()).written());
    let waits: NowOrLater<'_, _> = audit.record(&allow()).written();
    assert!(waits.try_now().is_err());
    sink.unblock();
    close(audit);
}
