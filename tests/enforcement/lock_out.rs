//! Step 4: lock-out, and who is let in while a source is locked.

use std::time::Duration;

use bearergate::limit::LockOut;
use bearergate::{Gate, RejectionKind};

use crate::helpers::{Service, check, kind};

const NAT: &str = "192.0.2.7";

fn gate(service: &Service) -> Gate {
    let gate = service.gate().lock_out(LockOut::default());
    gate.allow_any_authenticated().build().unwrap()
}

#[test]
fn a_source_of_forgeries_is_locked_and_known_callers_behind_it_pass() {
    let service = Service::new();
    let gate = gate(&service);
    assert_eq!(kind(&gate, "good-known", NAT), None);
    for _ in 0..10 {
        assert_eq!(
            kind(&gate, "forged-a", NAT),
            Some(RejectionKind::SignatureInvalid)
        );
    }
    let calls = service.tokens.calls();
    let refusal = check(&gate, "forged-a", NAT).unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::LockedOut);
    assert_eq!(refusal.headers()["retry-after"], "60");
    assert!(!refusal.headers().contains_key("ratelimit"));
    // A good credential that was never seen cannot be told from a guess without work.
    assert_eq!(kind(&gate, "good-new", NAT), Some(RejectionKind::LockedOut));
    assert_eq!(service.tokens.calls(), calls);
    assert_eq!(kind(&gate, "good-known", NAT), None);
    assert_eq!(kind(&gate, "good-elsewhere", "192.0.2.8"), None);
    service.clock.advance(Duration::from_millis(59_999));
    assert_eq!(kind(&gate, "good-new", NAT), Some(RejectionKind::LockedOut));
    service.clock.advance(Duration::from_millis(1));
    assert_eq!(kind(&gate, "good-new", NAT), None);
}

#[test]
fn expired_tokens_and_outages_lock_nobody() {
    let service = Service::new();
    let gate = gate(&service);
    for _ in 0..500 {
        assert_eq!(
            kind(&gate, "expired-a", NAT),
            Some(RejectionKind::TokenExpired)
        );
        assert_eq!(kind(&gate, "down-a", NAT), Some(RejectionKind::Unavailable));
    }
    assert_eq!(kind(&gate, "good-a", NAT), None);
}

#[test]
fn a_success_pays_nothing_back() {
    let service = Service::new();
    let gate = gate(&service);
    for _ in 0..2 {
        for _ in 0..5 {
            assert_eq!(
                kind(&gate, "forged-a", NAT),
                Some(RejectionKind::SignatureInvalid)
            );
        }
        assert_eq!(kind(&gate, "good-a", NAT), None);
    }
    assert_eq!(kind(&gate, "forged-a", NAT), Some(RejectionKind::LockedOut));
}

#[test]
fn many_good_requests_at_once_are_never_blamed() {
    let service = Service::new();
    let gate = gate(&service);
    std::thread::scope(|scope| {
        for n in 0..30 {
            let gate = &gate;
            scope.spawn(move || assert_eq!(kind(gate, &format!("good-{n}"), NAT), None));
        }
    });
}

#[test]
fn a_wall_clock_that_is_set_moves_no_lock() {
    let service = Service::new();
    let gate = gate(&service);
    for _ in 0..10 {
        assert_eq!(
            kind(&gate, "forged-a", NAT),
            Some(RejectionKind::SignatureInvalid)
        );
    }
    let ahead = crate::helpers::NOW.saturating_add(Duration::from_secs(86_400));
    service.clock.step_wall(ahead);
    assert_eq!(kind(&gate, "good-a", NAT), Some(RejectionKind::LockedOut));
    service.clock.advance(Duration::from_secs(60));
    assert_eq!(kind(&gate, "good-a", NAT), None);
}
