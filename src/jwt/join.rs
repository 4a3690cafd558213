//! Validators of several issuers, joined.

use std::sync::Arc;

use super::issuers::IssuerTable;
use super::validator::JwtValidator;
use crate::error::ConfigError;
use crate::validator::SenderConstraint;

impl JwtValidator {
    /// Joins validators of several issuers. The `iss` of a token selects one issuer by exact
    /// match; its keys, audiences and rules stay its own.
    ///
    /// All of them must have the same sender constraint, as clones of one
    /// [`Binding`](crate::binding::Binding) or `Arc` are, or none. The clock of the first validator,
    /// the first [cache](Self::cached) and the largest sizes of tokens and headers apply to all issuers.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) without any validator,
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) if two validators name one issuer, if
    /// their patterns overlap, or if one of several accepts
    /// [any issuer](crate::jwt::JwtValidatorBuilder::any_issuer).
    ///
    /// ```
    /// use bearergate::{ConfigError, JwtValidator};
    /// use bearergate::key::KeySet;
    ///
    /// fn validator(issuer: &str, jwks_json: &str) -> Result<JwtValidator, ConfigError> {
    ///     JwtValidator::builder()
    ///         .issuer(issuer)
    ///         .audience("https://api.example.com")
    ///         .keys(KeySet::from_jwks(jwks_json)?)
    ///         .grants(["orders:read"], ["tenant"])
    ///         .build()
    /// }
    ///
    /// # fn build(staff_jwks: &str, partner_jwks: &str) -> Result<JwtValidator, ConfigError> {
    /// JwtValidator::join([
    ///     validator("https://staff.example.com", staff_jwks)?,
    ///     validator("https://partner.example.net", partner_jwks)?,
    /// ])
    /// # }
    /// ```
    pub fn join(validators: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        let mut validators = validators.into_iter();
        let Some(mut joined) = validators.next() else {
            return Err(ConfigError::empty("issuers", "join at least one validator"));
        };
        let mut rules: Vec<_> = joined.issuers.rules().cloned().collect();
        for other in validators {
            if let Some(fault) = different(joined.constraint.as_ref(), other.constraint.as_ref()) {
                return Err(fault);
            }
            rules.extend(other.issuers.rules().cloned());
            joined.max_token_bytes = joined.max_token_bytes.max(other.max_token_bytes);
            joined.max_header_bytes = joined.max_header_bytes.max(other.max_header_bytes);
            #[cfg(feature = "jwe")]
            {
                joined.decryption = joined.decryption.or(other.decryption);
            }
            joined.cache = joined.cache.or(other.cache);
        }
        // Its issuers have other places now, so it must not use the entries of the first one.
        joined.cache = joined.cache.map(|cache| cache.another());
        joined.issuers = IssuerTable::new(rules)?;
        Ok(joined)
    }
}

/// Returns the fault of two validators that do not have the same constraint.
fn different(
    one: Option<&Arc<dyn SenderConstraint>>,
    other: Option<&Arc<dyn SenderConstraint>>,
) -> Option<ConfigError> {
    let is_same = match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        _ => false,
    };
    let detail = "expected validators with one sender constraint, or none, found different ones; give \
                  each a clone of one `Binding`, or of one `Arc`";
    (!is_same).then(|| ConfigError::conflict("sender_constraint", detail))
}
