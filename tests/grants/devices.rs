//! Lists of the sessions and refresh tokens of a user, and the end of some of them.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;

use bearergate::RejectionKind::{SessionExpired, TokenRevoked};
use bearergate::grant::store::SessionHandle;
use bearergate::grant::{Grant, GrantErrorKind};
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::session::{NewSession, Session, SessionChange, SessionManager};
use bearergate::stores::MemoryGrantStore;

use crate::common::{
    AUTHORITY, CLIENT, Faulty, START, Service, alice, for_alice, kind_of, run, secs,
};

fn handles(service: &Service, subject: &str) -> Vec<SessionHandle> {
    let listed = run(service.sessions.list(subject)).unwrap();
    listed.iter().map(|session| session.handle()).collect()
}

fn handle(session: &Session) -> SessionHandle {
    session.handle().unwrap()
}

#[test]
fn the_sessions_of_a_user_are_listed_the_last_used_first() {
    let service = Service::new();
    let (first_id, first) = service.log_in(alice().client("web").data("laptop"));
    let (_, second) = service.log_in(alice().scopes(["orders:read"]));
    let (_, bob) = service.log_in(NewSession::new("bob"));
    service.clock.advance(secs(600));
    assert_eq!(service.kind(&first_id), None);
    let listed = run(service.sessions.list("alice")).unwrap();
    let found: Vec<_> = listed.iter().map(|session| session.handle()).collect();
    assert_eq!(found, [handle(&first), handle(&second)]);
    let grant = listed[0].grant();
    assert_eq!((grant.subject(), grant.client()), ("alice", Some("web")));
    assert_eq!(
        (grant.created(), grant.last_used()),
        (START, START.saturating_add(secs(600)))
    );
    assert_eq!(grant.expires(), first.grant().expires());
    assert_eq!(
        (listed[0].data(), listed[1].data()),
        (&b"laptop"[..], &b""[..])
    );
    assert_eq!(listed[1].grant().scopes(), Some("orders:read"));
    assert!(listed[0].is_current(&first));
    assert!(!listed[0].is_current(&second) && !listed[0].is_current(&bob));
    let shown = format!("{listed:?}");
    assert!(shown.contains("alice") && !shown.contains(&first_id) && !shown.contains("108, 97"));
    assert!(run(service.sessions.list("nobody")).unwrap().is_empty());
}

#[test]
fn what_has_ended_is_not_listed_and_what_was_rotated_is_listed_once() {
    let service = Service::with(1_000, |s| s.idle(secs(100)).lifetime(secs(300)), |t| t);
    let (_, ended) = service.log_in(alice());
    let (_, unused) = service.log_in(alice());
    let (id, used) = service.log_in(alice());
    run(service.sessions.revoke(&ended)).unwrap();
    assert_eq!(handles(&service, "alice"), [handle(&used), handle(&unused)]);
    service.clock.advance(secs(99));
    assert_eq!(service.kind(&id), None);
    let used = run(service
        .sessions
        .rotate(&service.session(&id), SessionChange::default()));
    let used = used.unwrap().record;
    service.clock.advance(secs(1));
    assert_eq!(handles(&service, "alice"), [handle(&used)]);
    service.clock.advance(secs(200));
    assert!(handles(&service, "alice").is_empty());
}

#[test]
fn a_list_has_many_pages_and_only_this_authority() {
    let service = Service::with(
        1_000,
        |s| s.max_per_subject(400),
        |t| t.max_per_subject(400),
    );
    for _ in 0..250 {
        service.log_in(alice());
        service.first(for_alice());
    }
    let other = SessionManager::builder(service.store.clone(), "another service");
    let other = other.clock(service.clock.clone()).build().unwrap();
    run(other.create(alice())).unwrap();
    let mut listed = handles(&service, "alice");
    assert_eq!(listed.len(), 250);
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed.len(), 250);
    assert_eq!(run(service.tokens.list("alice")).unwrap().len(), 250);
    assert_eq!(run(other.list("alice")).unwrap().len(), 1);
}

