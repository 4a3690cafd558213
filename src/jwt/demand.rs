//! What the user asks of a token beyond the rules.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::claims::Typed;
use super::claims::invalid;
use super::issuer_rules::Checked;
use super::issuer_rules::missing;
use super::names::Name;
use crate::clock::Leeway;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::json::Value;
use crate::principal::ClaimValue;
use crate::principal::Claims;

/// A test of the user's own.
pub(super) type Check = Arc<dyn Fn(Claims<'_>) -> bool + Send + Sync>;

/// What the user asks beyond the rules.
#[derive(Clone)]
pub(super) enum Demand {
    Check(Box<str>, Check),
    Clients(Vec<Box<str>>),
    MaxAge(Duration),
    MaxLifetime(Duration),
    Present(Name),
    Value(Box<str>, ClaimValue),
}

impl Demand {
    pub(super) fn check(&self, token: &Checked<'_, '_>, leeway: Leeway) -> Result<(), Rejection> {
        let claims = token.claims;
        match self {
            Self::Present(name) => claims.piece(*name).map(drop).ok_or_else(|| missing(*name)),
            Self::Value(name, wanted) => check_value(token, name, wanted),
            Self::Clients(clients) => check_client(claims, clients),
            Self::MaxAge(age) => check_age(token, *age, leeway),
            Self::MaxLifetime(span) => check_lifetime(claims, *span),
            Self::Check(name, holds) => {
                if holds(Claims::new(claims.document())) {
                    return Ok(());
                }
                Err(Rejection::new(RejectionKind::ClaimInvalid).with_claim(name.to_string()))
            }
        }
    }
}

fn check_value(token: &Checked<'_, '_>, name: &str, wanted: &ClaimValue) -> Result<(), Rejection> {
    let kind = match token.claims.document().get(name) {
        None => RejectionKind::ClaimMissing,
        Some(value) if wanted.is(value) == Some(true) => return Ok(()),
        Some(_) => RejectionKind::ClaimInvalid,
    };
    Err(Rejection::new(kind).with_claim(name.to_owned()))
}

fn check_client(claims: &Typed<'_>, clients: &[Box<str>]) -> Result<(), Rejection> {
    if !claims.has(Name::ClientId) && !claims.has(Name::Azp) {
        return Err(missing(Name::ClientId));
    }
    // Where a token names its client twice, both names must be allowed.
    for name in [Name::ClientId, Name::Azp] {
        let is_allowed = |v: Value<'_>| clients.iter().any(|c| v.is_text(c));
        if claims.get(name).is_some_and(|v| !is_allowed(v)) {
            return Err(invalid(name.as_str()));
        }
    }
    Ok(())
}

fn check_age(token: &Checked<'_, '_>, age: Duration, leeway: Leeway) -> Result<(), Rejection> {
    let issued = token
        .claims
        .times
        .issued_at
        .ok_or_else(|| missing(Name::Iat))?;
    let is_fresh = token.now <= issued.saturating_add(age).saturating_add(leeway.into());
    if is_fresh {
        return Ok(());
    }
    Err(Rejection::new(RejectionKind::TokenExpired).with_claim("iat"))
}

fn check_lifetime(claims: &Typed<'_>, span: Duration) -> Result<(), Rejection> {
    let issued = claims.times.issued_at.ok_or_else(|| missing(Name::Iat))?;
    let expires = claims.times.expires_at.ok_or_else(|| missing(Name::Exp))?;
    if expires <= issued.saturating_add(span) {
        return Ok(());
    }
    Err(invalid("exp"))
}

impl fmt::Debug for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(name, _) => write!(f, "Check({name:?})"),
            Self::Clients(clients) => write!(f, "Clients({clients:?})"),
            Self::MaxAge(age) => write!(f, "MaxAge({age:?})"),
            Self::MaxLifetime(span) => write!(f, "MaxLifetime({span:?})"),
            Self::Present(name) => write!(f, "Present({})", name.as_str()),
            // The wanted value may be a secret of the deployment.
            Self::Value(name, _) => write!(f, "Value({name:?})"),
        }
    }
}
