//! The signature seam: which algorithms there are, and who computes them.
//!
//! A [`Provider`] is a value that is handed over when a key is imported. It prepares the key once;
//! after that a check is one call into the provider.

mod algorithm;
mod edwards;
#[cfg(feature = "aws-lc-rs")]
mod on_aws_lc_rs;
mod on_ring;

mod material;
mod provider;
pub(crate) mod signing;

#[cfg(test)]
mod primitives;

pub use algorithm::Algorithm;
pub use algorithm::Algorithms;
pub use provider::Provider;

pub(crate) use material::Curve;
pub(crate) use material::Flaw;
pub(crate) use material::Material;
pub(crate) use provider::Verify;
