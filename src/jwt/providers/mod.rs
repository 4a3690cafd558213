//! The rules for tokens of well-known providers: one function each, and why it demands what it
//! demands.
//!
//! A preset is what one would write with [`JwtValidator::builder`](crate::jwt::JwtValidator::builder)
//! after reading the provider's documents. It says who may have issued a token and whom it is
//! for; what the caller may do is for the policy to say.
//!
//! ```
//! use bearergate::jwt::providers;
//! use bearergate::key::KeySet;
//!
//! # fn build(jwks_json: &str) -> Result<(), bearergate::ConfigError> {
//! let judge = providers::auth0("example.eu.auth0.com", "https://api.example.com")
//!     .keys(KeySet::from_jwks(jwks_json)?)?;
//! # drop(judge);
//! # Ok(())
//! # }
//! ```
//!
//! | provider | token | goes by | beware |
//! |---|---|---|---|
//! | [`auth0`] | access | audience | without an `audience` parameter Auth0 gives an opaque token |
//! | [`cognito`] | access | client | there is no audience |
//! | [`entra`] | access | audience, tenant | two issuers; tokens for Graph cannot be verified |
//! | [`firebase`] | ID | project | anybody may sign up, unless the project says otherwise |
//! | [`github_actions`] | workload | audience | every repository there is gets such tokens |
//! | [`google_id_token`] | ID | client | two spellings of the issuer |
//! | [`keycloak`], [`keycloak_clients`] | access | audience or client | audience needs a mapper |
//! | [`kubernetes`] | workload | audience | keys need the cluster's CA and a credential |
//! | [`okta`] | access | audience | the org's own server gives tokens that cannot be verified |

mod preset;

pub use preset::Preset;

use self::preset::Issuer;
use self::preset::Recipient;
use crate::error::ConfigError;
use crate::json::Kind;
use crate::principal::Claims;

/// Access tokens of Auth0 for one API.
///
/// `domain` is the tenant's, such as `example.eu.auth0.com`, or a custom one; `audience` is the
/// identifier of the API.
///
/// # What it demands, and why
///
/// - `iss` is `https://<domain>/`, with the slash at its end, which Auth0 writes.
/// - `aud` has the API's identifier. A user's token has the address of `/userinfo` beside it.
/// - Scopes stand in `scope`. With RBAC on, permissions stand in `permissions`, a claim of their
///   own that [`claim`](crate::policy::claim) reads.
///
/// The access-token profile "RFC 9068" of an API adds `typ` `at+jwt`; demand it with
/// `.with(|judge| judge.rfc9068())`. Without it nothing but the audience tells an access token
/// from an ID token of a flow that has no `nonce`, so never take a client id for an audience.
pub fn auth0(domain: impl AsRef<str>, audience: impl Into<String>) -> Preset {
    let domain = domain.as_ref();
    let issuer = format!("https://{domain}/");
    Preset::new(issuer, Recipient::Audiences(vec![audience.into()])).flawed(host(domain))
}

/// Access tokens of an Amazon Cognito user pool, for certain app clients.
///
/// `pool` is the pool's id, such as `eu-west-1_AbCdEf123`; its region is the part before `_`.
///
/// # What it demands, and why
///
/// - `iss` is the pool's.
/// - `client_id` is one of `clients`: Cognito's access tokens have no `aud`, and without this
///   demand every app client of the pool would be let in.
/// - `token_use` is `access`: ID tokens of the same pool are signed by the same keys.
///
/// Scopes stand in `scope`, groups in `cognito:groups`.
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
        .flawed(user_pool(pool))
        .with(move |judge| {
            judge
                .allow_clients(clients.iter().map(String::as_str))
                .require_claim("token_use", "access")
        })
}

