//! The room for revocations: what subjects and clients cause leaves room for the service.

use std::sync::Arc;

use bearergate::clock::FakeClock;
use bearergate::grant::store::{RevocationRecord, Sequence, SessionHandle};
use bearergate::grant::{Grant, GrantErrorKind, GrantStore};
use bearergate::limits;
use bearergate::refresh::{NewRefreshToken, RefreshManager};
use bearergate::session::{NewSession, Session, SessionManager};
use bearergate::stores::MemoryGrantStore;

use crate::common::{AUTHORITY, CLIENT, Events, START, Service, alice, kind_of, now, run, secs};

/// Room for 80 revocations: 60 of single ones, 15 of them for one subject.
const ROOM: usize = 80;
const OF_SUBJECT: usize = 15;

struct Observed {
    store: Arc<MemoryGrantStore>,
    sessions: SessionManager,
    events: Events,
}

impl Observed {
    fn new() -> Self {
        let events = Events::default();
        let store = Arc::new(MemoryGrantStore::new(ROOM).observer(events.clone()));
        let clock = FakeClock::at(START);
        let sessions = SessionManager::builder(store.clone(), AUTHORITY).clock(clock);
        Self {
            store,
            sessions: sessions.build().unwrap(),
            events,
        }
    }

    fn log_in(&self, subject: &str) -> Session {
        run(self.sessions.create(NewSession::new(subject)))
            .unwrap()
            .record
    }

    fn is_revoked(&self, session: &Session) -> bool {
        now(self.store.is_revoked(session.grant().clone())).unwrap()
    }

    /// Logs in and out.
    fn visit(&self, subject: &str) -> Session {
        let session = self.log_in(subject);
        run(self.sessions.revoke(&session)).unwrap();
        // So that not the room for sessions is what is full.
        run(self.sessions.purge()).unwrap();
        session
    }
}

#[test]
fn who_logs_in_and_out_in_a_loop_keeps_nobody_from_logging_out_or_revoking() {
    let service = Observed::new();
    let (bob, eve) = (service.log_in("bob"), service.log_in("eve"));
    let ended: Vec<_> = (0..3 * ROOM).map(|_| service.visit("mallory")).collect();
    assert!(ended.iter().all(|session| service.is_revoked(session)));
    run(service.sessions.revoke(&bob)).unwrap();
    run(service.sessions.revoke_subject("alice")).unwrap();
    run(service.sessions.revoke_client(CLIENT)).unwrap();
    assert!(service.is_revoked(&bob) && !service.is_revoked(&eve));
}

#[test]
fn after_many_logouts_one_more_ends_all_sessions_of_its_subject_until_then() {
    let service = Observed::new();
    let (other, eve) = (service.log_in("mallory"), service.log_in("eve"));
    for _ in 0..OF_SUBJECT {
        service.visit("mallory");
    }
    assert!(!service.is_revoked(&other));
    assert_eq!(service.events.take(), [""; 0]);
    let last = service.visit("mallory");
    assert!(service.is_revoked(&last) && service.is_revoked(&other));
    assert!(!service.is_revoked(&eve));
    let said = format!(
        r#"RevocationsMerged {{ authority: "{AUTHORITY}", client: None, subject: Some("mallory") }}"#
    );
    assert_eq!(service.events.take(), [said]);
    let again = service.log_in("mallory");
    assert!(!service.is_revoked(&again));
    service.visit("mallory");
    assert!(service.is_revoked(&again));
    assert_eq!(service.events.take(), [""; 0]);
}

#[test]
fn sessions_that_are_revoked_by_their_handle_count_for_their_subject_too() {
    let service = Observed::new();
    let (other, eve) = (service.log_in("mallory"), service.log_in("eve"));
    for ended in 0..=OF_SUBJECT {
        assert!(!service.is_revoked(&other), "{ended}");
        let handle = service.log_in("mallory").handle().unwrap();
        run(service.sessions.revoke_handle(handle)).unwrap();
    }
    assert!(service.is_revoked(&other) && !service.is_revoked(&eve));
}

#[test]
fn of_a_subject_that_many_users_share_no_number_of_logouts_ends_the_others() {
    for is_shared in [true, false] {
        let service = Service::with(
            ROOM,
            |s| match is_shared {
                true => s.unlimited_per_subject(),
                false => s,
            },
            |t| t,
        );
        let guest = || service.log_in(NewSession::new("guest"));
        let (stays, _) = guest();
        for n in 0..=OF_SUBJECT {
            let (_, session) = guest();
            match n % 2 {
                0 => run(service.sessions.revoke(&session)).unwrap(),
                _ => run(service.sessions.revoke_handle(session.handle().unwrap())).unwrap(),
            }
        }
        assert_eq!(service.kind(&stays).is_none(), is_shared);
    }
}

#[test]
fn a_session_that_is_revoked_again_counts_once() {
    let service = Observed::new();
    let (other, ended) = (service.log_in("mallory"), service.log_in("mallory"));
    for _ in 0..2 * OF_SUBJECT {
        run(service.sessions.revoke(&ended)).unwrap();
    }
    assert!(service.is_revoked(&ended) && !service.is_revoked(&other));
}

