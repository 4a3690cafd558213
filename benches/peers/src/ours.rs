//! The cases of bearergate itself in the `jwt` groups.
//!
//! Everything that knows its API there is in this file. Two readings of an accepted token are
//! measured: `read` takes what a service asks a principal for, `deserialize` makes the caller's own
//! struct of all claims, which is what the peers do. `READINGS` says which one has the plain name.

use crate::case::Case;
use crate::case::Judge;
use crate::case::Provider;
use crate::error::Result;
use crate::jwt::AUDIENCE;
use crate::jwt::Fixture;
use crate::jwt::ISSUER;
use crate::jwt::KEY_ID;
use crate::jwt::Key;
use crate::jwt::claims::Claims;
use bearergate::{JwtValidator, Principal, TokenValidator};
use bearergate::credential::PresentedCredential;
use bearergate::key::{KeyImporter, KeySet};
use std::hint::black_box;

/// What is done with the principal, and what that adds to the name of the case.
type Reading = (&'static str, fn(&Principal) -> bool);

/// The first one has the plain name; swap the functions to change what it means.
const READINGS: [Reading; 2] = [("", read), (" deserialize", deserialize)];

/// Makes a case for each provider and reading.
///
/// # Errors
///
/// Fails if the validator cannot be built.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for provider in [Provider::Ring, Provider::AwsLcRs] {
        for (suffix, reading) in READINGS {
            let judge = judge(fixture, validator(fixture, provider)?, reading);
            let name = format!("{}{suffix}", provider.ours());
            cases.push(Case::new(name, provider, judge));
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

/// The one place that knows how keys are imported and how their provider is picked.
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

fn judge(fixture: &Fixture, validator: JwtValidator, reading: fn(&Principal) -> bool) -> Judge {
    fixture.judge(move |token| {
        let Ok(presented) = PresentedCredential::bearer(token) else {
            return false;
        };
        match validator.validate(&presented).try_now() {
            Ok(Ok(principal)) => reading(&principal),
            Ok(Err(_)) | Err(_) => false,
        }
    })
}

/// Reads what services ask for most, typed, through the accessors.
fn read(principal: &Principal) -> bool {
    black_box(principal.subject()).is_some()
        && black_box(principal.scopes()).is_some()
        && black_box(principal.client()).is_some()
        && principal
            .claims()
            .value("jti")
            .is_some_and(|jti| black_box(jti.as_str()).is_some())
}

/// Makes the caller's struct of all claims.
fn deserialize(principal: &Principal) -> bool {
    black_box(principal.claims().deserialize::<Claims>()).is_ok()
}
