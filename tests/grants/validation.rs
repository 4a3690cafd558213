//! Validation of session ids.

use bearergate::RejectionKind;
use bearergate::principal::PrincipalKind;
use bearergate::session::{NewSession, Session, SessionManager};

use crate::common::{Faulty, START, Service, alice, run, secs};

#[test]
fn a_session_says_what_was_granted() {
    let service = Service::new();
    let new = alice()
        .client("web")
        .scopes(["orders:read", "orders:write"])
        .claims(r#"{"tenant":"acme"}"#)
        .data("basket: 3");
    let (id, _) = service.log_in(new);
    let principal = service.authenticate(&id).unwrap();
    assert_eq!(principal.kind(), PrincipalKind::Session);
    assert_eq!(principal.authority().as_str(), "service");
    assert_eq!(principal.subject(), Some("alice"));
    assert_eq!(principal.client(), Some("web"));
    let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
    assert_eq!(scopes, ["orders:read", "orders:write"]);
    assert_eq!(principal.claims().get("tenant").unwrap(), Some("acme"));
    let session = principal.extension::<Session>().unwrap();
    assert_eq!(session.data(), b"basket: 3");
    assert_eq!(principal.issued_at(), Some(START));
    assert_eq!(principal.expires_at(), Some(session.grant().expires()));
    assert_eq!(principal.token_id(), None);
}

#[test]
fn a_bare_session_has_no_scopes_and_its_data_is_not_read_as_claims() {
    let service = Service::new();
    let (id, _) = service.log_in(alice().data(r#"{"role":"admin"}"#));
    let principal = service.authenticate(&id).unwrap();
    assert!(principal.scopes().is_none());
    assert_eq!(principal.claims().json(), "{}");
    assert_eq!(principal.client(), None);
}

#[test]
fn an_id_that_was_not_issued_is_unknown() {
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    let (other, _) = Service::new().log_in(alice());
    assert_eq!(service.kind(&id), None);
    assert_eq!(service.kind(&other), Some(RejectionKind::SessionUnknown));
}

#[test]
fn i07_a_malformed_session_id_is_never_read_as_another_credential() {
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    for cookie in [
        "alice",
        "eyJzdWIiOiJhbGljZSJ9",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.",
        "YWxpY2U6YWRtaW4=",
        &id[1..],
        &format!("{id}A"),
        &format!("{id}="),
    ] {
        let malformed = Some(RejectionKind::TokenMalformed);
        assert_eq!(service.kind(cookie), malformed, "{cookie}");
    }
    assert_eq!(service.kind(&id), None);
}

#[test]
fn a_session_expires_when_it_was_idle_for_too_long() {
    let service = Service::with(10, |s| s.idle(secs(600)), |t| t);
    let (id, _) = service.log_in(alice());
    service.clock.advance(secs(599));
    assert_eq!(service.kind(&id), None);
    service.clock.advance(secs(599));
    assert_eq!(service.kind(&id), None);
    service.clock.advance(secs(600));
    assert_eq!(service.kind(&id), Some(RejectionKind::SessionExpired));
}

#[test]
fn a_session_expires_at_its_absolute_timeout_even_if_it_is_used() {
    let service = Service::with(10, |s| s.lifetime(secs(1_000)).idle(secs(600)), |t| t);
    let (id, _) = service.log_in(alice());
    for _ in 0..9 {
        service.clock.advance(secs(111));
        assert_eq!(service.kind(&id), None);
    }
    service.clock.advance(secs(1));
    assert_eq!(service.kind(&id), Some(RejectionKind::SessionExpired));
}

#[test]
fn a_use_is_written_once_a_minute() {
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    let touches = || {
        service
            .store
            .touches
            .load(std::sync::atomic::Ordering::SeqCst)
    };
    for _ in 0..5 {
        service.clock.advance(secs(11));
        assert_eq!(service.kind(&id), None);
    }
    assert_eq!(touches(), 0);
    service.clock.advance(secs(5));
    assert_eq!(service.kind(&id), None);
    assert_eq!(service.kind(&id), None);
    assert_eq!(touches(), 1);
}

#[test]
fn a_session_that_ends_while_it_is_validated_is_refused() {
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    service.clock.advance(secs(60));
    Faulty::set(&service.store.is_losing_touches, true);
    assert_eq!(service.kind(&id), Some(RejectionKind::SessionUnknown));
    Faulty::set(&service.store.is_losing_touches, false);
    assert_eq!(service.kind(&id), None);
}

#[test]
fn a_short_idle_timeout_is_kept_alive_by_frequent_use() {
    let service = Service::with(10, |s| s.idle(secs(2)), |t| t);
    let (id, _) = service.log_in(alice());
    for _ in 0..5 {
        service.clock.advance(secs(1));
        assert_eq!(service.kind(&id), None);
    }
    service.clock.advance(secs(2));
    assert_eq!(service.kind(&id), Some(RejectionKind::SessionExpired));
}

#[test]
fn a_session_of_another_authority_in_the_same_store_is_unknown() {
    let service = Service::new();
    let other = SessionManager::builder(service.store.clone(), "other service")
        .clock(service.clock.clone())
        .build()
        .unwrap();
    let (own, _) = service.log_in(alice());
    let other_id = run(other.create(NewSession::new("alice"))).unwrap().secret;
    let unknown = Some(RejectionKind::SessionUnknown);
    assert_eq!(service.kind(&other_id.reveal()), unknown);
    assert_eq!(service.kind(&own), None);
    run(other.revoke_subject("alice")).unwrap();
    assert_eq!(service.kind(&own), None);
}

#[test]
fn nothing_printed_contains_an_id_or_data() {
    let service = Service::new();
    let new = alice().data("s3cret").claims(r#"{"pin":"s3cret"}"#);
    let mut shown = format!("{new:?} {:?}", service.sessions);
    let (id, session) = service.log_in(new);
    let principal = service.authenticate(&id).unwrap();
    shown += &format!("{session:?} {principal:?} {:?}", service.gate());
    shown += &serde_json::to_string(&principal).unwrap();
    run(service.sessions.revoke(&session)).unwrap();
    let late = run(service.sessions.save(&session, "s3cret")).unwrap_err();
    shown += &format!("{late} {late:?}");
    let cookie = format!("__Host-session={id}");
    let request = http::Request::get("/").header("cookie", cookie);
    let request = request.body(()).unwrap();
    let refusal = run(service.gate().check(&request)).unwrap_err();
    shown += &format!("{refusal} {refusal:?} {:?}", refusal.rejection());
    shown += &format!("{:?}", refusal.into_response::<String>());
    assert!(!shown.contains("s3cret"), "{shown}");
    for part in [&id[..12], &id[16..28], &id[31..]] {
        assert!(!shown.contains(part), "{shown}");
    }
}
