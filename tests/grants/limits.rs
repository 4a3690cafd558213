//! How many sessions and refresh tokens one subject may have, and what a full store costs.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bearergate::error::{ConfigError, ConfigErrorKind};
use bearergate::grant::GrantErrorKind;
use bearergate::refresh::{NewRefreshToken, RefreshManager};
use bearergate::session::{NewSession, SessionManager, SessionManagerBuilder};
use bearergate::stores::MemoryGrantStore;
use bearergate::{RejectionKind, limits};

use crate::common::{CLIENT, Service, alice, for_alice, kind_of, run, secs};

const UNKNOWN: Option<RejectionKind> = Some(RejectionKind::SessionUnknown);

/// The default of `max_per_subject`.
const MOST: usize = 100;

#[test]
fn one_subject_does_not_use_up_the_room_of_all() {
    let service = Service::with(2 * MOST, |s| s, |t| t);
    let (bob, _) = service.log_in(NewSession::new("bob"));
    for _ in 0..2 * MOST {
        service.log_in(NewSession::new("mallory"));
        service.first(NewRefreshToken::new("mallory", CLIENT));
    }
    let (alice, _) = service.log_in(alice());
    assert_eq!([service.kind(&bob), service.kind(&alice)], [None, None]);
    let token = service.first(for_alice());
    assert!(service.rotate(&token).is_ok());
}

#[test]
fn without_a_limit_one_subject_uses_up_the_room_of_all() {
    let service = Service::with(
        2 * MOST,
        SessionManagerBuilder::unlimited_per_subject,
        |t| t.unlimited_per_subject(),
    );
    let all: Vec<_> = (0..2 * MOST).map(|_| service.log_in(alice()).0).collect();
    assert!(all.iter().all(|id| service.kind(id).is_none()));
    let bob = run(service.sessions.create(NewSession::new("bob")));
    assert_eq!(kind_of(bob), Some(GrantErrorKind::Full));
    for _ in 0..2 * MOST {
        service.first(for_alice());
    }
    let token = run(service.tokens.create(NewRefreshToken::new("bob", CLIENT)));
    assert_eq!(kind_of(token), Some(GrantErrorKind::Full));
}

#[test]
fn a_login_at_the_limit_ends_the_session_that_was_used_longest_ago() {
    let service = Service::with(10, |s| s.max_per_subject(2), |t| t);
    let (used, _) = service.log_in(alice());
    let (idle, session) = service.log_in(alice());
    let of_idle = service.first(NewRefreshToken::for_session(&session, CLIENT));
    service.clock.advance(secs(120));
    assert_eq!(service.kind(&used), None);
    let (new, _) = service.log_in(alice());
    let kinds = [&used, &idle, &new].map(|id| service.kind(id));
    assert_eq!(kinds, [None, UNKNOWN, None]);
    // Its refresh tokens end with it; those of the others do not.
    let refused = service.rotate(&of_idle);
    assert_eq!(refused.err(), Some(RejectionKind::RefreshUnknown));
}

#[test]
fn a_thief_of_the_account_cannot_lock_its_owner_out() {
    let service = Service::with(10, |s| s.max_per_subject(3), |t| t);
    let stolen: Vec<_> = (0..5).map(|_| service.log_in(alice()).0).collect();
    let (own, _) = service.log_in(alice());
    assert_eq!(service.kind(&own), None);
    run(service.sessions.revoke_subject("alice")).unwrap();
    let (again, _) = service.log_in(alice());
    assert_eq!(service.kind(&again), None);
    assert!(stolen.iter().all(|id| service.kind(id).is_some()));
}

#[test]
fn a_login_at_a_limit_that_refuses_is_a_typed_error_and_ends_nothing() {
    let service = Service::with(
        10,
        |s| s.refuse_at_subject_limit().max_per_subject(2),
        |t| t.max_per_subject(2).refuse_at_subject_limit(),
    );
    let [a, b] = [(); 2].map(|()| service.log_in(alice()));
    let third = || run(service.sessions.create(alice()));
    assert_eq!(kind_of(third()), Some(GrantErrorKind::SubjectFull));
    assert_eq!([service.kind(&a.0), service.kind(&b.0)], [None, None]);
    service.log_in(NewSession::new("bob"));
    run(service.sessions.revoke(&a.1)).unwrap();
    assert!(third().is_ok());

    let tokens = [(); 2].map(|()| service.first(for_alice()));
    let third = run(service.tokens.create(for_alice()));
    assert_eq!(kind_of(third), Some(GrantErrorKind::SubjectFull));
    assert!(tokens.iter().all(|token| service.rotate(token).is_ok()));
}

