//! The room of a denylist: clients that revoke their own tokens do not take that of the service.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::event::{Event, Observer};
use bearergate::key::Key;
use bearergate::revocation::{
    Denylist, Revocation, RevocationList, RevocationStore, RevocationTarget,
};
use bearergate::{JwtValidator, NowOrLater, Principal, RejectionKind};
use serde_json::json;

use crate::common::*;

/// An issuer of tokens for any client and subject.
struct Tokens {
    pair: Pair,
    validator: JwtValidator,
}

impl Tokens {
    fn new() -> Self {
        let (_, pair, validator, _) = setup();
        Self { pair, validator }
    }

    fn issue(&self, client: &str, subject: &str, number: u64) -> Principal {
        self.issue_at(client, subject, number, NOW - 10)
    }

    fn issue_at(&self, client: &str, subject: &str, number: u64, iat: u64) -> Principal {
        let more = json!({
            "client_id": client, "sub": subject, "jti": number.to_string(), "iat": iat,
            "exp": iat + 300,
        });
        validate_at(&self.validator, &self.pair.sign(&claims(&more)), NOW).unwrap()
    }
}

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn revoke_token(list: &Denylist, token: &Principal) -> Option<RejectionKind> {
    let revoked = list.revoke_token(token, at(NOW)).try_now().unwrap();
    revoked.err().map(|rejection| rejection.kind())
}

fn revoke(list: &Denylist, revocation: Revocation) -> Result<(), StoreErrorKind> {
    let revoked = list.revoke(revocation).try_now().unwrap();
    revoked.map_err(|error| error.kind())
}

fn of(limit: usize) -> Denylist {
    Denylist::new(limit).unwrap().clock(clock())
}

#[test]
fn a_client_that_revokes_its_own_tokens_without_end_leaves_room_for_everybody_else() {
    let (tokens, list) = (Tokens::new(), of(100));
    for number in 0..200 {
        let own = tokens.issue("attacker", "mallory", number);
        assert_eq!(revoke_token(&list, &own), None, "{number}");
        assert!(list.check(&own).is_err(), "{number}");
    }
    // An eighth of the 75 places for single tokens, and one for what came after.
    assert_eq!(list.len(), 10);
    let victim = tokens.issue("shop", "alice", 0);
    assert!(list.check(&victim).is_ok());
    assert_eq!(revoke_token(&list, &victim), None);
    assert!(list.check(&victim).is_err());
    assert!(list.check(&tokens.issue("shop", "alice", 1)).is_ok());
}

#[test]
fn what_is_merged_ends_what_its_holder_was_issued_so_far_and_nothing_else() {
    let (tokens, list) = (Tokens::new(), of(100));
    for number in 0..20 {
        let own = tokens.issue("app", "mallory", number);
        assert_eq!(revoke_token(&list, &own), None);
    }
    let ends = |client, subject, iat| {
        list.check(&tokens.issue_at(client, subject, 99, iat))
            .is_err()
    };
    assert!(ends("app", "mallory", NOW - 10));
    assert!(ends("app", "mallory", NOW - 11));
    assert!(!ends("app", "mallory", NOW - 9), "a later login");
    assert!(!ends("app", "alice", NOW - 10), "another subject");
    assert!(!ends("web", "mallory", NOW - 10), "another client");
    let mut token = claims(&json!({"client_id": "web", "azp": "app", "sub": "mallory"}));
    token["jti"] = "99".into();
    let named = validate_at(&tokens.validator, &tokens.pair.sign(&token), NOW).unwrap();
    assert!(list.check(&named).is_err(), "the client by its other name");
    // It can be taken back, and is forgotten when the tokens have expired.
    let merged = || Revocation::holder(ISSUER, Some("app"), Some("mallory"));
    list.restore(merged()).try_now().unwrap().unwrap();
    assert!(!ends("app", "mallory", NOW - 10));
    assert_eq!(
        revoke_token(&list, &tokens.issue("app", "mallory", 50)),
        None
    );
    assert!(ends("app", "mallory", NOW - 10));
    let purged = list.purge(at(NOW - 10 + 300 + 601)).try_now().unwrap();
    assert_eq!((purged.unwrap(), list.len()), (10, 0));
}

