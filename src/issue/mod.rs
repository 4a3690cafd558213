//! Minting: credentials that this service issues, and their lives.

mod api_key;

pub use api_key::ApiKeyError;
pub use api_key::ApiKeyErrorKind;
pub use api_key::ApiKeyManager;
pub use api_key::IssuedApiKey;
pub use api_key::NeedsExpiry;
pub use api_key::NewApiKey;
//! Minting and rotation: sessions and refresh tokens.

mod draft;
mod refresh;
mod session;

pub use refresh::NewRefresh;
pub use refresh::RefreshManager;
pub use refresh::RefreshManagerBuilder;
pub use refresh::RefreshRequest;
pub use refresh::Refreshed;
pub use session::NewSession;
pub use session::SessionChange;
pub use session::SessionManager;
pub use session::SessionManagerBuilder;