#[test]
fn log_out_everywhere_else_ends_all_but_this_session_and_its_tokens() {
    let service = Service::new();
    let (id, kept) = service.log_in(alice());
    let (phone, on_phone) = service.log_in(alice());
    let (laptop, _) = service.log_in(alice());
    let (bobs, _) = service.log_in(NewSession::new("bob"));
    let of_kept = service.first(NewRefreshToken::for_session(&kept, CLIENT));
    let of_phone = service.first(NewRefreshToken::for_session(&on_phone, CLIENT));
    let of_none = service.first(for_alice());
    assert_eq!(run(service.sessions.revoke_others(&kept)).unwrap(), 2);
    assert_eq!([service.kind(&id), service.kind(&bobs)], [None, None]);
    for ended in [&phone, &laptop] {
        assert_eq!(service.kind(ended), Some(TokenRevoked));
    }
    assert_eq!(service.rotate(&of_phone), Err(TokenRevoked));
    assert!(service.rotate(&of_kept).is_ok() && service.rotate(&of_none).is_ok());
    assert_eq!(handles(&service, "alice"), [handle(&kept)]);
    assert_eq!(run(service.sessions.revoke_others(&kept)).unwrap(), 0);
    // A later login is not affected, and its number is greater.
    let (later, _) = service.log_in(alice());
    assert_eq!(service.kind(&later), None);
}

#[test]
fn the_session_that_stays_may_have_got_another_id_meanwhile() {
    let service = Service::new();
    let (_, read) = service.log_in(alice());
    let (other, _) = service.log_in(alice());
    let rotated = run(service.sessions.rotate(&read, SessionChange::default())).unwrap();
    assert_eq!(run(service.sessions.revoke_others(&read)).unwrap(), 1);
    assert_eq!(service.kind(&rotated.secret.reveal()), None);
    assert_eq!(service.kind(&other), Some(TokenRevoked));
}

#[test]
fn a_session_that_has_ended_ends_no_others() {
    let service = Service::with(1_000, |s| s.idle(secs(100)), |t| t);
    let (_, revoked) = service.log_in(alice());
    run(service.sessions.revoke(&revoked)).unwrap();
    let (_, expired) = service.log_in(alice());
    service.clock.advance(secs(100));
    let (live, session) = service.log_in(alice());
    for ended in [&revoked, &expired] {
        let result = run(service.sessions.revoke_others(ended));
        assert_eq!(kind_of(result), Some(GrantErrorKind::Conflict));
    }
    assert_eq!(service.kind(&live), None);
    assert!(run(service.sessions.revoke_others(&session)).is_ok());
    let other = SessionManager::builder(service.store.clone(), "another service");
    let other = other.clock(service.clock.clone()).build().unwrap();
    let result = run(other.revoke_others(&session));
    assert_eq!(kind_of(result), Some(GrantErrorKind::Malformed));
}

#[test]
fn a_session_that_is_created_during_the_call_ends_too() {
    let service = Service::new();
    let (id, kept) = service.log_in(alice());
    service.log_in(alice());
    Faulty::set(&service.store.is_slow, true);
    let mut late = Vec::new();
    {
        let mut call = pin!(service.sessions.revoke_others(&kept));
        let mut cx = Context::from_waker(Waker::noop());
        let mut polls = 0;
        while call.as_mut().poll(&mut cx).is_pending() {
            polls += 1;
            // Between the look-up of the others and the end of the first pass.
            if polls == 2 {
                late.push(service.log_in(alice()).0);
            }
        }
        assert!(polls > 4, "{polls}");
    }
    Faulty::set(&service.store.is_slow, false);
    assert_eq!(service.kind(&late[0]), Some(TokenRevoked));
    assert_eq!(service.kind(&id), None);
}