#[test]
fn a_subject_with_many_clients_is_merged_by_itself() {
    let (tokens, list) = (Tokens::new(), of(100));
    for number in 0..60 {
        let client = format!("client {}", number % 30);
        let own = tokens.issue(&client, "mallory", number);
        assert_eq!(revoke_token(&list, &own), None, "{number}");
        assert!(list.check(&own).is_err(), "{number}");
    }
    // A quarter of 75, and one.
    assert_eq!(list.len(), 19);
    assert!(list.check(&tokens.issue("any", "mallory", 99)).is_err());
    assert!(
        list.check(&tokens.issue_at("any", "mallory", 99, NOW - 9))
            .is_ok()
    );
    assert!(list.check(&tokens.issue("client 1", "alice", 99)).is_ok());
}

#[test]
fn a_client_with_many_subjects_takes_half_and_is_then_refused() {
    let (tokens, list) = (Tokens::new(), of(100));
    let revoked = |client, number: u64| {
        let own = tokens.issue(client, &number.to_string(), number);
        let refused = revoke_token(&list, &own);
        assert_eq!(list.check(&own).is_err(), refused.is_none(), "{number}");
        refused
    };
    for number in 0..37 {
        assert_eq!(revoked("attacker", number), None, "{number}");
    }
    assert_eq!(revoked("attacker", 37), Some(RejectionKind::Unavailable));
    assert_eq!(revoked("attacker", 36), None, "it is on the list");
    assert_eq!(revoked("shop", 100), None, "another client");
}

#[test]
fn single_tokens_never_fill_the_room_of_the_service() {
    let list = of(8);
    let jwt_id = |n: u64| Revocation::jwt_id(ISSUER, n.to_string());
    for n in 0..6 {
        assert_eq!(revoke(&list, jwt_id(n)), Ok(()));
    }
    assert_eq!(revoke(&list, jwt_id(6)), Err(StoreErrorKind::Full));
    let token = Tokens::new().issue("shop", "alice", 1);
    let single = Revocation::of_token(&token).unwrap();
    assert_eq!(revoke(&list, single), Err(StoreErrorKind::Full));
    let key = Key::from_secret(vec![1; 32]).unwrap().id();
    assert_eq!(revoke(&list, Revocation::subject(ISSUER, "alice")), Ok(()));
    assert_eq!(revoke(&list, Revocation::key(ISSUER, key)), Ok(()));
    for full in [
        Revocation::client(ISSUER, "shop"),
        Revocation::session(ISSUER, "s1"),
    ] {
        assert_eq!(revoke(&list, full), Err(StoreErrorKind::Full));
    }
    assert_eq!(list.len(), 8);
}

#[test]
fn counts_end_with_the_tokens_that_they_are_about() {
    let clock = clock();
    let list = Denylist::new(100).unwrap().clock(clock.clone());
    let tokens = Tokens::new();
    for number in 0..9 {
        assert_eq!(
            revoke_token(&list, &tokens.issue("app", "alice", number)),
            None
        );
    }
    clock.advance(Duration::from_secs(300 + 600 + 60));
    let later = NOW + 960;
    let token = |number: u64| {
        let more = json!({"client_id": "app", "jti": number.to_string(), "iat": later, "exp": later + 300});
        let text = tokens.pair.sign(&claims(&more));
        validate_at(&tokens.validator, &text, later).unwrap()
    };
    assert_eq!(revoke_token(&list, &token(20)), None);
    assert!(list.check(&token(20)).is_err());
    assert!(list.check(&token(21)).is_ok(), "one token, not its holder");
}

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

