//! Presets for the tokens of well-known identity providers, with the reasons for their rules.
//!
//! A preset is what one would write with [`JwtValidator::builder`](crate::jwt::JwtValidator::builder)
//! after reading the provider's documentation. It decides who may have issued a token and for whom;
//! what the caller may do is decided by the [policy](crate::policy).
//!
//! ```
//! use bearergate::jwt::providers;
//! use bearergate::key::KeySet;
//!
//! # fn build(jwks_json: &str) -> Result<(), bearergate::ConfigError> {
//! let validator = providers::auth0("example.eu.auth0.com", "https://api.example.com")
//!     .build_with_keys(KeySet::from_jwks(jwks_json)?)?;
//! # drop(validator);
//! # Ok(())
//! # }
//! ```
//!
//! | provider | token | checked by | note |
//! |---|---|---|---|
//! | [`auth0`] | access | audience | without an `audience` parameter Auth0 issues an opaque token |
//! | [`cognito`] | access | client | there is no audience |
//! | [`entra`] | access | audience, tenant | two issuers; tokens for Graph cannot be verified |
//! | [`firebase`] | ID | project | anyone can sign up, unless the project forbids it |
//! | [`github_actions`] | workload | audience | every repository on GitHub can get such tokens |
//! | [`google_id_token`] | ID | client | two spellings of the issuer |
//! | [`keycloak`], [`keycloak_clients`] | access | audience or client | audience needs a mapper |
//! | [`kubernetes`] | workload | audience | keys need the cluster's CA and a credential |
//! | [`okta`] | access | audience | tokens of the organization's own server cannot be verified |

mod argument;
mod preset;

pub use preset::Preset;

use self::argument::{check_domain, check_guid, check_label, check_user_pool, malformed};
use self::preset::{Issuer, Recipient};
use crate::json::Kind;
use crate::principal::Claims;

/// Access tokens of Auth0 for one API.
///
/// `domain` is the tenant's, such as `example.eu.auth0.com`, or a custom one; `audience` is the
/// identifier of the API.
///
/// # What it requires, and why
///
/// - `iss` is `https://<domain>/`, with the slash at its end, as Auth0 writes it.
/// - `aud` has the API's identifier. The token of a user also has the address of `/userinfo`.
/// - Scopes are in `scope`. With RBAC enabled, permissions are in the claim `permissions`, which
///   [`claim`](crate::policy::claim) reads.
///
/// If the API uses the access-token profile "RFC 9068", `typ` is `at+jwt`: require it with
/// `.customize(|builder| builder.rfc9068())`. Without that profile only the audience distinguishes
/// an access token from an ID token of a flow without `nonce`, so never use a client id as the
/// audience.
pub fn auth0(domain: impl AsRef<str>, audience: impl Into<String>) -> Preset {
    let domain = domain.as_ref();
    let issuer = format!("https://{domain}/");
    Preset::new(issuer, Recipient::Audiences(vec![audience.into()]))
        .with_error(check_domain(domain))
}

/// Access tokens of an Amazon Cognito user pool, for certain app clients.
///
/// `pool` is the pool's id, such as `eu-west-1_AbCdEf123`; its region is the part before `_`.
///
/// # What it requires, and why
///
/// - `iss` is the pool's.
/// - `client_id` is one of `clients`: Cognito's access tokens have no `aud`, and without this rule
///   tokens of every app client of the pool would be accepted.
/// - `token_use` is `access`: ID tokens of the same pool are signed by the same keys.
///
/// Scopes are in `scope`, groups in `cognito:groups`.
pub fn cognito<C: Into<String>>(
    pool: impl AsRef<str>,
    clients: impl IntoIterator<Item = C>,
) -> Preset {
    let pool = pool.as_ref();
    let region = pool.split('_').next().unwrap_or_default();
    let domain = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    let issuer = format!("https://cognito-idp.{region}.{domain}/{pool}");
    let clients = collect(clients);
    Preset::new(&issuer, Recipient::Any)
        .keys_at(format!("{issuer}/.well-known/jwks.json"))
        .with_error(check_user_pool(pool))
        .customize(move |builder| {
            builder
                .allow_clients(clients.iter().map(String::as_str))
                .require_claim("token_use", "access")
        })
}

