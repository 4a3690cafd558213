//! `huskarl-resource-server` 0.11 with its native crypto (RustCrypto).
//!
//! Its JWT validator is measured, which both of its access token validators wrap: it takes a token, as
//! all other cases do, while the wrappers take the headers of a request.

use super::ready;
use crate::case::Case;
use crate::case::Provider;
use crate::error::During;
use crate::error::Result;
use crate::jwt::AUDIENCE;
use crate::jwt::Fixture;
use crate::jwt::ISSUER;
use crate::jwt::KEY_ID;
use crate::jwt::Key;
use crate::jwt::LEEWAY;
use crate::jwt::PublicKey;
use crate::jwt::claims::Private;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huskarl_crypto_native::NativeVerifierPlatform;
use huskarl_crypto_native::symmetric::SymmetricKey;
use huskarl_resource_server::core::crypto::verifier::JwsVerifier;
use huskarl_resource_server::core::crypto::verifier::MultiKeyVerifier;
use huskarl_resource_server::core::jwk::Jwk;
use huskarl_resource_server::core::jwk::Jwks;
use huskarl_resource_server::core::jwk::PublicJwks;
use huskarl_resource_server::core::jwt::validator::ClaimCheck;
use huskarl_resource_server::core::jwt::validator::JwtValidator;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// Creates the case.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    let verifier = match &fixture.key {
        Key::Secret(secret) => symmetric(secret)?,
        Key::Public(public) => asymmetric(public)?,
    };
    let validator = JwtValidator::builder()
        .verifier(verifier)
        .allowed_algorithms([fixture.alg.name().to_owned()])
        .typ(ClaimCheck::required_value("at+jwt"))
        .iss(ClaimCheck::required_value(ISSUER))
        .aud(ClaimCheck::required_value(AUDIENCE))
        .require_exp(true)
        .clock_leeway(Duration::from_secs(LEEWAY))
        .build();
    let check = fixture.check(move |token| {
        black_box(ready(validator.validate::<Private>(token)))
            .is_some_and(|validated| validated.is_ok())
    });
    Ok(vec![Case::new(
        "huskarl-resource-server 0.11 rust-crypto",
        Provider::RustCrypto,
        check,
    )])
}

fn symmetric(secret: &str) -> Result<Arc<dyn JwsVerifier>> {
    let jwk = serde_json::json!({
        "kty": "oct",
        "k": URL_SAFE_NO_PAD.encode(secret),
        "alg": "HS256",
        "kid": KEY_ID,
    });
    let jwk: Jwk = serde_json::from_value(jwk)?;
    let private = jwk.private_jwk().ok_or("huskarl: no secret in the JWK")?;
    let key = SymmetricKey::from_jwk(private.try_into().during("huskarl")?).during("huskarl")?;
    Ok(Arc::new(key))
}

fn asymmetric(key: &PublicKey) -> Result<Arc<dyn JwsVerifier>> {
    let jwks: Jwks = serde_json::from_str(&key.jwks())?;
    let jwks = PublicJwks::from(jwks);
    let keys = ready(MultiKeyVerifier::from_jwks(&jwks, &NativeVerifierPlatform))
        .ok_or("huskarl waits although its keys are local")?
        .during("huskarl")?;
    Ok(Arc::new(keys))
}
