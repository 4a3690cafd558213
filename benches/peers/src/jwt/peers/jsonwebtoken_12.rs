//! `jsonwebtoken` 12 on aws-lc-rs, in a worker process.

use super::Backend;
use crate::case::Case;
use crate::case::Check;
use crate::case::Provider;
use crate::error::Result;
use crate::jwt::AUDIENCE;
use crate::jwt::Alg;
use crate::jwt::Fixture;
use crate::jwt::ISSUER;
use crate::jwt::Key;
use crate::jwt::LEEWAY;
use crate::jwt::PublicKey;
use crate::jwt::claims::Claims;
use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::Validation;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::decode;
use std::hint::black_box;

/// The backend on aws-lc-rs.
pub(super) static BACKEND: Backend = Backend {
    name: "jsonwebtoken 12 aws-lc-rs",
    provider: Provider::AwsLcRs,
    check,
};

/// Starts the worker, as for version 11, so that both are measured in the same way.
pub(super) fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    Ok(vec![BACKEND.start(fixture)?])
}

fn check(fixture: &Fixture) -> Result<Check> {
    let installed = aws_lc::DEFAULT_PROVIDER.install_default();
    installed.map_err(|_| "a provider is installed already")?;
    let key = match &fixture.key {
        Key::Secret(secret) => DecodingKey::from_secret(secret.as_bytes())?,
        Key::Public(public) => decoding_key(fixture.alg, public)?,
    };
    let mut validation = Validation::new(fixture.alg.name().parse::<Algorithm>()?);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY;
    Ok(fixture.check(move |token| black_box(decode::<Claims>(token, &key, &validation)).is_ok()))
}

fn decoding_key(alg: Alg, key: &PublicKey) -> Result<DecodingKey> {
    let pem = key.pem.as_bytes();
    Ok(match alg {
        Alg::Rs256 | Alg::Ps256 => DecodingKey::from_rsa_pem(pem)?,
        Alg::Es256 | Alg::Es384 => DecodingKey::from_ec_pem(pem)?,
        Alg::EdDsa | Alg::Hs256 => DecodingKey::from_ed_pem(pem)?,
    })
}
