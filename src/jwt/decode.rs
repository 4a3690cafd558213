//! Validation of a token, straight to the claims of the service's own type.

use serde::de::DeserializeOwned;

use super::validator::JwtValidator;
use crate::credential::PresentedCredential;
use crate::error::{Rejection, RejectionKind};
use crate::now_or_later::{NowOrLater, ask};
use crate::validator::TokenValidator;

impl JwtValidator {
    /// Validates a token and returns its claims as a `T`, for code that has the token's text and no
    /// request, such as code that called `jsonwebtoken::decode`.
    ///
    /// It returns claims only if the token is accepted by every rule of this validator, as by
    /// [`validate`](TokenValidator::validate), and they are a `T`. Claims that
    /// [`grants`](crate::jwt::JwtValidatorBuilder::grants) leaves out are absent. The result is
    /// ready if the keys are; a request with headers is better given to a
    /// [`Gate`](crate::Gate), which also finds the token, checks revocations and decides.
    ///
    /// The text is untrusted. It is the token without a scheme; a text with `Bearer` before it is
    /// [`TokenMalformed`](RejectionKind::TokenMalformed).
    ///
    /// # Errors
    ///
    /// The [`Rejection`] of the token, or [`ClaimInvalid`](RejectionKind::ClaimInvalid) if the
    /// claims are not a `T`; its source then is the
    /// [`ClaimError`](crate::principal::ClaimError) with the claim, what was expected and what was
    /// found.
    ///
    /// ```
    /// use bearergate::JwtValidator;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct MyClaims {
    ///     sub: String,
    /// }
    ///
    /// async fn subject(validator: &JwtValidator, token: &str) -> Result<String, bearergate::Rejection> {
    ///     let claims: MyClaims = validator.decode(token).await?;
    ///     Ok(claims.sub)
    /// }
    /// ```
    pub fn decode<'a, T: DeserializeOwned + Send + 'a>(
        &'a self,
        token: &'a str,
    ) -> NowOrLater<'a, Result<T, Rejection>> {
        ask!(
            where presented = Ok(PresentedCredential::token(token));
            self.validate(&presented),
            |validated| NowOrLater::now(validated.and_then(|principal| {
                principal.claims().deserialize().map_err(|error| {
                    let rejection = Rejection::new(RejectionKind::ClaimInvalid);
                    let rejection = match error.claim() {
                        Some(claim) => rejection.with_claim(claim),
                        None => rejection,
                    };
                    rejection.with_source(error)
                })
            }))
        )
    }
}
