//! `jwt-compact` 0.8 with its RustCrypto backends. It has no ES384.
//!
//! It leaves `iss` and `aud` to the caller, so they are compared here.

use crate::case::Case;
use crate::case::Check;
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
use crate::jwt::claims::Rest;
use compact_ed25519::VerifyingKey as Ed25519Key;
use compact_p256::ecdsa::VerifyingKey as P256Key;
use jwt_compact::Algorithm;
use jwt_compact::AlgorithmExt;
use jwt_compact::TimeOptions;
use jwt_compact::Token;
use jwt_compact::UntrustedToken;
use jwt_compact::alg::Ed25519;
use jwt_compact::alg::Es256;
use jwt_compact::alg::Hs256;
use jwt_compact::alg::Hs256Key;
use jwt_compact::alg::Rsa;
use jwt_compact::alg::RsaPublicKey;
use jwt_compact::alg::VerifyingKey;
use jwt_compact::jwk::JsonWebKey;
use std::hint::black_box;

/// Creates the case, unless the algorithm is ES384.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    let check = match &fixture.key {
        Key::Secret(secret) => Some(check(fixture, Hs256, Hs256Key::new(secret))),
        Key::Public(public) => signature(fixture, public)?,
    };
    let case = |check| Case::new("jwt-compact 0.8 rust-crypto", Provider::RustCrypto, check);
    Ok(check.map(case).into_iter().collect())
}

fn signature(fixture: &Fixture, public: &PublicKey) -> Result<Option<Check>> {
    Ok(match fixture.alg {
        Alg::Rs256 => Some(check(fixture, Rsa::rs256(), rsa(public)?)),
        Alg::Ps256 => Some(check(fixture, Rsa::ps256(), rsa(public)?)),
        Alg::Es256 => Some(check(fixture, Es256, p256(public)?)),
        Alg::EdDsa => Some(check(fixture, Ed25519, ed25519(public)?)),
        Alg::Es384 | Alg::Hs256 => None,
    })
}

fn rsa(public: &PublicKey) -> Result<RsaPublicKey> {
    let jwk: JsonWebKey<'_> = serde_json::from_str(&public.jwk.to_string())?;
    RsaPublicKey::try_from(&jwk).during("jwt-compact")
}

fn p256(public: &PublicKey) -> Result<P256Key> {
    <P256Key as VerifyingKey<Es256>>::from_slice(&public.bytes).during("jwt-compact")
}

fn ed25519(public: &PublicKey) -> Result<Ed25519Key> {
    <Ed25519Key as VerifyingKey<Ed25519>>::from_slice(&public.bytes).during("jwt-compact")
}

fn check<A>(fixture: &Fixture, algorithm: A, key: A::VerifyingKey) -> Check
where
    A: Algorithm + 'static,
{
    let leeway = i64::try_from(LEEWAY).expect("the leeway is small");
    let options = TimeOptions::from_leeway(chrono::Duration::seconds(leeway));
    fixture.check(move |token| {
        let verified = UntrustedToken::new(token)
            .ok()
            .and_then(|token| algorithm.validator::<Rest>(&key).validate(&token).ok());
        black_box(verified).is_some_and(|token| valid(&token, &options))
    })
}

fn valid(token: &Token<Rest>, options: &TimeOptions) -> bool {
    let claims = token.claims();
    claims.validate_expiration(options).is_ok()
        && claims.validate_maturity(options).is_ok()
        && claims.custom.iss == ISSUER
        && claims.custom.aud == AUDIENCE
}
