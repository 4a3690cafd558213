//! Configurations that cannot be meant.

use bearergate::audit::{AddressDetail, Audit, AuditBuilder, Collapse, Encoding};
use bearergate::error::ConfigErrorKind;
use bearergate::testing::MemorySink;

use crate::common::memory;

fn fault(builder: AuditBuilder) -> Option<(ConfigErrorKind, &'static str)> {
    let error = builder.start().err()?;
    Some((error.kind(), error.field()))
}

#[test]
fn a_configuration_out_of_range_names_its_field() {
    let out = |field| Some((ConfigErrorKind::OutOfRange, field));
    let with = |change: fn(AuditBuilder) -> AuditBuilder| fault(change(memory().0));
    assert_eq!(with(|b| b), None);
    assert_eq!(with(|b| b.ring(64 * 1024)), None);
    assert_eq!(with(|b| b.ring(64 * 1024 - 1)), out("ring"));
    assert_eq!(with(|b| b.ring(usize::MAX)), out("ring"));
    assert_eq!(with(|b| b.sample_allowed(1)), None);
    assert_eq!(with(|b| b.sample_allowed(0)), out("sample_allowed"));
    assert_eq!(with(|b| b.node("web-1.example_2")), None);
    let malformed = Some((ConfigErrorKind::ValueMalformed, "node"));
    assert_eq!(with(|b| b.node("")), malformed);
    assert_eq!(with(|b| b.node("a/b")), malformed);
    assert_eq!(with(|b| b.node("a".repeat(65))), malformed);
    let keyed = Some((ConfigErrorKind::Conflict, "addresses"));
    assert_eq!(with(|b| b.addresses(AddressDetail::Keyed)), keyed);
    assert_eq!(with(|b| b.addresses(AddressDetail::Prefix)), None);
    assert!(Collapse::after(0).is_err() && Collapse::after(1).is_ok());
}

#[test]
fn a_trail_has_a_sink_and_an_anchor_has_a_chain() {
    let missing = |field| Some((ConfigErrorKind::Empty, field));
    assert_eq!(fault(Audit::builder()), missing("sink"));
    let anchor = || MemorySink::new("anchor");
    assert_eq!(fault(Audit::builder().anchor(anchor())), missing("sink"));
    assert_eq!(fault(memory().0.anchor(anchor())), missing("chain"));
}

#[test]
fn sinks_of_one_name_are_told_apart() {
    let sink = || MemorySink::new("file");
    let builder = Audit::builder()
        .sink(sink(), Encoding::Cef)
        .sink(sink(), Encoding::Ecs);
    let audit = builder
        .sink(MemorySink::new("file-2"), Encoding::Ocsf)
        .start()
        .unwrap();
    let health = audit.health();
    let names: Vec<_> = health.sinks().iter().map(|sink| sink.name()).collect();
    assert_eq!(names, ["file", "file-2", "file-2-2"]);
}
