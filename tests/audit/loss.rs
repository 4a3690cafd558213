//! Full buffers: what has no room is counted, and no kind of record starves another.

use std::thread;

use bearergate::audit::{AuditEvent, What};

use crate::common::{
    MILLIS, allow, close, counted, flush, memory, of, put, records, refusal, whats,
};

const RING: usize = 64 * 1024;

// Defect J08 (overflow loses silently, or refusals): docs/defects.md
#[test]
fn a_refusal_has_room_after_a_hundred_thousand_allows_and_the_gap_is_exact() {
    let (builder, sink) = memory();
    sink.block();
    let audit = builder.ring(RING).start().unwrap();
    sink.wait_blocked();
    let all = 100_000_u64;
    let kept = (0..all).filter(|_| put(&audit, &allow())).count() as u64;
    assert!(kept > 100 && kept < all, "{kept}");
    assert!(put(&audit, &refusal()));
    let lost = audit.health().lost();
    assert_eq!(
        [lost.allowed(), lost.refused(), lost.notable()],
        [all - kept, 0, 0]
    );
    sink.unblock();
    close(audit);
    let records = records(&sink);
    let decisions = of(&records, What::Decision);
    assert_eq!(decisions.len() as u64, kept + 1);
    assert_eq!(decisions.last().unwrap()["error.type"], "token_expired");
    let gaps = of(&records, What::Gap);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0]["bearergate.count"], all - kept);
    assert_eq!(gaps[0]["bearergate.lane"], "allowed");
}

// Defect J05 (audit queue overflow): docs/defects.md
#[test]
fn each_lane_keeps_its_room_whatever_fills_the_others() {
    let lock = AuditEvent::new(What::Locked, MILLIS).with_lock(1, 60);
    let events = [allow(), refusal(), lock];
    for flood in 0..3 {
        let (builder, sink) = memory();
        sink.block();
        let builder = builder.collapse(bearergate::audit::Collapse::never());
        let audit = builder.ring(RING).start().unwrap();
        sink.wait_blocked();
        while put(&audit, &events[flood]) {}
        for (lane, event) in events.iter().enumerate() {
            assert_eq!(
                put(&audit, event),
                lane != flood,
                "flood {flood}, lane {lane}"
            );
        }
        sink.unblock();
        close(audit);
        assert_eq!(counted(&records(&sink), What::Gap), 2);
    }
}

#[test]
fn the_buffer_is_never_larger_than_configured() {
    let (builder, sink) = memory();
    sink.block();
    let audit = builder.ring(RING).start().unwrap();
    sink.wait_blocked();
    for _ in 0..10_000 {
        put(&audit, &allow());
        put(&audit, &refusal());
    }
    assert!(audit.health().queued_bytes() <= RING);
    sink.unblock();
    flush(&audit).unwrap();
    assert_eq!(audit.health().queued_bytes(), 0);
    close(audit);
}

#[test]
fn a_gap_is_in_the_trail_before_a_flush_ends() {
    let (builder, sink) = memory();
    sink.block();
    let audit = builder.ring(RING).start().unwrap();
    sink.wait_blocked();
    while put(&audit, &allow()) {}
    sink.unblock();
    flush(&audit).unwrap();
    assert_eq!(counted(&records(&sink), What::Gap), 1);
    assert!(put(&audit, &allow()), "there is room again");
    flush(&audit).unwrap();
    assert_eq!(counted(&records(&sink), What::Gap), 1, "it is said once");
    close(audit);
}

#[test]
fn records_of_eight_threads_are_written_or_counted_each_once() {
    let (builder, sink) = memory();
    let audit = builder.ring(RING).start().unwrap();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for n in 0..5_000 {
                    let event = if n % 5 == 0 { refusal() } else { allow() };
                    let _ = put(&audit, &event);
                }
            });
        }
    });
    close(audit);
    let records = records(&sink);
    let decisions = of(&records, What::Decision).len() as u64;
    let others = counted(&records, What::Gap) + counted(&records, What::Summary);
    assert_eq!(decisions + others, 40_000);
}

#[test]
fn records_of_one_thread_keep_their_order_across_the_lanes() {
    let (builder, sink) = memory();
    let audit = builder.start().unwrap();
    let kinds = [
        allow(),
        refusal(),
        AuditEvent::new(What::Signal, MILLIS),
        allow(),
    ];
    for n in 0..40 {
        let event = kinds[n % 4].with_status(200 + n as u16);
        assert!(put(&audit, &event));
    }
    close(audit);
    let records = records(&sink);
    let statuses = records
        .iter()
        .filter_map(|r| r["http.response.status_code"].as_u64());
    assert_eq!(statuses.collect::<Vec<_>>(), (200..240).collect::<Vec<_>>());
    assert_eq!(whats(&records)[0], "started");
    assert_eq!(*whats(&records).last().unwrap(), "stopped");
}
