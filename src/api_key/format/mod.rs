//! The text of API keys, their digests and the peppers.

mod api_key_format;
mod base62;
mod checksum;
mod digest;
mod id;
mod legacy;
mod minted;
mod parsed;
mod pepper;

pub use api_key_format::ApiKeyFormat;
pub(crate) use digest::KeyDigest;
pub(crate) use digest::PepperVersion;
pub use digest::PepperedDigest;
pub use id::ApiKeyId;
pub use legacy::LegacyFormat;
pub(crate) use legacy::LegacyKey;
pub(crate) use minted::MintedKey;
pub(crate) use parsed::ParsedKey;
pub(crate) use pepper::Match;
pub use pepper::PepperSet;