/// Access tokens of Microsoft Entra ID for one application, from certain tenants.
///
/// `tenants` are directory ids and `app` is the application (client) id of the API, both GUIDs.
/// If the application has its own Application ID URI, v1 tokens have it as their audience: add it
/// with [`Preset::or_audience`].
///
/// # What it requires, and why
///
/// - `iss` is the v1 or the v2 issuer of one of the tenants: which version an API receives
///   depends on its manifest (`requestedAccessTokenVersion`), not on the address that issued the
///   token. Each tenant is a separate authority, so two tenants never share a subject.
/// - `tid` is the tenant in `iss`: all tenants share signing keys, and Microsoft requires this check
///   of an API for many tenants.
/// - `aud` is the application id (v2), or `api://` before it (v1).
/// - `scp` or `roles` is present and not empty: the delegated permissions of a user, or those of an
///   application. Any client of a tenant can get a token for any API, but without either; an ID
///   token of an application that is its own API has neither too.
///
/// Scopes are read from `scp`, separated by spaces; application permissions are in `roles`. A token
/// for Microsoft Graph can be verified only by Microsoft Graph.
pub fn entra<T: Into<String>>(
    tenants: impl IntoIterator<Item = T>,
    app: impl Into<String>,
) -> Preset {
    let (tenants, app) = (collect(tenants), app.into());
    let audiences = vec![format!("api://{app}"), app.clone()];
    let shared = match tenants.as_slice() {
        [only] => only.as_str(),
        _ => "common",
    };
    let keys = format!("https://login.microsoftonline.com/{shared}/discovery/v2.0/keys");
    let error = tenants
        .iter()
        .find_map(|tenant| check_guid("tenants", tenant));
    let issuer = |tenant: &String| Issuer {
        names: vec![
            format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            format!("https://sts.windows.net/{tenant}/"),
        ],
        claim: Some(("tid", tenant.to_owned())),
    };
    Preset::for_issuers(tenants.iter().map(issuer))
        .for_recipient(Recipient::Audiences(audiences))
        .keys_at(keys)
        .with_error(error.or_else(|| check_guid("app", &app)))
        .customize(|builder| {
            builder.scopes_from("scp").check("scp", |claims| {
                is_present(claims, "scp") || is_present(claims, "roles")
            })
        })
}

/// ID tokens of Firebase Authentication (Google Identity Platform) for one project.
///
/// Firebase has no access tokens: a client sends its ID token to the service.
///
/// # What it requires, and why
///
/// - `iss` is the project's and `aud` is the project's id: all projects share signing keys.
/// - `sub`, `iat` and `auth_time` are present, as Firebase requires of services that verify its
///   tokens without its SDK.
///
/// Everyone who signs up gets such a token. If the project lets anyone sign up, or sign in
/// anonymously (`firebase.sign_in_provider`), an authenticated caller is not yet a trusted one:
/// require in the policy a claim that an administrator sets.
pub fn firebase(project: impl Into<String>) -> Preset {
    let project = project.into();
    let issuer = format!("https://securetoken.google.com/{project}");
    let error = check_label("project", &project);
    Preset::new(issuer, Recipient::Client(project))
        .keys_at(FIREBASE_KEYS)
        .with_error(error)
        .customize(|builder| {
            builder.check("auth_time", |claims| {
                has_kind(claims, "auth_time", Kind::Number)
            })
        })
}

