//! Tokens of real providers, as in their documentation, signed with test keys.
//!
//! Header and claims are the provider's; ids are invented, and all times are around one time. Each
//! token is validated under the configuration that the provider's documentation requires.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod directories;
mod guide_page;
#[cfg(feature = "testing")]
mod key_sources;
mod load_balancer;
mod presets;
#[path = "../signing/mod.rs"]
mod signing;
mod workloads;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use RejectionKind::{AudienceMismatch, ClaimInvalid, ClaimMissing, IssuerMismatch, TypeMismatch};
use bearergate::clock::{FakeClock, UnixTime};
use bearergate::credential::PresentedCredential;
use bearergate::jwt::{JwtValidatorBuilder, NeedsKeys, Ready};
use bearergate::key::{Key, KeySet};
use bearergate::principal::PrincipalKind;
use bearergate::{JwtValidator, Principal, Rejection, RejectionKind, TokenValidator};
use serde_json::{Value, json};

/// Polls a future that does not wait.
fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

const NOW: u64 = 1_760_000_000;
const KID: &str = "provider-key-1";

/// A token as a provider issues it.
#[derive(Clone)]
struct Shape {
    header: Value,
    claims: Value,
}

impl Shape {
    fn new(header: Value, claims: Value) -> Self {
        Self { header, claims }
    }

    fn with(mut self, claim: &str, value: impl Into<Value>) -> Self {
        let members = self.claims.as_object_mut().unwrap();
        members.insert(claim.to_owned(), value.into());
        self
    }

    fn without(mut self, claim: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(claim).unwrap();
        self
    }

    fn sign(&self) -> String {
        let (header, claims) = (self.header.to_string(), self.claims.to_string());
        signing::token("RS256", &header, &claims)
    }
}

fn rs256() -> Value {
    json!({"alg": "RS256", "kid": KID, "typ": "JWT"})
}

/// Some providers set no `typ`.
fn rs256_untyped() -> Value {
    json!({"alg": "RS256", "kid": KID})
}

fn ready(builder: JwtValidatorBuilder<NeedsKeys>) -> JwtValidatorBuilder<Ready> {
    let key = Key::from_pem(include_str!("../keys/rsa-2048.public.pem")).unwrap();
    let keys = KeySet::from(key.with_kid(KID).unwrap());
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    builder.keys(keys).clock(clock)
}

fn validate(builder: JwtValidatorBuilder<Ready>, shape: &Shape) -> Result<Principal, Rejection> {
    let token = shape.sign();
    let presented = PresentedCredential::bearer(&token).unwrap();
    let validator = builder.build().unwrap();
    validator.validate(&presented).try_now().unwrap()
}

#[track_caller]
fn rejected(
    builder: JwtValidatorBuilder<Ready>,
    shape: &Shape,
    reason: (RejectionKind, Option<&str>),
) {
    let rejection = validate(builder, shape).unwrap_err();
    assert_eq!((rejection.kind(), rejection.claim()), reason);
}

#[track_caller]
fn has_scopes(principal: &Principal, wanted: &[&str]) {
    let scopes: Vec<_> = principal.scopes().unwrap().iter().collect();
    assert_eq!(scopes, wanted);
}

// Auth0

const AUTH0: &str = "https://example.eu.auth0.com/";

fn auth0() -> JwtValidatorBuilder<Ready> {
    ready(
        JwtValidator::builder()
            .issuer(AUTH0)
            .audience("https://api.example.com"),
    )
}

fn auth0_user() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "iss": AUTH0,
            "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
            "aud": ["https://api.example.com", "https://example.eu.auth0.com/userinfo"],
            "iat": NOW - 60, "exp": NOW + 86_340,
            "azp": "my_client_id",
            "scope": "openid profile read:messages",
            "permissions": ["read:messages"],
        }),
    )
}

fn auth0_id() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "nickname": "alice", "name": "alice@example.com", "email": "alice@example.com",
            "email_verified": true, "updated_at": "2025-10-09T08:00:00.000Z",
            "iss": AUTH0, "aud": "my_client_id", "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
            "iat": NOW - 60, "exp": NOW + 35_940,
            "sid": "s6Ab", "nonce": "T0d2", "auth_time": NOW - 90,
        }),
    )
}

