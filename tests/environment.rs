//! Each builder uses the environment that it is given: its clock, and its observer where there are
//! events.
//!
//! The clocks of these tests are years behind the system's, so a builder that does not take them
//! over sees tokens and keys that have long expired, or a time that never passes.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::api_key::{
    ApiKeyFormat, ApiKeyManager, ApiKeyRecord, ApiKeyScheme, ApiKeyStore, NewApiKey, PepperSet,
};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::crypto::Algorithm;
use bearergate::environment::Environment;
use bearergate::error::StoreErrorKind;
use bearergate::event::{Event, Observer};
use bearergate::issuer::{AccessClaims, JwtIssuer, SigningKey, SigningKeys};
use bearergate::jwt::{JwtValidatorBuilder, Ready};
use bearergate::refresh::{NewRefreshToken, RefreshManager, RotateRequest};
use bearergate::revocation::{Denylist, Revocation};
use bearergate::secret::Secret;
use bearergate::secret_source::SecretSource;
use bearergate::session::{NewSession, SessionCookie, SessionManager};
use bearergate::stores::{Cached, MemoryApiKeyStore, MemoryGrantStore};
use bearergate::validator::TokenCache;
use bearergate::{
    ApiKeyValidator, Gate, JwtValidator, RejectionKind, TokenValidator, require_scope,
};
use http::Request;

const ISSUER: &str = "https://id.example.com";
const API: &str = "https://api.example.com";
const NOW: UnixTime = UnixTime::from_secs(1_600_000_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An environment with only this clock.
fn clock() -> (FakeClock, Environment) {
    let clock = FakeClock::at(NOW);
    (clock.clone(), Environment::new().clock(clock))
}

/// The reported events, as text.
#[derive(Clone, Debug, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    /// Whether the only event is of this kind.
    fn is_only(&self, kind: &str) -> bool {
        matches!(&self.0.lock().unwrap()[..], [event] if event.starts_with(kind))
    }
}

