//! What the gate asks of a trail, and its metrics.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::audit::Audit;
use super::builder::AuditBuilder;
use super::encoding::Encoding;
use super::event::AuditEvent;
use super::record::What;
use super::sink::{AuditSink, Batch};
use crate::error::RejectionKind;
use crate::metrics::Counted;

/// A sink whose calls hang until it is opened.
#[derive(Clone, Debug, Default)]
struct Valve(Arc<(Mutex<bool>, Condvar)>);

impl Valve {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

impl AuditSink for Valve {
    fn write(&mut self, _: &Batch<'_>) -> io::Result<()> {
        let is_open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_open, |is_open| !*is_open).unwrap());
        Ok(())
    }

    fn name(&self) -> &str {
        "valve"
    }
}

const RING: usize = 64 * 1024;
const SOON: Duration = Duration::from_secs(30);

fn allow() -> AuditEvent<'static> {
    AuditEvent::new(What::Decision, 1)
}

fn fill(audit: &Audit, event: &AuditEvent<'_>) {
    while !audit.record(event).is_lost() {}
}

// Defect J10 ("required" satisfied by another sink): docs/defects.md
#[test]
fn a_required_sink_without_room_is_seen_before_a_request_though_another_is_fine() {
    type Add = fn(AuditBuilder, Valve) -> AuditBuilder;
    let best: Add = |builder, sink| builder.sink(sink, Encoding::Native);
    let required: Add = |builder, sink| builder.required(sink, Encoding::Native);
    let before: Add = |builder, sink| builder.before_answer(sink, Encoding::Native);
    for (add, needs_room) in [(best, false), (required, true), (before, true)] {
        let [full, fine] = [Valve::default(), Valve::default()];
        fine.open();
        let builder = Audit::builder().ring(RING).sink(fine, Encoding::Native);
        let audit = add(builder, full.clone()).start().unwrap();
        assert!(audit.has_room());
        fill(&audit, &allow());
        assert_eq!(audit.has_room(), !needs_room);
        full.open();
        assert!(audit.close(SOON).is_complete());
    }
}

#[test]
fn either_lane_of_requests_without_room_is_seen() {
    let refusal = allow().with_kind(RejectionKind::RateLimited);
    let lock = AuditEvent::new(What::Locked, 1);
    for (event, has_room) in [(allow(), false), (refusal, false), (lock, true)] {
        let sink = Valve::default();
        let builder = Audit::builder()
            .ring(RING)
            .required(sink.clone(), Encoding::Native);
        let builder = builder.collapse(super::collapse::Collapse::never());
        let audit = builder.start().unwrap();
        fill(&audit, &event);
        assert_eq!(audit.has_room(), has_room, "{event:?}");
        sink.open();
        assert!(audit.close(SOON).is_complete());
    }
}

fn metrics(audit: &Audit) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    audit.samples(&mut |sample| {
        let label = sample.labels.first().unwrap().1;
        let name = sample.name.strip_prefix("bearergate_audit_").unwrap();
        all.insert(format!("{name} {label}"), sample.value);
    });
    all
}

#[test]
fn metrics_count_records_losses_and_bytes_by_lane() {
    let sink = Valve::default();
    let builder = Audit::builder()
        .ring(RING)
        .sink(sink.clone(), Encoding::Native);
    let audit = builder.start().unwrap();
    fill(&audit, &allow());
    let _ = audit.record(&allow());
    let _ = audit.record(&allow().with_kind(RejectionKind::RateLimited));
    let all = metrics(&audit);
    let lost = all["lost_total allowed"];
    assert_eq!(lost, 2);
    assert!(all["records_total allowed"] > 100);
    assert!(all["bytes allowed"] > 0 && all["bytes allowed"] <= (RING * 3 / 4) as u64);
    assert_eq!(all["records_total refused"], 1);
    assert_eq!(
        [all["lost_total refused"], all["records_total notable"]],
        [0, 0]
    );
    assert_eq!(all["write_errors_total valve"], 0);
    sink.open();
    assert!(audit.close(SOON).is_complete());
}

#[test]
fn a_claimed_identity_is_a_hash_that_depends_on_all_of_it() {
    let builder = Audit::builder().sink(Valve::default(), Encoding::Native);
    let audit = builder.start().unwrap();
    let one = audit.claimed_id("idp", b"alice");
    assert_eq!(one, audit.claimed_id("idp", b"alice"));
    assert_ne!(one, audit.claimed_id("idp", b"bob"));
    assert_ne!(one, audit.claimed_id("other", b"alice"));
}
