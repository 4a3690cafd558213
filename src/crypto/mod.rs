//! Signature algorithms and the libraries that compute them.
//!
//! An [`Algorithm`] is one entry of a closed list, [`Algorithms`] is a set of them, and a
//! [`Provider`] names the library that verifies signatures. A provider is a value that is given
//! when a key is imported (see [`KeyImporter`](crate::key::KeyImporter)); nothing is installed for
//! the whole process. It prepares each key once, so that verifying a signature is one call.

mod algorithm;
#[cfg(feature = "jwe")]
pub(crate) mod decrypt;
mod edwards;
mod embedded;
mod flaw;
mod material;
#[cfg(feature = "aws-lc-rs")]
mod on_aws_lc_rs;
mod on_ring;
#[cfg(feature = "aws-lc-rs")]
mod p521;
#[cfg(not(feature = "aws-lc-rs"))]
#[path = "p521_absent.rs"]
mod p521;
#[cfg(any(feature = "issuer", feature = "jwe"))]
pub(crate) mod pkcs8;
mod provider;
mod ring_interface;
pub(crate) mod signing;
#[cfg(test)]
mod test_wycheproof;
mod verify;

pub use algorithm::{Algorithm, Algorithms};
pub(crate) use embedded::EmbeddedKey;
pub(crate) use flaw::Flaw;
pub(crate) use material::{Curve, Material};
pub use provider::Provider;
pub(crate) use verify::Verify;