#[test]
fn auth0_access_token_is_accepted() {
    let principal = validate(auth0(), &auth0_user()).unwrap();
    assert_eq!(principal.subject(), Some("auth0|5f7c8ec7c33c6c004bbafe82"));
    assert_eq!(principal.client(), Some("my_client_id"));
    assert_eq!(principal.kind(), PrincipalKind::AccessToken);
    has_scopes(&principal, &["openid", "profile", "read:messages"]);
}

#[test]
fn auth0_machine_token_is_accepted() {
    let machine = Shape::new(
        rs256(),
        json!({
            "iss": AUTH0, "sub": "my_client_id@clients", "aud": "https://api.example.com",
            "iat": NOW - 60, "exp": NOW + 86_340, "azp": "my_client_id",
            "scope": "read:messages", "gty": "client-credentials",
        }),
    );
    let wanted = auth0().require_claim("gty", "client-credentials");
    let principal = validate(wanted, &machine).unwrap();
    assert_eq!(principal.subject(), Some("my_client_id@clients"));
}

#[test]
fn auth0_token_of_the_rfc9068_profile_is_accepted_under_its_preset() {
    let mut profile = auth0_user()
        .with("jti", "Hn6rQzYq")
        .with("client_id", "my_client_id")
        .without("azp");
    rejected(auth0().rfc9068(), &profile, (TypeMismatch, Some("typ")));
    profile.header["typ"] = "at+jwt".into();
    validate(auth0().rfc9068(), &profile).unwrap();
}

#[test]
fn auth0_id_token_is_rejected_as_an_access_token() {
    rejected(auth0(), &auth0_id(), (TypeMismatch, Some("nonce")));
    // After a code flow without a nonce only the audience distinguishes them.
    let plain = auth0_id().without("nonce");
    rejected(auth0(), &plain, (AudienceMismatch, Some("aud")));
    let id = ready(
        JwtValidator::builder()
            .issuer(AUTH0)
            .id_token("my_client_id"),
    );
    assert_eq!(
        validate(id, &auth0_id()).unwrap().kind(),
        PrincipalKind::IdToken
    );
}

#[test]
fn auth0_issuer_ends_with_a_slash() {
    let bare = AUTH0.trim_end_matches('/');
    let config = JwtValidator::builder()
        .issuer(bare)
        .audience("https://api.example.com");
    rejected(ready(config), &auth0_user(), (IssuerMismatch, Some("iss")));
}

// Okta

const OKTA: &str = "https://example.okta.com/oauth2/default";

fn okta() -> JwtValidatorBuilder<Ready> {
    let config = JwtValidator::builder()
        .issuer(OKTA)
        .audience("api://default");
    ready(config).scopes_from("scp")
}

fn okta_access() -> Shape {
    Shape::new(
        rs256_untyped(),
        json!({
            "ver": 1, "jti": "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
            "iss": OKTA, "aud": "api://default", "sub": "alice@example.com",
            "iat": NOW - 60, "exp": NOW + 3_540, "cid": "0oabskvc6442nkvQO0h7",
            "uid": "00ujmkLgagxeRrAg20g3", "scp": ["openid", "profile"],
            "auth_time": NOW - 90,
        }),
    )
}

fn okta_id() -> Shape {
    Shape::new(
        rs256_untyped(),
        json!({
            "ver": 1, "sub": "00ujmkLgagxeRrAg20g3", "iss": OKTA, "aud": "0oabskvc6442nkvQO0h7",
            "iat": NOW - 60, "exp": NOW + 3_540, "jti": "ID.4eAWJOCMB3SX8XewDfVR",
            "amr": ["pwd"], "idp": "00ok1u7AsAkrwdZL3z0g", "nonce": "YsG76jo",
            "preferred_username": "alice@example.com", "auth_time": NOW - 90,
            "at_hash": "cpqKfdQA5eH891Ff5oJr_Q",
        }),
    )
}

