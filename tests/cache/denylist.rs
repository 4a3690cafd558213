//! Which credentials a revocation on a denylist ends, and which it does not.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bearergate::clock::UnixTime;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::principal::{PrincipalKind, TokenId};
use bearergate::revocation::{
    Denylist, Revocation, RevocationKind, RevocationList, RevocationStore, RevocationTarget,
};
use bearergate::{NowOrLater, Principal, RejectionKind};
use serde_json::json;

use crate::common::*;

fn principal(more: &serde_json::Value) -> Principal {
    let (_, pair, validator, _) = setup();
    validate_at(&validator, &pair.sign(&claims(more)), NOW).unwrap()
}

fn list(revocations: impl IntoIterator<Item = Revocation>) -> Denylist {
    let list = Denylist::default();
    for revocation in revocations {
        list.revoke(revocation).try_now().unwrap().unwrap();
    }
    list
}

fn is_revoked(revocation: Revocation, principal: &Principal) -> bool {
    list([revocation]).check(principal).is_err()
}

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

#[test]
fn each_kind_revokes_its_target_under_its_authority_and_nothing_else() {
    let own = principal(&json!({}));
    let key = own.key().unwrap();
    let other = "https://other.example.com";
    type Make = fn(&str, &str) -> Revocation;
    let make: [(Make, &str); 4] = [
        (|a, id| Revocation::jwt_id(a, id), "j1"),
        (|a, id| Revocation::session(a, id), "s1"),
        (|a, id| Revocation::subject(a, id), "alice"),
        (|a, id| Revocation::client(a, id), "shop"),
    ];
    for (make, id) in make {
        assert!(is_revoked(make(ISSUER, id), &own), "{id}");
        assert!(!is_revoked(make(other, id), &own), "{id} elsewhere");
        assert!(!is_revoked(make(ISSUER, &id.to_uppercase()), &own), "{id}");
    }
    // An id counts only for its own kind.
    assert!(!is_revoked(Revocation::subject(ISSUER, "j1"), &own));
    assert!(!is_revoked(Revocation::jwt_id(ISSUER, "alice"), &own));
    assert!(is_revoked(Revocation::key(ISSUER, key), &own));
    assert!(!is_revoked(Revocation::key(other, key), &own));
    assert!(!is_revoked(
        Revocation::key(ISSUER, Pair::new("k1").key.id()),
        &own
    ));
    assert!(is_revoked(Revocation::token(own.token_id().unwrap()), &own));
    let twin = principal(&json!({"jti": "j2"}));
    assert!(!is_revoked(
        Revocation::token(twin.token_id().unwrap()),
        &own
    ));
}

#[test]
fn a_revoked_token_is_refused_with_its_kind_through_the_gate() {
    let (_, pair, validator, _) = setup();
    let token = pair.sign(&claims(&json!({})));
    let empty = gate(validator.clone(), Denylist::default(), &clock());
    assert_eq!(ask(&empty, &token), "accept");
    let revoked = list([Revocation::session(ISSUER, "s1")]);
    let gate = gate(validator, revoked, &clock());
    assert_eq!(ask(&gate, &token), "token_revoked");
    let parts = request(&token);
    let refusal = gate.try_check_now(&parts).unwrap().unwrap_err();
    assert_eq!(refusal.status(), 401);
}

#[test]
fn a_session_is_revoked_whatever_claims_its_issuer_may_assert() {
    let pair = Pair::new("k1");
    let store = Store::new(pair.key.clone().into());
    let validator = builder(&store).grants(["read"], ["plan"]).build().unwrap();
    let token = pair.sign(&claims(&json!({"plan": "pro", "role": "admin"})));
    let principal = validate_at(&validator, &token, NOW).unwrap();
    assert!(principal.claims().value("role").is_none());
    assert!(is_revoked(Revocation::session(ISSUER, "s1"), &principal));
}

#[test]
fn a_subject_is_revoked_up_to_the_second_of_the_revocation() {
    let issued = |iat: u64| principal(&json!({"iat": iat}));
    let ends = |before| {
        is_revoked(
            Revocation::subject(ISSUER, "alice").issued_before(at(before)),
            &issued(NOW - 5),
        )
    };
    assert!(!ends(NOW - 6));
    assert!(ends(NOW - 5));
    assert!(ends(NOW));
    let mut bare = claims(&json!({}));
    bare.as_object_mut().unwrap().remove("iat");
    let (_, pair, validator, _) = setup();
    let undated = validate_at(&validator, &pair.sign(&bare), NOW).unwrap();
    let long_ago = Revocation::subject(ISSUER, "alice").issued_before(at(1));
    assert!(is_revoked(long_ago, &undated));
}

