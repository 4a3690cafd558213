//! The checks of a verified token against the rules of its issuer.

use super::access_token;
use super::claim_name::ClaimName;
use super::claims::{EmptyAudience, RegisteredClaims};
use super::header::Typ;
use super::issuer_rules::{
    AcceptedIssuers, AcceptedNames, AcceptedTypes, Expiry, IssuerRules, Purpose, RequiredType,
};
use super::rejections::{issuer_mismatch, missing, type_mismatch};
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
        if let Purpose::IdToken(rules) = &self.purpose {
            rules.check_audiences(token)?;
        }
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
            (AcceptedTypes::Only(typ), _) => typ.is_of(token),
            (AcceptedTypes::OneOf(types), _) => types.iter().any(|typ| typ.is_of(token)),
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
        if is_future(times.issued_by()) {
            return reject(RejectionKind::TokenIssuedInFuture, ClaimName::Iat);
        }
        Ok(())
    }
}

impl AcceptedNames {
    /// Returns whether an empty `aud` is accepted.
    pub(super) fn if_empty(&self) -> EmptyAudience {
        match self {
            Self::Any => EmptyAudience::Accepted,
            Self::OneOf(_) => EmptyAudience::Rejected,
        }
    }

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

impl RequiredType {
    fn is_of(&self, token: &VerifiedToken<'_, '_>) -> bool {
        match (self, token.typ) {
            (Self::AccessToken, typ) => typ == Typ::AccessToken,
            (Self::Jwt, typ) => typ == Typ::Jwt,
            (Self::Other(expected), Typ::Other(piece)) => token.is_typ(piece, expected),
            (Self::Other(_), _) => false,
        }
    }
}

impl Purpose {
    fn check(&self, token: &VerifiedToken<'_, '_>) -> Result<(), Rejection> {
        match self {
            Self::AccessToken(mark) => access_token::check(token, mark.as_ref()),
            Self::IdToken(rules) => rules.check(token),
            // Its `typ`, which is required, is of no other purpose.
            Self::IntrospectionAnswer => Ok(()),
        }
    }
}
