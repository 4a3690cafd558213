//! Creation, change and end of sessions.

use std::sync::Arc;

use bearergate::error::ConfigErrorKind;
use bearergate::grant::GrantErrorKind;
use bearergate::session::{NewSession, SessionChange, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::{RejectionKind, limits};

use crate::common::{Service, alice, kind_of, run, secs};

/// The defaults of `SessionManagerBuilder`.
const SESSION_IDLE: std::time::Duration = std::time::Duration::from_secs(30 * 60);
const SESSION_LIFETIME: std::time::Duration = std::time::Duration::from_secs(12 * 60 * 60);

const UNKNOWN: Option<RejectionKind> = Some(RejectionKind::SessionUnknown);
const REVOKED: Option<RejectionKind> = Some(RejectionKind::TokenRevoked);
const CONFLICT: Option<GrantErrorKind> = Some(GrantErrorKind::Conflict);

#[test]
fn i07_a_change_of_privileges_gives_a_new_id() {
    let service = Service::new();
    let (old, session) = service.log_in(alice().scopes(["read"]).data("kept"));
    let change = SessionChange::default().scopes(["read", "admin"]);
    let rotated = run(service.sessions.rotate(&session, change)).unwrap();
    let (new, changed) = (rotated.secret, rotated.record);
    let new = new.reveal();
    assert_ne!(new, old);
    assert_eq!(service.kind(&old), UNKNOWN);
    let principal = service.authenticate(&new).unwrap();
    assert!(principal.scopes().unwrap().contains("admin"));
    assert_eq!(service.session(&new).data(), b"kept");
    assert_eq!(changed.handle(), session.handle());
    assert_eq!(changed.grant().expires(), session.grant().expires());
}

#[test]
fn i07_a_login_never_uses_an_id_that_existed_before() {
    let service = Service::new();
    let (guest, _) = service.log_in(NewSession::new("guest"));
    let (id, _) = service.log_in(alice());
    assert_ne!(id, guest);
    assert_eq!(
        service.authenticate(&guest).unwrap().subject(),
        Some("guest")
    );
}

#[test]
fn a_rotated_session_does_not_live_longer() {
    let service = Service::with(10, |s| s.lifetime(secs(100)).idle(secs(100)), |t| t);
    let (_, session) = service.log_in(alice());
    service.clock.advance(secs(99));
    let rotated = run(service.sessions.rotate(&session, SessionChange::default()));
    let id = rotated.unwrap().secret.reveal();
    assert_eq!(service.kind(&id), None);
    service.clock.advance(secs(1));
    assert_eq!(service.kind(&id), Some(RejectionKind::SessionExpired));
}

#[test]
fn an_id_is_rotated_by_one_of_two() {
    let service = Service::new();
    let (_, session) = service.log_in(alice());
    let rotate = || run(service.sessions.rotate(&session, SessionChange::default()));
    let id = rotate().unwrap().secret;
    assert_eq!(kind_of(rotate()), CONFLICT);
    assert_eq!(service.kind(&id.reveal()), None);
}

#[test]
fn data_is_written_only_over_the_version_that_was_read() {
    let service = Service::new();
    let (id, session) = service.log_in(alice());
    let saved = run(service.sessions.save(&session, "one")).unwrap();
    assert_eq!(
        kind_of(run(service.sessions.save(&session, "late"))),
        CONFLICT
    );
    assert_eq!(service.session(&id).data(), b"one");
    run(service.sessions.save(&saved, "two")).unwrap();
    assert_eq!(service.session(&id).data(), b"two");
}

#[test]
fn a_use_does_not_conflict_with_a_write() {
    let service = Service::new();
    let (id, session) = service.log_in(alice());
    service.clock.advance(secs(120));
    assert_eq!(service.kind(&id), None);
    run(service.sessions.save(&session, "saved")).unwrap();
    service.clock.advance(SESSION_IDLE - secs(1));
    assert_eq!(service.session(&id).data(), b"saved");
}

#[test]
fn i06_a_late_write_does_not_restore_a_session() {
    let service = Service::new();
    let (id, session) = service.log_in(alice());
    run(service.sessions.revoke(&session)).unwrap();
    let save = || run(service.sessions.save(&session, "late"));
    let rotate = || run(service.sessions.rotate(&session, SessionChange::default()));
    assert_eq!(kind_of(save()), CONFLICT);
    assert_eq!(kind_of(rotate()), CONFLICT);
    assert_eq!(service.kind(&id), REVOKED);
    assert!(run(service.sessions.purge()).unwrap() > 0);
    assert_eq!(kind_of(save()), CONFLICT);
    assert_eq!(kind_of(rotate()), CONFLICT);
    assert_eq!(service.kind(&id), UNKNOWN);
}

#[test]
fn i06_a_late_write_does_not_restore_an_idle_session() {
    let service = Service::new();
    let (id, session) = service.log_in(alice());
    service.clock.advance(SESSION_IDLE);
    assert_eq!(
        kind_of(run(service.sessions.save(&session, "late"))),
        CONFLICT
    );
    assert_eq!(service.kind(&id), Some(RejectionKind::SessionExpired));
}

#[test]
fn one_session_is_revoked_by_itself_or_by_its_handle() {
    let service = Service::new();
    let [a, b, c] = [(); 3].map(|()| service.log_in(alice()));
    run(service.sessions.revoke(&a.1)).unwrap();
    run(service.sessions.revoke_handle(b.1.handle().unwrap())).unwrap();
    let kinds = [&a, &b, &c].map(|(id, _)| service.kind(id));
    assert_eq!(kinds, [REVOKED, REVOKED, None]);
}

#[test]
fn a_session_that_was_read_before_its_id_changed_still_names_it() {
    let service = Service::new();
    let (_, session) = service.log_in(alice());
    let id = run(service.sessions.rotate(&session, SessionChange::default()))
        .unwrap()
        .secret;
    run(service.sessions.revoke(&session)).unwrap();
    assert_eq!(service.kind(&id.reveal()), REVOKED);
}

#[test]
fn all_of_a_subject_are_revoked_and_a_login_in_the_same_second_is_not() {
    let service = Service::new();
    let [a, b] = [(); 2].map(|()| service.log_in(alice()).0);
    let (bob, _) = service.log_in(NewSession::new("bob"));
    run(service.sessions.revoke_subject("alice")).unwrap();
    let (again, _) = service.log_in(alice());
    let kinds = [&a, &b, &bob, &again].map(|id| service.kind(id));
    assert_eq!(kinds, [REVOKED, REVOKED, None, None]);
    run(service.sessions.revoke_subject("alice")).unwrap();
    assert_eq!(service.kind(&again), REVOKED);
}

#[test]
fn all_of_a_client_are_revoked() {
    let service = Service::new();
    let (web, _) = service.log_in(alice().client("web"));
    let (app, _) = service.log_in(alice().client("app"));
    let (none, _) = service.log_in(alice());
    run(service.sessions.revoke_client("web")).unwrap();
    let (again, _) = service.log_in(alice().client("web"));
    let kinds = [&web, &app, &none, &again].map(|id| service.kind(id));
    assert_eq!(kinds, [REVOKED, None, None, None]);
}

#[test]
fn a_revocation_has_effect_after_the_clock_was_set_back() {
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    service
        .clock
        .set(bearergate::clock::UnixTime::from_secs(1_600_000_000));
    run(service.sessions.revoke_subject("alice")).unwrap();
    assert_eq!(service.kind(&id), REVOKED);
    let (again, _) = service.log_in(alice());
    assert_eq!(service.kind(&again), None);
}

#[test]
fn only_expired_records_make_room() {
    let service = Service::with(2, |s| s.idle(secs(60)), |t| t);
    let (a, _) = service.log_in(alice());
    service.clock.advance(secs(30));
    let (b, _) = service.log_in(alice());
    let third = run(service.sessions.create(alice()));
    assert_eq!(kind_of(third), Some(GrantErrorKind::Full));
    service.clock.advance(secs(59));
    assert_eq!(service.kind(&b), None);
    let (c, _) = service.log_in(alice());
    assert_eq!([service.kind(&b), service.kind(&c)], [None, None]);
    assert_eq!(service.kind(&a), UNKNOWN);
}

#[test]
fn revocations_are_bounded_and_a_full_store_reports_it() {
    let service = Service::with(2, |s| s, |t| t);
    let revoke = |subject: &str| run(service.sessions.revoke_subject(subject));
    revoke("a").unwrap();
    revoke("b").unwrap();
    assert_eq!(kind_of(revoke("c")), Some(GrantErrorKind::Full));
    revoke("a").unwrap();
    service.clock.advance(limits::GRANT_LIFETIME_MAX);
    run(service.sessions.purge()).unwrap();
    revoke("c").unwrap();
}

#[test]
fn the_revocation_of_a_session_is_purged_with_it() {
    let service = Service::with(1, |s| s, |t| t);
    let (_, session) = service.log_in(alice());
    run(service.sessions.revoke(&session)).unwrap();
    let other = || run(service.sessions.revoke_subject("bob"));
    assert_eq!(kind_of(other()), Some(GrantErrorKind::Full));
    let end = SESSION_LIFETIME + std::time::Duration::from(bearergate::clock::Leeway::MAX);
    service.clock.advance(end - secs(1));
    run(service.sessions.purge()).unwrap();
    assert_eq!(kind_of(other()), Some(GrantErrorKind::Full));
    service.clock.advance(secs(1));
    run(service.sessions.purge()).unwrap();
    other().unwrap();
}

#[test]
fn malformed_or_too_long_values_are_not_stored() {
    let service = Service::new();
    let long = |len| "x".repeat(len);
    let object = |len: usize| format!("{{\"a\":\"{}\"}}", long(len - 8));
    let kind = |new| kind_of(run(service.sessions.create(new)));
    for good in [
        NewSession::new(long(limits::GRANT_ID_BYTES)),
        alice().client(long(limits::GRANT_ID_BYTES)),
        alice().scopes([long(limits::GRANT_SCOPES_BYTES)]),
        alice().scopes([""; 0]),
        alice().claims(object(limits::GRANT_CLAIMS_BYTES)),
        alice().data(long(limits::SESSION_DATA_BYTES)),
    ] {
        assert_eq!(kind(good), None);
    }
    for bad in [
        NewSession::new(""),
        NewSession::new("a\nb"),
        NewSession::new(long(limits::GRANT_ID_BYTES + 1)),
        alice().client(""),
        alice().client(long(limits::GRANT_ID_BYTES + 1)),
        alice().scopes(["a\"b"]),
        alice().scopes(["\u{e4}"]),
        alice().scopes([long(limits::GRANT_SCOPES_BYTES + 1)]),
        alice().claims("[]"),
        alice().claims(r#"{"a":1,"a":2}"#),
        alice().claims(object(limits::GRANT_CLAIMS_BYTES + 1)),
        alice().data(long(limits::SESSION_DATA_BYTES + 1)),
    ] {
        assert_eq!(
            kind(bad.clone()),
            Some(GrantErrorKind::Malformed),
            "{bad:?}"
        );
    }
    let (_, session) = service.log_in(alice());
    let late = service
        .sessions
        .save(&session, long(limits::SESSION_DATA_BYTES + 1));
    assert_eq!(kind_of(run(late)), Some(GrantErrorKind::Malformed));
}

#[test]
fn a_configuration_out_of_range_is_refused() {
    let refused = |authority: &str, lifetime, idle| {
        let store = Arc::new(MemoryGrantStore::new(1));
        let builder = SessionManager::builder(store, authority);
        let built = builder.lifetime(lifetime).idle(idle).build();
        built.err().map(|error| (error.kind(), error.field()))
    };
    let max = limits::GRANT_LIFETIME_MAX;
    let out = |field| Some((ConfigErrorKind::OutOfRange, field));
    assert_eq!(refused("a", max, max), None);
    assert_eq!(refused("a", secs(1), secs(1)), None);
    assert_eq!(
        refused("", max, max),
        Some((ConfigErrorKind::Empty, "authority"))
    );
    assert_eq!(refused("a", max + secs(1), max), out("lifetime"));
    assert_eq!(refused("a", secs(9), secs(10)), out("idle"));
    assert_eq!(refused("a", secs(9), secs(0)), out("idle"));
}
