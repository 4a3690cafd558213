//! Minting: credentials that this service issues, and their lives.

mod api_key;
mod draft;
mod grant_error;
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
pub use refresh::NewRefresh;
pub use refresh::RefreshManager;
pub use refresh::RefreshManagerBuilder;
pub use refresh::RefreshRequest;
pub use refresh::Refreshed;
pub use session::NewSession;
pub use session::SessionChange;
pub use session::SessionManager;
pub use session::SessionManagerBuilder;
