//! Floods of refusals become summaries, with exact numbers.

use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::audit::{Collapse, What};
use bearergate::principal::PrincipalKind;
use bearergate::{Principal, audit::AuditEvent};

use crate::common::{
    MILLIS, allow, clock, close, counted, flush, memory, of, put, records, refusal,
};

// Defect J17 (log flood by the attacker): docs/defects.md
#[test]
fn a_flood_of_refusals_has_bounded_bytes_and_an_exact_sum() {
    let (builder, sink) = memory();
    let audit = builder.start().unwrap();
    for _ in 0..100_000 {
        assert!(put(&audit, &refusal()));
    }
    close(audit);
    let records = records(&sink);
    assert_eq!(of(&records, What::Decision).len(), 10);
    assert_eq!(counted(&records, What::Summary), 100_000 - 10);
    assert_eq!(counted(&records, What::Gap), 0);
    assert!(sink.bytes().len() < 20_000);
}

#[test]
fn a_summary_is_written_every_ten_seconds_for_each_kind() {
    let (builder, sink) = memory();
    let clock = clock();
    let audit = builder.clock(clock.clone()).start().unwrap();
    let spread = |millis| {
        for n in 0..15 {
            let event = AuditEvent::new(What::Decision, millis + n);
            let kinds = [RejectionKind::TokenExpired, RejectionKind::TokenMalformed];
            for kind in kinds {
                assert!(put(&audit, &event.with_kind(kind)));
            }
        }
    };
    spread(MILLIS);
    clock.advance(Duration::from_secs(10));
    spread(MILLIS + 10_000);
    flush(&audit).unwrap();
    let records = records(&sink);
    let summaries = of(&records, What::Summary);
    let kinds = |kind: &str| summaries.iter().filter(|s| s["error.type"] == kind).count();
    assert_eq!([kinds("token_expired"), kinds("token_malformed")], [2, 2]);
    let counts = summaries
        .iter()
        .map(|s| s["bearergate.count"].as_u64().unwrap());
    assert_eq!(counts.collect::<Vec<_>>(), [5, 5, 15, 15]);
    assert!(
        summaries
            .iter()
            .all(|summary| summary["bearergate.sources"] == 1)
    );
    close(audit);
}

#[test]
fn a_minute_later_refusals_are_recorded_again() {
    let (builder, sink) = memory();
    let clock = clock();
    let audit = builder.clock(clock.clone()).start().unwrap();
    for _ in 0..11 {
        assert!(put(&audit, &refusal()));
    }
    clock.advance(Duration::from_secs(60));
    assert!(put(&audit, &refusal()));
    close(audit);
    let records = records(&sink);
    assert_eq!(of(&records, What::Decision).len(), 11);
    assert_eq!(counted(&records, What::Summary), 1);
}

#[test]
fn refusals_of_a_verified_caller_and_allows_are_never_summed() {
    let caller = Principal::builder(PrincipalKind::Other, "idp")
        .subject("alice")
        .build();
    let (builder, sink) = memory();
    let audit = builder.start().unwrap();
    for _ in 0..100 {
        assert!(put(&audit, &refusal().with_principal(&caller)));
        assert!(put(&audit, &allow()));
    }
    close(audit);
    let records = records(&sink);
    assert_eq!(of(&records, What::Decision).len(), 200);
    assert_eq!(of(&records, What::Summary).len(), 0);
}

#[test]
fn a_trail_without_collapse_records_each_refusal() {
    let (builder, sink) = memory();
    let audit = builder.collapse(Collapse::never()).start().unwrap();
    for _ in 0..100 {
        assert!(put(&audit, &refusal()));
    }
    close(audit);
    assert_eq!(of(&records(&sink), What::Decision).len(), 100);
}

#[test]
fn a_summary_without_room_is_counted_as_lost_refusals() {
    let (builder, sink) = memory();
    sink.block();
    let clock = clock();
    let builder = builder.clock(clock.clone());
    let audit = builder.ring(64 * 1024).start().unwrap();
    sink.wait_blocked();
    let signal = AuditEvent::new(What::Signal, MILLIS);
    while put(&audit, &signal) {}
    for _ in 0..100 {
        put(&audit, &refusal());
    }
    // The next refusal writes the summary of those before.
    clock.advance(Duration::from_secs(10));
    put(&audit, &refusal());
    assert_eq!(audit.health().lost().refused(), 90);
    sink.unblock();
    close(audit);
    let records = records(&sink);
    let decisions = of(&records, What::Decision).len() as u64;
    let summed = counted(&records, What::Summary);
    let lost = of(&records, What::Gap).into_iter();
    let lost = lost.filter(|gap| gap["bearergate.lane"] == "refused");
    let lost: u64 = lost
        .map(|gap| gap["bearergate.count"].as_u64().unwrap())
        .sum();
    assert_eq!(decisions + summed + lost, 101);
}
