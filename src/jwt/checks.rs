//! The checks of a verified token against the rules of its issuer.

use super::access_token;
use super::claim_name::ClaimName;
use super::claims::{EmptyAudience, RegisteredClaims};
use super::contrast::{Contrast, SOURCE_NAMES, described_claim};
use super::header::Typ;
use super::issuer_rules::{
    AcceptedIssuers, AcceptedNames, AcceptedTypes, Expiry, IssuerRules, Purpose, RequiredType,
    TypeName,
};
use super::rejections::{
    audience_mismatch, expired, issued_in_future, issuer_mismatch, missing, not_yet_valid,
    type_mismatch,
};
use super::verified_token::VerifiedToken;
use crate::error::Rejection;
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
            Err(self.reject_type(token))
        }
    }

    #[cold]
    fn reject_type(&self, token: &VerifiedToken<'_, '_>) -> Rejection {
        let contrast = self.types.contrast(token.typ_text().as_deref());
        type_mismatch("typ").with_source(contrast)
    }

    fn check_issuer(&self, token: &VerifiedToken<'_, '_>) -> Result<Authority, Rejection> {
        let AcceptedIssuers::Like(pattern) = &self.issuers else {
            // Where issuers are named, these rules were chosen by the token's `iss`.
            return Ok(self.authority.clone());
        };
        let issuer = token.claims.get(ClaimName::Iss).and_then(Value::as_str);
        let claims = Claims::new(token.claims.document());
        let authority = issuer.and_then(|issuer| pattern.authority(&issuer, claims));
        authority.ok_or_else(|| {
            let expected = format!("{pattern}, of a tenant that is allowed");
            let found = token.claims.get(ClaimName::Iss);
            let found = described_claim("iss", found, SOURCE_NAMES);
            issuer_mismatch().with_source(Contrast::new(expected, found))
        })
    }

    fn check_times(&self, token: &VerifiedToken<'_, '_>) -> Result<(), Rejection> {
        let (times, now) = (&token.claims.times, token.now);
        match times.expires_at {
            Some(exp) if exp.has_passed(now, self.leeway) => {
                return Err(expired(exp, now, self.leeway));
            }
            None if self.expiry == Expiry::Required => return Err(missing(ClaimName::Exp)),
            _ => {}
        }
        if let Some(nbf) = times.not_before
            && nbf.is_in_future(now, self.leeway)
        {
            return Err(not_yet_valid(nbf, now, self.leeway));
        }
        if let Some(iat) = times.issued_by()
            && iat.is_in_future(now, self.leeway)
        {
            return Err(issued_in_future(iat, now, self.leeway));
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
        Err(audience_mismatch(accepted, Some(aud)))
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
        match (&self.name, token.typ) {
            (TypeName::AccessToken, typ) => typ == Typ::AccessToken,
            (TypeName::Jwt, typ) => typ == Typ::Jwt,
            (TypeName::Other(expected), Typ::Other(piece)) => token.is_typ(piece, expected),
            (TypeName::Other(_), _) => false,
        }
    }
}

impl Purpose {
    fn check(&self, token: &VerifiedToken<'_, '_>) -> Result<(), Rejection> {
        match self {
            Self::AccessToken(mark) => access_token::check(token, mark.as_ref()),
            Self::IdToken(rules) => rules.check(token),
            // Its `typ`, which is required, is of no other purpose.
            Self::IntrospectionAnswer | Self::TransactionToken => Ok(()),
        }
    }
}
