//! `jwt-simple` 0.15 with its `pure-rust` feature.
//!
//! It takes its options by value on every call, so cloning them is part of its cost.

use crate::case::Case;
use crate::case::Check;
use crate::case::Provider;
use crate::error::Error;
use crate::error::Result;
use crate::jwt::AUDIENCE;
use crate::jwt::Alg;
use crate::jwt::Fixture;
use crate::jwt::ISSUER;
use crate::jwt::Key;
use crate::jwt::LEEWAY;
use crate::jwt::PublicKey;
use crate::jwt::claims::Private;
use jwt_simple::prelude::*;
use std::collections::HashSet;
use std::hint::black_box;

/// Creates the case.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    let check = match &fixture.key {
        Key::Secret(secret) => hmac(fixture, secret),
        Key::Public(public) => signature(fixture, public).map_err(error)?,
    };
    Ok(vec![Case::new(
        "jwt-simple 0.15 pure-rust",
        Provider::RustCrypto,
        check,
    )])
}

fn error(error: jwt_simple::Error) -> Error {
    format!("jwt-simple: {error}").into()
}

fn hmac(fixture: &Fixture, secret: &str) -> Check {
    let key = HS256Key::from_bytes(secret.as_bytes());
    check(fixture, move |token, options| {
        key.verify_token::<Private>(token, options)
    })
}

fn signature(fixture: &Fixture, public: &PublicKey) -> Verified<Check> {
    match fixture.alg {
        Alg::Rs256 | Alg::Ps256 => rsa(fixture, public),
        Alg::Es256 | Alg::Es384 => ecdsa(fixture, public),
        Alg::EdDsa | Alg::Hs256 => ed25519(fixture, public),
    }
}

fn rsa(fixture: &Fixture, public: &PublicKey) -> Verified<Check> {
    if fixture.alg == Alg::Ps256 {
        let key = PS256PublicKey::from_pem(&public.pem)?;
        return Ok(check(fixture, move |token, options| {
            key.verify_token::<Private>(token, options)
        }));
    }
    let key = RS256PublicKey::from_pem(&public.pem)?;
    Ok(check(fixture, move |token, options| {
        key.verify_token::<Private>(token, options)
    }))
}

fn ecdsa(fixture: &Fixture, public: &PublicKey) -> Verified<Check> {
    if fixture.alg == Alg::Es384 {
        let key = ES384PublicKey::from_bytes(&public.bytes)?;
        return Ok(check(fixture, move |token, options| {
            key.verify_token::<Private>(token, options)
        }));
    }
    let key = ES256PublicKey::from_bytes(&public.bytes)?;
    Ok(check(fixture, move |token, options| {
        key.verify_token::<Private>(token, options)
    }))
}

fn ed25519(fixture: &Fixture, public: &PublicKey) -> Verified<Check> {
    let key = Ed25519PublicKey::from_bytes(&public.bytes)?;
    Ok(check(fixture, move |token, options| {
        key.verify_token::<Private>(token, options)
    }))
}

type Verified<T> = std::result::Result<T, jwt_simple::Error>;

fn check(
    fixture: &Fixture,
    verify: impl Fn(&str, Option<VerificationOptions>) -> Verified<JWTClaims<Private>> + 'static,
) -> Check {
    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISSUER.to_owned()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.to_owned()])),
        time_tolerance: Some(Duration::from_secs(LEEWAY)),
        ..VerificationOptions::default()
    };
    fixture.check(move |token| black_box(verify(token, Some(options.clone()))).is_ok())
}
