//! Minting: credentials that this service issues, and their lives.

mod api_key;

pub use api_key::ApiKeyError;
pub use api_key::ApiKeyErrorKind;
pub use api_key::ApiKeyManager;
pub use api_key::IssuedApiKey;
pub use api_key::NeedsExpiry;
pub use api_key::NewApiKey;