#[test]
fn okta_access_token_is_accepted() {
    let principal = validate(okta(), &okta_access()).unwrap();
    assert_eq!(principal.subject(), Some("alice@example.com"));
    has_scopes(&principal, &["openid", "profile"]);
    // Its client is in another claim.
    assert_eq!(principal.client(), None);
    let cid = principal.claims().get::<&str>("cid");
    assert_eq!(cid.unwrap(), Some("0oabskvc6442nkvQO0h7"));
}

#[test]
fn okta_id_token_is_rejected_as_an_access_token() {
    rejected(okta(), &okta_id(), (TypeMismatch, Some("at_hash")));
    let id = ready(
        JwtValidator::builder()
            .issuer(OKTA)
            .id_token("0oabskvc6442nkvQO0h7"),
    );
    validate(id, &okta_id()).unwrap();
}

#[test]
fn okta_token_for_its_own_servers_is_rejected() {
    let mut internal = okta_access();
    internal.header["typ"] = "application/okta-internal-at+jwt".into();
    rejected(okta(), &internal, (TypeMismatch, Some("typ")));
}

// Entra ID

const TENANT: &str = "aaaabbbb-0000-cccc-1111-dddd2222eeee";
const API: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";
const APP: &str = "11112222-bbbb-3333-cccc-4444dddd5555";
const ENTRA_V1: &str = "https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/";
const ENTRA_V2: &str =
    "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0";

fn entra_header() -> Value {
    json!({"typ": "JWT", "alg": "RS256", "x5t": "i6lGk3FZzxRcUb2C3nEQ7syHJlY", "kid": KID})
}

fn entra_v1() -> JwtValidatorBuilder<Ready> {
    let config = JwtValidator::builder()
        .issuer(ENTRA_V1)
        .audience("api://example-api");
    ready(config)
        .scopes_from("scp")
        .require_claim("ver", "1.0")
        .require_claim("tid", TENANT)
}

fn entra_v2() -> JwtValidatorBuilder<Ready> {
    let config = JwtValidator::builder().issuer(ENTRA_V2).audience(API);
    ready(config)
        .scopes_from("scp")
        .require_claim("ver", "2.0")
        .require_claim("tid", TENANT)
}

fn entra_v1_access() -> Shape {
    Shape::new(
        entra_header(),
        json!({
            "aud": "api://example-api", "iss": ENTRA_V1,
            "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 4_000,
            "acr": "1", "aio": "AXQAi/8IAAAA", "amr": ["pwd", "mfa"],
            "appid": APP, "appidacr": "0", "family_name": "Liddell", "given_name": "Alice",
            "ipaddr": "192.0.2.1", "name": "Alice Liddell", "roles": ["Task.Write"],
            "oid": "22223333-cccc-4444-dddd-5555eeee6666", "rh": "I",
            "scp": "user_impersonation files.read", "sub": "l3_roISQU222bULS9yi2k0XpqpOiMz5H3ZACo1GeXA",
            "tid": TENANT, "unique_name": "alice@example.com", "upn": "alice@example.com",
            "uti": "fqiBqXLPj0eQa82S-IYFAA", "ver": "1.0",
        }),
    )
}

fn entra_v2_access() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "aud": API, "iss": ENTRA_V2,
            "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 4_000,
            "aio": "AXQAi/8IAAAA", "azp": APP, "azpacr": "0", "name": "Alice Liddell",
            "oid": "22223333-cccc-4444-dddd-5555eeee6666", "preferred_username": "alice@example.com",
            "rh": "I", "roles": ["Task.Write"], "scp": "access_as_user",
            "sub": "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ",
            "tid": TENANT, "uti": "fqiBqXLPj0eQa82S-IYFAA", "ver": "2.0",
        }),
    )
}

fn entra_id(issuer: &str, ver: &str) -> Shape {
    Shape::new(
        entra_header(),
        json!({
            "ver": ver, "iss": issuer, "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            "aud": APP, "exp": NOW + 4_000, "iat": NOW - 60, "nbf": NOW - 60,
            "name": "Alice Liddell", "preferred_username": "alice@example.com",
            "oid": "22223333-cccc-4444-dddd-5555eeee6666", "tid": TENANT,
            "nonce": "123523", "aio": "Df2UVXL1ix!lMCWMSOJBcFatzcGfvFGhjKv8q5g0x732dR5MB5",
        }),
    )
}

