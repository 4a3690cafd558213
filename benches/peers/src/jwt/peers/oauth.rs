//! `oauth-resource-server` 0.4, on `jsonwebtoken` 9 and ring. It refuses HMAC by design.
//!
//! Its keys are passed in, so it never fetches any; a second call makes its claims typed.

use super::ready;
use crate::case::Case;
use crate::case::Provider;
use crate::error::During;
use crate::error::Result;
use crate::jwt::AUDIENCE;
use crate::jwt::Fixture;
use crate::jwt::ISSUER;
use crate::jwt::LEEWAY;
use crate::jwt::PublicKey;
use crate::jwt::claims::Claims;
use oauth_resource_server::KeyNaming;
use oauth_resource_server::OAuthConfig;
use oauth_resource_server::OAuthValidator;
use std::hint::black_box;

/// Creates the case, unless the key is a secret.
pub fn cases(fixture: &Fixture) -> Result<Vec<Case>> {
    let Some(key) = fixture.key.public() else {
        return Ok(Vec::new());
    };
    let validator = validator(fixture.alg.name(), key).during("oauth-resource-server")?;
    let check = fixture.check(move |token| accepts(&validator, token));
    Ok(vec![Case::new(
        "oauth-resource-server 0.4 ring",
        Provider::Ring,
        check,
    )])
}

fn validator(alg: &str, key: &PublicKey) -> Result<OAuthValidator> {
    let config = OAuthConfig {
        enabled: true,
        issuer: ISSUER.to_owned(),
        jwks_uri: Some(format!("{ISSUER}/jwks")),
        audience: AUDIENCE.to_owned(),
        resource: AUDIENCE.to_owned(),
        algorithms: vec![alg.to_owned()],
        leeway_secs: LEEWAY,
        require_at_jwt: true,
        ..OAuthConfig::default()
    };
    let config = config
        .resolve(KeyNaming::Dotted("oauth"))?
        .ok_or("the configuration is off")?;
    let builder = OAuthValidator::builder(&config).initial_jwks(&key.jwks());
    Ok(builder.build()?)
}

fn accepts(validator: &OAuthValidator, token: &str) -> bool {
    match ready(validator.validate(token)) {
        Some(Ok(token)) => black_box(token.claims_as::<Claims>()).is_ok(),
        Some(Err(_)) | None => false,
    }
}
