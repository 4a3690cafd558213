//! What is kept: records, and the seams behind which they are kept.
//!
//! A store keeps records and compares versions, nothing else: it never sees a secret, asks no
//! clock and makes no decision. Everything that decides stands above it.

mod api_key;
mod cached;
mod digest;
mod error;
mod grant;
mod mark;
mod memory_grant;
mod refresh;
mod session;
mod shards;

pub use api_key::ApiKeyChange;
pub use api_key::ApiKeyDetails;
pub use api_key::ApiKeyFilter;
pub use api_key::ApiKeyParts;
pub use api_key::ApiKeyQuery;
pub use api_key::ApiKeyRecord;
pub use api_key::ApiKeyStore;
pub use api_key::Disabled;
pub use api_key::MemoryApiKeyStore;
pub use cached::CachedApiKeyStore;
pub use cached::CachedSessionStore;
pub use cached::ReadCache;
pub use digest::TokenDigest;
pub use error::StoreError;
pub use error::StoreErrorKind;
pub use grant::Grant;
pub use grant::SessionHandle;
pub use mark::GrantStore;
pub use mark::Lookup;
pub use mark::Mark;
pub use mark::MarkKey;
pub use mark::MarkKind;
pub use mark::Moment;
pub use memory_grant::MemoryGrantStore;
pub use refresh::RefreshFamily;
pub use refresh::RefreshTokenStore;
pub use refresh::SpentToken;
pub use session::SessionRecord;
pub use session::SessionStore;