/// Access tokens of Microsoft Entra ID for one application, from certain tenants.
///
/// `tenants` are directory ids and `app` is the application (client) id of the API, both GUIDs.
/// An application with an Application ID URI of its own takes v1 tokens under that name: add it
/// with [`Preset::or_audience`].
///
/// # What it demands, and why
///
/// - `iss` is the v1 or the v2 issuer of one of the tenants: which version an API receives
///   depends on its manifest (`requestedAccessTokenVersion`), not on the address that issued the
///   token. Every tenant is an authority of its own, so a subject of one is none of another.
/// - `tid` is the tenant in `iss`: all tenants share signing keys, and this is what Microsoft
///   asks of an API for many tenants.
/// - `aud` is the application id (v2), or `api://` before it (v1).
/// - `scp` or `roles` is there and not empty: a user's delegated permissions or an application's
///   own. Any client of a tenant gets a token for any API, with neither, and an ID token of an
///   application that is its own API has neither.
///
/// Scopes are read from `scp`, separated by spaces; application permissions stand in `roles`.
/// A token for Microsoft Graph cannot be verified by anybody else.
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
    let flaw = tenants.iter().find_map(|tenant| guid("tenants", tenant));
    Preset::of(tenants.iter().map(|tenant| entra_tenant(tenant)))
        .to(Recipient::Audiences(audiences))
        .keys_at(keys)
        .flawed(flaw.or_else(|| guid("app", &app)))
        .with(|judge| {
            judge
                .scopes_from("scp")
                .check("scp", |claims| has(claims, "scp") || has(claims, "roles"))
        })
}

fn entra_tenant(tenant: &str) -> Issuer {
    Issuer {
        names: vec![
            format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            format!("https://sts.windows.net/{tenant}/"),
        ],
        claim: Some(("tid", tenant.to_owned())),
    }
}

/// ID tokens of Firebase Authentication (Google Identity Platform) for one project.
///
/// Firebase has no access tokens: a client sends its ID token to the service.
///
/// # What it demands, and why
///
/// - `iss` is the project's and `aud` is the project's id: all projects share signing keys.
/// - `sub`, `iat` and `auth_time` are there, as Firebase demands of who verifies its tokens by
///   hand.
///
/// Whoever signs up has such a token. Where the project lets anybody do that, anonymously too
/// (`firebase.sign_in_provider`), being authenticated means little: let the policy ask for a
/// claim that an administrator sets.
pub fn firebase(project: impl Into<String>) -> Preset {
    let project = project.into();
    let issuer = format!("https://securetoken.google.com/{project}");
    let flaw = label("project", &project);
    Preset::new(issuer, Recipient::Client(project))
        .keys_at(FIREBASE_KEYS)
        .flawed(flaw)
        .with(|judge| judge.check("auth_time", |claims| is(claims, "auth_time", Kind::Number)))
}

const FIREBASE_KEYS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

/// Tokens that a workflow of GitHub Actions asks for (`id-token: write`).
///
/// # What it demands, and why
///
/// - `iss` is GitHub's, and `aud` is the one that the workflow must ask for. The default audience
///   is the address of the repository's owner, which every service would share.
/// - `repository_id`, `repository_owner_id` and `ref` are there.
///
/// **Every repository there is gets tokens for every audience it likes.** The preset says which
/// workflow calls, not that it is one of yours. Demand the owner or the repository by its number,
/// which no renaming can pass on, and the `environment` where one protects the deployment:
///
/// ```
/// # use bearergate::jwt::providers;
/// let preset = providers::github_actions("https://deploy.example.com").with(|judge| {
///     judge
///         .require_claim("repository_owner_id", "65")
///         .require_claim("environment", "prod")
/// });
/// # drop(preset);
/// ```
pub fn github_actions(audience: impl Into<String>) -> Preset {
    const ISSUER: &str = "https://token.actions.githubusercontent.com";
    Preset::new(ISSUER, Recipient::Audiences(vec![audience.into()]))
        .keys_at(format!("{ISSUER}/.well-known/jwks"))
        .with(|judge| {
            let names = ["repository_id", "repository_owner_id", "ref"];
            names.into_iter().fold(judge, |judge, name| {
                judge.check(name, move |claims| is(claims, name, Kind::String))
            })
        })
}