impl Events {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Events {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

/// An observer, and an environment with only this observer.
fn events() -> (Events, Environment) {
    let events = Events::default();
    (events.clone(), Environment::new().observer(events))
}

/// A token of five minutes from `NOW`, and a validator that trusts its issuer.
fn token() -> (String, JwtValidatorBuilder<Ready>) {
    let keys = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = SigningKeys::builder(keys).build(NOW).unwrap();
    let issuer = JwtIssuer::builder(ISSUER, keys).env(&clock().1).build();
    let issuer = issuer.unwrap();
    let token = issuer.mint(&AccessClaims::new("alice", "shop", API));
    let validator = JwtValidator::builder().issuer(ISSUER).audience(API);
    let validator = validator.key_store(Arc::new(issuer));
    (token.unwrap().expose().to_owned(), validator)
}

/// Validates without a gate, so that only the validator has a clock.
fn kind(validator: &dyn TokenValidator, token: &str) -> Option<RejectionKind> {
    let presented = PresentedCredential::token(token);
    let validated = validator.validate(&presented);
    validated.try_now().unwrap().err().map(|no| no.kind())
}

#[test]
fn a_gate_gives_the_time_of_its_environment_to_its_validators() {
    let (_, environment) = clock();
    let (token, validator) = token();
    let gate = Gate::builder().validator(validator.build().unwrap());
    let gate = gate.allow_any_authenticated().env(&environment);
    let gate = gate.build().unwrap();
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let (parts, ()) = request.body(()).unwrap().into_parts();
    assert!(gate.try_check_now(&parts).unwrap().is_ok());
}

/// A gate that demands the scope `orders:read`, its events, and a request with a token.
fn gate_with_events(scopes: &str) -> (Gate, Events, http::request::Parts) {
    let keys = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = SigningKeys::builder(keys).build(NOW).unwrap();
    let issuer = JwtIssuer::builder(ISSUER, keys).env(&clock().1).build();
    let issuer = issuer.unwrap();
    let claims = AccessClaims::new("alice", "shop", API).scopes(scopes.split(' '));
    let token = issuer.mint(&claims).unwrap().expose().to_owned();
    let validator = JwtValidator::builder().issuer(ISSUER).audience(API);
    let validator = validator.key_store(Arc::new(issuer)).build().unwrap();
    let (events, second) = events();
    let gate = Gate::builder().env(&clock().1).env(&second);
    let gate = gate
        .validator(validator)
        .authorizer(require_scope("orders:read"));
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    (
        gate.build().unwrap(),
        events,
        request.body(()).unwrap().into_parts().0,
    )
}

const ADMITTED: &str =
    r#"Admitted { authority: "https://id.example.com", credential: "access_token" }"#;

const DENIED: &str = "Refused { rejection: \"scope_insufficient\", status: 403, claim: None, \
                      reason: Some(\"scope_missing\"), \
                      caller: Some((\"https://id.example.com\", \"access_token\")) }";

#[test]
fn a_gate_reports_each_request_once() {
    for (scopes, event) in [("orders:read", ADMITTED), ("orders:write", DENIED)] {
        let (gate, events, request) = gate_with_events(scopes);
        let admitted = gate.try_check_now(&request).unwrap();
        assert_eq!(admitted.is_ok(), event == ADMITTED);
        assert_eq!(events.take(), [event]);
        let anonymous = Request::get("/").body(()).unwrap();
        assert!(gate.try_check_now(&anonymous).unwrap().is_err());
        let missing = "Refused { rejection: \"credential_missing\", status: 401, claim: None, \
                       reason: None, caller: None }";
        assert_eq!(events.take(), [missing]);
    }
}

#[test]
fn a_gate_reports_the_claim_to_blame_and_never_the_subject() {
    let (gate, events, mut request) = gate_with_events("orders:read");
    request
        .headers
        .insert("authorization", "Bearer x.y.z".parse().unwrap());
    assert!(gate.try_check_now(&request).unwrap().is_err());
    let malformed = "Refused { rejection: \"token_malformed\", status: 401, claim: None, \
                     reason: None, caller: None }";
    assert_eq!(events.take(), [malformed]);
    // By the clock of the system the token has long expired.
    let (own, validator) = self::token();
    let gate = Gate::builder().observer(events.clone());
    let gate = gate
        .validator(validator.build().unwrap())
        .allow_any_authenticated();
    let gate = gate.build().unwrap();
    let own = format!("Bearer {own}");
    request
        .headers
        .insert("authorization", own.parse().unwrap());
    assert!(gate.try_check_now(&request).unwrap().is_err());
    let seen = events.take();
    let expired = "Refused { rejection: \"token_expired\", status: 401, claim: Some(\"exp\"), \
                   reason: None, caller: None }";
    assert_eq!(seen, [expired]);
}

#[test]
fn the_two_steps_of_a_gate_report_decisions_and_refusals() {
    let (gate, events, request) = gate_with_events("orders:read");
    let caller = gate.authenticate(&request).try_now().unwrap().unwrap();
    // Nothing is admitted yet.
    assert!(events.take().is_empty());
    assert!(gate.authorize(&caller.request()).try_now().unwrap().is_ok());
    assert_eq!(events.take(), [ADMITTED]);
    let anonymous = Request::get("/").body(()).unwrap();
    assert!(gate.authenticate(&anonymous).try_now().unwrap().is_err());
    assert!(events.take()[0].starts_with("Refused { rejection: \"credential_missing\""));
    let optional = gate.authenticate_optional(&anonymous).try_now().unwrap();
    assert!(optional.unwrap().is_none() && events.take().is_empty());
    let (gate, events, request) = gate_with_events("orders:write");
    let caller = gate.authenticate(&request).try_now().unwrap().unwrap();
    assert!(
        gate.authorize(&caller.request())
            .try_now()
            .unwrap()
            .is_err()
    );
    assert_eq!(events.take(), [DENIED]);
}

#[test]
fn a_token_expires_by_the_clock_of_the_validators_environment() {
    let (clock, environment) = clock();
    let (token, validator) = token();
    // An environment without a clock changes nothing.
    let validator = validator.env(&environment).env(&events().1);
    let validator = validator.build().unwrap();
    assert_eq!(kind(&validator, &token), None);
    clock.advance(DAY);
    let kind = kind(&validator, &token);
    assert_eq!(kind, Some(RejectionKind::TokenExpired));
}

#[test]
fn an_issuer_mints_at_the_time_of_its_environment() {
    let (token, validator) = token();
    let validator = validator.build().unwrap();
    let presented = PresentedCredential::token(&token).at(NOW);
    let principal = validator.validate(&presented).try_now().unwrap().unwrap();
    assert_eq!(principal.issued_at(), Some(NOW));
}

#[test]
fn a_token_cache_reports_its_hits_to_the_observer_of_its_environment() {
    let (events, environment) = events();
    let (token, validator) = token();
    let cache = TokenCache::builder().env(&environment).build().unwrap();
    let validator = validator.env(&clock().1).build().unwrap().cached(&cache);
    assert_eq!([(); 2].map(|()| kind(&validator, &token)), [None; 2]);
    assert!(events.is_only("CacheHit"));
}

#[test]
fn a_denylist_forgets_by_the_clock_of_its_environment() {
    let (clock, environment) = clock();
    let list = Denylist::new(1).unwrap().env(&environment);
    let revoke = |jti: &str| {
        let revoked = list.revoke(Revocation::jwt_id(ISSUER, jti).until(NOW));
        revoked.try_now().unwrap().map_err(|error| error.kind())
    };
    assert_eq!(revoke("j1"), Ok(()));
    assert_eq!(revoke("j2"), Err(StoreErrorKind::Full));
    clock.advance(DAY);
    assert_eq!(revoke("j2"), Ok(()));
}

fn scheme() -> ApiKeyScheme {
    let format = ApiKeyFormat::new("acme_live").unwrap();
    let read = || Ok::<_, std::io::Error>(Secret::new(vec![1; 32]));
    let pepper = SecretSource::from_fn("test pepper", read);
    ApiKeyScheme::new("acme keys", format, PepperSet::new(1, &pepper).unwrap()).unwrap()
}

/// A store with a key of one day, its manager, the record and the text of the key.
async fn keys() -> (Arc<MemoryApiKeyStore>, ApiKeyManager, ApiKeyRecord, String) {
    let store = Arc::new(MemoryApiKeyStore::new(10).unwrap());
    let manager = ApiKeyManager::builder(scheme(), store.clone()).env(&clock().1);
    let manager = manager.build().unwrap();
    let issued = manager.create(NewApiKey::new("robot").expires_in(DAY));
    let issued = issued.await.unwrap();
    (store, manager, issued.record, issued.secret.reveal())
}

#[tokio::test]
async fn api_keys_are_created_and_expire_by_the_clock_of_the_environment() {
    let (store, _, record, key) = keys().await;
    assert_eq!(record.created_at(), NOW);
    let (clock, environment) = clock();
    let validator = ApiKeyValidator::builder(scheme(), store).env(&environment);
    let validator = validator.build().unwrap();
    assert_eq!(kind(&validator, &key), None);
    clock.advance(2 * DAY);
    let expired = Some(RejectionKind::ApiKeyExpired);
    assert_eq!(kind(&validator, &key), expired);
}

#[tokio::test]
async fn a_cached_record_gets_stale_by_the_clock_of_the_environment() {
    let (store, manager, record, _) = keys().await;
    let (clock, environment) = clock();
    let cached = Cached::builder(store).env(&environment).build().unwrap();
    let found = async || cached.find(record.id()).await.unwrap().unwrap();
    assert!(!found().await.is_disabled());
    manager.revoke(record.id(), "leaked").await.unwrap();
    assert!(!found().await.is_disabled());
    clock.advance(Duration::from_secs(60));
    assert!(found().await.is_disabled());
}

#[tokio::test]
async fn a_session_expires_by_the_clock_of_the_environment() {
    let (clock, environment) = clock();
    let store = Arc::new(MemoryGrantStore::new(10));
    let sessions = SessionManager::builder(store, "service").env(&environment);
    let sessions = sessions.build().unwrap();
    let created = sessions.create(NewSession::new("alice")).await.unwrap();
    let validator = sessions.validator(&SessionCookie::new("__Host-session").unwrap());
    let id = created.secret.reveal();
    assert_eq!(kind(&validator, &id), None);
    clock.advance(DAY);
    assert!(kind(&validator, &id).is_some());
}

#[tokio::test]
async fn sessions_and_their_store_report_to_the_observer_of_the_environment() {
    let (events, environment) = events();
    let store = Arc::new(MemoryGrantStore::new(1).env(&environment));
    let sessions = SessionManager::builder(store, "service").build().unwrap();
    sessions.revoke_subject("alice").await.unwrap();
    assert!(events.is_only("GrantRevocationsFilling"));

    let (events, environment) = self::events();
    let store = Arc::new(MemoryGrantStore::new(10));
    let sessions = SessionManager::builder(store, "service").max_per_subject(1);
    let sessions = sessions.env(&environment).build().unwrap();
    for _ in 0..2 {
        sessions.create(NewSession::new("alice")).await.unwrap();
    }
    assert!(events.is_only("GrantsEndedByLimit"));
}

#[tokio::test]
async fn of_two_environments_each_keeps_what_the_other_does_not_set() {
    let ((clock, first), (events, second)) = (clock(), events());
    let store = Arc::new(MemoryGrantStore::new(10));
    let tokens = RefreshManager::builder(store, "service");
    let tokens = tokens.env(&first).env(&second).build().unwrap();
    let create = async || {
        let created = tokens.create(NewRefreshToken::new("alice", "app")).await;
        created.unwrap().secret.reveal()
    };
    let rotate = async |token: &str| {
        let rotated = tokens.rotate(RotateRequest::new(token, "app")).await;
        rotated.err().map(|no| no.kind())
    };
    let (spent, old) = (create().await, create().await);
    assert_eq!(rotate(&spent).await, None);
    assert_eq!(rotate(&spent).await, Some(RejectionKind::RefreshReused));
    assert!(events.is_only("RefreshTokenReused"));
    clock.advance(1_000 * DAY);
    assert_eq!(rotate(&old).await, Some(RejectionKind::RefreshExpired));
}

#[cfg(all(feature = "reqwest", feature = "testing"))]
#[tokio::test]
async fn a_gate_for_an_issuer_merges_environments_for_keys_tokens_and_gate() {
    use bearergate::testing::{FakeEndpoint, FakeIssuer};

    let ((clock, first), (events, second)) = (clock(), events());
    let idp = FakeIssuer::builder().clock(clock.clone()).start().unwrap();
    let builder = Gate::issuer(idp.url()).audience(API);
    let builder = builder.keys(|keys| keys.stale_for(Duration::ZERO));
    let builder = builder.jwks_url(&idp.endpoint(FakeEndpoint::Jwks));
    let builder = builder.env(&first).env(&second);
    let gate = builder.allow_any_authenticated().build().unwrap();
    for fetches in 1..3 {
        let token = format!("Bearer {}", idp.token(API).sign());
        let request = Request::get("/").header("authorization", token);
        assert!(gate.check(&request.body(()).unwrap()).await.is_ok());
        assert_eq!(idp.count(FakeEndpoint::Jwks), fetches);
        // The keys are reported by their source, the request by the gate.
        assert_eq!(events.0.lock().unwrap().len(), 2 * fetches);
        // Keys are not used for so long.
        clock.advance(DAY);
    }
}