#[test]
fn entra_v1_access_token_is_accepted() {
    let principal = validate(entra_v1(), &entra_v1_access()).unwrap();
    has_scopes(&principal, &["user_impersonation", "files.read"]);
    // Its client is in another claim.
    assert_eq!(principal.client(), None);
    let appid = principal.claims().get::<&str>("appid");
    assert_eq!(appid.unwrap(), Some(APP));
}

#[test]
fn entra_v2_access_token_is_accepted() {
    let principal = validate(entra_v2(), &entra_v2_access()).unwrap();
    has_scopes(&principal, &["access_as_user"]);
    assert_eq!(principal.client(), Some(APP));
    let roles = principal.claims().get::<Vec<&str>>("roles");
    assert_eq!(roles.unwrap(), Some(vec!["Task.Write"]));
}

#[test]
fn entra_app_only_token_has_no_scopes() {
    let app = entra_v2_access()
        .without("scp")
        .without("name")
        .with("idtyp", "app");
    assert!(validate(entra_v2(), &app).unwrap().scopes().is_none());
}

#[test]
fn entra_versions_have_two_issuers() {
    let reason = (IssuerMismatch, Some("iss"));
    rejected(entra_v2(), &entra_v1_access(), reason);
    rejected(entra_v1(), &entra_v2_access(), reason);
}

#[test]
fn entra_id_token_is_rejected_as_an_access_token() {
    let reason = (TypeMismatch, Some("nonce"));
    rejected(entra_v1(), &entra_id(ENTRA_V1, "1.0"), reason);
    rejected(entra_v2(), &entra_id(ENTRA_V2, "2.0"), reason);
    let id = ready(JwtValidator::builder().issuer(ENTRA_V2).id_token(APP));
    validate(
        id.require_claim("nonce", "123523"),
        &entra_id(ENTRA_V2, "2.0"),
    )
    .unwrap();
}

#[test]
fn entra_id_token_of_an_app_that_is_its_own_api_needs_a_requirement() {
    // One registration for page and API, and a flow without a nonce: nothing identifies the ID token.
    let own = entra_id(ENTRA_V2, "2.0").without("nonce").with("aud", API);
    assert!(validate(entra_v2(), &own).is_ok());
    let demanding = || entra_v2().check("scp", |claims| claims.value("scp").is_some());
    rejected(demanding(), &own, (ClaimInvalid, Some("scp")));
    rejected(
        entra_v2().allow_clients([APP]),
        &own,
        (ClaimMissing, Some("client_id")),
    );
    validate(demanding().allow_clients([APP]), &entra_v2_access()).unwrap();
}

#[test]
fn entra_graph_token_is_rejected() {
    // Issued for Microsoft Graph, and only Microsoft Graph can verify it.
    let mut graph = entra_v1_access().with("aud", "https://graph.microsoft.com");
    graph.header["nonce"] = "hashed-before-signing".into();
    rejected(entra_v1(), &graph, (AudienceMismatch, Some("aud")));
}

// Keycloak

const KEYCLOAK: &str = "https://sso.example.com/realms/main";

fn keycloak() -> JwtValidatorBuilder<Ready> {
    ready(
        JwtValidator::builder()
            .issuer(KEYCLOAK)
            .audience("orders-api"),
    )
}

fn keycloak_access() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "exp": NOW + 240, "iat": NOW - 60, "auth_time": NOW - 60,
            "jti": "onrtac:0bb0c3a4-6b5c-4c2b-bd5b-b1a7ac1b2b0e", "iss": KEYCLOAK,
            "aud": ["orders-api", "account"], "sub": "f7a0a8d9-9d5b-4d0f-8f4f-0d8f1c3e5a77",
            "typ": "Bearer", "azp": "shop", "sid": "3b6d6f7a-3a4e-4b13-9a15-5ef0f3e7d2b1",
            "acr": "1", "allowed-origins": ["https://shop.example.com"],
            "realm_access": {"roles": ["offline_access", "uma_authorization"]},
            "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
            "scope": "openid email profile", "email_verified": true,
            "preferred_username": "alice", "email": "alice@example.com",
        }),
    )
}

