//! The presets, with the same tokens as the explicit configurations.

use bearergate::error::ConfigErrorKind;
use bearergate::jwt::providers;
use bearergate::jwt::providers::Preset;
use bearergate::key::{KeyHint, KeyStatus};
use bearergate::principal::Authority;
use bearergate::{KeyStore, NowOrLater};

use super::*;

pub(super) fn keys() -> KeySet {
    let key = Key::from_pem(include_str!("../keys/rsa-2048.public.pem")).unwrap();
    KeySet::from(key.with_kid(KID).unwrap())
}

/// The result of a preset at the time of the tokens.
pub(super) fn outcome(preset: Preset, shape: &Shape) -> Result<Principal, Rejection> {
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    let preset = preset.customize(move |builder| builder.clock(clock.clone()));
    let validator = preset.build_with_keys(keys()).unwrap();
    let token = shape.sign();
    let presented = PresentedCredential::bearer(&token).unwrap();
    validator.validate(&presented).try_now().unwrap()
}

#[track_caller]
pub(super) fn rejects(preset: Preset, shape: &Shape, reason: (RejectionKind, &str)) {
    let rejection = outcome(preset, shape).unwrap_err();
    assert_eq!(
        (rejection.kind(), rejection.claim()),
        (reason.0, Some(reason.1))
    );
}

#[track_caller]
pub(super) fn does_not_build(preset: Preset, field: &str) {
    let error = preset.build_with_keys(keys()).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::ValueMalformed);
    assert_eq!(error.field(), field);
}

// Auth0

fn auth0_preset() -> Preset {
    providers::auth0("example.eu.auth0.com", "https://api.example.com")
}

#[test]
fn auth0_accepts_access_tokens_for_its_api() {
    assert_eq!(auth0_preset().issuer(), Some(AUTH0));
    let principal = outcome(auth0_preset(), &auth0_user()).unwrap();
    has_scopes(&principal, &["openid", "profile", "read:messages"]);
    let other = auth0_user().with("aud", "https://other.example.com");
    rejects(auth0_preset(), &other, (AudienceMismatch, "aud"));
    let other = auth0_user().with("iss", "https://other.eu.auth0.com/");
    rejects(auth0_preset(), &other, (IssuerMismatch, "iss"));
    rejects(auth0_preset(), &auth0_id(), (TypeMismatch, "nonce"));
}

#[test]
fn auth0_requires_a_domain() {
    for domain in [
        "",
        "example",
        "https://example.eu.auth0.com",
        "a.b/c",
        "a..b",
    ] {
        does_not_build(providers::auth0(domain, "https://api"), "domain");
    }
}

// Cognito

fn cognito_preset() -> Preset {
    providers::cognito("eu-west-1_example", [COGNITO_APP])
}

#[test]
fn cognito_accepts_access_tokens_of_its_clients() {
    assert_eq!(cognito_preset().issuer(), Some(COGNITO));
    let principal = outcome(cognito_preset(), &cognito_access()).unwrap();
    assert_eq!(principal.client(), Some(COGNITO_APP));
    let other = cognito_access().with("client_id", "another");
    rejects(cognito_preset(), &other, (ClaimInvalid, "client_id"));
    let silent = cognito_access().without("client_id");
    rejects(cognito_preset(), &silent, (ClaimMissing, "client_id"));
    let silent = cognito_access().without("token_use");
    rejects(cognito_preset(), &silent, (ClaimMissing, "token_use"));
    let bare = cognito_id().without("at_hash").without("nonce");
    rejects(cognito_preset(), &bare, (TypeMismatch, "token_use"));
    let pool = cognito_access().with("iss", COGNITO.replace("example", "other"));
    rejects(cognito_preset(), &pool, (IssuerMismatch, "iss"));
}

#[test]
fn cognito_requires_a_pool_and_clients() {
    for pool in [
        "",
        "eu-west-1",
        "eu-west-1_",
        "eu-west-1_a/b",
        "a.example_b",
    ] {
        does_not_build(providers::cognito(pool, ["client"]), "pool");
    }
    let no_clients = providers::cognito("eu-west-1_example", [""; 0]);
    let error = no_clients.build_with_keys(keys()).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ConfigErrorKind::Empty, "clients")
    );
    let china = providers::cognito("cn-north-1_example", ["client"]);
    let issuer = "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_example";
    assert_eq!(china.issuer(), Some(issuer));
}

// Entra ID

const OTHER_TENANT: &str = "bbbbcccc-1111-dddd-2222-eeee3333ffff";

fn entra_preset() -> Preset {
    providers::entra([TENANT, OTHER_TENANT], API)
}

#[test]
fn entra_accepts_both_versions() {
    let v2 = outcome(entra_preset(), &entra_v2_access()).unwrap();
    assert_eq!(v2.client(), Some(APP));
    has_scopes(&v2, &["access_as_user"]);
    let v1 = entra_v1_access().with("aud", format!("api://{API}"));
    has_scopes(
        &outcome(entra_preset(), &v1).unwrap(),
        &["user_impersonation", "files.read"],
    );
    rejects(
        entra_preset(),
        &entra_v1_access(),
        (AudienceMismatch, "aud"),
    );
    let named = entra_preset().or_audience("api://example-api");
    outcome(named, &entra_v1_access()).unwrap();
}

