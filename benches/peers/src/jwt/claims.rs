//! The claims of the token, as a service would declare them.
//!
//! Some peers read the registered claims themselves and leave the others to the type of the caller;
//! they get [`Rest`] or [`Private`], so that the result of all is the same typed claims.

use serde::Deserialize;

/// Every claim of the token.
#[derive(Clone, Debug, Deserialize)]
#[expect(dead_code, reason = "deserialised for its cost, never read")]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Expiry.
    pub exp: u64,
    /// Not before.
    pub nbf: u64,
    /// Issued at.
    pub iat: u64,
    /// Subject.
    pub sub: String,
    /// Token id.
    pub jti: String,
    /// Client.
    pub client_id: String,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// A private claim.
    pub tenant: String,
    /// A private claim.
    pub roles: Vec<String>,
    /// A private claim.
    pub level: u32,
}

/// The claims that a peer leaves to the caller's type when it reads the times itself.
#[derive(Clone, Debug, Deserialize)]
#[expect(dead_code, reason = "deserialised for its cost, most are never read")]
pub struct Rest {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Subject.
    pub sub: String,
    /// Token id.
    pub jti: String,
    /// Client.
    pub client_id: String,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// A private claim.
    pub tenant: String,
    /// A private claim.
    pub roles: Vec<String>,
    /// A private claim.
    pub level: u32,
}

/// The claims that a peer leaves to the caller's type when it reads all of RFC 7519's itself.
#[derive(Clone, Debug, Deserialize)]
#[expect(dead_code, reason = "deserialised for its cost, never read")]
pub struct Private {
    /// Client.
    pub client_id: String,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// A private claim.
    pub tenant: String,
    /// A private claim.
    pub roles: Vec<String>,
    /// A private claim.
    pub level: u32,
}