fn keycloak_id() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "exp": NOW + 240, "iat": NOW - 60, "auth_time": NOW - 60,
            "jti": "2b0e8f7a-6b5c-4c2b-bd5b-b1a7ac1b2b0e", "iss": KEYCLOAK, "aud": "shop",
            "sub": "f7a0a8d9-9d5b-4d0f-8f4f-0d8f1c3e5a77", "typ": "ID", "azp": "shop",
            "nonce": "n-0S6_WzA2Mj", "sid": "3b6d6f7a-3a4e-4b13-9a15-5ef0f3e7d2b1",
            "at_hash": "Sx9PoKpZ1gvBQ7KwzJpLxQ", "acr": "1", "email_verified": true,
        }),
    )
}

#[test]
fn keycloak_access_token_is_accepted() {
    let principal = validate(keycloak(), &keycloak_access()).unwrap();
    assert_eq!(principal.client(), Some("shop"));
    has_scopes(&principal, &["openid", "email", "profile"]);
    // Older servers copy the nonce of the login into the access token.
    validate(keycloak(), &keycloak_access().with("nonce", "n-0S6_WzA2Mj")).unwrap();
    validate(keycloak(), &keycloak_access().with("typ", "bearer")).unwrap();
}

#[test]
fn keycloak_id_and_refresh_tokens_are_rejected_as_access_tokens() {
    rejected(keycloak(), &keycloak_id(), (TypeMismatch, Some("at_hash")));
    let bare = keycloak_id()
        .without("at_hash")
        .without("nonce")
        .with("aud", "orders-api");
    rejected(keycloak(), &bare, (TypeMismatch, Some("typ")));
    for typ in ["Refresh", "Offline", "Logout"] {
        let other = keycloak_access().with("typ", typ);
        rejected(keycloak(), &other, (TypeMismatch, Some("typ")));
    }
    let id = ready(JwtValidator::builder().issuer(KEYCLOAK).id_token("shop"));
    validate(id, &keycloak_id()).unwrap();
}

// Cognito

const COGNITO: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example";
const COGNITO_APP: &str = "xxxxxxxxxxxxexample";

fn cognito() -> JwtValidatorBuilder<Ready> {
    ready(JwtValidator::builder().issuer(COGNITO).any_audience())
        .allow_clients([COGNITO_APP])
        .require_claim("token_use", "access")
}

fn cognito_access() -> Shape {
    Shape::new(
        rs256_untyped(),
        json!({
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "device_key": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "cognito:groups": ["testgroup"], "iss": COGNITO, "version": 2,
            "client_id": COGNITO_APP, "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "event_id": "64f513be-32db-42b0-b78e-b02127b4f463", "token_use": "access",
            "scope": "aws.cognito.signin.user.admin orders/read", "auth_time": NOW - 60,
            "exp": NOW + 3_540, "iat": NOW - 60, "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeef",
            "username": "alice",
        }),
    )
}

fn cognito_id() -> Shape {
    Shape::new(
        rs256_untyped(),
        json!({
            "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "cognito:groups": ["testgroup"],
            "email_verified": true, "iss": COGNITO, "cognito:username": "alice",
            "middle_name": "Jane", "nonce": "abcdefg",
            "origin_jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "aud": COGNITO_APP,
            "event_id": "64f513be-32db-42b0-b78e-b02127b4f463", "token_use": "id",
            "auth_time": NOW - 60, "exp": NOW + 3_540, "iat": NOW - 60,
            "jti": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeef", "email": "alice@example.com",
            "at_hash": "fVcOSQDFoKGRZC22PEMs1Q",
        }),
    )
}

