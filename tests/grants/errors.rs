//! Errors of drafts: each names its field, the bound and what was found, and shows no value.

use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::grant::{GrantError, GrantErrorKind};
use bearergate::limits;
use bearergate::refresh::{NewRefreshToken, RefreshManager};
use bearergate::session::{NewSession, SessionChange, SessionManager};

use crate::common::{AUTHORITY, CLIENT, Service, alice, for_alice, run};

const SECRET: &str = "canary-7f3a";

/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

fn check<T>(result: Result<T, GrantError>, field: &str, text: &str) {
    let error = result.err().unwrap();
    assert_eq!(
        (error.kind(), error.field()),
        (GrantErrorKind::Malformed, Some(field))
    );
    let shown = error.to_string();
    assert!(
        shown.contains(&format!("`{field}`")) && shown.contains(text),
        "{shown}"
    );
    assert!(!format!("{error:?} {error}").contains(SECRET), "{shown}");
}

/// A text of this many bytes.
fn long(bytes: usize) -> String {
    let mut text = SECRET.to_owned();
    text.extend(std::iter::repeat_n('x', bytes - text.len()));
    text
}

#[test]
fn a_malformed_draft_of_a_session_names_the_field_the_bound_and_what_was_found() {
    let service = Service::new();
    let create = |new: NewSession| run(service.sessions.create(new)).map(drop);
    let ids = limits::GRANT_ID_BYTES;
    assert!(create(NewSession::new(long(ids))).is_ok());
    let range = "has 256 bytes; it must have between 1 and 255";
    check(create(NewSession::new(long(ids + 1))), "subject", range);
    check(create(NewSession::new("")), "subject", "has 0 bytes");
    let control = format!("{SECRET}\u{7}");
    check(
        create(NewSession::new(control)),
        "subject",
        "found one at character 12; remove it",
    );
    assert!(create(alice().client(long(ids))).is_ok());
    check(create(alice().client(long(ids + 1))), "client", range);

    let most = limits::GRANT_SCOPES_BYTES;
    assert!(create(alice().scopes([long(most)])).is_ok());
    let range = "has 4097 bytes; it must have at most 4096";
    check(create(alice().scopes([long(most + 1)])), "scopes", range);
    let odd = ["orders:read", "canary-7f3a\u{e4}"];
    check(
        create(alice().scopes(odd)),
        "scopes",
        "found another character in scope 2",
    );

    let claims = |len: usize| format!(r#"{{"a":"{}"}}"#, long(len - 8));
    assert!(create(alice().claims(claims(limits::GRANT_CLAIMS_BYTES))).is_ok());
    let longer = claims(limits::GRANT_CLAIMS_BYTES + 1);
    check(
        create(alice().claims(longer)),
        "claims",
        "has 16385 bytes; it must have at most 16384",
    );
    for bad in [r#"["canary-7f3a"]"#, r#"{"canary-7f3a":"#, ""] {
        check(
            create(alice().claims(bad)),
            "claims",
            "expected the text of one JSON object",
        );
    }

    let data = |len: usize| long(len).into_bytes();
    assert!(create(alice().data(data(limits::SESSION_DATA_BYTES))).is_ok());
    let range = "has 65537 bytes; it must have at most 65536";
    check(
        create(alice().data(data(limits::SESSION_DATA_BYTES + 1))),
        "data",
        range,
    );
}

#[test]
fn a_malformed_change_of_a_session_names_its_field_too() {
    let service = Service::new();
    let (_, session) = service.log_in(alice());
    let data = vec![0; limits::SESSION_DATA_BYTES + 1];
    check(
        run(service.sessions.save(&session, data.clone())),
        "data",
        "has 65537 bytes",
    );
    let rotate = |change| run(service.sessions.rotate(&session, change)).map(drop);
    check(
        rotate(SessionChange::default().data(data)),
        "data",
        "has 65537 bytes",
    );
    check(
        rotate(SessionChange::default().scopes(["\u{e4}"])),
        "scopes",
        "in scope 1",
    );
    check(
        rotate(SessionChange::default().claims("[]")),
        "claims",
        "one JSON object",
    );
    assert!(rotate(SessionChange::default().claims("{}")).is_ok());
}

#[test]
fn a_malformed_draft_of_a_refresh_token_names_its_field() {
    let service = Service::new();
    let create = |new: NewRefreshToken| run(service.tokens.create(new)).map(drop);
    check(
        create(NewRefreshToken::new("", CLIENT)),
        "subject",
        "has 0 bytes",
    );
    check(
        create(NewRefreshToken::new("alice", "")),
        "client",
        "has 0 bytes",
    );
    check(
        create(for_alice().scopes(["a\"b"])),
        "scopes",
        "printable ASCII",
    );
    check(create(for_alice().claims("1")), "claims", "one JSON object");
    let other = RefreshManager::builder(service.store.clone(), "another service");
    let other = other.clock(service.clock.clone()).build().unwrap();
    let (_, session) = service.log_in(alice());
    let new = || NewRefreshToken::for_session(&session, CLIENT);
    let text = "expected one of the authority \"another service\", found one of \"service\"";
    check(run(other.create(new())).map(drop), "session", text);
    assert!(create(new()).is_ok());
}

#[test]
fn configured_bounds_are_named_with_what_was_found() {
    let service = Service::new();
    let sessions = || SessionManager::builder(service.store.clone(), AUTHORITY);
    let tokens = || RefreshManager::builder(service.store.clone(), AUTHORITY);
    let day = Duration::from_secs(86_400);
    let texts = [
        sessions().max_per_subject(0).build().map(drop),
        tokens().max_per_subject(1_001).build().map(drop),
        sessions().lifetime(day * 401).build().map(drop),
        tokens().lifetime(day * 401).build().map(drop),
        sessions().idle(day).build().map(drop),
        tokens()
            .reuse_window(Duration::from_secs(61))
            .build()
            .map(drop),
    ];
    let wanted = [
        "`max_per_subject` is 0; it must be between 1 and 1000",
        "`max_per_subject` is 1001; it must be between 1 and 1000",
        "`lifetime` is 401 days; it must be at most 400 days",
        "`lifetime` is 401 days; it must be at most 400 days",
        "`idle` is 1 day; it must be between 1 second and 12 hours",
        "`reuse_window` is 61 seconds; it must be at most 1 minute",
    ];
    for (found, wanted) in texts.into_iter().zip(wanted) {
        assert_eq!(found.unwrap_err().to_string(), wanted);
    }
    assert!(
        sessions()
            .max_per_subject(1_000)
            .lifetime(day * 400)
            .build()
            .is_ok()
    );
}

/// Not every store could keep such a time, so none is given it.
#[test]
fn a_clock_past_the_last_year_grants_nothing_in_any_store() {
    let service = Service::new();
    service.clock.set(UnixTime::from_secs(LAST));
    assert!(run(service.sessions.create(alice())).is_ok());
    service.clock.set(UnixTime::from_secs(LAST + 1));
    let session = run(service.sessions.create(alice())).map(drop);
    let token = run(service.tokens.create(for_alice())).map(drop);
    for result in [session, token] {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (GrantErrorKind::Unavailable, None)
        );
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("past the year 9999"), "{source}");
    }
}
