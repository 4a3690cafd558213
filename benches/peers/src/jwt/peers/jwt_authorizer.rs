//! `jwt-authorizer` 0.15, a layer over `jsonwebtoken` 9 and ring.

use super::ready;
use crate::case::Case;
use crate::case::Provider;
use crate::error::During;
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
use jwt_authorizer::JwtAuthorizer;
use jwt_authorizer::Validation;
use std::hint::black_box;

/// Creates the case.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    let builder = match &fixture.key {
        Key::Secret(secret) => JwtAuthorizer::<Claims>::from_secret(secret),
        Key::Public(public) => with_public_key(fixture.alg, public),
    };
    let validation = Validation::new()
        .algs(vec![fixture.alg.name().parse::<Algorithm>()?])
        .iss(&[ISSUER])
        .aud(&[AUDIENCE])
        .nbf(true)
        .leeway(LEEWAY);
    let authorizer = ready(builder.validation(validation).build())
        .ok_or("jwt-authorizer waits although its key is local")?
        .during("jwt-authorizer")?;
    let check = fixture.check(move |token| {
        black_box(ready(authorizer.check_auth(token))).is_some_and(|checked| checked.is_ok())
    });
    Ok(vec![Case::new(
        "jwt-authorizer 0.15 ring",
        Provider::Ring,
        check,
    )])
}

fn with_public_key(alg: Alg, key: &PublicKey) -> JwtAuthorizer<Claims> {
    match alg {
        Alg::Rs256 | Alg::Ps256 => JwtAuthorizer::from_rsa_pem_text(&key.pem),
        Alg::Es256 | Alg::Es384 => JwtAuthorizer::from_ec_pem_text(&key.pem),
        Alg::EdDsa | Alg::Hs256 => JwtAuthorizer::from_ed_pem_text(&key.pem),
    }
}
