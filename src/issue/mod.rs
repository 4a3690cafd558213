//! Minting: credentials that this service issues, and their lives.

mod api_key;
mod draft;
mod grant_error;
mod jwt;
mod refresh;
mod session;

pub use api_key::ApiKeyError;
pub use api_key::ApiKeyErrorKind;
pub use api_key::ApiKeyManager;
pub use api_key::IssuedApiKey;
pub use api_key::NeedsExpiry;
pub use api_key::NewApiKey;
pub use grant_error::GrantError;
pub use grant_error::GrantErrorKind;
pub use jwt::AccessClaims;
pub use jwt::Answer;
pub use jwt::AuthenticatedClient;
pub use jwt::JwtIssuer;
pub use jwt::JwtIssuerBuilder;
pub use jwt::KeyRing;
pub use jwt::KeyRingBuilder;
pub use jwt::MintError;
pub use jwt::MintErrorKind;
pub use jwt::MintedToken;
pub use jwt::Revocations;
pub use jwt::SigningKey;
pub use jwt::TokenResponder;
pub use refresh::NewRefresh;
pub use refresh::RefreshManager;
pub use refresh::RefreshManagerBuilder;
pub use refresh::RefreshRequest;
pub use refresh::Refreshed;
pub use session::NewSession;
pub use session::SessionChange;
pub use session::SessionManager;
pub use session::SessionManagerBuilder;
