//! A store that does not answer, or answers later, and a clock that stopped.

use std::sync::Arc;

use bearergate::RejectionKind;
use bearergate::grant::GrantErrorKind;
use bearergate::refresh::RotateRequest;
use bearergate::session::{SessionChange, SessionManager};

use crate::common::{AUTHORITY, CLIENT, Faulty, Service, alice, for_alice, kind_of, run, secs};

const UNAVAILABLE: Option<RejectionKind> = Some(RejectionKind::Unavailable);
const DOWN: Option<GrantErrorKind> = Some(GrantErrorKind::Unavailable);

#[test]
fn i05_a_store_that_cannot_read_is_not_a_bad_credential() {
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    let token = service.first(for_alice());
    Faulty::set(&service.store.no_reads, true);
    assert_eq!(service.kind(&id), UNAVAILABLE);
    assert_eq!(service.rotate(&token).err(), UNAVAILABLE);
    Faulty::set(&service.store.no_reads, false);
    assert_eq!(service.kind(&id), None);
    assert!(service.rotate(&token).is_ok());
}

#[test]
fn i05_a_revocation_that_was_not_written_is_an_error() {
    let service = Service::new();
    let (id, session) = service.log_in(alice());
    Faulty::set(&service.store.no_writes, true);
    assert_eq!(kind_of(run(service.sessions.revoke(&session))), DOWN);
    assert_eq!(kind_of(run(service.sessions.revoke_subject("alice"))), DOWN);
    assert_eq!(kind_of(run(service.sessions.revoke_client("web"))), DOWN);
    let token = "A".repeat(64);
    Faulty::set(&service.store.no_reads, true);
    let revoked = run(service.tokens.revoke(RotateRequest::new(&token, CLIENT)));
    assert_eq!(revoked.unwrap_err().kind(), RejectionKind::Unavailable);
    Faulty::set(&service.store.no_reads, false);
    Faulty::set(&service.store.no_writes, false);
    assert_eq!(service.kind(&id), None);
    run(service.sessions.revoke(&session)).unwrap();
    assert_eq!(service.kind(&id), Some(RejectionKind::TokenRevoked));
}

#[test]
fn i05_what_was_not_written_leaves_everything_as_it_was() {
    let service = Service::new();
    let (id, session) = service.log_in(alice().data("old"));
    let token = service.first(for_alice());
    Faulty::set(&service.store.no_writes, true);
    assert_eq!(kind_of(run(service.sessions.create(alice()))), DOWN);
    assert_eq!(kind_of(run(service.sessions.save(&session, "new"))), DOWN);
    let change = SessionChange::default();
    assert_eq!(
        kind_of(run(service.sessions.rotate(&session, change))),
        DOWN
    );
    assert_eq!(kind_of(run(service.tokens.create(for_alice()))), DOWN);
    assert_eq!(service.rotate(&token).err(), UNAVAILABLE);
    Faulty::set(&service.store.no_writes, false);
    assert_eq!(service.session(&id).data(), b"old");
    assert!(service.rotate(&token).is_ok());
}

#[test]
fn i05_a_replay_is_refused_even_if_the_family_cannot_be_revoked() {
    let service = Service::new();
    let first = service.first(for_alice());
    let second = service.rotate(&first).unwrap();
    Faulty::set(&service.store.no_writes, true);
    assert_eq!(service.rotate(&first).err(), UNAVAILABLE);
    assert!(service.events.all().is_empty());
    Faulty::set(&service.store.no_writes, false);
    assert_eq!(
        service.rotate(&first).err(),
        Some(RejectionKind::RefreshReused)
    );
    assert_eq!(
        service.rotate(&second).err(),
        Some(RejectionKind::TokenRevoked)
    );
    assert_eq!(service.events.all().len(), 1);
}

#[test]
fn a_session_whose_use_cannot_be_written_is_unavailable() {
    let service = Service::new();
    let (id, _) = service.log_in(alice());
    Faulty::set(&service.store.no_writes, true);
    assert_eq!(service.kind(&id), None);
    service.clock.advance(secs(60));
    assert_eq!(service.kind(&id), UNAVAILABLE);
}

#[test]
fn a_store_that_answers_later_gives_the_same_results() {
    let service = Service::with_reuse_window(secs(10));
    Faulty::set(&service.store.is_slow, true);
    let (id, session) = service.log_in(alice());
    let first = service.first(for_alice());
    let second = service.rotate(&first).unwrap();
    assert_eq!(service.rotate(&first).as_ref(), Ok(&second));
    service.clock.advance(secs(100));
    assert_eq!(
        service.rotate(&first).err(),
        Some(RejectionKind::RefreshReused)
    );
    assert_eq!(
        service.rotate(&second).err(),
        Some(RejectionKind::TokenRevoked)
    );
    assert_eq!(service.kind(&id), None);
    run(service.sessions.revoke(&session)).unwrap();
    assert_eq!(service.kind(&id), Some(RejectionKind::TokenRevoked));
}

#[test]
fn without_a_time_nothing_is_validated_and_nothing_created() {
    let service = Service::new();
    let (id, session) = service.log_in(alice());
    let token = service.first(for_alice());
    service.clock.stop();
    assert_eq!(service.kind(&id), UNAVAILABLE);
    assert_eq!(service.rotate(&token).err(), UNAVAILABLE);
    assert_eq!(kind_of(run(service.sessions.create(alice()))), DOWN);
    assert_eq!(kind_of(run(service.sessions.revoke(&session))), DOWN);
    assert_eq!(kind_of(run(service.tokens.create(for_alice()))), DOWN);
    assert_eq!(kind_of(run(service.tokens.purge())), DOWN);
}

#[test]
fn i05_a_revocation_that_one_of_two_stores_lacks_is_an_error() {
    let service = Service::new();
    let (sessions, other) = with_another_store(&service);
    let (_, session) = service.log_in(alice());
    for store in [&service.store, &other] {
        Faulty::set(&store.no_writes, true);
        assert_eq!(kind_of(run(sessions.revoke(&session))), DOWN);
        Faulty::set(&store.no_writes, false);
    }
    run(sessions.revoke(&session)).unwrap();
}

#[test]
fn a_session_is_revoked_after_its_tokens_in_another_store() {
    let service = Service::new();
    let (sessions, other) = with_another_store(&service);
    let (id, session) = service.log_in(alice());
    Faulty::set(&other.no_writes, true);
    assert_eq!(kind_of(run(sessions.revoke(&session))), DOWN);
    // A user who is still logged in can log out again.
    assert!(service.authenticate(&id).is_ok());
    Faulty::set(&other.no_writes, false);
    run(sessions.revoke(&session)).unwrap();
    assert!(service.authenticate(&id).is_err());
}

/// Sessions of the service whose refresh tokens may be in another store.
fn with_another_store(service: &Service) -> (SessionManager, Arc<Faulty>) {
    let other = Arc::new(Faulty::new(10));
    let sessions = SessionManager::builder(service.store.clone(), AUTHORITY)
        .also_revoke_in(other.clone())
        .clock(service.clock.clone())
        .build()
        .unwrap();
    (sessions, other)
}
