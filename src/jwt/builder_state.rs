//! The states of builders, by which their types require settings.

/// Builder state: the issuer is missing; call
/// [`issuer`](crate::jwt::JwtValidatorBuilder::issuer) or one of the methods next to it.
#[derive(Debug)]
#[non_exhaustive]
pub struct NeedsIssuer;

/// Builder state: the audience is missing; call
/// [`audience`](crate::jwt::JwtValidatorBuilder::audience) or one of the methods next to it. The
/// builder of an introspection validator has this state too.
#[derive(Debug)]
#[non_exhaustive]
pub struct NeedsAudience;

/// Builder state: the keys are missing; call [`keys`](crate::jwt::JwtValidatorBuilder::keys) or
/// [`key_store`](crate::jwt::JwtValidatorBuilder::key_store).
#[derive(Debug)]
#[non_exhaustive]
pub struct NeedsKeys;

/// Builder state: nothing required is missing; call
/// [`build`](crate::jwt::JwtValidatorBuilder::build).
#[derive(Debug)]
#[non_exhaustive]
pub struct Ready;
