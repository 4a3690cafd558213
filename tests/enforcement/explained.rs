//! The explanation of a request says what is enforced, and comes to the same result.

use bearergate::address::{AddressList, AddressRules};
use bearergate::diagnosis::{Outcome, Severity};
use bearergate::limit::{Limit, Limits, LockOut, Rate};
use bearergate::policy::{Obligations, Policy, Rule};
use bearergate::{Gate, RejectionKind, require_scope};

use crate::helpers::{Service, Trail, check, kind, request};

/// Returns the kind, the name of the failed step and what it found.
fn explained(gate: &Gate, token: &str, from: &str) -> (Option<RejectionKind>, String, String) {
    let request = request(Some(token), from);
    let explanation = gate.explain(&request).try_now().unwrap();
    let kind = explanation.refusal().map(|refusal| refusal.kind());
    let failed = explanation.failed();
    let name = failed
        .map(|step| step.name().to_owned())
        .unwrap_or_default();
    let found = failed
        .and_then(|step| step.found_text())
        .unwrap_or_default();
    (kind, name, found.to_owned())
}

#[test]
fn an_explanation_names_the_address_that_is_denied() {
    let service = Service::new();
    let list = AddressList::from_networks(["192.0.2.0/24"]).unwrap();
    let gate = service
        .gate()
        .addresses(AddressRules::builder().deny(list).build().unwrap());
    let gate = gate.allow_any_authenticated().build().unwrap();
    for from in ["192.0.2.7", "198.51.100.7"] {
        assert_eq!(
            explained(&gate, "good-a", from).0,
            kind(&gate, "good-a", from)
        );
    }
    let (kind, step, found) = explained(&gate, "good-a", "192.0.2.7");
    assert_eq!(kind, Some(RejectionKind::AddressDenied));
    assert_eq!((&*step, &*found), ("address lists", "192.0.2.7"));
}

#[test]
fn an_explanation_names_a_missing_encryption() {
    let service = Service::new();
    let gate = service
        .gate()
        .require_tls()
        .allow_any_authenticated()
        .build()
        .unwrap();
    let (kind, step, found) = explained(&gate, "good-a", "192.0.2.7");
    assert_eq!(kind, Some(RejectionKind::TlsRequired));
    assert_eq!(
        (&*step, &*found),
        ("tls", "a connection of which this is not known")
    );
}

#[test]
fn an_explanation_names_a_lock_and_counts_nothing() {
    let service = Service::new();
    let rate = Rate::per_minute(30).unwrap();
    let limits = Limits::builder()
        .limit(Limit::rate("default", rate))
        .build()
        .unwrap();
    let gate = service.gate().lock_out(LockOut::default()).limits(limits);
    let gate = gate.allow_any_authenticated().build().unwrap();
    // Twenty explanations of forgeries blame nobody, and twenty of good requests charge nobody.
    for _ in 0..20 {
        let (kind, ..) = explained(&gate, "forged-a", "192.0.2.7");
        assert_eq!(kind, Some(RejectionKind::SignatureInvalid));
        assert_eq!(explained(&gate, "good-a", "192.0.2.7").0, None);
    }
    let admitted = check(&gate, "good-a", "192.0.2.7").unwrap();
    assert_eq!(admitted.charges().standings().next().unwrap().left(), 29);
    for _ in 0..10 {
        let _ = kind(&gate, "forged-a", "192.0.2.7");
    }
    let (kind, step, found) = explained(&gate, "good-new", "192.0.2.7");
    assert_eq!(kind, Some(RejectionKind::LockedOut));
    assert_eq!(step, "lock-out");
    assert!(
        found.starts_with("the source is locked out for up to"),
        "{found}"
    );
    assert_eq!(explained(&gate, "good-a", "192.0.2.7").0, None);
}

#[test]
fn an_explanation_says_that_limits_are_not_asked() {
    let service = Service::new();
    let rate = Rate::per_minute(1).unwrap();
    let limits = Limits::builder()
        .limit(Limit::rate("default", rate))
        .build()
        .unwrap();
    let gate = service
        .gate()
        .limits(limits)
        .allow_any_authenticated()
        .build()
        .unwrap();
    let request = request(Some("good-a"), "192.0.2.7");
    let explanation = gate.explain(&request).try_now().unwrap();
    let section = explanation.section("limits").unwrap();
    assert_eq!(section.steps()[0].outcome(), Outcome::Skipped);
    let names: Vec<_> = explanation
        .sections()
        .iter()
        .map(|section| section.name())
        .collect();
    assert_eq!(names.first(), Some(&"origin"));
}

#[tokio::test]
async fn doctor_finds_a_rate_class_without_a_limit() {
    let service = Service::new();
    let class = Obligations::new().with_rate_class("exports");
    let rule = Rule::permit("read", require_scope("orders:read")).with_obligations(class);
    let policy = Policy::builder().rule(rule).build().unwrap();
    let rate = Rate::per_minute(1).unwrap();
    let limits = |class: &'static str| {
        let limits = Limits::builder().limit(Limit::rate("x", rate).class(class));
        limits.build().unwrap()
    };
    let unknown = service
        .gate()
        .limits(limits("reports"))
        .authorizer(policy.clone());
    let report = unknown.build().unwrap().doctor().await;
    assert_eq!(report.severity(), Severity::Warning);
    assert!(
        report
            .to_string()
            .contains("the rate class `exports` of the policy has no limit")
    );
    let known = service.gate().limits(limits("exports")).authorizer(policy);
    let report = known.build().unwrap().doctor().await;
    assert_eq!(report.severity(), Severity::Ok, "{report}");
}

#[tokio::test]
async fn doctor_reports_the_sinks_of_the_audit_trail() {
    let service = Service::new();
    let trail = Trail::start(&service.clock);
    let gate = service.gate().audit(trail.audit.clone());
    let report = gate
        .allow_any_authenticated()
        .build()
        .unwrap()
        .doctor()
        .await;
    assert!(report.to_string().contains("it takes records"), "{report}");
}