#[test]
fn purged_logouts_do_not_count() {
    let service = Service::with(ROOM, |s| s.lifetime(secs(9_000)), |t| t);
    let visit = || {
        let (_, session) = service.log_in(NewSession::new("mallory"));
        run(service.sessions.revoke(&session)).unwrap();
    };
    (0..OF_SUBJECT).for_each(|_| visit());
    service.clock.advance(secs(9_000 + 600));
    run(service.sessions.purge()).unwrap();
    let (other, _) = service.log_in(NewSession::new("mallory"));
    (0..OF_SUBJECT).for_each(|_| visit());
    assert_eq!(service.kind(&other), None);
    visit();
    assert!(service.kind(&other).is_some());
}

/// Many subjects, each with few logouts.
fn fill(store: &MemoryGrantStore, until: u64) -> usize {
    let record = |n: u8| {
        let grant = Grant::new(AUTHORITY, format!("user {n}"), START).with_sequence(Some(first()));
        let handle = SessionHandle::new([n; 16]);
        let record = RevocationRecord::session(AUTHORITY, handle, START).of_grant(&grant);
        record.with_until(START.saturating_add(secs(until)))
    };
    (0..=u8::MAX)
        .take_while(|n| now(store.revoke(record(*n))).is_ok())
        .count()
}

#[test]
fn many_subjects_together_leave_the_reserved_room() {
    let service = Observed::new();
    let bob = service.log_in("bob");
    assert_eq!(fill(&service.store, 9_999), ROOM / 4 * 3);
    let logout = run(service.sessions.revoke(&bob));
    assert_eq!(kind_of(logout), Some(GrantErrorKind::Full));
    for subject in 0..ROOM / 4 {
        let subject = format!("stolen {subject}");
        run(service.sessions.revoke_subject(&subject)).unwrap();
    }
    let one_more = run(service.sessions.revoke_subject("bob"));
    assert_eq!(kind_of(one_more), Some(GrantErrorKind::Full));
    let said = service.events.take();
    let filling = |len| format!("GrantRevocationsFilling {{ len: {len}, limit: {ROOM} }}");
    assert_eq!(said, [filling(48)]);
}

#[test]
fn a_revocation_that_finds_no_room_removes_what_has_expired() {
    let store = MemoryGrantStore::new(ROOM);
    assert_eq!(fill(&store, 100), ROOM / 4 * 3);
    let later = |secs_later| {
        let at = START.saturating_add(secs(secs_later));
        RevocationRecord::session(AUTHORITY, SessionHandle::new([255; 16]), at)
    };
    assert!(now(store.revoke(later(99))).is_err());
    assert!(now(store.revoke(later(100))).is_ok());
}

#[test]
fn a_subject_that_the_service_revokes_too_gives_its_room_back() {
    let store = MemoryGrantStore::new(4);
    let grant = Grant::new(AUTHORITY, "mallory", START).with_sequence(Some(first()));
    let end = |n: u8| {
        let record = RevocationRecord::session(AUTHORITY, SessionHandle::new([n; 16]), START);
        now(store.revoke(record.of_grant(&grant)))
    };
    // One single record, and from the second on the one of the subject.
    (0..9).for_each(|n| end(n).unwrap());
    let nobody = |n: u8| {
        let record = RevocationRecord::session(AUTHORITY, SessionHandle::new([100 + n; 16]), START);
        now(store.revoke(record))
    };
    nobody(1).unwrap();
    assert!(nobody(2).is_err());
    now(store.revoke(RevocationRecord::subject(AUTHORITY, "mallory", START))).unwrap();
    nobody(2).unwrap();
    assert!(nobody(3).is_err());
}

fn first() -> Sequence {
    Sequence::from_u64(1)
}

#[test]
fn a_session_of_a_store_whose_numbers_are_ahead_is_revoked_by_itself() {
    let store = MemoryGrantStore::new(4);
    let ahead = Grant::new(AUTHORITY, "alice", START);
    let far = START.saturating_add(limits::GRANT_LIFETIME_MAX);
    let ahead = ahead.with_sequence(Some(Sequence::next(None, far)));
    for n in 0..3 {
        let handle = SessionHandle::new([n; 16]);
        let record = RevocationRecord::session(AUTHORITY, handle, START).of_grant(&ahead);
        now(store.revoke(record)).unwrap();
        let grant = ahead.clone().with_session(Some(handle));
        assert!(now(store.is_revoked(grant)).unwrap());
    }
    assert!(!now(store.is_revoked(ahead)).unwrap());
}

#[test]
fn what_ends_at_the_limit_of_a_subject_is_reported() {
    let events = Events::default();
    let store = Arc::new(MemoryGrantStore::new(10));
    let sessions = SessionManager::builder(store.clone(), AUTHORITY).max_per_subject(2);
    let sessions = sessions.observer(events.clone()).build().unwrap();
    let tokens = RefreshManager::builder(store, AUTHORITY).max_per_subject(1);
    let tokens = tokens.observer(events.clone()).build().unwrap();
    let said = || {
        let event = r#"{ authority: "service", subject: "alice", ended: 1 }"#;
        format!("GrantsEndedByLimit {event}")
    };
    for (made, expected) in [vec![], vec![], vec![said()]].into_iter().enumerate() {
        run(sessions.create(alice())).unwrap();
        assert_eq!(events.take(), expected, "{made}");
    }
    for expected in [vec![], vec![said()]] {
        run(tokens.create(NewRefreshToken::new("alice", CLIENT))).unwrap();
        assert_eq!(events.take(), expected);
    }
    run(sessions.create(NewSession::new("bob"))).unwrap();
    assert_eq!(events.take(), [""; 0]);
}
