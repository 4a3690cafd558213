//! Keys that verify signatures: import, sets, and stores.
//!
//! The key owns the algorithm: a [`Key`] is bound to its algorithms when it is imported, and the
//! header of a token can only agree with one of them. A [`KeySet`] holds the keys of one issuer and
//! picks the one for a token. A [`KeyStore`] provides a set: a [`KeySet`] whose keys never change,
//! [`FetchedKeys`] that are fetched from their issuer and kept up to date, or a store of your own.

mod certificate;
mod certificate_map;
pub(crate) mod der;
mod discovery;
mod draft;
mod fetched;
mod hint;
mod id;
mod import;
mod jwk;
mod jwks;
mod mistake;
pub(crate) mod pem;
mod secret_lint;
mod set;
mod skipped;
mod store;
#[cfg(test)]
pub(crate) mod test_samples;
#[cfg(test)]
pub(crate) mod test_vectors;
mod verification_key;

#[cfg(fuzzing)]
#[doc(hidden)]
pub use discovery::keys_address_of;
pub(crate) use fetched::key_findings;
pub use fetched::{FetchedKeys, FetchedKeysBuilder};
pub use hint::KeyHint;
pub use import::KeyImporter;
pub use set::KeySet;
pub use skipped::SkippedKey;
pub use store::{KeyStatus, KeyStore};
pub use verification_key::Key;
pub(crate) use verification_key::check_served;
