//! The checks of a verified token against the rules of its issuer.

use super::claim_name::ClaimName;
use super::claims::RegisteredClaims;
use super::header::Typ;
use super::issuer_rules::{
    AcceptedIssuers, AcceptedNames, AcceptedTypes, Expiry, IssuerRules, Purpose, RequiredType,
};
use super::rejections::{invalid, issuer_mismatch, missing, type_mismatch};
use super::verified_token::VerifiedToken;
use crate::clock::UnixTime;
use crate::error::{Rejection, RejectionKind};
use crate::json::Value;
use crate::principal::{Authority, Claims};

impl IssuerRules {
    /// Checks, in this order: `typ`, purpose, issuer, audience, times and the configured
    /// requirements. Returns the authority of the principal.
    pub(super) fn check(&self, token: &VerifiedToken<'_, '_>) -> Result<Authority, Rejection> {
        self.check_type(token)?;
        self.purpose.check(token)?;
        let authority = self.check_issuer(token)?;
        self.audiences.check(token.claims)?;
        self.check_times(token)?;
        for requirement in &self.requirements {
            requirement.check(token, self.leeway)?;
        }
        Ok(authority)
    }

    fn check_type(&self, token: &VerifiedToken<'_, '_>) -> Result<(), Rejection> {
        let is_accepted = match (&self.types, token.typ) {
            (AcceptedTypes::Default, Typ::Absent | Typ::Jwt | Typ::AccessToken)
            | (AcceptedTypes::IdToken, Typ::Absent | Typ::Jwt) => true,
            (AcceptedTypes::Only(RequiredType::AccessToken), typ) => typ == Typ::AccessToken,
            (AcceptedTypes::Only(RequiredType::Jwt), typ) => typ == Typ::Jwt,
            (AcceptedTypes::Only(RequiredType::Other(expected)), Typ::Other(piece)) => {
                token.is_typ(piece, expected)
            }
            _ => false,
        };
        if is_accepted {
            Ok(())
        } else {
            Err(type_mismatch("typ"))
        }
    }

    fn check_issuer(&self, token: &VerifiedToken<'_, '_>) -> Result<Authority, Rejection> {
        let AcceptedIssuers::Like(pattern) = &self.issuers else {
            // Where issuers are named, these rules were chosen by the token's `iss`.
            return Ok(self.authority.clone());
        };
        let issuer = token.claims.get(ClaimName::Iss).and_then(Value::as_str);
        let claims = Claims::new(token.claims.document());
        let authority = issuer.and_then(|issuer| pattern.authority(&issuer, claims));
        authority.ok_or_else(issuer_mismatch)
    }

    fn check_times(&self, token: &VerifiedToken<'_, '_>) -> Result<(), Rejection> {
        let (times, now) = (&token.claims.times, token.now);
        let reject = |kind, name: ClaimName| Err(Rejection::new(kind).with_claim(name.as_str()));
        match times.expires_at {
            Some(exp) if exp.has_passed(now, self.leeway) => {
                return reject(RejectionKind::TokenExpired, ClaimName::Exp);
            }
            None if self.expiry == Expiry::Required => return Err(missing(ClaimName::Exp)),
            _ => {}
        }
        let is_future =
            |time: Option<UnixTime>| time.is_some_and(|t| t.is_in_future(now, self.leeway));
        if is_future(times.not_before) {
            return reject(RejectionKind::TokenNotYetValid, ClaimName::Nbf);
        }
        if is_future(times.issued_by) {
            return reject(RejectionKind::TokenIssuedInFuture, ClaimName::Iat);
        }
        Ok(())
    }
}

impl AcceptedNames {
    /// Checks that `aud` is one of these names, or an array that contains one of them.
    pub(super) fn check(&self, claims: &RegisteredClaims<'_>) -> Result<(), Rejection> {
        let Self::OneOf(accepted) = self else {
            return Ok(());
        };
        let aud = claims
            .get(ClaimName::Aud)
            .ok_or_else(|| missing(ClaimName::Aud))?;
        let is_accepted = match aud.elements() {
            Some(mut elements) => elements.any(|v| is_one_of(claims, v, accepted)),
            None => is_one_of(claims, aud, accepted),
        };
        if is_accepted {
            return Ok(());
        }
        Err(Rejection::new(RejectionKind::AudienceMismatch).with_claim("aud"))
    }
}

/// Returns true if a claim is a string equal to one of these names.
pub(super) fn is_one_of(
    claims: &RegisteredClaims<'_>,
    value: Value<'_>,
    accepted: &[Box<str>],
) -> bool {
    let escapes = claims.document().escapes();
    accepted
        .iter()
        .any(|name| value.is_text_with(escapes, name))
}

impl Purpose {
    fn check(&self, token: &VerifiedToken<'_, '_>) -> Result<(), Rejection> {
        match self {
            Self::AccessToken => check_access_token(token),
            Self::IdToken(client) => check_id_token(token, client),
        }
    }
}

/// Rejects a token with a claim that only tokens of another purpose have, unless its `typ` names
/// its purpose.
fn check_access_token(token: &VerifiedToken<'_, '_>) -> Result<(), Rejection> {
    if !matches!(token.typ, Typ::Absent | Typ::Jwt) {
        return Ok(());
    }
    let claims = token.claims;
    for name in [
        ClaimName::AtHash,
        ClaimName::CHash,
        ClaimName::SHash,
        ClaimName::Events,
        ClaimName::SdHash,
    ] {
        if claims.has(name) {
            return Err(type_mismatch(name.as_str()));
        }
    }
    if claims
        .get(ClaimName::TokenUse)
        .is_some_and(|v| !v.is_text("access"))
    {
        return Err(type_mismatch("token_use"));
    }
    let is_typ = |expected: &str| {
        let typ = claims.get(ClaimName::Typ).and_then(Value::as_str);
        typ.is_some_and(|t| t.eq_ignore_ascii_case(expected))
    };
    let is_bearer = is_typ("Bearer");
    if claims.has(ClaimName::Typ) && !is_bearer && !is_typ("DPoP") {
        return Err(type_mismatch("typ"));
    }
    if claims.has(ClaimName::Nonce) && !is_bearer {
        return Err(type_mismatch("nonce"));
    }
    Ok(())
}

/// The checks of OpenID Connect Core 1.0 sections 2 and 3.1.3.7.
fn check_id_token(token: &VerifiedToken<'_, '_>, client: &str) -> Result<(), Rejection> {
    let claims = token.claims;
    for name in [ClaimName::Events, ClaimName::SdHash] {
        if claims.has(name) {
            return Err(type_mismatch(name.as_str()));
        }
    }
    if claims
        .get(ClaimName::TokenUse)
        .is_some_and(|v| !v.is_text("id"))
    {
        return Err(type_mismatch("token_use"));
    }
    let is_id = |v: Value<'_>| v.as_str().is_some_and(|t| t.eq_ignore_ascii_case("ID"));
    if claims.get(ClaimName::Typ).is_some_and(|v| !is_id(v)) {
        return Err(type_mismatch("typ"));
    }
    let audiences = claims.get(ClaimName::Aud).and_then(Value::elements);
    match claims.get(ClaimName::Azp) {
        Some(azp) if !azp.is_text(client) => Err(invalid("azp")),
        None if audiences.is_some_and(|a| a.count() > 1) => Err(missing(ClaimName::Azp)),
        _ => Ok(()),
    }
}
