//! Proofs with nonces of the service.

use std::time::Duration;

use bearergate::http_response::Refusal;
use bearergate::nonce::Nonces;
use bearergate::secret_source::SecretSource;
use bearergate::testing::ProofBuilder;
use bearergate::validator::Freshness;

use crate::common::*;

fn secret(byte: u8) -> SecretSource {
    SecretSource::from_fn("test", move || {
        Ok::<_, std::io::Error>(vec![byte; 32].into())
    })
}

fn shared(byte: u8) -> Nonces {
    Nonces::shared(&secret(byte)).unwrap()
}

fn service(nonces: Nonces) -> Service {
    Service::with(|dpop| dpop.nonces(nonces))
}

/// The nonce that a refused client is given.
fn nonce(refusal: &Refusal) -> Option<String> {
    let headers = refusal.headers();
    assert!(headers.get_all("dpop-nonce").iter().count() <= 1);
    Some(headers.get("dpop-nonce")?.to_str().unwrap().to_owned())
}

fn refused(service: &Service, change: impl FnOnce(ProofBuilder) -> ProofBuilder) -> Refusal {
    let token = service.bound_token();
    let proof = change(service.proof(&token)).sign();
    service.check(&request(&token, &[&proof])).unwrap_err()
}

fn learned(service: &Service) -> String {
    let refusal = refused(service, |proof| proof);
    assert_eq!(Some(refusal.kind()), NONCE);
    nonce(&refusal).unwrap()
}

fn with(service: &Service, nonce: &str) -> Option<bearergate::RejectionKind> {
    service.changed(|proof| proof.nonce(nonce))
}

#[test]
fn a_client_is_told_the_nonce_once_and_then_gets_in() {
    let service = service(shared(1));
    let refusal = refused(&service, |proof| proof);
    let headers = refusal.headers();
    let challenge = headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("DPoP "), "{challenge}");
    assert!(
        challenge.contains("error=\"use_dpop_nonce\""),
        "{challenge}"
    );
    assert_eq!(headers.get_all("www-authenticate").iter().count(), 1);
    assert_eq!(headers["cache-control"], "no-store");
    let nonce = nonce(&refusal).unwrap();
    for _ in 0..20 {
        let token = service.bound_token();
        let proof = service.proof(&token).nonce(&nonce).sign();
        let admitted = service.check(&request(&token, &[&proof])).unwrap();
        assert_eq!(admitted.freshness(), Some(Freshness::Nonce));
        assert!(!admitted.headers().contains_key("dpop-nonce"));
    }
}

#[test]
fn a_client_without_a_credential_is_told_the_first_nonce() {
    let service = service(shared(1));
    let parts = http::Request::get("/orders")
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let first = nonce(&service.check(&parts).unwrap_err()).unwrap();
    assert_eq!(with(&service, &first), None);
    let plain = Service::new();
    assert_eq!(nonce(&plain.check(&parts).unwrap_err()), None);
}