#[test]
fn cognito_access_token_is_accepted_by_its_client() {
    let principal = validate(cognito(), &cognito_access()).unwrap();
    assert_eq!(principal.client(), Some(COGNITO_APP));
    has_scopes(
        &principal,
        &["aws.cognito.signin.user.admin", "orders/read"],
    );
}

#[test]
fn cognito_access_token_has_no_audience() {
    let config = JwtValidator::builder()
        .issuer(COGNITO)
        .audience(COGNITO_APP);
    rejected(
        ready(config),
        &cognito_access(),
        (ClaimMissing, Some("aud")),
    );
}

#[test]
fn cognito_access_token_of_another_client_is_rejected() {
    let other = cognito_access().with("client_id", "another");
    rejected(cognito(), &other, (ClaimInvalid, Some("client_id")));
}

#[test]
fn cognito_id_token_is_rejected_as_an_access_token() {
    rejected(cognito(), &cognito_id(), (TypeMismatch, Some("at_hash")));
    let plain = cognito_id().without("at_hash").without("nonce");
    rejected(cognito(), &plain, (TypeMismatch, Some("token_use")));
    let id = ready(
        JwtValidator::builder()
            .issuer(COGNITO)
            .id_token(COGNITO_APP),
    );
    validate(id, &cognito_id()).unwrap();
}

// Google

const GOOGLE_APP: &str = "1234987819200.apps.googleusercontent.com";
const GOOGLE: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

fn google_id() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "iss": "https://accounts.google.com", "azp": GOOGLE_APP, "aud": GOOGLE_APP,
            "sub": "10769150350006150715113082367", "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
            "hd": "example.com", "email": "jsmith@example.com", "email_verified": true,
            "iat": NOW - 60, "exp": NOW + 3_540, "nonce": "0394852-3190485-2490358",
        }),
    )
}

fn google_service() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "iss": "https://accounts.google.com", "aud": "https://orders-abc123-ew.a.run.app",
            "azp": "112010400000000710080", "sub": "112010400000000710080",
            "email": "caller@example.iam.gserviceaccount.com", "email_verified": true,
            "iat": NOW - 60, "exp": NOW + 3_540,
        }),
    )
}

#[test]
fn google_id_token_is_accepted_under_both_names() {
    let config = || ready(JwtValidator::builder().issuers(GOOGLE).id_token(GOOGLE_APP));
    for issuer in GOOGLE {
        let principal = validate(config(), &google_id().with("iss", issuer)).unwrap();
        assert_eq!(principal.kind(), PrincipalKind::IdToken);
        assert_eq!(
            principal.authority().as_str(),
            "https://accounts.google.com"
        );
    }
    let other = google_id().with("aud", "other.apps.googleusercontent.com");
    rejected(
        config(),
        &other.with("azp", GOOGLE_APP),
        (AudienceMismatch, Some("aud")),
    );
}

#[test]
fn google_id_token_is_rejected_as_an_access_token() {
    let config = JwtValidator::builder().issuers(GOOGLE).audience(GOOGLE_APP);
    rejected(ready(config), &google_id(), (TypeMismatch, Some("at_hash")));
}

#[test]
fn google_id_token_requested_by_a_phone_has_the_phone_as_its_client() {
    // `azp` is the app's id, `aud` the server's: no ID token of the server's own flow.
    let phone = google_id()
        .without("at_hash")
        .without("nonce")
        .with("azp", "phone.apps.googleusercontent.com");
    let id = ready(JwtValidator::builder().issuers(GOOGLE).id_token(GOOGLE_APP));
    rejected(id, &phone, (ClaimInvalid, Some("azp")));
    let config = JwtValidator::builder().issuers(GOOGLE).audience(GOOGLE_APP);
    validate(
        ready(config).allow_clients(["phone.apps.googleusercontent.com"]),
        &phone,
    )
    .unwrap();
}

#[test]
fn google_service_token_is_accepted_by_its_audience() {
    let service = "https://orders-abc123-ew.a.run.app";
    let config = || ready(JwtValidator::builder().issuers(GOOGLE).audience(service));
    let caller = "caller@example.iam.gserviceaccount.com";
    let wanted = config()
        .require_claim("email", caller)
        .require_claim("email_verified", true);
    let principal = validate(wanted, &google_service()).unwrap();
    assert_eq!(principal.subject(), Some("112010400000000710080"));
    let other = google_service().with("aud", "https://billing-abc123-ew.a.run.app");
    rejected(config(), &other, (AudienceMismatch, Some("aud")));
}

