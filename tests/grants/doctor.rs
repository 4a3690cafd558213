//! What the doctor says about sessions and their store.

use bearergate::diagnosis::Severity;
use bearergate::session::SessionCookie;
use bearergate::{RejectionKind, TokenValidator};

use crate::common::{Faulty, Service, alice, run};

fn report(service: &Service) -> (Severity, String) {
    let report = run(service.gate().doctor());
    (report.severity(), report.to_string())
}

#[test]
fn a_store_that_answers_is_reported_and_one_that_does_not_is_an_error() {
    let service = Service::new();
    let (severity, text) = report(&service);
    assert_eq!(severity, Severity::Ok, "{text}");
    assert!(
        text.contains("the store answers; it reports nothing else"),
        "{text}"
    );
    Faulty::set(&service.store.no_reads, true);
    let (severity, text) = report(&service);
    assert_eq!(severity, Severity::Error);
    for part in [
        "sessions of service",
        "the store does not answer",
        "disk is gone",
        "hint: start",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_warm_up_asks_the_store() {
    let service = Service::new();
    let validator = service.sessions.validator(&service.cookie);
    assert!(run(validator.warm_up()).is_ok());
    Faulty::set(&service.store.no_reads, true);
    let error = run(validator.warm_up()).unwrap_err();
    assert_eq!(error.kind(), RejectionKind::Unavailable);
    Faulty::set(&service.store.no_reads, false);
    assert!(run(validator.warm_up()).is_ok());
}

#[test]
fn a_diagnosis_changes_nothing_and_names_an_insecure_cookie_too() {
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    let cookie = SessionCookie::insecure_loopback("dev-session").unwrap();
    let found = run(service.sessions.validator(&cookie).diagnose());
    let severities: Vec<_> = found.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Warning, Severity::Ok]);
    assert!(found[0].text.contains("without `Secure`"));
    assert_eq!(
        service
            .store
            .touches
            .load(std::sync::atomic::Ordering::SeqCst),
        0
    );
    assert_eq!(service.kind(&id), None);
    assert!(!format!("{found:?}").contains(&id));
}
