//! Errors of drafts: which field, what was expected and what was found.

use std::error::Error;
use std::time::Duration;

use bearergate::api_key::{ApiKeyErrorKind, ApiKeyFormat, NewApiKey};
use bearergate::limits;

use crate::common::{DAY, NOW, Service, at, plain, wait};

/// The end of the year 9999.
const END: u64 = 253_402_300_799;

#[test]
fn malformed_draft_names_the_field_what_was_expected_and_what_was_found() {
    let service = Service::new();
    let text = |len: usize| "x".repeat(len);
    let free = limits::API_KEY_FREE_BYTES;
    let many = vec!["192.0.2.0/24".parse().unwrap(); limits::API_KEY_ADDRESSES + 1];
    let subject = |subject: &str| NewApiKey::new(subject).expires_in(DAY);
    let lasting = |secs| NewApiKey::new("robot").expires_in(Duration::from_secs(secs));
    for (draft, field, message) in [
        (
            subject(""),
            "subject",
            "expected a text, found an empty one; name the caller that the key is for",
        ),
        (
            subject("ab\nc"),
            "subject",
            "expected a text without control characters, found a control character at character 3",
        ),
        (
            plain().tenant(""),
            "tenant",
            "expected a text, found an empty one",
        ),
        (
            plain().tenant("a\u{7f}"),
            "tenant",
            "found a control character at character 2",
        ),
        (
            plain().tenant(text(70_000)),
            "tenant",
            "that fit into the claims of one principal, found 70000 bytes here; shorten it",
        ),
        (
            plain().roles(["a", "b\0"]),
            "roles",
            "at character 2 in entry 2",
        ),
        (
            plain().roles([text(70_000)]),
            "roles",
            "found 70000 bytes here; shorten it",
        ),
        (
            plain().scopes(["a", "b c"]),
            "scopes",
            "expected entries without spaces or control characters, found a space at character 2 in \
             entry 2; remove it, or give each word as an entry of its own",
        ),
        (
            plain().scopes(["", "b"]),
            "scopes",
            "found an empty one in entry 1",
        ),
        (
            plain().name(text(free)).limit_class("c"),
            "name",
            "expected at most 16384 bytes in `name`, `limit_class` and `metadata` together, found \
             16385, 16384 of them here; shorten it",
        ),
        (
            plain().limit_class(text(free + 1)),
            "limit_class",
            "found 16385, 16385 of them here",
        ),
        (
            plain().name("n").metadata("k", text(free)),
            "metadata",
            "found 16386, 16385 of them",
        ),
        (
            plain().addresses(many),
            "addresses",
            "has 257 networks; it must have at most 256",
        ),
        (
            lasting(0),
            "expires_in",
            "expected between 1 second and 251642300799 seconds (the end of the year 9999), found \
             less than a second; use `never_expires` for a key without an end",
        ),
        (
            lasting(END - NOW + 1),
            "expires_in",
            "found 251642300800 seconds",
        ),
        (
            plain().not_before(at(NOW * 1_000)),
            "not_before",
            "expected a time in seconds up to 9999-12-31T23:59:59Z, found 1760000000000; give \
             seconds, not milliseconds",
        ),
        (
            plain().not_before(at(NOW + 90 * 86_400)),
            "not_before",
            "expected a time before the expiry (2026-01-07T08:53:20Z), found 2026-01-07T08:53:20Z",
        ),
    ] {
        let error = wait(service.keys.create(draft)).unwrap_err();
        assert_eq!(error.kind(), ApiKeyErrorKind::Malformed);
        assert_eq!(error.field(), Some(field), "{error}");
        let shown = error.to_string();
        let start = format!("a value of the key is malformed or too long: `{field}`");
        assert!(
            shown.starts_with(&start) && shown.contains(message),
            "{shown}"
        );
        assert!(shown.len() < 300 && error.source().is_none(), "{shown}");
    }
    for draft in [
        subject("a"),
        plain().tenant("t").roles(["a", "b"]).scopes(["a", "b"]),
        plain().name(text(free - 1)).limit_class("c"),
        lasting(1),
        lasting(END - NOW),
        plain().not_before(at(NOW + 90 * 86_400 - 1)),
    ] {
        assert!(wait(service.keys.create(draft)).is_ok());
    }
}

#[test]
fn only_malformed_values_have_a_field() {
    let service = Service::new();
    let unknown = "0000000000000000".parse().unwrap();
    let error = wait(service.keys.revoke(unknown, "leaked")).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ApiKeyErrorKind::Unknown, None)
    );
    assert_eq!(error.to_string(), "no such key exists");
}

#[test]
fn overlap_and_expiry_are_bounded_too() {
    let service = Service::new();
    let (_, id) = service.issue(NewApiKey::new("robot").never_expires());
    let most = Duration::from_secs(END - NOW);
    let field = |overlap| {
        wait(service.keys.rotate(id, overlap))
            .err()
            .and_then(|e| e.field())
    };
    assert_eq!(field(Duration::MAX), Some("overlap"));
    assert_eq!(field(most + Duration::from_secs(1)), Some("overlap"));
    assert_eq!(field(most), None);
    let (_, id) = service.issue(NewApiKey::new("robot").never_expires());
    let error = wait(service.keys.expire(id, at(END + 1))).unwrap_err();
    assert_eq!(error.field(), Some("at"), "{error}");
    assert!(wait(service.keys.expire(id, at(END))).is_ok());
}

#[test]
fn successor_ends_with_the_year_9999_at_the_latest() {
    let service = Service::new();
    let (_, id) = service.issue(NewApiKey::new("robot").expires_in(Duration::from_secs(END - NOW)));
    service.clock.advance(DAY);
    let issued = wait(service.keys.rotate(id, DAY)).unwrap();
    assert_eq!(issued.record.expires_at(), Some(at(END)));
}

#[test]
fn clock_after_the_year_9999_does_not_keep_a_key_from_being_revoked() {
    let service = Service::new();
    let (key, id) = service.issue(NewApiKey::new("robot").never_expires());
    for now in [END + 1, i64::MAX as u64 + 1, u64::MAX - 1] {
        service.clock.set(at(now));
        assert_eq!(service.kind(&key), None);
        assert!(service.record(id).unwrap().last_used().is_some());
    }
    wait(service.keys.revoke(id, "leaked")).unwrap();
    let disabled = service.record(id).unwrap().disabled().map(|own| own.at);
    assert_eq!(disabled, Some(at(END)));
}

#[test]
fn error_of_a_prefix_shows_what_is_malformed() {
    let text = |prefix: &str| ApiKeyFormat::new(prefix).unwrap_err().to_string();
    assert!(ApiKeyFormat::new("acme_live").is_ok());
    let dash = text("acme-live");
    assert!(
        dash.contains("found `acme-live`; remove the other characters"),
        "{dash}"
    );
    let end = text("acme_");
    assert!(
        end.contains("expected a prefix without `_` at its end"),
        "{end}"
    );
    let long = text(&"a".repeat(33));
    assert!(
        long.contains("has 33 bytes; it must have at most 32"),
        "{long}"
    );
}