// Defect D03 (conflicting revocations): docs/defects.md
#[test]
fn of_two_revocations_the_wider_is_kept() {
    let subject = || Revocation::subject(ISSUER, "alice");
    let issued = principal(&json!({"iat": NOW - 5}));
    for pair in [
        [subject(), subject().issued_before(at(1))],
        [subject().issued_before(at(1)), subject()],
        [
            subject().issued_before(at(NOW)),
            subject().issued_before(at(1)),
        ],
        [
            subject().issued_before(at(1)),
            subject().issued_before(at(NOW)),
        ],
    ] {
        let list = list(pair);
        assert!(list.check(&issued).is_err());
        assert_eq!(list.len(), 1);
    }
    let kept = list([subject().until(at(10)), subject().issued_before(at(NOW))]);
    assert_eq!(kept.purge(at(NOW)).try_now().unwrap().unwrap(), 0);
}

#[test]
fn subjects_and_clients_of_any_validator_are_revoked() {
    let robot = Principal::builder(PrincipalKind::Other, "bench")
        .subject("r7")
        .client("c")
        .build();
    assert!(is_revoked(Revocation::subject("bench", "r7"), &robot));
    assert!(is_revoked(Revocation::client("bench", "c"), &robot));
    assert!(!is_revoked(Revocation::subject("other", "r7"), &robot));
    assert!(Revocation::of_token(&robot).is_none());
}

#[test]
fn a_full_list_refuses_and_removes_nothing() {
    let list = Denylist::new(2).unwrap().clock(clock());
    let revoke = |jti: &str| {
        let revocation = Revocation::jwt_id(ISSUER, jti).until(at(NOW));
        list.revoke(revocation)
            .try_now()
            .unwrap()
            .map_err(|e| e.kind())
    };
    assert_eq!([revoke("j1"), revoke("j2")], [Ok(()); 2]);
    assert_eq!(revoke("j3"), Err(StoreErrorKind::Full));
    assert_eq!(revoke("j1"), Ok(()));
    assert!(list.check(&principal(&json!({}))).is_err());
    assert!(list.check(&principal(&json!({"jti": "j3"}))).is_ok());
    // The last tokens may be accepted until the longest leeway has passed.
    let purge = |now| list.purge(at(now)).try_now().unwrap().unwrap();
    assert_eq!(purge(NOW + 600), 0);
    assert_eq!(purge(NOW + 601), 2);
    assert_eq!(revoke("j3"), Ok(()));
    assert!(Denylist::new(0).is_err());
}

#[test]
fn a_write_to_a_full_list_purges_what_has_expired() {
    let clock = clock();
    let list = Denylist::new(2).unwrap().clock(clock.clone());
    let revoke = |jti: &str, until: Option<u64>| {
        let mut revocation = Revocation::jwt_id(ISSUER, jti);
        if let Some(secs) = until {
            revocation = revocation.until(at(secs));
        }
        let revoked = list.revoke(revocation).try_now().unwrap();
        revoked.map_err(|error| error.kind())
    };
    assert_eq!(revoke("j1", None), Ok(()));
    assert_eq!(revoke("j2", Some(NOW)), Ok(()));
    clock.advance(Duration::from_secs(600));
    assert_eq!(revoke("j3", None), Err(StoreErrorKind::Full));
    clock.advance(Duration::from_secs(1));
    assert_eq!(revoke("j3", None), Ok(()));
    assert!(list.check(&principal(&json!({"jti": "j2"}))).is_ok());
    for jti in ["j1", "j3"] {
        assert!(list.check(&principal(&json!({"jti": jti}))).is_err());
    }
    clock.advance(Duration::from_secs(1_000_000));
    assert_eq!(revoke("j4", None), Err(StoreErrorKind::Full));
}

#[test]
fn a_list_stays_short_without_a_timer_and_so_does_its_store() {
    const LIFE: u64 = 3_600;
    let clock = clock();
    let store = TestStore::default();
    let list = wait(Denylist::open(store.clone())).unwrap();
    let list = list.clock(clock.clone());
    // One logout a second for half a day: an hour of them still has an effect.
    for n in 0..43_200 {
        let revocation = Revocation::jwt_id(ISSUER, n.to_string()).until(at(NOW + n + LIFE));
        wait(list.revoke(revocation)).unwrap();
        clock.advance(Duration::from_secs(1));
    }
    let in_effect = usize::try_from(LIFE + 600).unwrap();
    let kept = store.kept.lock().unwrap().len();
    for len in [list.len(), kept] {
        assert!((in_effect..=2 * in_effect + 1).contains(&len), "{len}");
    }
}