#[test]
fn a_nonce_that_ends_is_replaced_on_the_response() {
    let service = service(shared(1));
    let old = learned(&service);
    service.clock.advance(Duration::from_secs(120));
    let token = service.bound_token();
    let proof = service.proof(&token).nonce(&old).sign();
    let admitted = service.check(&request(&token, &[&proof])).unwrap();
    let new = admitted.headers()["dpop-nonce"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_ne!(new, old);
    assert_eq!(admitted.headers()["cache-control"], "no-store");
    assert_eq!(with(&service, &new), None);
    service.clock.advance(Duration::from_secs(120));
    assert_eq!(with(&service, &old), NONCE);
    assert_eq!(with(&service, &new), None);
}

// The proof was good; only the right is missing.
#[test]
fn a_denied_request_gets_the_next_nonce_too() {
    let service = service(shared(1));
    let old = learned(&service);
    let gate = service
        .gate
        .require(bearergate::require_scope("admin"))
        .unwrap();
    let denied = || {
        let token = service.bound_token();
        let proof = service.proof(&token).nonce(&old).sign();
        let refusal = gate
            .try_check_now(&request(&token, &[&proof]))
            .unwrap()
            .unwrap_err();
        (refusal.status().as_u16(), nonce(&refusal))
    };
    assert_eq!(denied(), (403, None));
    service.clock.advance(Duration::from_secs(120));
    let (status, new) = denied();
    assert_eq!(status, 403);
    assert_eq!(with(&service, &new.unwrap()), None);
}

// Defect E35 (clients with wrong clocks locked out although they have the nonce): docs/defects.md
#[test]
fn a_good_nonce_replaces_the_time_unless_it_is_strict() {
    let ours = service(shared(1));
    let nonce = learned(&ours);
    let now = NOW.as_secs();
    for (name, value) in [
        ("iat", now - 3_600),
        ("iat", now + 3_600),
        ("exp", 1),
        ("nbf", now + 3_600),
    ] {
        let kind = ours.changed(|proof| proof.nonce(&nonce).claim(name, value));
        assert_eq!(kind, None, "{name}");
    }
    assert_eq!(
        ours.changed(|proof| proof.nonce(&nonce).without("iat")),
        INVALID
    );
    assert_eq!(
        ours.changed(|proof| proof.nonce(&nonce).claim("exp", "1")),
        INVALID
    );
    let strict = Service::with(|dpop| dpop.nonces(shared(1)).strict_iat());
    let nonce = learned(&strict);
    assert_eq!(strict.changed(|proof| proof.nonce(&nonce)), None);
    assert_eq!(
        strict.changed(|proof| proof.nonce(&nonce).claim("iat", now - 3_600)),
        INVALID
    );
}

// RFC 9449 section 8: a client that gets a nonce repeats the request.
// Defect E33 (use_dpop_nonce answered to a current nonce): docs/defects.md
#[test]
fn a_fault_that_a_nonce_does_not_mend_has_none() {
    let service = service(shared(1));
    let nonce_of = |change: fn(ProofBuilder) -> ProofBuilder| {
        let good = learned(&service);
        let refusal = refused(&service, |proof| change(proof.nonce(&good)));
        assert_eq!(Some(refusal.kind()), INVALID);
        nonce(&refusal)
    };
    assert_eq!(nonce_of(|proof| proof.claim("htm", "PUT")), None);
    assert_eq!(nonce_of(|proof| proof.claim("ath", "x")), None);
    // The nonce is checked before the signature, and after the request.
    let token = service.bound_token();
    let proof = service.proof(&token).sign();
    let unsigned = format!("{}.AAAA", proof.rsplit_once('.').unwrap().0);
    assert_eq!(service.kind(&request(&token, &[&unsigned])), NONCE);
    assert_eq!(service.changed(|proof| proof.claim("htm", "PUT")), INVALID);
}

#[test]
fn a_replay_with_a_nonce_is_a_replay_and_has_no_nonce() {
    let service = service(shared(1));
    let good = learned(&service);
    let token = service.bound_token();
    let proof = service.proof(&token).nonce(&good).sign();
    assert_eq!(service.kind(&request(&token, &[&proof])), None);
    // In the next window the nonce is about to end: still a replay.
    service.clock.advance(Duration::from_secs(120));
    let refusal = service.check(&request(&token, &[&proof])).unwrap_err();
    assert_eq!(Some(refusal.kind()), REPLAYED);
    assert_eq!(nonce(&refusal), None);
}

#[test]
fn nodes_with_one_secret_alternate_without_a_refusal() {
    let (one, other) = (service(shared(1)), service(shared(1)));
    let nonce = learned(&one);
    for _ in 0..10 {
        assert_eq!(with(&one, &nonce), None);
        assert_eq!(with(&other, &nonce), None);
    }
    assert_eq!(with(&service(shared(2)), &nonce), NONCE);
    let process = service(Nonces::of_this_process().unwrap());
    assert_eq!(with(&process, &nonce), NONCE);
    let rotated = service(shared(2).with_older(&secret(1)).unwrap());
    assert_eq!(with(&rotated, &nonce), None);
}