// Firebase

const FIREBASE: &str = "https://securetoken.google.com/example-project";

fn firebase() -> JwtValidatorBuilder<Ready> {
    ready(
        JwtValidator::builder()
            .issuer(FIREBASE)
            .id_token("example-project"),
    )
}

fn firebase_id() -> Shape {
    Shape::new(
        rs256(),
        json!({
            "name": "Alice", "picture": "https://example.com/a.png", "iss": FIREBASE,
            "aud": "example-project", "auth_time": NOW - 90, "user_id": "Zx8Qf0", "sub": "Zx8Qf0",
            "iat": NOW - 60, "exp": NOW + 3_540, "email": "alice@example.com",
            "email_verified": true,
            "firebase": {
                "identities": {"google.com": ["1076915035"], "email": ["alice@example.com"]},
                "sign_in_provider": "google.com",
            },
        }),
    )
}

#[test]
fn firebase_token_is_accepted_by_its_project() {
    let principal = validate(firebase(), &firebase_id()).unwrap();
    assert_eq!(principal.subject(), Some("Zx8Qf0"));
    let other = firebase_id().with("aud", "another-project");
    rejected(firebase(), &other, (AudienceMismatch, Some("aud")));
    let other = firebase_id().with("iss", "https://securetoken.google.com/another-project");
    rejected(firebase(), &other, (IssuerMismatch, Some("iss")));
}

// GitHub Actions

const GITHUB: &str = "https://token.actions.githubusercontent.com";

fn github() -> JwtValidatorBuilder<Ready> {
    ready(
        JwtValidator::builder()
            .issuer(GITHUB)
            .audience("https://deploy.example.com"),
    )
    .require_claim("repository_id", "74")
    .require_claim("environment", "prod")
}

fn github_actions() -> Shape {
    Shape::new(
        json!({"typ": "JWT", "alg": "RS256", "x5t": "HyQ8xJ2c", "kid": KID}),
        json!({
            "jti": "example-id", "sub": "repo:octo-org/octo-repo:environment:prod",
            "environment": "prod", "aud": "https://deploy.example.com",
            "ref": "refs/heads/main", "sha": "2f9c1b4de6a1",
            "repository": "octo-org/octo-repo", "repository_owner": "octo-org",
            "actor_id": "12", "repository_visibility": "private", "repository_id": "74",
            "repository_owner_id": "65", "run_id": "12", "run_number": "10", "run_attempt": "2",
            "runner_environment": "github-hosted", "actor": "octocat",
            "workflow": "example-workflow", "head_ref": "", "base_ref": "",
            "event_name": "workflow_dispatch", "enterprise": "avocado-corp", "ref_type": "branch",
            "job_workflow_ref": "octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main",
            "iss": GITHUB, "nbf": NOW - 660, "exp": NOW + 240, "iat": NOW - 60,
        }),
    )
}

#[test]
fn github_actions_token_is_accepted_for_one_repository_and_environment() {
    let principal = validate(github(), &github_actions()).unwrap();
    assert_eq!(
        principal.subject(),
        Some("repo:octo-org/octo-repo:environment:prod")
    );
    let other = github_actions().with("aud", "https://github.com/octo-org");
    rejected(github(), &other, (AudienceMismatch, Some("aud")));
    let other = github_actions().with("repository_id", "75");
    rejected(github(), &other, (ClaimInvalid, Some("repository_id")));
    let other = github_actions().without("environment");
    rejected(github(), &other, (ClaimMissing, Some("environment")));
}

// Kubernetes

const KUBERNETES: &str = "https://kubernetes.default.svc.cluster.local";

fn kubernetes() -> JwtValidatorBuilder<Ready> {
    ready(
        JwtValidator::builder()
            .issuer(KUBERNETES)
            .audience("orders-api"),
    )
}

