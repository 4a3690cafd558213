//! `jsonwebtoken` 9, the last major version on ring.

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
use jsonwebtoken9::Algorithm;
use jsonwebtoken9::DecodingKey;
use jsonwebtoken9::Validation;
use jsonwebtoken9::decode;
use std::hint::black_box;

/// Creates the case.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
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
    let check =
        fixture.check(move |token| black_box(decode::<Claims>(token, &key, &validation)).is_ok());
    Ok(vec![Case::new(
        "jsonwebtoken 9 ring",
        Provider::Ring,
        check,
    )])
}

fn decoding_key(alg: Alg, key: &PublicKey) -> Result<DecodingKey> {
    let pem = key.pem.as_bytes();
    Ok(match alg {
        Alg::Rs256 | Alg::Ps256 => DecodingKey::from_rsa_pem(pem)?,
        Alg::Es256 | Alg::Es384 => DecodingKey::from_ec_pem(pem)?,
        Alg::EdDsa | Alg::Hs256 => DecodingKey::from_ed_pem(pem)?,
    })
}
