//! `jsonwebtoken` 11, each backend in a worker process.

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
use jsonwebtoken11::Algorithm;
use jsonwebtoken11::DecodingKey;
use jsonwebtoken11::Validation;
use jsonwebtoken11::crypto::CryptoProvider;
use jsonwebtoken11::crypto::aws_lc;
use jsonwebtoken11::crypto::rust_crypto;
use jsonwebtoken11::decode;
use std::hint::black_box;

/// Both backends.
pub(super) static BACKENDS: [Backend; 2] = [
    Backend {
        name: "jsonwebtoken 11 aws-lc-rs",
        provider: Provider::AwsLcRs,
        check: |fixture| check(&aws_lc::DEFAULT_PROVIDER, fixture),
    },
    Backend {
        name: "jsonwebtoken 11 rust-crypto",
        provider: Provider::RustCrypto,
        check: |fixture| check(&rust_crypto::DEFAULT_PROVIDER, fixture),
    },
];

/// Starts a worker for each backend.
pub(super) fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    BACKENDS
        .iter()
        .map(|backend| backend.start(fixture))
        .collect()
}

fn check(crypto: &'static CryptoProvider, fixture: &Fixture) -> Result<Check> {
    let installed = crypto.install_default();
    installed.map_err(|_| "a provider is installed already")?;
    let key = match &fixture.key {
        Key::Secret(secret) => DecodingKey::from_secret(secret.as_bytes()),
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
