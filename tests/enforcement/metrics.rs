//! The counters of a gate.

use bearergate::Gate;

use crate::helpers::{Service, Tokens, kind, request};

fn value(gate: &Gate, name: &str) -> Option<u64> {
    let text = gate.metrics().prometheus();
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn requests_are_counted_by_outcome_and_rejections_by_kind() {
    let service = Service::new();
    let gate = service.gate().allow_any_authenticated().build().unwrap();
    for token in ["good-a", "good-b", "forged-a", "down-a"] {
        let _ = kind(&gate, token, "192.0.2.7");
    }
    let requests = |outcome| {
        let name = format!("bearergate_requests_total{{outcome=\"{outcome}\"}}");
        value(&gate, &name).unwrap_or(0)
    };
    assert_eq!(requests("allowed"), 2);
    assert_eq!(requests("rejected"), 1);
    assert_eq!(requests("unavailable"), 1);
    assert_eq!(requests("denied"), 0);
    let forged = "bearergate_rejections_total{kind=\"signature_invalid\"}";
    assert_eq!(value(&gate, forged), Some(1));
}

#[test]
fn a_gate_that_enforces_nothing_counts_only_if_it_is_told_to() {
    let gate = || {
        Gate::builder()
            .validator(Tokens::default())
            .allow_any_authenticated()
    };
    let plain = gate().build().unwrap();
    let counting = gate().count_requests().build().unwrap();
    for gate in [&plain, &counting] {
        assert_eq!(kind(gate, "good-a", "192.0.2.7"), None);
    }
    let allowed = "bearergate_requests_total{outcome=\"allowed\"}";
    assert_eq!(value(&plain, allowed), None);
    assert_eq!(value(&counting, allowed), Some(1));
}

#[test]
fn stages_are_measured_only_if_a_gate_is_told_to() {
    let service = Service::new();
    let gate = service
        .gate()
        .time_stages()
        .allow_any_authenticated()
        .build()
        .unwrap();
    for _ in 0..3 {
        assert_eq!(kind(&gate, "good-a", "192.0.2.7"), None);
    }
    for stage in ["address", "validator", "policy", "audit"] {
        let count = format!("bearergate_stage_seconds_count{{stage=\"{stage}\"}}");
        assert_eq!(value(&gate, &count), Some(3), "{stage}");
    }
    let plain = service.gate().allow_any_authenticated().build().unwrap();
    assert_eq!(kind(&plain, "good-a", "192.0.2.7"), None);
    assert_eq!(value(&plain, "bearergate_stage_seconds_count"), None);
}

#[tokio::test]
async fn a_caller_that_nothing_is_decided_about_is_counted_once() {
    let service = Service::new();
    let gate = service.gate().allow_any_authenticated().build().unwrap();
    let allowed = || value(&gate, "bearergate_requests_total{outcome=\"allowed\"}");
    let request = request(Some("good-a"), "192.0.2.7");
    let caller = gate.authenticate(&request).await.unwrap();
    drop(caller.clone());
    assert_eq!(allowed(), Some(0));
    drop(caller);
    assert_eq!(allowed(), Some(1));
    let caller = gate.authenticate(&request).await.unwrap();
    assert!(gate.authorize(&caller.request()).await.is_ok());
    drop(caller);
    assert_eq!(allowed(), Some(2));
}
