//! Signed introspection responses (RFC 9701).

use std::fmt;
use std::sync::Arc;

use super::response::{EndpointProblem, TokenState, read};
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::crypto::Algorithm;
use crate::error::{ConfigError, RejectionKind};
use crate::json::Value;
use crate::jwt::JwtValidator;
use crate::key::{KeyStatus, KeyStore};
use crate::limits;
use crate::principal::KeyId;
use crate::validator::{Conformance, TokenValidator};

/// The validator of the JWTs in which one issuer puts its responses to this service.
pub(super) struct SignedResponses {
    validator: JwtValidator,
    keys: Arc<dyn KeyStore>,
}

/// The media type of a signed response.
pub(super) const MEDIA_TYPE: &str = "application/token-introspection+jwt";

impl SignedResponses {
    pub(super) fn new(
        issuer: &str,
        keys: Arc<dyn KeyStore>,
        client: &str,
        algorithms: Option<&[Algorithm]>,
    ) -> Result<Self, ConfigError> {
        let builder = JwtValidator::builder()
            .issuer(issuer)
            .audience(client)
            .key_store(Arc::clone(&keys));
        let builder = match algorithms {
            Some(algorithms) => builder.algorithms(algorithms.iter().copied()),
            None => builder,
        };
        let validator = builder
            .introspection_response()
            .allow_missing_expiry()
            .check("iat", |claims| claims.value("iat").is_some())
            .max_token_bytes(limits::TOKEN_BYTES_MAX)
            .build()?;
        Ok(Self { validator, keys })
    }

    /// Returns the state of a token in a signed response, with the key of the response, only if
    /// the JWT of the response is valid.
    pub(super) async fn open(
        &self,
        body: &[u8],
        now: UnixTime,
    ) -> Result<(TokenState, Option<KeyId>), EndpointProblem> {
        let text = str::from_utf8(body).map_err(|error| rejected().with_cause(error))?;
        let presented = PresentedCredential::token(text).at(now);
        let principal = self.validator.validate(&presented).await;
        let principal = match principal {
            Ok(principal) => principal,
            Err(rejection) if rejection.kind() == RejectionKind::TokenTooLarge => {
                return Ok((TokenState::TooLarge, None));
            }
            Err(rejection) => return Err(rejected().with_cause(rejection)),
        };
        let member = principal.claims().value("token_introspection");
        let member = member.ok_or(EndpointProblem::new(
            "the signed response has no `token_introspection`",
        ))?;
        Ok((read(Value::raw(member).as_bytes())?, principal.key()))
    }

    /// Returns what holds for the JWTs of responses, for a profile.
    pub(super) fn conformance(&self) -> Conformance {
        self.validator.conformance()
    }

    /// Returns true if responses under this key may still be used.
    pub(super) fn is_key_accepted(&self, key: &KeyId) -> bool {
        matches!(self.keys.status(key), KeyStatus::Fresh | KeyStatus::Stale)
    }
}

fn rejected() -> EndpointProblem {
    EndpointProblem::new("the JWT of the signed response is not valid")
}

impl fmt::Debug for SignedResponses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedResponses")
            .field("validator", &self.validator)
            .finish_non_exhaustive()
    }
}