fn service_account() -> Shape {
    Shape::new(
        rs256_untyped(),
        json!({
            "aud": ["orders-api"], "exp": NOW + 3_540, "iat": NOW - 60, "iss": KUBERNETES,
            "jti": "aed34954-b33a-4142-b1ec-389d6bbb4936",
            "kubernetes.io": {
                "namespace": "shop",
                "node": {"name": "node-1", "uid": "646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1"},
                "pod": {"name": "web-0", "uid": "5e0bd49b-f040-43b0-99b7-22765a53f7f3"},
                "serviceaccount": {"name": "web", "uid": "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798"},
                "warnafter": NOW + 2_000,
            },
            "nbf": NOW - 60, "sub": "system:serviceaccount:shop:web",
        }),
    )
}

#[test]
fn kubernetes_service_account_is_accepted_for_its_audience() {
    let principal = validate(kubernetes(), &service_account()).unwrap();
    assert_eq!(principal.subject(), Some("system:serviceaccount:shop:web"));
    let bound = principal
        .claims()
        .get::<Value>("kubernetes.io")
        .unwrap()
        .unwrap();
    assert_eq!(bound["pod"]["name"], "web-0");
    let api_server = service_account().with("aud", json!([KUBERNETES]));
    rejected(kubernetes(), &api_server, (AudienceMismatch, Some("aud")));
}

#[test]
fn legacy_kubernetes_secret_token_is_rejected() {
    // It has neither audience nor `exp`.
    let legacy = service_account().with("iss", "kubernetes/serviceaccount");
    let legacy = legacy.without("aud").without("exp");
    let config = || JwtValidator::builder().issuer("kubernetes/serviceaccount");
    rejected(
        ready(config().audience("orders-api")),
        &legacy,
        (ClaimMissing, Some("aud")),
    );
    rejected(
        ready(config().any_audience()),
        &legacy,
        (ClaimMissing, Some("exp")),
    );
}

// Apple

const APPLE: &str = "https://appleid.apple.com";

fn apple() -> JwtValidatorBuilder<Ready> {
    ready(
        JwtValidator::builder()
            .issuer(APPLE)
            .id_token("com.example.app"),
    )
}

fn apple_id() -> Shape {
    Shape::new(
        rs256_untyped(),
        json!({
            "iss": APPLE, "aud": "com.example.app", "exp": NOW + 86_340, "iat": NOW - 60,
            "sub": "001234.5f9f3dbd7d8b4e3b9a1c2d3e4f5a6b7c.0123", "nonce": "e3b0c442",
            "c_hash": "4uHUPAR2Vg1kQXhlPMWYbQ", "email": "x9@privaterelay.appleid.com",
            "email_verified": "true", "is_private_email": "true", "auth_time": NOW - 60,
            "nonce_supported": true, "real_user_status": 2,
        }),
    )
}

#[test]
fn apple_id_token_is_accepted_by_its_app() {
    validate(apple().require_claim("nonce", "e3b0c442"), &apple_id()).unwrap();
    let replayed = apple().require_claim("nonce", "another");
    rejected(replayed, &apple_id(), (ClaimInvalid, Some("nonce")));
    let other = apple_id().with("aud", "com.example.other");
    rejected(apple(), &other, (AudienceMismatch, Some("aud")));
}

#[test]
fn apple_id_token_is_rejected_as_an_access_token() {
    let config = JwtValidator::builder()
        .issuer(APPLE)
        .audience("com.example.app");
    rejected(ready(config), &apple_id(), (TypeMismatch, Some("c_hash")));
}

// All of them

#[test]
fn access_token_is_rejected_as_an_id_token() {
    for (shape, reason) in [
        (
            keycloak_access().with("aud", "shop"),
            (TypeMismatch, Some("typ")),
        ),
        (
            cognito_access().with("aud", "shop"),
            (TypeMismatch, Some("token_use")),
        ),
    ] {
        let issuer = shape.claims["iss"].as_str().unwrap();
        let id = ready(JwtValidator::builder().issuer(issuer).id_token("shop"));
        rejected(id, &shape, reason);
    }
}