#[test]
fn a_family_at_the_limit_ends_the_one_that_was_used_longest_ago() {
    let service = Service::with(10, |s| s, |t| t.max_per_subject(2));
    let used = service.first(for_alice());
    let idle = service.first(for_alice());
    let bob = service.first(NewRefreshToken::new("bob", CLIENT));
    service.clock.advance(secs(1));
    let used = service.rotate(&used).unwrap();
    service.first(for_alice());
    let unknown = Some(RejectionKind::RefreshUnknown);
    assert_eq!(service.rotate(&idle).err(), unknown);
    assert!(service.rotate(&used).is_ok() && service.rotate(&bob).is_ok());
}

#[test]
fn what_has_ended_does_not_count() {
    let service = Service::with(
        10,
        |s| {
            s.idle(secs(60))
                .max_per_subject(2)
                .refuse_at_subject_limit()
        },
        |t| t,
    );
    service.log_in(alice());
    service.clock.advance(secs(60));
    let (_, session) = service.log_in(alice());
    service.log_in(alice());
    run(service.sessions.revoke(&session)).unwrap();
    let (last, _) = service.log_in(alice());
    assert_eq!(service.kind(&last), None);
    let more = run(service.sessions.create(alice()));
    assert_eq!(kind_of(more), Some(GrantErrorKind::SubjectFull));
}

#[test]
fn a_limit_out_of_its_range_is_refused() {
    let store = || Arc::new(MemoryGrantStore::new(1));
    let range = |error: ConfigError| (error.kind(), error.field() == "max_per_subject");
    let wrong = (ConfigErrorKind::OutOfRange, true);
    for most in [0, limits::GRANTS_PER_SUBJECT_MAX + 1] {
        let sessions = SessionManager::builder(store(), "s").max_per_subject(most);
        assert_eq!(range(sessions.build().unwrap_err()), wrong);
        let tokens = RefreshManager::builder(store(), "s").max_per_subject(most);
        assert_eq!(
            range(tokens.refuse_at_subject_limit().build().unwrap_err()),
            wrong
        );
    }
    for most in [1, limits::GRANTS_PER_SUBJECT_MAX] {
        let sessions = SessionManager::builder(store(), "s").max_per_subject(most);
        assert!(sessions.build().is_ok());
        let tokens = RefreshManager::builder(store(), "s").max_per_subject(most);
        assert!(tokens.build().is_ok());
    }
}

#[test]
fn a_full_store_is_purged_once_in_a_second_in_which_that_makes_no_room() {
    let service = Service::with(10, |s| s.idle(secs(60)), |t| t.idle(secs(60)));
    for _ in 0..10 {
        service.log_in(alice());
        service.first(for_alice());
    }
    let purges = || service.store.purges.load(Ordering::SeqCst);
    let bob = || run(service.sessions.create(NewSession::new("bob")));
    let token = || run(service.tokens.create(NewRefreshToken::new("bob", CLIENT)));
    for _ in 0..100 {
        assert_eq!(kind_of(bob()), Some(GrantErrorKind::Full));
    }
    assert_eq!(purges(), 1);
    for _ in 0..100 {
        assert_eq!(kind_of(token()), Some(GrantErrorKind::Full));
    }
    assert_eq!(purges(), 2);
    service.clock.advance(secs(1));
    for _ in 0..100 {
        assert_eq!(kind_of(bob()), Some(GrantErrorKind::Full));
    }
    assert_eq!(purges(), 3);
    // What ends makes room at once, and a purge that made room is no reason to wait.
    service.clock.advance(secs(59));
    for _ in 0..10 {
        assert!(bob().is_ok());
        assert!(token().is_ok());
    }
    assert_eq!(kind_of(bob()), Some(GrantErrorKind::Full));
}

#[test]
fn a_revocation_makes_room_in_the_same_second() {
    let service = Service::with(1, |s| s, |t| t);
    let (_, session) = service.log_in(alice());
    let bob = || run(service.sessions.create(NewSession::new("bob")));
    assert_eq!(kind_of(bob()), Some(GrantErrorKind::Full));
    run(service.sessions.revoke(&session)).unwrap();
    assert!(bob().is_ok());
}

#[test]
fn a_purge_lets_other_tasks_run_after_each_step() {
    let service = Service::with(3_000, |s| s.unlimited_per_subject().idle(secs(60)), |t| t);
    for _ in 0..2_500 {
        service.log_in(alice());
    }
    service.clock.advance(secs(60));
    let (mut waits, mut purge) = (0, Box::pin(service.sessions.purge()));
    let removed = run(std::future::poll_fn(|cx| {
        let polled = purge.as_mut().poll(cx);
        waits += usize::from(polled.is_pending());
        polled
    }));
    assert_eq!(removed.unwrap(), 2_500);
    assert_eq!(waits, 3);
    assert_eq!(service.store.purges.load(Ordering::SeqCst), 4);
}
