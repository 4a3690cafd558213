//! Access tokens end with the session, subject or client that they were minted for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::clock::{FakeClock, UnixTime};
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::event::{Event, Observer};
use bearergate::grant::store::RevocationRecord;
use bearergate::grant::{Grant, GrantStore};
use bearergate::issuer::{
    AccessClaims, AuthenticatedClient, GrantRevocations, JwtIssuer, MintErrorKind, TokenEndpoints,
};
use bearergate::principal::PrincipalKind;
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::revocation::RevocationList;
use bearergate::session::{NewSession, Session, SessionManager};
use bearergate::stores::MemoryGrantStore;
use bearergate::{NowOrLater, Principal, RejectionKind};

use crate::common::*;

const SERVICE: &str = "my service";

struct Service {
    clock: FakeClock,
    store: Arc<MemoryGrantStore>,
    sessions: SessionManager,
    issuer: JwtIssuer,
    endpoints: TokenEndpoints,
}

impl Service {
    fn new() -> Self {
        Self::with_room(1000)
    }

    fn with_room(limit: usize) -> Self {
        let (issuer, clock) = issuer(signing_keys());
        let store = Arc::new(MemoryGrantStore::new(limit));
        let sessions = SessionManager::builder(store.clone(), SERVICE).clock(clock.clone());
        let endpoints = TokenEndpoints::new(issuer.clone());
        Self {
            endpoints: endpoints.revocations(GrantRevocations::new(store.clone(), SERVICE)),
            sessions: sessions.build().unwrap(),
            clock,
            store,
            issuer,
        }
    }

    async fn log_in(&self, subject: &str) -> Session {
        let new = NewSession::new(subject).scopes(["a", "b"]);
        self.sessions.create(new).await.unwrap().record
    }

    fn token(&self, grant: &Grant) -> String {
        self.mint(&AccessClaims::of_grant(grant, "shop", API))
    }

    fn mint(&self, claims: &AccessClaims) -> String {
        self.issuer.mint(claims).unwrap().expose().to_owned()
    }

    fn is_active(&self, token: &str) -> bool {
        let answer = introspect(&self.endpoints, &api(), token);
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
        self.endpoints
            .revoke(&shop, form.as_bytes())
            .try_now()
            .unwrap()
    }
}

#[tokio::test]
async fn a_token_ends_with_its_session() {
    let service = Service::new();
    let (ended, other) = (service.log_in("alice").await, service.log_in("alice").await);
    let (token, stays) = (service.token(ended.grant()), service.token(other.grant()));
    assert!(service.is_active(&token) && service.is_active(&stays));
    service.sessions.revoke(&ended).await.unwrap();
    assert!(!service.is_active(&token) && service.is_active(&stays));
    // Minted too late, by a node that had not read the revocation.
    assert!(!service.is_active(&service.token(ended.grant())));
}

#[tokio::test]
async fn a_token_ends_with_its_subject_and_one_of_a_later_login_does_not() {
    let service = Service::new();
    let (alice, bob) = (service.log_in("alice").await, service.log_in("bob").await);
    let (token, stays) = (service.token(alice.grant()), service.token(bob.grant()));
    service.sessions.revoke_subject("alice").await.unwrap();
    let again = service.log_in("alice").await;
    assert!(!service.is_active(&token) && service.is_active(&stays));
    // In the same second.
    assert!(service.is_active(&service.token(again.grant())));
}

