//! Access tokens end with the session, subject or client that they were made for.

use std::sync::Arc;
use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::grant::{Grant, GrantStore, RevocationRecord};
use bearergate::issuer::{
    AccessClaims, AuthenticatedClient, GrantRevocations, JwtIssuer, MintErrorKind, TokenEndpoints,
};
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::revocation::RevocationList;
use bearergate::session::{NewSession, Session, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::{NowOrLater, Principal, RejectionKind};

use crate::common::*;

const HOUSE: &str = "my service";

struct House {
    clock: FakeClock,
    store: Arc<MemoryGrantStore>,
    sessions: SessionManager,
    issuer: JwtIssuer,
    responder: TokenEndpoints,
}

impl House {
    fn new() -> Self {
        Self::with_room(1000)
    }

    fn with_room(limit: usize) -> Self {
        let (issuer, clock) = issuer(ring());
        let store = Arc::new(MemoryGrantStore::new(limit));
        let sessions = SessionManager::builder(store.clone(), HOUSE).clock(clock.clone());
        let responder = TokenEndpoints::new(issuer.clone()).unwrap();
        Self {
            responder: responder.revocations(GrantRevocations::new(store.clone(), HOUSE)),
            sessions: sessions.build().unwrap(),
            clock,
            store,
            issuer,
        }
    }

    async fn log_in(&self, subject: &str) -> Session {
        let new = NewSession::new(subject).scopes(["a", "b"]);
        self.sessions.create(new).await.unwrap().1
    }

    fn token(&self, grant: &Grant) -> String {
        self.mint(&AccessClaims::of_grant(grant, "shop", API))
    }

    fn mint(&self, claims: &AccessClaims) -> String {
        self.issuer.mint(claims).unwrap().expose().to_owned()
    }

    fn is_active(&self, token: &str) -> bool {
        let answer = introspect(&self.responder, &api(), token);
        let kind = answer.cause().map(|cause| cause.kind());
        assert!(
            matches!(kind, None | Some(RejectionKind::TokenRevoked)),
            "{kind:?}"
        );
        members(answer.body())["active"].as_bool().unwrap()
    }

    fn revoke(&self, token: &str) -> bearergate::issuer::EndpointResponse {
        let shop = AuthenticatedClient::assertion("shop");
        let form = format!("token={token}");
        self.responder
            .revoke(&shop, form.as_bytes())
            .try_now()
            .unwrap()
    }
}

#[tokio::test]
async fn a_token_ends_with_its_session() {
    let house = House::new();
    let (ended, other) = (house.log_in("alice").await, house.log_in("alice").await);
    let (token, stays) = (house.token(ended.grant()), house.token(other.grant()));
    assert!(house.is_active(&token) && house.is_active(&stays));
    house.sessions.revoke(&ended).await.unwrap();
    assert!(!house.is_active(&token) && house.is_active(&stays));
    // Minted too late, by a node that had not heard of it.
    assert!(!house.is_active(&house.token(ended.grant())));
}

#[tokio::test]
async fn a_token_ends_with_its_subject_and_one_of_a_later_login_does_not() {
    let house = House::new();
    let (alice, bob) = (house.log_in("alice").await, house.log_in("bob").await);
    let (token, stays) = (house.token(alice.grant()), house.token(bob.grant()));
    house.sessions.revoke_subject("alice").await.unwrap();
    let again = house.log_in("alice").await;
    assert!(!house.is_active(&token) && house.is_active(&stays));
    // In the same second.
    assert!(house.is_active(&house.token(again.grant())));
}

#[tokio::test]
async fn a_node_whose_clock_is_ahead_mints_nothing_that_outlasts_a_revocation() {
    let house = House::new();
    let alice = house.log_in("alice").await;
    house.clock.advance(Duration::from_secs(20));
    let token = house.token(alice.grant());
    house.clock.set(NOW);
    house.sessions.revoke_subject("alice").await.unwrap();
    house.clock.advance(Duration::from_secs(20));
    assert!(!house.is_active(&token));
}

async fn is_revoked(list: &GrantRevocations, token: &Principal) -> bool {
    match list.check_revocation(token).await {
        Ok(()) => false,
        Err(rejection) => {
            assert_eq!(rejection.kind(), RejectionKind::TokenRevoked);
            true
        }
    }
}

#[tokio::test]
async fn a_session_stays_revoked_for_verifiers_that_forgive_some_skew() {
    let house = House::new();
    let (alice, bob) = (house.log_in("alice").await, house.log_in("bob").await);
    let end = alice.grant().expires();
    house.clock.set(UnixTime::from_secs(end.as_secs() - 60));
    let tokens = [&alice, &bob].map(|session| house.token(session.grant()));
    let jwks = house.issuer.ring().jwks(end);
    house.sessions.revoke(&alice).await.unwrap();
    let late = end.saturating_add(Duration::from_secs(29));
    house.clock.set(late);
    house.sessions.purge().await.unwrap();
    let list = GrantRevocations::new(house.store.clone(), HOUSE);
    for (token, expected) in tokens.iter().zip([true, false]) {
        let principal = judge(token, &jwks, late).unwrap();
        assert_eq!(is_revoked(&list, &principal).await, expected);
    }
}

#[tokio::test]
async fn a_token_stays_revoked_for_verifiers_that_forgive_some_skew() {
    let house = House::new();
    let minted = [(), ()].map(|()| house.issuer.mint(&claims()).unwrap());
    let late = minted[0]
        .expires_at()
        .saturating_add(Duration::from_secs(29));
    let jwks = house.issuer.ring().jwks(late);
    let [revoked, kept] = minted.map(|token| judge(token.expose(), &jwks, late).unwrap());
    let list = GrantRevocations::new(house.store.clone(), HOUSE);
    list.revoke_token(&revoked, NOW).await.unwrap();
    house.store.purge(late).await.unwrap();
    assert!(is_revoked(&list, &revoked).await);
    assert!(!is_revoked(&list, &kept).await);
}

#[tokio::test]
async fn a_token_ends_with_its_client() {
    let house = House::new();
    let alice = house.log_in("alice").await;
    let token = house.token(alice.grant());
    house.sessions.revoke_client("other").await.unwrap();
    assert!(house.is_active(&token));
    house.sessions.revoke_client("shop").await.unwrap();
    assert!(!house.is_active(&token));
}

#[tokio::test]
async fn a_token_without_a_grant_ends_with_what_is_revoked_in_its_second_or_later() {
    let house = House::new();
    house.sessions.revoke_subject("alice").await.unwrap();
    assert!(!house.is_active(&house.mint(&claims())));
    house.clock.advance(Duration::from_secs(1));
    let token = house.mint(&claims());
    assert!(house.is_active(&token));
    house.clock.advance(Duration::from_secs(1));
    house.sessions.revoke_subject("bob").await.unwrap();
    assert!(house.is_active(&token));
    house.sessions.revoke_subject("alice").await.unwrap();
    assert!(!house.is_active(&token));
}

#[tokio::test]
async fn marks_of_another_authority_do_not_count() {
    let house = House::new();
    let alice = house.log_in("alice").await;
    let token = house.token(alice.grant());
    let other = SessionManager::builder(house.store.clone(), "other").clock(house.clock.clone());
    let other = other.build().unwrap();
    other.revoke_subject("alice").await.unwrap();
    other.revoke_handle(alice.handle().unwrap()).await.unwrap();
    assert!(house.is_active(&token));
    house
        .sessions
        .revoke_handle(alice.handle().unwrap())
        .await
        .unwrap();
    assert!(!house.is_active(&token));
}

#[tokio::test]
async fn one_token_is_revoked_and_its_session_and_siblings_stay() {
    let house = House::new();
    let alice = house.log_in("alice").await;
    let (token, sibling) = (house.token(alice.grant()), house.token(alice.grant()));
    for _ in 0..2 {
        assert_eq!(house.revoke(&token).status(), 200);
        assert!(!house.is_active(&token) && house.is_active(&sibling));
    }
    assert!(house.sessions.save(&alice, "still there").await.is_ok());
}

/// What could not be stored is not reported as revoked.
///
/// Defect I05 (error of a store swallowed): docs/defects.md
#[tokio::test]
async fn i05_a_full_store_refuses_to_revoke() {
    let house = House::with_room(1);
    let alice = house.log_in("alice").await;
    let (token, other) = (house.token(alice.grant()), house.token(alice.grant()));
    assert_eq!(house.revoke(&token).status(), 200);
    let answer = house.revoke(&other);
    assert_eq!(answer.status(), 503);
    assert!(!house.is_active(&token) && house.is_active(&other));
    // What is over makes room again.
    house.clock.advance(Duration::from_secs(300 + 600));
    house.sessions.purge().await.unwrap();
    assert_eq!(house.revoke(&house.token(alice.grant())).status(), 200);
}

#[tokio::test]
async fn a_token_of_a_rotated_refresh_token_ends_with_its_session() {
    let house = House::new();
    let tokens = RefreshManager::builder(house.store.clone(), HOUSE).clock(house.clock.clone());
    let tokens = tokens.build().unwrap();
    let alice = house.log_in("alice").await;
    let first = tokens
        .create(NewRefreshToken::for_session(&alice, "shop"))
        .await
        .unwrap()
        .reveal();
    let refreshed = tokens
        .rotate(RotateRequest::new(&first, "shop"))
        .await
        .unwrap();
    let token = house.token(refreshed.grant());
    assert!(house.is_active(&token));
    house.sessions.revoke(&alice).await.unwrap();
    assert!(!house.is_active(&token));
}

#[derive(Debug)]
struct Gone;

impl GrantStore for Gone {
    fn revoke(&self, _: RevocationRecord) -> NowOrLater<'_, Result<(), StoreError>> {
        NowOrLater::later(async { Err(StoreErrorKind::Unavailable.into()) })
    }

    fn is_revoked(&self, _: Grant) -> NowOrLater<'_, Result<bool, StoreError>> {
        NowOrLater::later(async { Err(StoreErrorKind::Unavailable.into()) })
    }

    fn purge(&self, _: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        NowOrLater::now(Ok(0))
    }
}

