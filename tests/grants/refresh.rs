//! Refresh tokens: rotation, theft, reuse window, limits.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::RejectionKind;
use bearergate::RejectionKind::{
    BindingMismatch, BindingRequired, RefreshExpired, RefreshReused, RefreshUnknown, TokenRevoked,
};
use bearergate::error::ConfigErrorKind;
use bearergate::grant::GrantErrorKind;
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::session::{SessionChange, SessionManager};
use bearergate::stores::MemoryGrantStore;

use crate::common::{AUTHORITY, CLIENT, START, Service, alice, for_alice, kind_of, run, secs};

/// The default of `SessionManagerBuilder`.
const SESSION_LIFETIME: std::time::Duration = std::time::Duration::from_secs(12 * 60 * 60);

const KEY: [u8; 32] = [7; 32];

#[test]
fn each_token_gives_its_successor_once() {
    let service = Service::new();
    let new = for_alice()
        .scopes(["a", "b"])
        .claims(r#"{"tenant":"acme"}"#);
    let first = service.first(new);
    let rotated = service
        .rotate_by(RotateRequest::new(&first, CLIENT))
        .unwrap();
    assert!(!rotated.record.is_repeated());
    let grant = rotated.record.grant();
    assert_eq!(grant.authority().as_str(), AUTHORITY);
    assert_eq!((grant.subject(), grant.client()), ("alice", Some(CLIENT)));
    assert_eq!(grant.scopes(), Some("a b"));
    assert_eq!(grant.claims(), Some(r#"{"tenant":"acme"}"#));
    let mut token = rotated.secret.reveal();
    for _ in 0..20 {
        service.clock.advance(secs(600));
        let next = service.rotate(&token).unwrap();
        assert_ne!(next, token);
        token = next;
    }
    assert!(service.events.all().is_empty());
}

#[test]
fn a_token_that_was_not_issued_is_unknown_and_revokes_nothing() {
    let service = Service::new();
    let token = service.first(for_alice());
    let other_service = Service::new().first(for_alice());
    let (id, _) = service.log_in(alice());
    for other in [
        "",
        "alice",
        "eyJhbGciOiJub25lIn0.e30.",
        &other_service,
        &id,
        &token[1..],
        &token[..60],
        &format!("{token}AAAA"),
        &format!("{token}="),
        &format!("AAAAAAAA{}", &token[8..]),
    ] {
        assert_eq!(service.rotate(other), Err(RefreshUnknown), "{other}");
    }
    assert!(service.events.all().is_empty());
    assert!(service.rotate(&token).is_ok());
}

#[test]
fn i03_a_replay_revokes_the_family_and_is_reported() {
    let service = Service::new();
    let (_, session) = service.log_in(alice());
    let first = service.first(NewRefreshToken::for_session(&session, CLIENT));
    let other = service.first(NewRefreshToken::for_session(&session, CLIENT));
    let second = service.rotate(&first).unwrap();
    assert_eq!(service.rotate(&first), Err(RefreshReused));
    assert_eq!(service.rotate(&second), Err(TokenRevoked));
    assert_eq!(service.rotate(&first), Err(RefreshReused));
    let events = service.events.all();
    assert_eq!(events.len(), 1);
    let handle = session.handle().unwrap().to_string();
    for part in ["RefreshTokenReused", AUTHORITY, "alice", CLIENT, &handle] {
        assert!(events[0].contains(part), "{part}");
    }
    for secret in [&first, &second] {
        assert!(!events[0].contains(secret.as_str()));
    }
    assert!(service.rotate(&other).is_ok());
}

#[test]
fn every_spent_token_is_recognised_however_old_it_is() {
    let service = Service::with_reuse_window(secs(60));
    let first = service.first(for_alice());
    let mut token = service.rotate(&first).unwrap();
    for _ in 0..50 {
        service.clock.advance(secs(3_600));
        token = service.rotate(&token).unwrap();
    }
    assert_eq!(service.rotate(&first), Err(RefreshReused));
    assert_eq!(service.rotate(&token), Err(TokenRevoked));
}

#[test]
fn i02_a_replay_after_a_restart_is_recognised() {
    let service = Service::new();
    let first = service.first(for_alice());
    let second = service.rotate(&first).unwrap();
    let restarted = RefreshManager::builder(service.store.clone(), AUTHORITY)
        .clock(service.clock.clone())
        .build()
        .unwrap();
    let ask = |token: &str| {
        let result = run(restarted.rotate(RotateRequest::new(token, CLIENT)));
        result.map(drop).map_err(|rejection| rejection.kind())
    };
    assert_eq!(ask(&first), Err(RefreshReused));
    assert_eq!(ask(&second), Err(TokenRevoked));
}

#[test]
fn i03_the_reuse_window_is_off_by_default() {
    let service = Service::with(10, |s| s, |t| t);
    let first = service.first(for_alice());
    service.rotate(&first).unwrap();
    assert_eq!(service.rotate(&first), Err(RefreshReused));
}

#[test]
fn i03_within_the_reuse_window_a_client_that_lost_the_answer_gets_the_same_successor() {
    let service = Service::with_reuse_window(secs(60));
    let first = service.first(for_alice());
    let second = service.rotate(&first).unwrap();
    for _ in 0..3 {
        let again = service
            .rotate_by(RotateRequest::new(&first, CLIENT))
            .unwrap();
        assert!(again.record.is_repeated());
        assert_eq!(again.secret.reveal(), second);
        service.clock.advance(secs(19));
    }
    service.clock.advance(secs(2));
    assert_eq!(service.rotate(&first).as_ref(), Ok(&second));
    assert!(service.events.all().is_empty());
    assert!(service.rotate(&second).is_ok());
}

#[test]
fn a_successor_is_kept_only_for_the_reuse_window_and_encrypted() {
    for (reuse_window, len) in [(secs(0), 0), (secs(60), 12 + 32 + 16)] {
        let service = Service::with_reuse_window(reuse_window);
        let second = service.rotate(&service.first(for_alice())).unwrap();
        let families = service.store.families.lock().unwrap();
        let sealed = &families[0].sealed;
        assert_eq!(sealed.len(), len);
        let secret = &URL_SAFE_NO_PAD.decode(&second).unwrap()[16..];
        for part in secret.chunks(4) {
            assert!(!sealed.windows(4).any(|window| window == part));
        }
    }
}

#[test]
fn the_reuse_window_ends_at_its_second() {
    let service = Service::with_reuse_window(secs(60));
    let first = service.first(for_alice());
    let second = service.rotate(&first).unwrap();
    service.clock.advance(secs(60));
    assert_eq!(service.rotate(&first), Err(RefreshReused));
    assert_eq!(service.rotate(&second), Err(TokenRevoked));
}

#[test]
fn the_reuse_window_does_not_grow_when_the_clock_is_set_back() {
    for (back, again) in [(60, true), (61, false)] {
        let service = Service::with_reuse_window(secs(60));
        let first = service.first(for_alice());
        service.clock.advance(secs(3_600));
        let second = service.rotate(&first).unwrap();
        service.clock.set(START.saturating_add(secs(3_600 - back)));
        let expected = if again {
            Ok(second)
        } else {
            Err(RefreshReused)
        };
        assert_eq!(service.rotate(&first), expected, "{back}");
    }
}

#[test]
fn the_reuse_window_ends_at_a_change_of_client_or_key() {
    fn own(token: &str) -> RotateRequest<'_> {
        RotateRequest::new(token, CLIENT).thumbprint(&KEY)
    }
    let changes: [fn(&str) -> RotateRequest<'_>; 3] = [
        |token| RotateRequest::new(token, "other app").thumbprint(&KEY),
        |token| RotateRequest::new(token, CLIENT).thumbprint(&[8; 32]),
        |token| RotateRequest::new(token, CLIENT),
    ];
    for change in changes {
        let service = Service::with_reuse_window(secs(60));
        let first = service.first(for_alice().thumbprint(KEY));
        let second = service.rotate_by(own(&first)).unwrap().secret.reveal();
        assert!(service.rotate_by(own(&first)).unwrap().record.is_repeated());
        assert_eq!(service.rotate_by(change(&first)).err(), Some(RefreshReused));
        assert_eq!(service.rotate_by(own(&first)).err(), Some(RefreshReused));
        assert_eq!(service.rotate_by(own(&second)).err(), Some(TokenRevoked));
    }
}

#[test]
fn a_store_from_before_the_reuse_window_was_switched_off_gives_no_successor() {
    let service = Service::with_reuse_window(secs(60));
    let first = service.first(for_alice());
    service.rotate(&first).unwrap();
    let strict = RefreshManager::builder(service.store.clone(), AUTHORITY)
        .clock(service.clock.clone())
        .build()
        .unwrap();
    let replay = run(strict.rotate(RotateRequest::new(&first, CLIENT)));
    assert_eq!(replay.unwrap_err().kind(), RefreshReused);
}

#[test]
fn i04_another_client_is_refused_and_the_right_one_continues() {
    let service = Service::new();
    let token = service.first(for_alice());
    for other in ["other app", "", "Mobile app", "mobile app "] {
        let refused = service.rotate_by(RotateRequest::new(&token, other));
        assert_eq!(refused.err(), Some(RefreshUnknown), "{other}");
    }
    assert!(service.rotate(&token).is_ok());
}

#[test]
fn i04_another_key_is_refused_and_the_right_one_continues() {
    let service = Service::new();
    let token = service.first(for_alice().thumbprint(KEY));
    let request = RotateRequest::new(&token, CLIENT);
    assert_eq!(service.rotate_by(request).err(), Some(BindingRequired));
    let other = service.rotate_by(request.thumbprint(&[8; 32]));
    assert_eq!(other.err(), Some(BindingMismatch));
    let next = service.rotate_by(request.thumbprint(&KEY)).unwrap();
    let next = next.secret.reveal();
    assert_eq!(service.rotate(&next), Err(BindingRequired));
}

#[test]
fn i04_tokens_end_with_their_session() {
    let service = Service::new();
    let [a, b] = [(); 2].map(|()| service.log_in(alice()).1);
    let [of_a, of_b] = [&a, &b].map(|s| service.first(NewRefreshToken::for_session(s, CLIENT)));
    let own = service.first(for_alice());
    let later = service.rotate(&of_a).unwrap();
    run(service.sessions.revoke(&a)).unwrap();
    assert_eq!(service.rotate(&later), Err(TokenRevoked));
    assert_eq!(service.rotate(&of_a), Err(TokenRevoked));
    assert!(service.rotate(&of_b).is_ok());
    assert!(service.rotate(&own).is_ok());
}

#[test]
fn i04_tokens_end_with_their_session_after_its_id_changed() {
    let service = Service::new();
    let (_, session) = service.log_in(alice());
    let token = service.first(NewRefreshToken::for_session(&session, CLIENT));
    let change = SessionChange::default();
    let session = run(service.sessions.rotate(&session, change))
        .unwrap()
        .record;
    let later = service.first(NewRefreshToken::for_session(&session, CLIENT));
    run(service.sessions.revoke(&session)).unwrap();
    assert_eq!(service.rotate(&token), Err(TokenRevoked));
    assert_eq!(service.rotate(&later), Err(TokenRevoked));
}

#[test]
fn i04_no_token_is_created_in_a_revoked_session() {
    let service = Service::new();
    let (_, a) = service.log_in(alice());
    run(service.sessions.revoke(&a)).unwrap();
    let created = run(service
        .tokens
        .create(NewRefreshToken::for_session(&a, CLIENT)));
    assert_eq!(kind_of(created), Some(GrantErrorKind::Conflict));
    let (_, b) = service.log_in(alice());
    run(service.sessions.revoke_subject("alice")).unwrap();
    let created = run(service
        .tokens
        .create(NewRefreshToken::for_session(&b, CLIENT)));
    assert_eq!(kind_of(created), Some(GrantErrorKind::Conflict));
    let (_, c) = service.log_in(alice());
    assert!(
        run(service
            .tokens
            .create(NewRefreshToken::for_session(&c, CLIENT)))
        .is_ok()
    );
}

#[test]
fn i04_tokens_end_with_their_subject_and_with_their_client() {
    let service = Service::new();
    let alices = service.first(for_alice());
    let bobs = service.first(NewRefreshToken::new("bob", CLIENT));
    run(service.sessions.revoke_subject("alice")).unwrap();
    assert_eq!(service.rotate(&alices), Err(TokenRevoked));
    let bobs = service.rotate(&bobs).unwrap();
    assert!(service.rotate(&service.first(for_alice())).is_ok());
    run(service.sessions.revoke_client(CLIENT)).unwrap();
    assert_eq!(service.rotate(&bobs), Err(TokenRevoked));
    assert!(service.rotate(&service.first(for_alice())).is_ok());
}

#[test]
fn a_token_expires_when_it_is_not_used_for_too_long() {
    let service = Service::with(10, |s| s, |t| t.idle(secs(100)));
    let first = service.first(for_alice());
    service.clock.advance(secs(99));
    let second = service.rotate(&first).unwrap();
    service.clock.advance(secs(99));
    let third = service.rotate(&second).unwrap();
    service.clock.advance(secs(100));
    assert_eq!(service.rotate(&third), Err(RefreshExpired));
}

#[test]
fn a_family_expires_at_its_absolute_timeout_even_if_it_is_used() {
    let service = Service::with(10, |s| s, |t| t.lifetime(secs(250)).idle(secs(100)));
    let mut token = service.first(for_alice());
    for _ in 0..3 {
        service.clock.advance(secs(83));
        token = service.rotate(&token).unwrap();
    }
    service.clock.advance(secs(1));
    assert_eq!(service.rotate(&token), Err(RefreshExpired));
}

#[test]
fn a_family_ends_with_its_session_at_the_latest() {
    let service = Service::new();
    let (_, session) = service.log_in(alice());
    let token = service.first(NewRefreshToken::for_session(&session, CLIENT));
    let own = service.first(for_alice());
    service.clock.advance(SESSION_LIFETIME - secs(1));
    let token = service.rotate(&token).unwrap();
    service.clock.advance(secs(1));
    assert_eq!(service.rotate(&token), Err(RefreshExpired));
    assert!(service.rotate(&own).is_ok());
}

#[test]
fn a_client_revokes_its_own_family_by_any_of_its_tokens() {
    let service = Service::new();
    let revoke = |token: &str, client| {
        let result = run(service.tokens.revoke(RotateRequest::new(token, client)));
        result.map_err(|rejection| rejection.kind())
    };
    let first = service.first(for_alice());
    let second = service.rotate(&first).unwrap();
    assert_eq!(revoke(&second, "other app"), Err(RefreshUnknown));
    let second = service.rotate(&second).unwrap();
    assert_eq!(revoke(&second, CLIENT), Ok(()));
    assert_eq!(revoke(&second, CLIENT), Ok(()));
    assert_eq!(service.rotate(&second), Err(TokenRevoked));
    let spent = service.first(for_alice());
    let current = service.rotate(&spent).unwrap();
    assert_eq!(revoke(&spent, CLIENT), Ok(()));
    assert_eq!(service.rotate(&current), Err(TokenRevoked));
    assert_eq!(revoke("nonsense", CLIENT), Ok(()));
    assert!(service.events.all().is_empty());
}

#[test]
fn a_family_of_another_authority_in_the_same_store_is_unknown() {
    let service = Service::new();
    let other = RefreshManager::builder(service.store.clone(), "other service")
        .clock(service.clock.clone())
        .build()
        .unwrap();
    let token = service.first(for_alice());
    let refused = run(other.rotate(RotateRequest::new(&token, CLIENT)));
    assert_eq!(refused.unwrap_err().kind(), RefreshUnknown);
    run(other.revoke(RotateRequest::new(&token, CLIENT))).unwrap();
    assert!(service.rotate(&token).is_ok());
    let (_, session) = service.log_in(alice());
    let created = run(other.create(NewRefreshToken::for_session(&session, CLIENT)));
    assert_eq!(kind_of(created), Some(GrantErrorKind::Malformed));
}

#[test]
fn a_revocation_is_written_to_both_stores() {
    let service = Service::new();
    let apart = Arc::new(MemoryGrantStore::new(10));
    let clock = service.clock.clone();
    let tokens = RefreshManager::builder(apart.clone(), AUTHORITY)
        .clock(clock.clone())
        .build()
        .unwrap();
    let sessions = SessionManager::builder(service.store.clone(), AUTHORITY)
        .also_revoke_in(apart)
        .clock(clock)
        .build()
        .unwrap();
    let rotate = |token: &str| {
        let result = run(tokens.rotate(RotateRequest::new(token, CLIENT)));
        result.map_err(|rejection| rejection.kind())
    };
    let create = |session| {
        run(tokens.create(NewRefreshToken::for_session(session, CLIENT)))
            .unwrap()
            .secret
            .reveal()
    };
    let session = run(sessions.create(alice())).unwrap().record;
    let token = create(&session);
    let token = rotate(&token).unwrap().secret.reveal();
    run(sessions.revoke(&session)).unwrap();
    assert_eq!(rotate(&token).err(), Some(TokenRevoked));
    let session = run(sessions.create(alice())).unwrap().record;
    let token = create(&session);
    service.clock.advance(secs(1));
    run(sessions.revoke_subject("alice")).unwrap();
    assert_eq!(rotate(&token).err(), Some(TokenRevoked));
}

#[test]
fn revoked_families_make_room() {
    let service = Service::with(1, |s| s, |t| t);
    let first = service.first(for_alice());
    assert_eq!(
        kind_of(run(service.tokens.create(for_alice()))),
        Some(GrantErrorKind::Full)
    );
    run(service.tokens.revoke(RotateRequest::new(&first, CLIENT))).unwrap();
    let next = service.first(for_alice());
    assert_eq!(service.rotate(&first), Err(RefreshUnknown));
    assert!(service.rotate(&next).is_ok());
}

#[test]
fn a_configuration_out_of_range_is_refused() {
    let refused = |reuse_window| {
        let store = Arc::new(MemoryGrantStore::new(1));
        let built = RefreshManager::builder(store, "a")
            .reuse_window(reuse_window)
            .build();
        built.err().map(|error| (error.kind(), error.field()))
    };
    assert_eq!(refused(secs(60)), None);
    let over = secs(60) + std::time::Duration::from_nanos(1);
    assert_eq!(
        refused(over),
        Some((ConfigErrorKind::OutOfRange, "reuse_window"))
    );
    let store = Arc::new(MemoryGrantStore::new(1));
    let idle = RefreshManager::builder(store, "a").idle(secs(0)).build();
    assert_eq!(idle.unwrap_err().field(), "idle");
}

#[test]
fn malformed_grants_are_not_stored() {
    let service = Service::new();
    for bad in [
        NewRefreshToken::new("", CLIENT),
        NewRefreshToken::new("alice", ""),
        for_alice().claims("1"),
        for_alice().scopes(["\u{7f}"]),
    ] {
        let created = run(service.tokens.create(bad));
        assert_eq!(kind_of(created), Some(GrantErrorKind::Malformed));
    }
}

#[test]
fn nothing_printed_contains_a_token() {
    let service = Service::with_reuse_window(secs(60));
    let first = service.first(for_alice());
    let request = RotateRequest::new(&first, CLIENT);
    let rotated = service.rotate_by(request).unwrap();
    let mut shown = format!(
        "{request:?} {rotated:?} {:?} {:?}",
        service.tokens, service.store
    );
    let second = rotated.secret.reveal();
    service.clock.advance(secs(60));
    let rejection = run(service.tokens.rotate(request)).unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::RefreshReused);
    shown += &format!("{rejection:?} {rejection} {:?}", service.events.all());
    for token in [first, second] {
        for part in [&token[..16], &token[24..40], &token[48..]] {
            assert!(!shown.contains(part), "{shown}");
        }
    }
}
