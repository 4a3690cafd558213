//! Signed answers (RFC 9701).

use std::fmt;
use std::sync::Arc;

use super::response::Problem;
use super::response::Reading;
use super::response::read;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::error::ConfigError;
use crate::json::Value;
use crate::jwt::JwtValidator;
use crate::key::KeyStatus;
use crate::key::KeyStore;
use crate::limits;
use crate::principal::KeyId;
use crate::principal::Principal;
use crate::validator::TokenValidator;

/// Opens the envelopes of one issuer, addressed to this service.
pub(super) struct Signed {
    envelopes: JwtValidator,
    keys: Arc<dyn KeyStore>,
}

/// The media type of a signed answer.
pub(super) const MEDIA: &str = "application/token-introspection+jwt";

impl Signed {
    pub(super) fn new(
        issuer: &str,
        keys: Arc<dyn KeyStore>,
        client: &str,
    ) -> Result<Self, ConfigError> {
        let envelopes = JwtValidator::builder()
            .issuer(issuer)
            .audience(client)
            .key_store(Arc::clone(&keys))
            .require_type("token-introspection+jwt")
            .allow_missing_expiry()
            .check("iat", |claims| claims.value("iat").is_some())
            .max_token_bytes(limits::TOKEN_BYTES_MAX)
            .build()?;
        Ok(Self { envelopes, keys })
    }

    /// Verifies an envelope and reads what is in it; tells the key that signed it.
    pub(super) async fn open(
        &self,
        body: &[u8],
        now: UnixTime,
    ) -> Result<(Reading, Option<KeyId>), Problem> {
        let text = str::from_utf8(body).map_err(|error| envelope().because(error))?;
        let presented = PresentedCredential::token(text).at(now);
        let opened = self.envelopes.validate(&presented).await;
        let opened = opened.map_err(|rejection| envelope().because(rejection))?;
        Ok((inner(&opened)?, opened.key()))
    }

    /// Says whether what this key signed may still be used.
    pub(super) fn counts(&self, key: &KeyId) -> bool {
        matches!(self.keys.status(key), KeyStatus::Fresh | KeyStatus::Stale)
    }
}

fn inner(opened: &Principal) -> Result<Reading, Problem> {
    let inner = opened.claims().value("token_introspection");
    let inner = inner.ok_or(Problem::new("the signed answer says nothing of the token"))?;
    read(Value::raw(inner).as_bytes())
}

fn envelope() -> Problem {
    Problem::new("the envelope of the signed answer was refused")
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("envelopes", &self.envelopes)
            .finish_non_exhaustive()
    }
}