#[test]
fn the_observer_and_the_doctor_hear_of_a_list_that_is_filling_up_once() {
    let log = Log::default();
    let list = of(100).observer(log.clone());
    let (_, _, validator, _) = setup();
    let gate = gate(validator, list.clone(), &clock());
    let said = || log.0.lock().unwrap().len();
    let warned = || {
        gate.doctor()
            .try_now()
            .unwrap()
            .to_string()
            .contains("of 100 revocations")
    };
    for n in 0..79 {
        assert_eq!(
            revoke(&list, Revocation::subject(ISSUER, n.to_string())),
            Ok(())
        );
    }
    assert_eq!((said(), warned()), (0, false));
    for n in 79..90 {
        assert_eq!(
            revoke(&list, Revocation::subject(ISSUER, n.to_string())),
            Ok(())
        );
    }
    assert_eq!((said(), warned()), (1, true));
    let event = log.0.lock().unwrap()[0].clone();
    assert_eq!(event, "DenylistFilling { len: 80, limit: 100 }");
}

#[test]
fn the_observer_hears_of_single_tokens_that_fill_their_room_and_of_merged_ones() {
    let log = Log::default();
    let (tokens, list) = (Tokens::new(), of(100).observer(log.clone()));
    for number in 0..10 {
        assert_eq!(
            revoke_token(&list, &tokens.issue("app", "alice", number)),
            None
        );
    }
    let merged = format!(
        r#"RevocationsMerged {{ authority: "{ISSUER}", client: Some("app"), subject: Some("alice") }}"#
    );
    assert_eq!(*log.0.lock().unwrap(), [merged]);
    for n in 0..50 {
        assert_eq!(
            revoke(&list, Revocation::jwt_id(ISSUER, n.to_string())),
            Ok(())
        );
    }
    // 60 of 75.
    assert_eq!(
        log.0.lock().unwrap()[1..],
        ["DenylistFilling { len: 60, limit: 100 }"]
    );
}

#[test]
fn a_session_without_an_end_is_named_and_one_with_an_end_is_not() {
    let log = Log::default();
    let list = of(100).observer(log.clone());
    let (_, _, validator, _) = setup();
    let gate = gate(validator, list.clone(), &clock());
    let ended = Revocation::session(ISSUER, "s1").until(at(NOW + 60));
    assert_eq!(revoke(&list, ended), Ok(()));
    assert_eq!(revoke(&list, Revocation::subject(ISSUER, "alice")), Ok(()));
    let report = || gate.doctor().try_now().unwrap().to_string();
    assert!(log.0.lock().unwrap().is_empty() && !report().contains("no end"));
    assert_eq!(revoke(&list, Revocation::session(ISSUER, "s2")), Ok(()));
    let said = format!(r#"EndlessRevocation {{ authority: "{ISSUER}", session: "s2" }}"#);
    assert_eq!(*log.0.lock().unwrap(), [said]);
    assert!(report().contains("1 revocations of sessions have no end"));
}

#[test]
fn the_observer_hears_of_a_list_that_clients_fill_by_revoking_their_own_tokens() {
    let log = Log::default();
    let (tokens, list) = (Tokens::new(), of(100).observer(log.clone()));
    let revoke_own = |n: u64| {
        let (client, subject) = (format!("app{}", n % 3), format!("user{n}"));
        assert_eq!(
            revoke_token(&list, &tokens.issue(&client, &subject, n)),
            None
        );
    };
    (0..59).for_each(revoke_own);
    assert_eq!(*log.0.lock().unwrap(), [""; 0]);
    (59..75).for_each(revoke_own);
    // 60 of 75.
    assert_eq!(
        *log.0.lock().unwrap(),
        ["DenylistFilling { len: 60, limit: 100 }"]
    );
}

#[test]
fn ids_of_tokens_that_have_expired_make_room_for_others_of_a_short_list() {
    let clock = clock();
    let list = Denylist::new(100).unwrap().clock(clock.clone());
    let id = |n: u64| Revocation::jwt_id(ISSUER, n.to_string()).until(at(NOW + 60));
    for n in 0..75 {
        assert_eq!(revoke(&list, id(n)), Ok(()));
    }
    assert_eq!(revoke(&list, id(75)), Err(StoreErrorKind::Full));
    clock.advance(Duration::from_secs(60 + 600));
    assert_eq!(revoke(&list, id(75)), Err(StoreErrorKind::Full));
    clock.advance(Duration::from_secs(1));
    let later = Revocation::jwt_id(ISSUER, "later").until(at(NOW + 1000));
    assert_eq!((revoke(&list, later), list.len()), (Ok(()), 1));
}

/// Keeps nothing, and counts how often it is purged.
#[derive(Clone, Debug, Default)]
struct Purged(Arc<Mutex<usize>>);

impl RevocationStore for Purged {
    fn add(&self, _: Revocation) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(Ok(()))
    }

    fn all(&self) -> NowOrLater<'_, Result<Vec<Revocation>, StoreError>> {
        NowOrLater::now(Ok(Vec::new()))
    }

    fn remove(&self, _: RevocationTarget<'static>) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::now(Ok(()))
    }

    fn purge(&self, _: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        *self.0.lock().unwrap() += 1;
        NowOrLater::now(Ok(0))
    }
}