#[tokio::test]
async fn i05_a_store_out_of_reach_is_neither_active_nor_revoked() {
    let house = House::new();
    let responder = TokenEndpoints::new(house.issuer.clone()).unwrap();
    let responder = responder.revocations(GrantRevocations::new(Arc::new(Gone), HOUSE));
    let form = format!("token={}", house.mint(&claims()));
    let (api, shop) = (api(), AuthenticatedClient::assertion("shop"));
    assert_eq!(
        responder.introspect(&api, form.as_bytes()).await.status(),
        503
    );
    assert_eq!(responder.revoke(&shop, form.as_bytes()).await.status(), 503);
}

#[tokio::test]
async fn a_token_says_no_more_than_its_grant() {
    let house = House::new();
    let alice = house.log_in("alice").await;
    let token = house.token(alice.grant());
    let judged = judge(&token, house.issuer.jwks().body(), NOW).unwrap();
    assert_eq!(judged.subject(), Some("alice"));
    assert_eq!(
        judged.scopes().unwrap().iter().collect::<Vec<_>>(),
        ["a", "b"]
    );
    let sid = judged.claims().get::<String>("sid").unwrap();
    assert_eq!(sid, alice.handle().map(|handle| handle.to_string()));

    let of = |client: &str| AccessClaims::of_grant(alice.grant(), client, API);
    assert!(house.issuer.mint(&of("shop").scopes(["b"])).is_ok());
    let error = house
        .issuer
        .mint(&of("shop").scopes(["b", "c"]))
        .unwrap_err();
    assert_eq!(error.claim(), Some("scope"));
    let bound = alice.grant().clone().with_client(Some("shop".to_owned()));
    assert!(
        house
            .issuer
            .mint(&AccessClaims::of_grant(&bound, "shop", API))
            .is_ok()
    );
    let error = house
        .issuer
        .mint(&AccessClaims::of_grant(&bound, "mall", API))
        .unwrap_err();
    assert_eq!(error.claim(), Some("client_id"));
    let named = house
        .issuer
        .mint(&of("shop").claim("grant_sequence", "0"))
        .unwrap_err();
    assert_eq!(named.claim(), Some("grant_sequence"));
}

#[tokio::test]
async fn a_token_does_not_outlive_its_grant() {
    let house = House::new();
    let alice = house.log_in("alice").await;
    let end = alice.grant().expires();
    house.clock.set(UnixTime::from_secs(end.as_secs() - 10));
    let claims = AccessClaims::of_grant(alice.grant(), "shop", API);
    // Another end that is set later does not lengthen it.
    for claims in [claims.clone(), claims.clone().not_after(after(end, 100))] {
        assert_eq!(house.issuer.mint(&claims).unwrap().expires_at(), end);
    }
    house.clock.set(end);
    let error = house.issuer.mint(&claims).unwrap_err();
    assert_eq!(error.kind(), MintErrorKind::Expired);
}
