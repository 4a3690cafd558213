//! `jsonwebtoken` 11, each backend in a worker process.

use crate::case::Case;
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
use crate::worker;
use crate::worker::Worker;
use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::Validation;
use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::decode;
use std::hint::black_box;

struct Backend {
    name: &'static str,
    provider: Provider,
    crypto: &'static CryptoProvider,
}

static BACKENDS: [Backend; 2] = [
    Backend {
        name: "jsonwebtoken 11 aws-lc-rs",
        provider: Provider::AwsLcRs,
        crypto: &aws_lc::DEFAULT_PROVIDER,
    },
    Backend {
        name: "jsonwebtoken 11 rust-crypto",
        provider: Provider::RustCrypto,
        crypto: &rust_crypto::DEFAULT_PROVIDER,
    },
];

/// Starts a worker for each backend.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    let start = |backend: &Backend| {
        let worker = Worker::start(backend.name, fixture)?;
        Ok(Case::remote(backend.name, backend.provider, worker))
    };
    BACKENDS.iter().map(start).collect()
}

/// Is the worker of that name, until the parent ends it.
///
/// # Errors
///
/// Fails if there is no such worker or the parent has gone.
pub fn work(name: &str) -> Result<()> {
    let backend = BACKENDS
        .iter()
        .find(|backend| backend.name == name)
        .ok_or_else(|| format!("unknown worker `{name}`"))?;
    worker::serve(|fixture| case(backend, fixture))
}

fn case(backend: &Backend, fixture: &Fixture) -> Result<Case> {
    let installed = backend.crypto.install_default();
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
    let judge =
        fixture.judge(move |token| black_box(decode::<Claims>(token, &key, &validation)).is_ok());
    Ok(Case::new(backend.name, backend.provider, judge))
}

fn decoding_key(alg: Alg, key: &PublicKey) -> Result<DecodingKey> {
    let pem = key.pem.as_bytes();
    Ok(match alg {
        Alg::Rs256 | Alg::Ps256 => DecodingKey::from_rsa_pem(pem)?,
        Alg::Es256 | Alg::Es384 => DecodingKey::from_ec_pem(pem)?,
        Alg::EdDsa | Alg::Hs256 => DecodingKey::from_ed_pem(pem)?,
    })
}