/// In so small a store the end of one more session is the end of all of its subject.
#[test]
fn where_one_revocation_takes_the_place_of_many_the_session_has_to_log_in_again() {
    let service = Service::with(20, |s| s, |t| t);
    let (id, kept) = service.log_in(alice());
    let others: Vec<_> = (0..10).map(|_| service.log_in(alice()).0).collect();
    let result = run(service.sessions.revoke_others(&kept));
    assert_eq!(kind_of(result), Some(GrantErrorKind::Conflict));
    for ended in others.iter().chain([&id]) {
        assert_eq!(service.kind(ended), Some(TokenRevoked));
    }
}

#[test]
fn a_failing_store_is_reported_and_the_session_stays() {
    let service = Service::new();
    let (id, kept) = service.log_in(alice());
    let (other, _) = service.log_in(alice());
    for flag in [&service.store.no_reads, &service.store.no_writes] {
        Faulty::set(flag, true);
        let result = run(service.sessions.revoke_others(&kept));
        assert_eq!(kind_of(result), Some(GrantErrorKind::Unavailable));
        Faulty::set(flag, false);
    }
    assert_eq!([service.kind(&id), service.kind(&other)], [None, None]);
    Faulty::set(&service.store.no_reads, true);
    let listed = run(service.sessions.list("alice"));
    assert_eq!(kind_of(listed), Some(GrantErrorKind::Unavailable));
    let listed = run(service.tokens.list("alice"));
    assert_eq!(kind_of(listed), Some(GrantErrorKind::Unavailable));
    Faulty::set(&service.store.no_reads, false);
    service.clock.stop();
    let listed = run(service.sessions.list("alice"));
    assert_eq!(kind_of(listed), Some(GrantErrorKind::Unavailable));
}

#[test]
fn a_handle_of_another_user_ends_nothing() {
    let service = Service::new();
    let (alices, session) = service.log_in(alice());
    let of_session = service.first(NewRefreshToken::for_session(&session, CLIENT));
    let own = |subject, handle| run(service.sessions.revoke_of(subject, handle)).unwrap();
    assert!(!own("mallory", handle(&session)));
    assert!(!own("alice", SessionHandle::new([7; 16])));
    assert_eq!(service.kind(&alices), None);
    assert!(own("alice", handle(&session)));
    assert_eq!(service.kind(&alices), Some(TokenRevoked));
    assert_eq!(service.rotate(&of_session), Err(TokenRevoked));
    assert!(!own("alice", handle(&session)));
}

#[test]
fn connected_applications_are_listed_and_disconnected() {
    let service = Service::new();
    let (id, session) = service.log_in(alice());
    let spent = service.first(for_alice().scopes(["orders:read"]));
    let [app, second] = [service.rotate(&spent).unwrap(), service.first(for_alice())];
    let other = service.first(NewRefreshToken::for_session(&session, "other app"));
    let bobs = service.first(NewRefreshToken::new("bob", CLIENT));
    service.clock.advance(secs(60));
    let app = service.rotate(&app).unwrap();
    let listed = run(service.tokens.list("alice")).unwrap();
    let clients: Vec<_> = listed.iter().filter_map(Grant::client).collect();
    assert_eq!(clients, [CLIENT, CLIENT, "other app"]);
    assert_eq!(listed[0].scopes(), Some("orders:read"));
    assert_eq!(listed[2].session(), session.handle());
    let disconnect =
        |subject, client| run(service.tokens.revoke_client_of(subject, client)).unwrap();
    assert_eq!(disconnect("alice", "mobile"), 0);
    assert_eq!(disconnect("alice", CLIENT), 2);
    for ended in [&app, &second] {
        assert_eq!(service.rotate(ended), Err(TokenRevoked));
    }
    let other = service.rotate_by(RotateRequest::new(&other, "other app"));
    assert!(other.is_ok() && service.rotate(&bobs).is_ok());
    assert_eq!(service.kind(&id), None);
    assert_eq!(disconnect("alice", CLIENT), 0);
    assert_eq!(run(service.tokens.list("alice")).unwrap().len(), 1);
    assert!(service.events.all().is_empty());
}

