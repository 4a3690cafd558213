//! Who the caller is, as JSON.

use bearergate::Principal;
use bearergate::principal::PrincipalKind;
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
}

pub(crate) fn whoami(principal: &Principal) -> serde_json::Result<String> {
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
    })
}