#[test]
fn a_list_whose_clock_has_stopped_removes_nothing() {
    let stopped = clock();
    stopped.stop();
    let list = Denylist::new(1).unwrap().clock(stopped);
    let revoke = |jti: &str| {
        let revocation = Revocation::jwt_id(ISSUER, jti).until(at(0));
        list.revoke(revocation).try_now().unwrap().is_ok()
    };
    assert!(revoke("j1"));
    assert!(!revoke("j2"));
    assert!(list.check(&principal(&json!({}))).is_err());
}

#[test]
fn a_reload_purges_what_has_expired_in_this_process() {
    let clock = clock();
    let store = TestStore::default();
    let list = wait(Denylist::open(store.clone())).unwrap();
    let list = list.clock(clock.clone());
    // A denylist removes expired revocations from this length on.
    let many = 1024_u64;
    for n in 0..many {
        let revocation = Revocation::jwt_id(ISSUER, n.to_string()).until(at(NOW));
        wait(list.revoke(revocation)).unwrap();
    }
    store.kept.lock().unwrap().clear();
    wait(list.reload()).unwrap();
    assert_eq!(list.len(), 1024);
    clock.advance(Duration::from_secs(601));
    wait(list.reload()).unwrap();
    assert!(list.is_empty());
}

#[test]
fn an_id_that_no_credential_can_have_is_refused() {
    let list = Denylist::default();
    let kind = |revocation| {
        list.revoke(revocation)
            .try_now()
            .unwrap()
            .unwrap_err()
            .kind()
    };
    for revocation in [
        Revocation::jwt_id(ISSUER, ""),
        Revocation::jwt_id(ISSUER, "x".repeat(1025)),
        Revocation::jwt_id("x".repeat(1025), "j1"),
        Revocation::new(RevocationTarget::new(RevocationKind::Token, "", "AAAA")),
        Revocation::new(RevocationTarget::new(
            RevocationKind::Key,
            ISSUER,
            "not base64",
        )),
    ] {
        assert_eq!(kind(revocation), StoreErrorKind::Corrupt);
    }
    assert!(list.is_empty());
    let longest = Revocation::jwt_id(ISSUER, "x".repeat(1024));
    assert!(list.revoke(longest).try_now().unwrap().is_ok());
}

#[test]
fn a_restored_credential_is_accepted_again() {
    let own = principal(&json!({}));
    let list = list([Revocation::subject(ISSUER, "alice")]);
    assert!(list.check(&own).is_err());
    let restored = list.restore(Revocation::subject(ISSUER, "alice"));
    restored.try_now().unwrap().unwrap();
    assert!(list.check(&own).is_ok() && list.is_empty());
}

/// Returns `n - s`.
fn negated(s: &[u8]) -> Vec<u8> {
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut borrow = 0;
    let mut digits: Vec<u8> = N
        .iter()
        .zip(s)
        .rev()
        .map(|(n, s)| {
            let digit = i16::from(*n) - i16::from(*s) - borrow;
            borrow = i16::from(digit < 0);
            u8::try_from(digit.rem_euclid(256)).unwrap()
        })
        .collect();
    digits.reverse();
    digits
}

#[test]
fn a_token_revoked_by_its_id_stays_revoked_when_s_is_negated() {
    let (_, pair, validator, hits) = setup();
    let (message, signature) = pair.sign_apart(&claims(&json!({})));
    let (r, s) = signature.split_at(32);
    let token = |s: &[u8]| format!("{message}.{}", URL_SAFE_NO_PAD.encode([r, s].concat()));
    let (token, twin) = (token(s), token(&negated(s)));
    assert_ne!(token, twin);
    let denylist = Denylist::default();
    let gate = gate(validator.clone(), denylist.clone(), &clock());
    for token in [&token, &twin, &token, &twin] {
        assert_eq!(ask(&gate, token), "accept");
    }
    assert_eq!(hits.count(), 2);
    let id = validate_at(&validator, &token, NOW)
        .unwrap()
        .token_id()
        .unwrap();
    let read = TokenId::parse(&id.to_string()).unwrap();
    let revoked = denylist.revoke(Revocation::token(read));
    revoked.try_now().unwrap().unwrap();
    for token in [&token, &twin] {
        assert_eq!(ask(&gate, token), "token_revoked");
    }
}