#[test]
fn entra_tenants_are_separate_authorities() {
    let of = |tenant: &str| {
        let issuer = ENTRA_V2.replace(TENANT, tenant);
        let shape = entra_v2_access().with("iss", issuer).with("tid", tenant);
        outcome(entra_preset(), &shape)
    };
    let authority = |tenant: &str| of(tenant).unwrap().authority().clone();
    assert_eq!(authority(TENANT), Authority::from(ENTRA_V2));
    assert_ne!(authority(TENANT), authority(OTHER_TENANT));
    let v1 = entra_v1_access().with("aud", format!("api://{API}"));
    let v1 = outcome(entra_preset(), &v1).unwrap();
    assert_eq!(*v1.authority(), Authority::from(ENTRA_V2));
    let stranger = of("ccccdddd-2222-eeee-3333-ffff4444aaaa").unwrap_err();
    assert_eq!(stranger.kind(), IssuerMismatch);
}

#[test]
fn entra_tenant_must_match_the_issuer() {
    let crossed = entra_v2_access().with("tid", OTHER_TENANT);
    rejects(entra_preset(), &crossed, (ClaimInvalid, "tid"));
    let silent = entra_v2_access().without("tid");
    rejects(entra_preset(), &silent, (ClaimMissing, "tid"));
}

#[test]
fn entra_requires_scopes_or_roles() {
    let user = entra_v2_access().without("roles");
    outcome(entra_preset(), &user).unwrap();
    let app = entra_v2_access().without("scp");
    outcome(entra_preset(), &app).unwrap();
    let neither = user.clone().without("scp");
    rejects(entra_preset(), &neither, (ClaimInvalid, "scp"));
    let empty = neither.clone().with("scp", "").with("roles", json!([]));
    rejects(entra_preset(), &empty, (ClaimInvalid, "scp"));
    // An ID token of an application that is its own API, from a flow without a nonce.
    let own = entra_id(ENTRA_V2, "2.0").without("nonce").with("aud", API);
    rejects(entra_preset(), &own, (ClaimInvalid, "scp"));
}

#[test]
fn entra_requires_ids_and_has_the_address_of_keys() {
    for tenant in ["common", "organizations", "contoso.onmicrosoft.com", ""] {
        does_not_build(providers::entra([tenant], API), "tenants");
    }
    does_not_build(providers::entra([TENANT], "api://example"), "app");
    let none = providers::entra([""; 0], API)
        .build_with_keys(keys())
        .unwrap_err();
    assert_eq!(
        (none.kind(), none.field()),
        (ConfigErrorKind::Empty, "issuers")
    );
    let one = providers::entra([TENANT], API);
    let url = "https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee\
               /discovery/v2.0/keys";
    assert_eq!(one.jwks_url(), Some(url));
    let shared = "https://login.microsoftonline.com/common/discovery/v2.0/keys";
    assert_eq!(entra_preset().jwks_url(), Some(shared));
}

// Firebase

#[test]
fn firebase_accepts_tokens_of_its_project() {
    let preset = || providers::firebase("example-project");
    outcome(preset(), &firebase_id()).unwrap();
    let other = firebase_id().with("aud", "another-project");
    rejects(preset(), &other, (AudienceMismatch, "aud"));
    let other = firebase_id().with("iss", "https://securetoken.google.com/another-project");
    rejects(preset(), &other, (IssuerMismatch, "iss"));
    let silent = firebase_id().without("auth_time");
    rejects(preset(), &silent, (ClaimInvalid, "auth_time"));
    rejects(
        preset(),
        &firebase_id().without("sub"),
        (ClaimMissing, "sub"),
    );
    does_not_build(providers::firebase("a/b"), "project");
}

// GitHub Actions

#[test]
fn github_actions_accepts_workflows_that_requested_its_audience() {
    let preset = || providers::github_actions("https://deploy.example.com");
    outcome(preset(), &github_actions()).unwrap();
    let other = github_actions().with("aud", "https://github.com/octo-org");
    rejects(preset(), &other, (AudienceMismatch, "aud"));
    let silent = github_actions().without("repository_owner_id");
    rejects(preset(), &silent, (ClaimInvalid, "repository_owner_id"));
    let owned = || preset().customize(|builder| builder.require_claim("repository_owner_id", "65"));
    outcome(owned(), &github_actions()).unwrap();
    let stranger = github_actions().with("repository_owner_id", "66");
    rejects(owned(), &stranger, (ClaimInvalid, "repository_owner_id"));
}

// Google

