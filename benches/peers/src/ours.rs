//! The cases of bearergate itself in the `jwt` groups.
//!
//! All uses of its API for JWTs are in this file. Two ways of reading an accepted token are measured:
//! `read` takes what a service needs of a principal, and `deserialize` creates a struct of the caller
//! with all claims, as the peers do. `READINGS` defines which of them has the plain name.

use crate::case::Case;
use crate::case::Check;
use crate::case::Provider;
use crate::error::Result;
use crate::jwt::AUDIENCE;
use crate::jwt::Fixture;
use crate::jwt::ISSUER;
use crate::jwt::KEY_ID;
use crate::jwt::Key;
use crate::jwt::claims::Claims;
use bearergate::credential::PresentedCredential;
use bearergate::key::{KeyImporter, KeySet};
use bearergate::{JwtValidator, Principal, TokenValidator};
use std::hint::black_box;

/// The suffix of the name of the case, and the way in which the principal is read.
type Reading = (&'static str, fn(&Principal) -> bool);

/// The first one has the plain name; swap the functions to change its meaning.
const READINGS: [Reading; 2] = [("", read), (" deserialize", deserialize)];

/// Creates a case for each provider and reading.
///
/// # Errors
///
/// Fails if the validator cannot be built.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for provider in [Provider::Ring, Provider::AwsLcRs] {
        for (suffix, reading) in READINGS {
            let check = check(fixture, validator(fixture, provider)?, reading);
            let name = format!("{}{suffix}", provider.ours());
            cases.push(Case::new(name, provider, check));
        }
    }
    Ok(cases)
}

fn validator(fixture: &Fixture, provider: Provider) -> Result<JwtValidator> {
    let validator = JwtValidator::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .keys(key_set(fixture, provider)?)
        .build()?;
    Ok(validator)
}

/// Imports the key on the provider.
fn key_set(fixture: &Fixture, provider: Provider) -> Result<KeySet> {
    let import = KeyImporter::on(match provider {
        Provider::AwsLcRs => bearergate::crypto::Provider::aws_lc_rs(),
        Provider::ApiKey
        | Provider::Memory
        | Provider::Policy
        | Provider::Ring
        | Provider::RustCrypto => bearergate::crypto::Provider::ring(),
    });
    Ok(match &fixture.key {
        Key::Secret(secret) => {
            let key = import.secret(secret.as_bytes().to_vec())?;
            KeySet::from(key.with_kid(KEY_ID)?)
        }
        Key::Public(public) => import.jwks(public.jwks())?,
    })
}

fn check(fixture: &Fixture, validator: JwtValidator, reading: fn(&Principal) -> bool) -> Check {
    fixture.check(move |token| {
        let Ok(presented) = PresentedCredential::bearer(token) else {
            return false;
        };
        match validator.validate(&presented).try_now() {
            Ok(Ok(principal)) => reading(&principal),
            Ok(Err(_)) | Err(_) => false,
        }
    })
}

/// Reads what most services need, through the typed accessors.
fn read(principal: &Principal) -> bool {
    black_box(principal.subject()).is_some()
        && black_box(principal.scopes()).is_some()
        && black_box(principal.client()).is_some()
        && principal
            .claims()
            .value("jti")
            .is_some_and(|jti| black_box(jti.as_str()).is_some())
}

/// Creates the caller's struct of all claims.
fn deserialize(principal: &Principal) -> bool {
    black_box(principal.claims().deserialize::<Claims>()).is_ok()
}