#[tokio::test]
async fn a_node_whose_clock_is_ahead_mints_nothing_that_outlasts_a_revocation() {
    let service = Service::new();
    let alice = service.log_in("alice").await;
    service.clock.advance(Duration::from_secs(20));
    let token = service.token(alice.grant());
    service.clock.set(NOW);
    service.sessions.revoke_subject("alice").await.unwrap();
    service.clock.advance(Duration::from_secs(20));
    assert!(!service.is_active(&token));
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
async fn a_session_stays_revoked_for_validators_with_a_leeway() {
    let service = Service::new();
    let (alice, bob) = (service.log_in("alice").await, service.log_in("bob").await);
    let end = alice.grant().expires();
    service.clock.set(UnixTime::from_secs(end.as_secs() - 60));
    let tokens = [&alice, &bob].map(|session| service.token(session.grant()));
    let jwks = service.issuer.keys().jwks(end);
    service.sessions.revoke(&alice).await.unwrap();
    let late = end.saturating_add(Duration::from_secs(29));
    service.clock.set(late);
    service.sessions.purge().await.unwrap();
    let list = GrantRevocations::new(service.store.clone(), SERVICE);
    for (token, expected) in tokens.iter().zip([true, false]) {
        let principal = validate(token, &jwks, late).unwrap();
        assert_eq!(is_revoked(&list, &principal).await, expected);
    }
}

#[tokio::test]
async fn a_token_stays_revoked_for_validators_with_a_leeway() {
    let service = Service::new();
    let minted = [(), ()].map(|()| service.issuer.mint(&claims()).unwrap());
    let late = minted[0]
        .expires_at()
        .saturating_add(Duration::from_secs(29));
    let jwks = service.issuer.keys().jwks(late);
    let [revoked, kept] = minted.map(|token| validate(token.expose(), &jwks, late).unwrap());
    let list = GrantRevocations::new(service.store.clone(), SERVICE);
    list.revoke_token(&revoked, NOW).await.unwrap();
    service.store.purge(late).await.unwrap();
    assert!(is_revoked(&list, &revoked).await);
    assert!(!is_revoked(&list, &kept).await);
}

#[tokio::test]
async fn a_token_ends_with_its_client() {
    let service = Service::new();
    let alice = service.log_in("alice").await;
    let token = service.token(alice.grant());
    service.sessions.revoke_client("other").await.unwrap();
    assert!(service.is_active(&token));
    service.sessions.revoke_client("shop").await.unwrap();
    assert!(!service.is_active(&token));
}

/// Validates a token of another signer, with these claims.
#[cfg(feature = "testing")]
fn token_of_another_signer(more: &[(&str, serde_json::Value)]) -> Principal {
    let key = bearergate::testing::FakeKey::es256("k");
    let validator = bearergate::JwtValidator::builder()
        .issuer(NAME)
        .audience(API)
        .keys(key.key_set())
        .build()
        .unwrap();
    let token = bearergate::testing::TokenBuilder::new(&key, after(NOW, 5));
    let token = token.issuer(NAME).audience(API).subject("alice");
    let add = |token: bearergate::testing::TokenBuilder,
               (name, value): &(&str, serde_json::Value)| {
        token.claim(*name, value.clone())
    };
    let token = more.iter().fold(token, add).sign();
    validate_with(&validator, &token, after(NOW, 7)).unwrap()
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn a_token_ends_with_each_name_of_its_client() {
    let service = Service::new();
    service.clock.advance(Duration::from_secs(6));
    let list = GrantRevocations::new(service.store.clone(), SERVICE);
    let named =
        |azp: &str| token_of_another_signer(&[("client_id", "front".into()), ("azp", azp.into())]);
    let (token, other) = (named("back"), named("front"));
    service.sessions.revoke_client("alice").await.unwrap();
    assert!(!is_revoked(&list, &token).await && !is_revoked(&list, &other).await);
    service.sessions.revoke_client("back").await.unwrap();
    assert!(is_revoked(&list, &token).await && !is_revoked(&list, &other).await);
    service.sessions.revoke_client("front").await.unwrap();
    assert!(is_revoked(&list, &other).await);
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn a_fraction_of_a_second_does_not_spare_a_token_of_another_signer() {
    let service = Service::new();
    service.clock.advance(Duration::from_secs(5));
    service.sessions.revoke_subject("alice").await.unwrap();
    let list = GrantRevocations::new(service.store.clone(), SERVICE);
    let second = after(NOW, 5).as_secs();
    for (iat, expected) in [
        (serde_json::json!(second), true),
        (serde_json::json!(1_800_000_005.5), true),
        (serde_json::json!(second + 1), false),
    ] {
        let token = token_of_another_signer(&[("iat", iat.clone())]);
        assert_eq!(is_revoked(&list, &token).await, expected, "{iat}");
    }
}

#[tokio::test]
async fn a_token_without_a_grant_ends_with_revocations_in_its_second_or_later() {
    let service = Service::new();
    service.sessions.revoke_subject("alice").await.unwrap();
    assert!(!service.is_active(&service.mint(&claims())));
    service.clock.advance(Duration::from_secs(1));
    let token = service.mint(&claims());
    assert!(service.is_active(&token));
    service.clock.advance(Duration::from_secs(1));
    service.sessions.revoke_subject("bob").await.unwrap();
    assert!(service.is_active(&token));
    service.sessions.revoke_subject("alice").await.unwrap();
    assert!(!service.is_active(&token));
}

#[tokio::test]
async fn revocations_of_another_authority_do_not_count() {
    let service = Service::new();
    let alice = service.log_in("alice").await;
    let token = service.token(alice.grant());
    let other =
        SessionManager::builder(service.store.clone(), "other").clock(service.clock.clone());
    let other = other.build().unwrap();
    other.revoke_subject("alice").await.unwrap();
    other.revoke_handle(alice.handle().unwrap()).await.unwrap();
    assert!(service.is_active(&token));
    service
        .sessions
        .revoke_handle(alice.handle().unwrap())
        .await
        .unwrap();
    assert!(!service.is_active(&token));
}

#[tokio::test]
async fn a_list_for_one_issuer_leaves_principals_of_others_to_other_lists() {
    let service = Service::new();
    let alice = service.log_in("alice").await;
    let jwks = service.issuer.keys().jwks(NOW);
    let token = validate(&service.token(alice.grant()), &jwks, NOW).unwrap();
    let robot = Principal::builder(PrincipalKind::Other, "bench").subject("alice");
    let robot = robot.build();
    let any = GrantRevocations::new(service.store.clone(), SERVICE);
    let limited = any.clone().only_tokens_of(NAME);
    assert!(!is_revoked(&any, &token).await && !is_revoked(&limited, &token).await);
    // Nothing says when it was issued, so the unlimited list cannot tell.
    assert!(is_revoked(&any, &robot).await && !is_revoked(&limited, &robot).await);
    service.sessions.revoke(&alice).await.unwrap();
    assert!(is_revoked(&any, &token).await && is_revoked(&limited, &token).await);
}

#[tokio::test]
async fn a_token_that_the_list_does_not_cover_is_not_reported_as_revoked() {
    let service = Service::new();
    let alice = service.log_in("alice").await;
    let jwks = service.issuer.keys().jwks(NOW);
    let token = validate(&service.token(alice.grant()), &jwks, NOW).unwrap();
    for (issuer, expected) in [(NAME, None), ("other", Some(RejectionKind::Unavailable))] {
        let list = GrantRevocations::new(service.store.clone(), SERVICE).only_tokens_of(issuer);
        let refused = list.revoke_token(&token, NOW).await.err();
        assert_eq!(
            refused.map(|rejection| rejection.kind()),
            expected,
            "{issuer}"
        );
    }
}

#[tokio::test]
async fn one_token_is_revoked_and_its_session_and_siblings_stay() {
    let service = Service::new();
    let alice = service.log_in("alice").await;
    let (token, sibling) = (service.token(alice.grant()), service.token(alice.grant()));
    for _ in 0..2 {
        assert_eq!(service.revoke(&token).status(), 200);
        assert!(!service.is_active(&token) && service.is_active(&sibling));
    }
    assert!(service.sessions.save(&alice, "still there").await.is_ok());
}

/// A revocation that was not stored is not reported as done.
///
/// Defect I05 (error of a store swallowed): docs/defects.md
#[tokio::test]
async fn i05_a_full_store_refuses_to_revoke() {
    let service = Service::with_room(1);
    let alice = service.log_in("alice").await;
    let (token, other) = (service.token(alice.grant()), service.token(alice.grant()));
    assert_eq!(service.revoke(&token).status(), 200);
    let answer = service.revoke(&other);
    assert_eq!(answer.status(), 503);
    assert!(!service.is_active(&token) && service.is_active(&other));
    // Expired revocations make room again.
    service.clock.advance(Duration::from_secs(300 + 600));
    service.sessions.purge().await.unwrap();
    assert_eq!(service.revoke(&service.token(alice.grant())).status(), 200);
}

#[tokio::test]
async fn a_token_of_a_rotated_refresh_token_ends_with_its_session() {
    let service = Service::new();
    let tokens =
        RefreshManager::builder(service.store.clone(), SERVICE).clock(service.clock.clone());
    let tokens = tokens.build().unwrap();
    let alice = service.log_in("alice").await;
    let first = tokens
        .create(NewRefreshToken::for_session(&alice, "shop"))
        .await
        .unwrap()
        .secret
        .reveal();
    let refreshed = tokens
        .rotate(RotateRequest::new(&first, "shop"))
        .await
        .unwrap();
    let token = service.token(refreshed.record.grant());
    assert!(service.is_active(&token));
    service.sessions.revoke(&alice).await.unwrap();
    assert!(!service.is_active(&token));
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
async fn i05_with_an_unavailable_store_a_token_is_neither_active_nor_revoked() {
    let service = Service::new();
    let endpoints = TokenEndpoints::new(service.issuer.clone());
    let endpoints = endpoints.revocations(GrantRevocations::new(Arc::new(Gone), SERVICE));
    let form = format!("token={}", service.mint(&claims()));
    let (api, shop) = (api(), AuthenticatedClient::assertion("shop"));
    assert_eq!(
        endpoints.introspect(&api, form.as_bytes()).await.status(),
        503
    );
    assert_eq!(endpoints.revoke(&shop, form.as_bytes()).await.status(), 503);
}

#[tokio::test]
async fn a_token_grants_no_more_than_its_grant() {
    let service = Service::new();
    let alice = service.log_in("alice").await;
    let token = service.token(alice.grant());
    let validated = validate(&token, service.issuer.jwks().body(), NOW).unwrap();
    assert_eq!(validated.subject(), Some("alice"));
    assert_eq!(
        validated.scopes().unwrap().iter().collect::<Vec<_>>(),
        ["a", "b"]
    );
    let sid = validated.claims().get::<String>("sid").unwrap();
    assert_eq!(sid, alice.handle().map(|handle| handle.to_string()));

    let of = |client: &str| AccessClaims::of_grant(alice.grant(), client, API);
    assert!(service.issuer.mint(&of("shop").scopes(["b"])).is_ok());
    let error = service
        .issuer
        .mint(&of("shop").scopes(["b", "c"]))
        .unwrap_err();
    assert_eq!(error.claim(), Some("scope"));
    let bound = alice.grant().clone().with_client(Some("shop".to_owned()));
    assert!(
        service
            .issuer
            .mint(&AccessClaims::of_grant(&bound, "shop", API))
            .is_ok()
    );
    let error = service
        .issuer
        .mint(&AccessClaims::of_grant(&bound, "mall", API))
        .unwrap_err();
    assert_eq!(error.claim(), Some("client_id"));
    let named = service
        .issuer
        .mint(&of("shop").claim("grant_sequence", "0"))
        .unwrap_err();
    assert_eq!(named.claim(), Some("grant_sequence"));
}

/// The scope of a token that asks for these scopes, or the claim that is refused.
fn scope_of(service: &Service, claims: &AccessClaims) -> Result<Option<String>, Option<String>> {
    let minted = service.issuer.mint(claims);
    let minted = minted.map_err(|error| error.claim().map(str::to_owned))?;
    let validated = validate(minted.expose(), service.issuer.jwks().body(), NOW).unwrap();
    let scopes = validated.scopes();
    Ok(scopes.map(|scopes| scopes.iter().collect::<Vec<_>>().join(" ")))
}

#[tokio::test]
async fn a_grant_without_scopes_grants_none() {
    let service = Service::new();
    let refused = Err(Some("scope".to_owned()));
    let tokens = RefreshManager::builder(service.store.clone(), SERVICE)
        .clock(service.clock.clone())
        .build()
        .unwrap();
    let session = async |new: NewSession| service.sessions.create(new).await.unwrap().record;
    let unset = session(NewSession::new("alice")).await;
    let empty = session(NewSession::new("alice").scopes([""; 0])).await;
    let named = session(NewSession::new("alice").scopes(["admin"])).await;
    // The scopes of a session are not those of its refresh tokens.
    let family = tokens
        .create(NewRefreshToken::for_session(&named, "shop"))
        .await
        .unwrap()
        .record;
    for grant in [unset.grant(), empty.grant(), &family] {
        let of = || AccessClaims::of_grant(grant, "shop", API);
        assert_eq!(scope_of(&service, &of().scopes(["admin"])), refused);
        let plain = scope_of(&service, &of()).unwrap();
        assert!(plain.is_none_or(|scope| scope.is_empty()));
        assert!(scope_of(&service, &of().scopes([""; 0])).is_ok());
    }
    let of = AccessClaims::of_grant(named.grant(), "shop", API);
    let admin = Ok(Some("admin".to_owned()));
    assert_eq!(scope_of(&service, &of.clone().scopes(["admin"])), admin);
    assert_eq!(scope_of(&service, &of), admin);
}

#[tokio::test]
async fn unrestricted_scopes_lift_no_bound_that_was_set() {
    let service = Service::new();
    let refused = Err(Some("scope".to_owned()));
    let session = async |new: NewSession| service.sessions.create(new).await.unwrap().record;
    let unset = session(NewSession::new("alice")).await;
    let of = || AccessClaims::of_grant(unset.grant(), "shop", API);
    let admin = Ok(Some("admin".to_owned()));
    for claims in [
        of().unrestricted_scopes().scopes(["admin"]),
        of().scopes(["admin"]).unrestricted_scopes(),
    ] {
        assert_eq!(scope_of(&service, &claims), admin);
    }
    assert_eq!(scope_of(&service, &of().unrestricted_scopes()), Ok(None));
    for (new, asked) in [
        (NewSession::new("alice").scopes(["read"]), "admin"),
        (NewSession::new("alice").scopes([""; 0]), "admin"),
        (NewSession::new("alice"), "a b"),
    ] {
        let session = session(new).await;
        let of = AccessClaims::of_grant(session.grant(), "shop", API);
        let asked = of.unrestricted_scopes().scopes([asked]);
        assert_eq!(scope_of(&service, &asked), refused);
    }
}

#[tokio::test]
async fn a_token_does_not_outlive_its_grant() {
    let service = Service::new();
    let alice = service.log_in("alice").await;
    let end = alice.grant().expires();
    service.clock.set(UnixTime::from_secs(end.as_secs() - 10));
    let claims = AccessClaims::of_grant(alice.grant(), "shop", API);
    // Another end that is set later does not lengthen it.
    for claims in [claims.clone(), claims.clone().not_after(after(end, 100))] {
        assert_eq!(service.issuer.mint(&claims).unwrap().expires_at(), end);
    }
    service.clock.set(end);
    let error = service.issuer.mint(&claims).unwrap_err();
    assert_eq!(error.kind(), MintErrorKind::Expired);
}

/// Reported events, as text.
#[derive(Clone, Debug, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Observer for Events {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

/// Room for 80 revocations: 60 of single ones, 30 of them of tokens, 7 of one client and subject.
const ROOM: usize = 80;
const OF_HOLDER: usize = 7;

fn claims_of(subject: &str, client: &str) -> AccessClaims {
    AccessClaims::new(subject, client, API)
}

#[tokio::test]
async fn a_client_that_revokes_its_own_tokens_keeps_nobody_from_revoking() {
    let service = Service::with_room(ROOM);
    let (alice, bob) = (service.log_in("alice").await, service.log_in("bob").await);
    for _ in 0..2 * ROOM {
        let own = service.mint(&claims_of("mallory", "shop"));
        assert_eq!(service.revoke(&own).status(), 200);
        assert!(!service.is_active(&own));
    }
    service.sessions.revoke(&alice).await.unwrap();
    service.sessions.revoke_subject("carol").await.unwrap();
    service.sessions.revoke_client("other").await.unwrap();
    assert!(!service.is_active(&service.token(alice.grant())));
    assert!(service.is_active(&service.token(bob.grant())));
}

#[tokio::test]
async fn a_client_of_many_subjects_leaves_room_for_logouts_and_the_service() {
    let service = Service::with_room(ROOM);
    let alice = service.log_in("alice").await;
    let revoke = |n: usize| {
        let own = service.mint(&claims_of(&format!("user {n}"), "shop"));
        (
            service.revoke(&own).status().as_u16(),
            service.is_active(&own),
        )
    };
    for n in 0..30 {
        assert_eq!(revoke(n), (200, false), "{n}");
    }
    // What is not revoked is not reported as revoked.
    assert_eq!(revoke(30), (503, true));
    service.sessions.revoke(&alice).await.unwrap();
    service.sessions.revoke_subject("carol").await.unwrap();
    assert!(!service.is_active(&service.token(alice.grant())));
}

#[tokio::test]
async fn after_many_revoked_tokens_one_more_ends_what_its_client_and_subject_have() {
    let events = Events::default();
    let mut service = Service::new();
    service.store = Arc::new(MemoryGrantStore::new(ROOM).observer(events.clone()));
    let list = GrantRevocations::new(service.store.clone(), SERVICE);
    service.endpoints = TokenEndpoints::new(service.issuer.clone()).revocations(list);
    let mint = |subject, client| service.mint(&claims_of(subject, client));
    let kept = mint("alice", "shop");
    let others = [mint("bob", "shop"), mint("alice", "mall")];
    for _ in 0..OF_HOLDER {
        assert_eq!(service.revoke(&mint("alice", "shop")).status(), 200);
    }
    assert!(service.is_active(&kept) && events.0.lock().unwrap().is_empty());
    let last = mint("alice", "shop");
    assert_eq!(service.revoke(&last).status(), 200);
    assert!(!service.is_active(&last) && !service.is_active(&kept));
    assert!(others.iter().all(|token| service.is_active(token)));
    let said = format!(
        r#"RevocationsMerged {{ authority: "{SERVICE}", client: Some("shop"), subject: Some("alice") }}"#
    );
    assert_eq!(*events.0.lock().unwrap(), [said]);
    service.clock.advance(Duration::from_secs(1));
    assert!(service.is_active(&mint("alice", "shop")));
}

/// A session has the number of its login for as long as it lives.
#[tokio::test]
async fn a_session_gives_valid_tokens_after_many_of_its_tokens_were_revoked() {
    let service = Service::with_room(ROOM);
    let alice = service.log_in("alice").await;
    for _ in 0..2 * OF_HOLDER {
        let token = service.token(alice.grant());
        assert_eq!(service.revoke(&token).status(), 200);
        assert!(!service.is_active(&token));
    }
    service.clock.advance(Duration::from_secs(1));
    assert!(service.is_active(&service.token(alice.grant())));
    assert!(service.sessions.save(&alice, "still there").await.is_ok());
}

/// A validator may name another client of a token than the endpoint that revoked it.
#[cfg(feature = "testing")]
#[tokio::test]
async fn what_a_client_holds_ends_under_each_name_of_the_client() {
    let service = Service::with_room(ROOM);
    let list = GrantRevocations::new(service.store.clone(), SERVICE);
    let named = |client: &str, azp: &str, n: usize| {
        let id = ("jti", format!("{azp}{n}").into());
        token_of_another_signer(&[("client_id", client.into()), ("azp", azp.into()), id])
    };
    for n in 0..=OF_HOLDER {
        let token =
            token_of_another_signer(&[("client_id", "back".into()), ("jti", n.to_string().into())]);
        list.revoke_token(&token, after(NOW, 7)).await.unwrap();
        assert!(is_revoked(&list, &token).await);
    }
    assert!(is_revoked(&list, &named("front", "back", 1)).await);
    assert!(!is_revoked(&list, &named("front", "other", 1)).await);
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn a_token_issued_by_a_clock_ahead_is_revoked_by_itself() {
    let service = Service::with_room(ROOM);
    let list = GrantRevocations::new(service.store.clone(), SERVICE);
    // Issued at NOW + 5.
    let tokens: Vec<_> = (0..=2 * OF_HOLDER)
        .map(|n| token_of_another_signer(&[("jti", n.to_string().into())]))
        .collect();
    let (kept, ended) = tokens.split_first().unwrap();
    for token in ended {
        list.revoke_token(token, NOW).await.unwrap();
        assert!(is_revoked(&list, token).await);
    }
    assert!(!is_revoked(&list, kept).await);
}