/// How often a store is purged by each of the first revocations after those of a list expired.
async fn purges_after(expired: u64) -> [usize; 4] {
    let (store, clock) = (Purged::default(), clock());
    let list = Denylist::open(store.clone()).await.unwrap();
    let list = list.clock(clock.clone());
    for n in 0..expired {
        let own = Revocation::subject(ISSUER, n.to_string()).until(at(NOW + 60));
        assert_eq!(revoke(&list, own), Ok(()));
    }
    assert_eq!(*store.0.lock().unwrap(), 0);
    clock.advance(Duration::from_secs(1000));
    ["a", "b", "c", "d"].map(|name| {
        let own = Revocation::client(ISSUER, name).until(at(NOW + 2000));
        assert_eq!(revoke(&list, own), Ok(()));
        *store.0.lock().unwrap()
    })
}

#[tokio::test]
async fn a_store_is_purged_once_when_all_of_its_list_was_swept() {
    assert_eq!(purges_after(1000).await, [0; 4], "too few to be swept");
    assert_eq!(purges_after(1100).await, [1; 4]);
    // Each revocation walks about 10 000.
    assert_eq!(purges_after(15_000).await, [0, 1, 1, 1]);
}

#[test]
fn each_time_that_a_list_is_crowded_what_has_expired_makes_room() {
    let clock = clock();
    let list = of(10_000).clock(clock.clone());
    for round in 0..3 {
        let now = NOW + 2_000 * round;
        for n in 0..1_100 {
            let own = Revocation::subject(ISSUER, format!("{round}-{n}")).until(at(now + 60));
            assert_eq!(revoke(&list, own), Ok(()));
        }
        clock.advance(Duration::from_secs(2_000));
        let last = Revocation::client(ISSUER, "app").until(at(now + 10_000));
        assert_eq!((revoke(&list, last), list.len()), (Ok(()), 1), "{round}");
    }
}

#[test]
fn tokens_of_a_client_without_a_subject_are_merged_too() {
    let (tokens, list) = (Tokens::new(), of(100));
    let issue = |client: &str, number: u64, iat: u64| {
        let mut token = claims(&json!({
            "client_id": client, "jti": number.to_string(), "iat": iat, "exp": iat + 300,
        }));
        token.as_object_mut().unwrap().remove("sub");
        let token = tokens.pair.sign(&token);
        validate_at(&tokens.validator, &token, NOW).unwrap()
    };
    for number in 0..20 {
        let own = issue("app", number, NOW - 10);
        assert_eq!(own.subject(), None);
        assert_eq!(revoke_token(&list, &own), None, "{number}");
    }
    assert!(list.len() < 20, "{}", list.len());
    assert!(list.check(&issue("app", 99, NOW - 10)).is_err());
    assert!(
        list.check(&issue("app", 99, NOW - 9)).is_ok(),
        "a later one"
    );
    assert!(
        list.check(&issue("web", 99, NOW - 10)).is_ok(),
        "another client"
    );
    assert!(
        list.check(&tokens.issue("app", "alice", 99)).is_ok(),
        "a user's"
    );
}