const FIREBASE_KEYS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// Tokens that a workflow of GitHub Actions requests (`id-token: write`).
///
/// # What it requires, and why
///
/// - `iss` is GitHub's, and `aud` is the audience that the workflow must request. The default
///   audience is the address of the repository's owner, which all services would share.
/// - `repository_id`, `repository_owner_id` and `ref` are present.
///
/// **Every repository on GitHub can get tokens for any audience.** The preset establishes which
/// workflow calls, not that it is one of yours. Require the owner or the repository by its number,
/// which does not pass to another owner with a name, and the `environment` if one protects the
/// deployment:
///
/// ```
/// # use bearergate::jwt::providers;
/// let preset = providers::github_actions("https://deploy.example.com").customize(|builder| {
///     builder
///         .require_claim("repository_owner_id", "65")
///         .require_claim("environment", "prod")
/// });
/// # drop(preset);
/// ```
pub fn github_actions(audience: impl Into<String>) -> Preset {
    const ISSUER: &str = "https://token.actions.githubusercontent.com";
    Preset::new(ISSUER, Recipient::Audiences(vec![audience.into()]))
        .keys_at(format!("{ISSUER}/.well-known/jwks"))
        .customize(|builder| {
            let names = ["repository_id", "repository_owner_id", "ref"];
            names.into_iter().fold(builder, |builder, name| {
                builder.check(name, move |claims| has_kind(claims, name, Kind::String))
            })
        })
}

/// ID tokens of Google for one OAuth client.
///
/// # What it requires, and why
///
/// - `iss` is `https://accounts.google.com` or `accounts.google.com`: Google writes both. The
///   subject's authority is the first one, whichever the token has.
/// - `aud` is the client's id, and `azp`, if it is present, is the client too: a token that a phone
///   app requested for the server has the phone app as `azp`, and is rejected.
/// - `sub` and `iat` are present. Identify a user by `sub`, never by `email`.
///
/// For the users of one organization require `hd`: `.customize(|builder|
/// builder.require_claim("hd", "example.com"))`; the domain of an `email` proves nothing. Google's
/// access tokens are opaque.
pub fn google_id_token(client: impl Into<String>) -> Preset {
    let names = ["https://accounts.google.com", "accounts.google.com"];
    Preset::for_issuers([Issuer {
        names: names.map(str::to_owned).to_vec(),
        claim: None,
    }])
    .for_recipient(Recipient::Client(client.into()))
    .keys_at("https://www.googleapis.com/oauth2/v3/certs")
}

/// Access tokens of a Keycloak realm for one audience.
///
/// `realm` is the realm's address, such as `https://sso.example.com/realms/main`. Keycloak adds
/// an audience only if a mapper or a client role does so; without one a token has at most the
/// audience `account`. If you cannot configure one, [`keycloak_clients`] checks the client instead.
///
/// # What it requires, and why
///
/// - `iss` is the realm. Keycloak takes it from the address that the client used, so set the
///   server's `hostname`.
/// - `aud` has the audience.
/// - The claim `typ` is `Bearer` or `DPoP`: Keycloak signs ID, refresh and logout tokens with the
///   same keys, and this claim distinguishes them.
///
/// Scopes are in `scope`, roles in `realm_access` and `resource_access`.
pub fn keycloak(realm: impl Into<String>, audience: impl Into<String>) -> Preset {
    keycloak_tokens(realm.into(), Recipient::Audiences(vec![audience.into()]))
}

/// Access tokens of a Keycloak realm that were issued to certain clients, with any audience.
///
/// The rules are those of [`keycloak`], except that `azp` must be one of `clients` and the audience
/// is not checked. Another service that receives such a token can replay it here, so prefer an
/// audience.
pub fn keycloak_clients<C: Into<String>>(
    realm: impl Into<String>,
    clients: impl IntoIterator<Item = C>,
) -> Preset {
    let clients = collect(clients);
    keycloak_tokens(realm.into(), Recipient::Any)
        .customize(move |builder| builder.allow_clients(clients.iter().map(String::as_str)))
}