#[test]
fn a_client_that_rotates_meanwhile_is_disconnected_too() {
    let service = Service::with(1_000, |s| s, |t| t.reuse_window(secs(60)));
    for _ in 0..50 {
        let first = service.first(for_alice());
        let last = thread::scope(|scope| {
            let client = scope.spawn(|| {
                let mut token = first.clone();
                for _ in 0..200 {
                    match service.rotate(&token) {
                        Ok(next) => token = next,
                        Err(kind) => {
                            assert_eq!(kind, TokenRevoked);
                            break;
                        }
                    }
                }
                token
            });
            run(service.tokens.revoke_client_of("alice", CLIENT)).unwrap();
            client.join().unwrap()
        });
        assert_eq!(service.rotate(&last), Err(TokenRevoked));
    }
}

#[test]
fn an_expired_session_is_not_ended_again() {
    let service = Service::with(1_000, |s| s.idle(secs(100)), |t| t);
    let (old, _) = service.log_in(alice());
    service.clock.advance(secs(100));
    let (_, kept) = service.log_in(alice());
    assert_eq!(run(service.sessions.revoke_others(&kept)).unwrap(), 0);
    assert_eq!(service.kind(&old), Some(SessionExpired));
}

#[test]
fn with_two_stores_the_others_end_in_both() {
    let sessions = Arc::new(MemoryGrantStore::new(100));
    let tokens = Arc::new(MemoryGrantStore::new(100));
    let sessions = SessionManager::builder(sessions, AUTHORITY)
        .also_revoke_in(tokens.clone())
        .build()
        .unwrap();
    let tokens = RefreshManager::builder(tokens, AUTHORITY).build().unwrap();
    let create = |session: &Session| {
        let new = NewRefreshToken::for_session(session, CLIENT);
        run(tokens.create(new)).unwrap().secret.reveal()
    };
    let [kept, other] = [(); 2].map(|()| run(sessions.create(alice())).unwrap().record);
    let [of_kept, of_other] = [create(&kept), create(&other)];
    assert_eq!(run(sessions.revoke_others(&kept)).unwrap(), 1);
    let rotate = |token: &str| {
        let request = RotateRequest::new(token, CLIENT);
        run(tokens.rotate(request)).map(drop).map_err(|e| e.kind())
    };
    assert_eq!(rotate(&of_other), Err(TokenRevoked));
    assert_eq!(rotate(&of_kept), Ok(()));
}

/// Everything that a page or a log may write of sessions and refresh tokens.
#[test]
fn what_is_serialized_has_stable_names_and_no_secret() {
    let service = Service::new();
    let new = alice().client("web").scopes(["a", "b"]).data("canary-data");
    let (id, session) = service.log_in(new.claims(r#"{"canary":"claim"}"#));
    let token = service.first(NewRefreshToken::for_session(&session, CLIENT));
    let listed = run(service.sessions.list("alice")).unwrap();
    let families = run(service.tokens.list("alice")).unwrap();
    let json = serde_json::to_value(&listed[0]).unwrap();
    let start = START.as_secs();
    let wanted = serde_json::json!({
        "authority": AUTHORITY,
        "subject": "alice",
        "client": "web",
        "session": handle(&session).to_string(),
        "scopes": ["a", "b"],
        "created_at": start,
        "last_used_at": start,
        "expires_at": start + 12 * 3_600,
        "expires_if_unused_at": start + 30 * 60,
    });
    assert_eq!(json, wanted);
    assert_eq!(serde_json::to_value(&session).unwrap(), wanted);
    assert_eq!(serde_json::to_value(session.grant()).unwrap(), wanted);
    let of_family = serde_json::to_value(&families[0]).unwrap();
    assert_eq!(
        (&of_family["client"], &of_family["scopes"]),
        (&CLIENT.into(), &().into())
    );
    let texts = [
        serde_json::to_string(&listed).unwrap(),
        serde_json::to_string(&session).unwrap(),
        serde_json::to_string(&families).unwrap(),
        format!("{listed:?} {session:?} {families:?}"),
    ];
    for text in texts {
        for secret in [&*id, &*token, "canary"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