#[test]
fn a_list_serves_the_endpoints_of_an_issuer() {
    let (own, now) = (principal(&json!({})), at(NOW));
    let list = Denylist::default();
    let checked = || list.check_revocation(&own).try_now().unwrap();
    assert!(checked().is_ok());
    list.revoke_token(&own, now).try_now().unwrap().unwrap();
    assert_eq!(checked().unwrap_err().kind(), RejectionKind::TokenRevoked);
    let robot = Principal::builder(PrincipalKind::Other, "bench").build();
    let refused = list.revoke_token(&robot, now).try_now().unwrap();
    assert_eq!(refused.unwrap_err().kind(), RejectionKind::Unavailable);
    // It is forgotten when the token has expired.
    assert_eq!(
        list.purge(at(NOW + 300 + 601)).try_now().unwrap().unwrap(),
        1
    );
}

/// A store in memory that can be made to fail.
#[derive(Clone, Debug, Default)]
struct TestStore {
    kept: Arc<Mutex<Vec<Revocation>>>,
    is_down: Arc<AtomicBool>,
}

impl TestStore {
    fn try_do<T>(&self, work: impl FnOnce(&mut Vec<Revocation>) -> T) -> Result<T, StoreError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreErrorKind::Unavailable.into());
        }
        Ok(work(&mut self.kept.lock().unwrap()))
    }
}

impl RevocationStore for TestStore {
    fn add(&self, new: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(self.try_do(|kept| kept.push(new)))
    }

    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>> {
        NowOrLater::now(self.try_do(|kept| kept.clone()))
    }

    fn remove(&self, target: RevocationTarget<'static>) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(self.try_do(|kept| kept.retain(|own| *own.target() != target)))
    }

    fn purge(&self, time: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        NowOrLater::now(self.try_do(|kept| {
            let before = kept.len();
            kept.retain(|own| own.last_expiry().is_none_or(|until| until >= time));
            before - kept.len()
        }))
    }
}

fn wait<T>(mut answer: NowOrLater<'_, T>) -> T {
    match Pin::new(&mut answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("not ready"),
    }
}

#[test]
fn a_list_on_a_store_outlasts_its_process() {
    let store = TestStore::default();
    let list = wait(Denylist::open(store.clone())).unwrap();
    wait(list.revoke(Revocation::jwt_id(ISSUER, "j1"))).unwrap();
    drop(list);
    let list = wait(Denylist::open(store.clone())).unwrap();
    assert!(list.check(&principal(&json!({}))).is_err());
    wait(list.restore(Revocation::jwt_id(ISSUER, "j1"))).unwrap();
    let again = wait(Denylist::open(store)).unwrap();
    assert!(again.is_empty());
}

#[test]
fn no_list_is_opened_on_a_store_that_cannot_be_read() {
    let store = TestStore::default();
    store.is_down.store(true, Ordering::SeqCst);
    let error = wait(Denylist::open(store)).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

// Defect I05 (error of a store swallowed): docs/defects.md
#[test]
fn a_revocation_that_could_not_be_written_is_an_error_and_has_effect_here() {
    let store = TestStore::default();
    let list = wait(Denylist::open(store.clone())).unwrap();
    store.is_down.store(true, Ordering::SeqCst);
    let revoked = wait(list.revoke(Revocation::jwt_id(ISSUER, "j1")));
    assert_eq!(revoked.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(list.check(&principal(&json!({}))).is_err());
    let restored = wait(list.restore(Revocation::jwt_id(ISSUER, "j1")));
    assert!(restored.is_err());
    assert!(list.check(&principal(&json!({}))).is_err());
}

// Defect O02 (revocation elsewhere not seen): docs/defects.md
#[test]
fn a_revocation_of_another_process_has_effect_after_a_reload() {
    let store = TestStore::default();
    let [here, there] = [(); 2].map(|()| wait(Denylist::open(store.clone())).unwrap());
    wait(there.revoke(Revocation::jwt_id(ISSUER, "j1"))).unwrap();
    assert!(here.check(&principal(&json!({}))).is_ok());
    wait(here.reload()).unwrap();
    assert!(here.check(&principal(&json!({}))).is_err());
}