fn keycloak_tokens(realm: String, audience: Recipient) -> Preset {
    let keys = format!("{realm}/protocol/openid-connect/certs");
    let slash = "ends with a slash, which the issuer of a realm does not; remove it";
    let error = realm
        .ends_with('/')
        .then(|| malformed("realm", &realm, slash));
    let preset = Preset::new(realm, audience).keys_at(keys).with_error(error);
    preset.customize(|builder| {
        // The validator itself checks that it is `Bearer` or `DPoP`.
        builder.check("typ", |claims| has_kind(claims, "typ", Kind::String))
    })
}

/// Tokens of Kubernetes service accounts, projected for one audience.
///
/// `issuer` is the cluster's, as `kubectl get --raw /.well-known/openid-configuration` shows it.
///
/// # What it requires, and why
///
/// - `iss` is the cluster's, and `aud` has the audience, which the pod's volume must request
///   (`serviceAccountToken.audience`). With the API server's own audience the token of every pod
///   would be accepted.
/// - `sub` begins with `system:serviceaccount:`, and `kubernetes.io` is present.
/// - `exp` is present: legacy tokens from Secrets have neither `exp` nor an audience.
///
/// The keys need no discovery: they are at [`KUBERNETES_KEYS`] inside the cluster. That server
/// requires a credential, for which [`Preset::key_source`] sends the service's own token
/// ([`KUBERNETES_TOKEN`]), and has a certificate of the cluster's own CA: give the HTTP client the
/// file [`KUBERNETES_CA`] as a root certificate.
pub fn kubernetes(issuer: impl Into<String>, audience: impl Into<String>) -> Preset {
    Preset::new(issuer, Recipient::Audiences(vec![audience.into()]))
        .keys_at(KUBERNETES_KEYS)
        .bearer_file(KUBERNETES_TOKEN)
        .customize(|builder| {
            builder
                .check("sub", |claims| {
                    let subject = claims.value("sub").and_then(|sub| sub.as_str());
                    subject.is_some_and(|sub| sub.starts_with("system:serviceaccount:"))
                })
                .check("kubernetes.io", |claims| {
                    has_kind(claims, "kubernetes.io", Kind::Object)
                })
        })
}

/// The address of the cluster's keys, as seen from a pod (Kubernetes service account issuer
/// discovery).
pub const KUBERNETES_KEYS: &str = "https://kubernetes.default.svc/openid/v1/jwks";

/// The path of the cluster's CA certificate in every pod, in PEM.
pub const KUBERNETES_CA: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/// The path of the pod's own token. Kubernetes replaces its content, so read it for each request.
pub const KUBERNETES_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Access tokens of an Okta custom authorization server.
///
/// `issuer` is the server's, such as `https://example.okta.com/oauth2/default`. The organization's
/// own server (an issuer without `/oauth2/`) issues tokens for Okta's API, which only Okta can
/// verify.
///
/// # What it requires, and why
///
/// - `iss` is the server, and `aud` is its configured audience, `api://default` by default. A server
///   has one audience, so give each API its own server or distinguish them by scope.
/// - `cid`, the client, is present: ID tokens of the same server have none.
///
/// Scopes are read from `scp`, an array. The client is in `cid`, not in `client_id`.
pub fn okta(issuer: impl Into<String>, audience: impl Into<String>) -> Preset {
    Preset::new(issuer, Recipient::Audiences(vec![audience.into()])).customize(|builder| {
        builder
            .scopes_from("scp")
            .check("cid", |claims| has_kind(claims, "cid", Kind::String))
    })
}

fn collect<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

fn has_kind(claims: Claims<'_>, name: &str, kind: Kind) -> bool {
    claims.value(name).is_some_and(|value| value.kind() == kind)
}

/// Returns true if a claim is a string or an array, and not empty.
fn is_present(claims: Claims<'_>, name: &str) -> bool {
    let Some(value) = claims.value(name) else {
        return false;
    };
    let text = value.as_str().is_some_and(|text| !text.is_empty());
    text || value.elements().is_some_and(|mut all| all.next().is_some())
}
