//! Who the caller is, as JSON.

use bearergate::gate::Admitted;
use bearergate::principal::{Confirmation, PrincipalKind};
use bearergate::validator::Freshness;
use serde::Serialize;

/// The answer of `GET /whoami`; what is absent is `null`.
#[derive(Serialize)]
struct WhoAmI<'p> {
    kind: &'static str,
    issuer: Option<&'p str>,
    subject: Option<&'p str>,
    client_id: Option<&'p str>,
    scopes: Option<Vec<&'p str>>,
    audience: Option<Vec<String>>,
    expires_at: Option<u64>,
    token_id: Option<String>,
    confirmed: Option<&'static str>,
    freshness: Option<&'static str>,
    signed_by: Option<&'p str>,
    was_encrypted: bool,
}

pub(crate) fn whoami(admitted: &Admitted) -> serde_json::Result<String> {
    let principal = admitted.principal();
    let audience: Vec<String> = principal.audience().map(Into::into).collect();
    let issuer = principal.claims().get("iss").unwrap_or_default();
    serde_json::to_string(&WhoAmI {
        kind: match principal.kind() {
            PrincipalKind::AccessToken => "jwt",
            PrincipalKind::OpaqueToken => "opaque",
            other => other.as_str(),
        },
        issuer,
        subject: principal.subject(),
        client_id: principal.client(),
        scopes: principal.scopes().map(|scopes| scopes.iter().collect()),
        audience: (!audience.is_empty()).then_some(audience),
        expires_at: principal.expires_at().map(|end| end.as_secs()),
        token_id: principal.token_id().map(|id| id.to_string()),
        confirmed: principal.confirmation().and_then(methods),
        freshness: admitted.freshness().map(|freshness| match freshness {
            Freshness::Nonce => "nonce",
            _ => "iat",
        }),
        signed_by: admitted.signed().and_then(|signed| signed.keyid()),
        was_encrypted: principal.was_encrypted(),
    })
}

fn methods(confirmation: &Confirmation) -> Option<&'static str> {
    match (confirmation.jkt(), confirmation.certificate()) {
        (Some(_), Some(_)) => Some("both"),
        (Some(_), None) => Some("dpop"),
        (None, Some(_)) => Some("certificate"),
        (None, None) => None,
    }
}
