//! Presets of identity providers for people and their applications.

use super::argument::{check_domain, check_no_slash, check_user_pool};
use super::claim_checks::{collect, has_kind};
use super::preset::{Preset, Recipient};
use crate::json::Kind;

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
///
/// # A public issuer with internal keys
///
/// The preset fetches the keys below the address of the realm. If this service reaches Keycloak at
/// another address, discover them there: the tokens and the document then have the public issuer.
///
/// ```
/// use std::sync::Arc;
///
/// use bearergate::environment::Environment;
/// use bearergate::http_client::HttpSettings;
/// use bearergate::jwt::providers;
/// use bearergate::key::FetchedKeys;
/// use bearergate::{ConfigError, JwtValidator};
///
/// // `environment` has the HTTP client and the spawner.
/// fn validator(environment: Environment) -> Result<JwtValidator, ConfigError> {
///     let issuer = "https://sso.example.com/realms/shop";
///     // Without TLS, anyone on that network can replace the keys.
///     let settings = HttpSettings::new().allow_plain_http(["keycloak"]);
///     let keys = FetchedKeys::discover(issuer)
///         .discovery_url("http://keycloak:8080/realms/shop/.well-known/openid-configuration")
///         .env(&environment.http_settings(settings))
///         .build()?;
///     providers::keycloak(issuer, "https://orders.example.com").key_store(Arc::new(keys))
/// }
/// # let _ = validator;
/// ```
///
/// If the document names the keys at a further internal host, add
/// [`trust_host`](crate::key::FetchedKeysBuilder::trust_host).
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
    let error = check_no_slash("realm", &realm);
    let preset = Preset::new(realm, audience).keys_at(keys).with_error(error);
    preset.customize(|builder| {
        // The validator itself checks that it is `Bearer` or `DPoP`.
        builder.check("typ", |claims| has_kind(claims, "typ", Kind::String))
    })
}

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
/// Scopes are read from `scp`, an array. The client of the principal is the one in `cid`, so
/// `allow_clients` and the revocation of a client work.
pub fn okta(issuer: impl Into<String>, audience: impl Into<String>) -> Preset {
    Preset::new(issuer, Recipient::Audiences(vec![audience.into()])).customize(|builder| {
        builder
            .scopes_from("scp")
            .client_from("cid")
            .check("cid", |claims| has_kind(claims, "cid", Kind::String))
    })
}
