//! Tokens that the operator has revoked.

use bearergate::json::{Object, Value};
use bearergate::principal::{PrincipalKind, TokenId};
use bearergate::revocation::{Denylist, Revocation, RevocationList};
use bearergate::{NowOrLater, Principal, Rejection};

/// Reads the body of a request: `issuer` and `jti`, or `token_id`, and nothing else.
pub(crate) fn read(body: &[u8]) -> Option<Revocation> {
    let body = Object::parse(body).ok()?;
    let text = |name: &str| {
        let text = body.get(name).and_then(Value::as_str)?.into_owned();
        (!text.is_empty()).then_some(text)
    };
    match (text("issuer"), text("jti"), text("token_id")) {
        (Some(issuer), Some(jti), None) if body.len() == 2 => {
            Some(Revocation::jwt_id(issuer.as_str(), jti))
        }
        (None, None, Some(id)) if body.len() == 1 => TokenId::parse(&id).map(Revocation::token),
        _ => None,
    }
}

/// The denylist, which finds an introspected token by the issuer in the response too: its authority
/// may be the endpoint.
#[derive(Clone, Debug)]
pub(crate) struct OperatorList(pub(crate) Denylist);

impl OperatorList {
    fn find(&self, principal: &Principal) -> Result<(), Rejection> {
        self.0.check(principal)?;
        if self.0.is_empty() || principal.kind() != PrincipalKind::OpaqueToken {
            return Ok(());
        }
        let claims = principal.claims();
        let issuer: Option<String> = claims.get("iss").unwrap_or_default();
        let named = issuer.filter(|issuer| issuer != principal.authority().as_str());
        let other = named.and_then(|issuer| {
            let other = Principal::builder(principal.kind(), issuer.as_str());
            Some(other.claims(claims.json()).ok()?.build())
        });
        other.map_or(Ok(()), |other| self.0.check(&other))
    }
}

impl RevocationList for OperatorList {
    fn check_revocation<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(self.find(principal))
    }
}
