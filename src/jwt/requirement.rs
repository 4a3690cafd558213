//! Requirements that a token must meet in addition to the default checks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::claim_name::ClaimName;
use super::claims::RegisteredClaims;
use super::rejections::{invalid, missing};
use super::verified_token::VerifiedToken;
use crate::clock::Leeway;
use crate::error::{Rejection, RejectionKind};
use crate::json::Value;
use crate::principal::{ClaimValue, Claims};

/// A closure that checks the verified claims.
pub(super) type ClaimCheck = Arc<dyn Fn(Claims<'_>) -> bool + Send + Sync>;

/// One configured requirement.
#[derive(Clone)]
pub(super) enum Requirement {
    Check(Box<str>, ClaimCheck),
    Clients {
        /// The claim with the client, in place of `client_id` and `azp`.
        claim: Option<Box<str>>,
        clients: Vec<Box<str>>,
    },
    MaxAge(Duration),
    MaxLifetime(Duration),
    Present(ClaimName),
    Value(Box<str>, ClaimValue),
}

impl Requirement {
    /// Returns how long a token can live, if this limits it.
    pub(super) const fn lifetime(&self) -> Option<Duration> {
        match self {
            Self::MaxLifetime(span) => Some(*span),
            _ => None,
        }
    }

    pub(super) fn check(
        &self,
        token: &VerifiedToken<'_, '_>,
        leeway: Leeway,
    ) -> Result<(), Rejection> {
        let claims = token.claims;
        let times = &claims.times;
        let issued_at = || times.issued_at.ok_or_else(|| missing(ClaimName::Iat));
        match self {
            Self::Present(name) => claims.piece(*name).map(drop).ok_or_else(|| missing(*name)),
            Self::Value(name, expected) => {
                let value = claims.find(name).and_then(|p| claims.document().value(p));
                let kind = match value {
                    None => RejectionKind::ClaimMissing,
                    Some(value) if expected.is(value) == Some(true) => return Ok(()),
                    Some(_) => RejectionKind::ClaimInvalid,
                };
                Err(Rejection::new(kind).with_claim(name.to_string()))
            }
            Self::Clients { claim, clients } => match claim {
                Some(name) => check_client_from(claims, name, clients),
                None => check_client(claims, clients),
            },
            Self::MaxAge(age) => {
                let limit = issued_at()?.saturating_add(*age);
                if token.now <= limit.saturating_add(leeway.into()) {
                    return Ok(());
                }
                Err(Rejection::new(RejectionKind::TokenExpired).with_claim("iat"))
            }
            Self::MaxLifetime(limit) => {
                let issued = issued_at()?;
                let expires = times.expires_at.ok_or_else(|| missing(ClaimName::Exp))?;
                if expires <= issued.saturating_add(*limit) {
                    return Ok(());
                }
                Err(invalid("exp"))
            }
            Self::Check(name, holds) => {
                if holds(Claims::new(claims.document())) {
                    return Ok(());
                }
                Err(Rejection::new(RejectionKind::ClaimInvalid).with_claim(name.to_string()))
            }
        }
    }
}

fn check_client(claims: &RegisteredClaims<'_>, clients: &[Box<str>]) -> Result<(), Rejection> {
    if !claims.has(ClaimName::ClientId) && !claims.has(ClaimName::Azp) {
        return Err(missing(ClaimName::ClientId));
    }
    // If a token has both claims, both values must be allowed.
    for name in [ClaimName::ClientId, ClaimName::Azp] {
        let is_allowed = |v: Value<'_>| clients.iter().any(|c| v.is_text(c));
        if claims.get(name).is_some_and(|v| !is_allowed(v)) {
            return Err(invalid(name.as_str()));
        }
    }
    Ok(())
}

fn check_client_from(
    claims: &RegisteredClaims<'_>,
    name: &str,
    clients: &[Box<str>],
) -> Result<(), Rejection> {
    let value = claims.find(name).and_then(|p| claims.document().value(p));
    let kind = match value {
        None => RejectionKind::ClaimMissing,
        Some(value) if clients.iter().any(|c| value.is_text(c)) => return Ok(()),
        Some(_) => RejectionKind::ClaimInvalid,
    };
    Err(Rejection::new(kind).with_claim(name.to_string()))
}

impl fmt::Debug for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(name, _) => write!(f, "Check({name:?})"),
            Self::Clients { clients, .. } => write!(f, "Clients({clients:?})"),
            Self::MaxAge(age) => write!(f, "MaxAge({age:?})"),
            Self::MaxLifetime(limit) => write!(f, "MaxLifetime({limit:?})"),
            Self::Present(name) => write!(f, "Present({})", name.as_str()),
            // The expected value may be a secret of the deployment.
            Self::Value(name, _) => write!(f, "Value({name:?})"),
        }
    }
}
