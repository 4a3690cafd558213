//! Explanations of session ids: the result of the validation, one step that failed, no use.

use std::sync::atomic::Ordering;

use bearergate::session::{SessionCookie, SessionManager};
use http::Request;

use crate::common::*;

/// Explains a request and checks it, compares the results, and returns the step that failed.
fn failed(service: &Service, id: &str) -> Option<(String, String)> {
    let cookie = format!("{}={id}", service.cookie.name());
    let request = Request::get("/").header("cookie", cookie).body(()).unwrap();
    let gate = service.gate();
    let explained = run(gate.explain(&request));
    let checked = run(gate.check(&request)).err();
    let kind = explained.refusal().map(|refusal| refusal.kind());
    assert_eq!(kind, checked.map(|refusal| refusal.kind()), "{explained}");
    for text in [
        explained.to_string(),
        explained.to_json(),
        explained.to_html(),
        format!("{explained:?}"),
    ] {
        assert!(!text.contains(id) && !text.contains("alice"), "{text}");
    }
    let step = explained.failed()?;
    let found = step.found_text().unwrap().to_owned();
    Some((step.name().to_owned(), found))
}

fn assert_failed(failed: Option<(String, String)>, name: &str, found: &str) {
    let (own, text) = failed.unwrap();
    assert_eq!(own, name, "{text}");
    assert!(text.contains(found), "{text}");
}

#[test]
fn every_step_of_a_session_fails_and_passes() {
    let service = Service::new();
    let (id, session) = service.log_in(alice());
    assert_eq!(failed(&service, &id), None);
    let short = &id[..id.len() - 1];
    assert_failed(failed(&service, short), "format", "another text of");
    let (unknown, _) = Service::new().log_in(alice());
    assert_failed(failed(&service, &unknown), "session", "none");
    run(service.sessions.revoke(&session)).unwrap();
    assert_failed(failed(&service, &id), "revocation", "was revoked");

    let (id, _) = service.log_in(alice());
    assert_eq!(failed(&service, &id), None);
    service.clock.advance(secs(366 * 86_400));
    assert_failed(failed(&service, &id), "expiry", "absolute end");

    let (id, _) = service.log_in(alice());
    Faulty::set(&service.store.no_reads, true);
    let (name, _) = failed(&service, &id).unwrap();
    assert_eq!(name, "session");
    Faulty::set(&service.store.no_reads, false);
    assert_eq!(failed(&service, &id), None);
}

#[test]
fn session_of_another_authority_is_named() {
    let service = Service::new();
    let other = SessionManager::builder(service.store.clone(), "another service");
    let other = other.clock(service.clock.clone()).build().unwrap();
    let id = run(other.create(alice())).unwrap().secret.reveal();
    assert_failed(failed(&service, &id), "authority", "another service");
}

#[test]
fn explanation_writes_no_use() {
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    service.clock.advance(secs(300));
    let cookie = format!("{}={id}", service.cookie.name());
    let request = Request::get("/").header("cookie", cookie).body(()).unwrap();
    let gate = service.gate();
    let touches = || service.store.touches.load(Ordering::SeqCst);
    assert!(run(gate.explain(&request)).refusal().is_none());
    assert_eq!(touches(), 0);
    assert!(run(gate.check(&request)).is_ok());
    assert_eq!(touches(), 1);
}

#[test]
fn insecure_cookie_of_another_host_is_named() {
    use bearergate::TokenValidator;
    use bearergate::credential::PresentedCredential;
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    let cookie = SessionCookie::insecure_loopback("session").unwrap();
    let validator = service.sessions.validator(&cookie);
    let presented = PresentedCredential::token(&id).at(START);
    let explained = run(validator.explain(&presented));
    let validated = run(validator.validate(&presented)).unwrap_err();
    assert_eq!(explained.rejection().unwrap().kind(), validated.kind());
    assert_eq!(explained.failed().unwrap().name(), "host");
    // Without a time there is no result.
    let validator = service.sessions.validator(&service.cookie);
    service.clock.stop();
    let presented = PresentedCredential::token(&id);
    assert_eq!(
        run(validator.explain(&presented)).failed().unwrap().name(),
        "clock"
    );
}
