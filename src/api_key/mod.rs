//! API keys: format, record, store, manager and validator.

mod draft;
mod error;
mod format;
mod manager;
mod record;
mod row;
mod scheme;
mod store;
mod validator;

pub use draft::NeedsExpiry;
pub use draft::NewApiKey;
pub use error::ApiKeyError;
pub use error::ApiKeyErrorKind;
pub use format::ApiKeyFormat;
pub use format::ApiKeyId;
pub use format::ApiKeyIdMalformed;
pub use format::KeyDigest;
pub use format::LegacyFormat;
pub use format::LegacyKey;
pub use format::ParsedKey;
pub use format::PepperSet;
pub use format::PepperVersion;
pub use format::PepperedDigest;
pub use manager::ApiKeyManager;
pub use manager::IssuedApiKey;
pub use record::ApiKeyDetails;
pub use record::ApiKeyRecord;
pub use row::ApiKeyRow;
pub use row::Disabled;
pub use scheme::ApiKeyScheme;
pub use store::ApiKeyChange;
pub use store::ApiKeyFilter;
pub use store::ApiKeyQuery;
pub use store::ApiKeyStore;
pub use validator::ApiKeyValidator;
pub use validator::ApiKeyValidatorBuilder;