#[test]
fn google_accepts_id_tokens_of_its_client_under_both_names() {
    let preset = || providers::google_id_token(GOOGLE_APP);
    for issuer in GOOGLE {
        let principal = outcome(preset(), &google_id().with("iss", issuer)).unwrap();
        assert_eq!(principal.authority().as_str(), GOOGLE[0]);
        assert_eq!(principal.kind(), PrincipalKind::IdToken);
    }
    let other = google_id().with("aud", "other.apps.googleusercontent.com");
    rejects(preset(), &other, (AudienceMismatch, "aud"));
    let phone = google_id().with("azp", "phone.apps.googleusercontent.com");
    rejects(preset(), &phone, (ClaimInvalid, "azp"));
    let hosted = || preset().customize(|builder| builder.require_claim("hd", "example.com"));
    outcome(hosted(), &google_id()).unwrap();
    rejects(hosted(), &google_id().without("hd"), (ClaimMissing, "hd"));
}

// Keycloak

#[test]
fn keycloak_checks_the_audience() {
    let preset = || providers::keycloak(KEYCLOAK, "orders-api");
    outcome(preset(), &keycloak_access()).unwrap();
    let other = keycloak_access().with("aud", "account");
    rejects(preset(), &other, (AudienceMismatch, "aud"));
    let silent = keycloak_access().without("typ");
    rejects(preset(), &silent, (ClaimInvalid, "typ"));
    let id = keycloak_id().without("at_hash").without("nonce");
    rejects(
        preset(),
        &id.with("aud", "orders-api"),
        (TypeMismatch, "typ"),
    );
    let refresh = keycloak_access().with("typ", "Refresh");
    rejects(preset(), &refresh, (TypeMismatch, "typ"));
    does_not_build(providers::keycloak("https://sso/realms/a/", "b"), "realm");
}

#[test]
fn keycloak_clients_checks_the_client() {
    let preset = || providers::keycloak_clients(KEYCLOAK, ["shop", "till"]);
    let bare = keycloak_access().without("aud");
    outcome(preset(), &bare).unwrap();
    let other = bare.clone().with("azp", "stranger");
    rejects(preset(), &other, (ClaimInvalid, "azp"));
    rejects(preset(), &bare.without("azp"), (ClaimMissing, "client_id"));
    let mixed = preset()
        .or_audience("orders-api")
        .build_with_keys(keys())
        .unwrap_err();
    assert_eq!(
        (mixed.kind(), mixed.field()),
        (ConfigErrorKind::Conflict, "audience")
    );
}

// Kubernetes

#[test]
fn kubernetes_accepts_service_accounts_for_its_audience() {
    let preset = || providers::kubernetes(KUBERNETES, "orders-api");
    let principal = outcome(preset(), &service_account()).unwrap();
    assert_eq!(principal.subject(), Some("system:serviceaccount:shop:web"));
    let api_server = service_account().with("aud", json!([KUBERNETES]));
    rejects(preset(), &api_server, (AudienceMismatch, "aud"));
    let user = service_account().with("sub", "system:admin");
    rejects(preset(), &user, (ClaimInvalid, "sub"));
    let silent = service_account().without("kubernetes.io");
    rejects(preset(), &silent, (ClaimInvalid, "kubernetes.io"));
    rejects(
        preset(),
        &service_account().without("exp"),
        (ClaimMissing, "exp"),
    );
}

// Okta

#[test]
fn okta_accepts_access_tokens_of_its_server() {
    let preset = || providers::okta(OKTA, "api://default");
    has_scopes(
        &outcome(preset(), &okta_access()).unwrap(),
        &["openid", "profile"],
    );
    let other = okta_access().with("aud", "api://other");
    rejects(preset(), &other, (AudienceMismatch, "aud"));
    let id = okta_id().without("at_hash").without("nonce");
    rejects(
        preset(),
        &id.with("aud", "api://default"),
        (ClaimInvalid, "cid"),
    );
    rejects(
        preset(),
        &okta_access().without("cid"),
        (ClaimInvalid, "cid"),
    );
}

// All of them

/// A store that returns the keys at once.
#[derive(Debug)]
struct Store(KeySet);

impl KeyStore for Store {
    fn find<'a>(
        &'a self,
        _: KeyHint<'a>,
    ) -> NowOrLater<'a, Result<std::sync::Arc<KeySet>, Rejection>> {
        NowOrLater::now(Ok(self.0.clone().into()))
    }

    fn status(&self, _: &bearergate::principal::KeyId) -> KeyStatus {
        KeyStatus::Fresh
    }
}

#[test]
fn one_store_serves_all_tenants_of_a_preset() {
    let store = std::sync::Arc::new(Store(keys()));
    let clock = FakeClock::at(UnixTime::from_secs(NOW));
    let preset = entra_preset().customize(move |builder| builder.clock(clock.clone()));
    let validator = preset.key_store(store).unwrap();
    let token = entra_v2_access().sign();
    let presented = PresentedCredential::bearer(&token).unwrap();
    validator.validate(&presented).try_now().unwrap().unwrap();
}

#[test]
fn debug_of_a_preset_shows_its_checks() {
    let shown = format!("{:?}", auth0_preset());
    assert!(shown.contains(AUTH0) && shown.contains("https://api.example.com"));
}
