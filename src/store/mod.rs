//! What is kept: records, and the seams behind which they are kept.
//!
//! A store keeps records and compares versions, nothing else: it never sees a secret, asks no
//! clock and makes no decision. Everything that decides stands above it.

mod api_key;
mod error;

pub use api_key::ApiKeyChange;
pub use api_key::ApiKeyDetails;
pub use api_key::ApiKeyFilter;
pub use api_key::ApiKeyParts;
pub use api_key::ApiKeyQuery;
pub use api_key::ApiKeyRecord;
pub use api_key::ApiKeyStore;
pub use api_key::Disabled;
pub use api_key::MemoryApiKeyStore;
pub use error::StoreError;
pub use error::StoreErrorKind;