/// ID tokens of Google for one OAuth client.
///
/// # What it demands, and why
///
/// - `iss` is `https://accounts.google.com` or `accounts.google.com`: Google writes both. The
///   subject's authority is the first, whichever stands in the token.
/// - `aud` is the client's id and `azp`, where it is there, is the client too: a token that a
///   phone app asked for on behalf of the server names the phone as `azp`, and is refused.
/// - `sub` and `iat` are there. Know a user by `sub`, never by `email`.
///
/// For users of one organization demand `hd`: `.with(|judge| judge.require_claim("hd",
/// "example.com"))`; the domain of an `email` proves nothing. Google's access tokens are opaque.
pub fn google_id_token(client: impl Into<String>) -> Preset {
    let names = ["https://accounts.google.com", "accounts.google.com"];
    Preset::of([Issuer {
        names: names.map(str::to_owned).to_vec(),
        claim: None,
    }])
    .to(Recipient::Client(client.into()))
    .keys_at("https://www.googleapis.com/oauth2/v3/certs")
}

/// Access tokens of a Keycloak realm for one audience.
///
/// `realm` is the realm's address, such as `https://sso.example.com/realms/main`. Keycloak adds
/// an audience only where a mapper or a client role says so; a token without one of its own has
/// `account` at most. Where that cannot be had, [`keycloak_clients`] goes by the client.
///
/// # What it demands, and why
///
/// - `iss` is the realm. It is the address that clients used, so set the server's `hostname`.
/// - `aud` has the audience.
/// - the claim `typ` is `Bearer` or `DPoP`: Keycloak signs ID, refresh and logout tokens with
///   the same keys, and tells them apart by this claim.
///
/// Scopes stand in `scope`, roles in `realm_access` and `resource_access`.
pub fn keycloak(realm: impl Into<String>, audience: impl Into<String>) -> Preset {
    keycloak_tokens(realm.into(), Recipient::Audiences(vec![audience.into()]))
}

/// Access tokens of a Keycloak realm that certain clients asked for, whatever their audience.
///
/// As [`keycloak`], but `azp` is one of `clients` in place of an audience. A service that one of
/// these clients calls with its token can use it here too: prefer an audience.
pub fn keycloak_clients<C: Into<String>>(
    realm: impl Into<String>,
    clients: impl IntoIterator<Item = C>,
) -> Preset {
    let clients = collect(clients);
    keycloak_tokens(realm.into(), Recipient::Any)
        .with(move |judge| judge.allow_clients(clients.iter().map(String::as_str)))
}

fn keycloak_tokens(realm: String, audience: Recipient) -> Preset {
    let keys = format!("{realm}/protocol/openid-connect/certs");
    let slash = "ends with a slash, which the issuer of a realm does not; remove it";
    let flaw = realm
        .ends_with('/')
        .then(|| refused("realm", &realm, slash));
    let preset = Preset::new(realm, audience).keys_at(keys).flawed(flaw);
    preset.with(|judge| {
        // Which text it is, the rules of purpose say for all issuers.
        judge.check("typ", |claims| is(claims, "typ", Kind::String))
    })
}

/// Tokens of Kubernetes service accounts, projected for one audience.
///
/// `issuer` is the cluster's, as `kubectl get --raw /.well-known/openid-configuration` shows it.
///
/// # What it demands, and why
///
/// - `iss` is the cluster's, and `aud` has the audience, which the pod's volume must ask for
///   (`serviceAccountToken.audience`). The API server's own audience would let every pod in.
/// - `sub` begins with `system:serviceaccount:`, and `kubernetes.io` is there.
/// - `exp` is there: tokens from Secrets of old have none, and no audience.
///
/// The keys need no discovery: they are at [`KUBERNETES_KEYS`] inside the cluster. That server
/// wants a credential, for which [`Preset::key_source`] sends the service's own token
/// ([`KUBERNETES_TOKEN`]), and has a certificate of the cluster's own CA: give the client the
/// file [`KUBERNETES_CA`] as a root certificate.
pub fn kubernetes(issuer: impl Into<String>, audience: impl Into<String>) -> Preset {
    Preset::new(issuer, Recipient::Audiences(vec![audience.into()]))
        .keys_at(KUBERNETES_KEYS)
        .bearer_file(KUBERNETES_TOKEN)
        .with(|judge| {
            judge
                .check("sub", is_service_account)
                .check("kubernetes.io", |claims| {
                    is(claims, "kubernetes.io", Kind::Object)
                })
        })
}

