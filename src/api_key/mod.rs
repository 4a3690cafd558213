//! API keys: format, record, store, manager and validator.
//!
//! An [`ApiKeyScheme`] holds what all keys of one service share. An [`ApiKeyManager`] issues,
//! rotates and revokes keys of a scheme, an [`ApiKeyValidator`] accepts
//! them, and both read the records of an [`ApiKeyStore`]. What authors of stores need in addition
//! is in [`store`].

mod bounds;
mod draft;
mod error;
mod format;
mod import;
mod manager;
mod manager_builder;
mod pepper_guard;
mod record;
mod scheme;
mod serialized;
pub mod store;
mod update;
mod validator;

pub use draft::{NeedsExpiry, NewApiKey};
pub use error::{ApiKeyError, ApiKeyErrorKind};
pub(crate) use format::KeyDigest;
pub use format::{ApiKeyFormat, ApiKeyId, LegacyFormat, PepperSet, PepperedDigest};
pub use manager::ApiKeyManager;
pub use manager_builder::ApiKeyManagerBuilder;
pub use record::ApiKeyRecord;
pub use scheme::ApiKeyScheme;
pub use store::contract::ApiKeyStore;
pub use update::ApiKeyUpdate;
pub use validator::{ApiKeyValidator, ApiKeyValidatorBuilder};