/// Where a cluster's keys are, seen from a pod.
pub const KUBERNETES_KEYS: &str = "https://kubernetes.default.svc/openid/v1/jwks";

/// The file with the cluster's CA, in every pod.
pub const KUBERNETES_CA: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/// The file with the pod's own token. It changes: read it anew for every request.
pub const KUBERNETES_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

fn is_service_account(claims: Claims<'_>) -> bool {
    let subject = claims.value("sub").and_then(|sub| sub.as_str());
    subject.is_some_and(|sub| sub.starts_with("system:serviceaccount:"))
}

/// Access tokens of an Okta custom authorization server.
///
/// `issuer` is the server's, such as `https://example.okta.com/oauth2/default`. The org's own
/// server (an issuer without `/oauth2/`) gives tokens for Okta's API, which only Okta can verify.
///
/// # What it demands, and why
///
/// - `iss` and `aud` are the server's and the one that it is set up with, `api://default` at
///   first. One server has one audience, so give every API a server or tell them apart by scope.
/// - `cid`, the client, is there: ID tokens of the same server have none.
///
/// Scopes are read from `scp`, an array. The client stands in `cid`, not in `client_id`.
pub fn okta(issuer: impl Into<String>, audience: impl Into<String>) -> Preset {
    Preset::new(issuer, Recipient::Audiences(vec![audience.into()])).with(|judge| {
        judge
            .scopes_from("scp")
            .check("cid", |claims| is(claims, "cid", Kind::String))
    })
}

fn collect<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

fn is(claims: Claims<'_>, name: &str, kind: Kind) -> bool {
    claims.value(name).is_some_and(|value| value.kind() == kind)
}

/// Whether a claim is a text or a list, and not an empty one.
fn has(claims: Claims<'_>, name: &str) -> bool {
    let Some(value) = claims.value(name) else {
        return false;
    };
    let text = value.as_str().is_some_and(|text| !text.is_empty());
    text || value.elements().is_some_and(|mut all| all.next().is_some())
}

fn guid(field: &'static str, text: &str) -> Option<ConfigError> {
    let parts = text.split('-').map(str::len);
    let is_hex = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    let good = parts.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_hex);
    (!good).then(|| {
        refused(
            field,
            text,
            "is not a GUID; give the id instead of a name or domain",
        )
    })
}

fn user_pool(pool: &str) -> Option<ConfigError> {
    let good = pool.split_once('_').is_some_and(|(region, id)| {
        is_label(region) && !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    (!good).then(|| {
        refused(
            "pool",
            pool,
            "is not the id of a user pool; write region, `_`, name",
        )
    })
}

fn host(domain: &str) -> Option<ConfigError> {
    let good = domain.contains('.') && domain.split('.').all(is_label);
    (!good).then(|| {
        refused(
            "domain",
            domain,
            "is not a domain; give it without scheme and path",
        )
    })
}

fn label(field: &'static str, text: &str) -> Option<ConfigError> {
    (!is_label(text)).then(|| refused(field, text, "is not an id; use letters, digits and hyphens"))
}

fn is_label(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !text.is_empty() && text.bytes().all(known)
}

fn refused(field: &'static str, text: &str, problem: &str) -> ConfigError {
    ConfigError::malformed(field, format!("`{text}` {problem}"))
}
