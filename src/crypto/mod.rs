//! The signature seam: which algorithms there are, and who computes them.
//!
//! A [`Provider`] is a value that is handed over when a key is imported. It prepares the key once;
//! after that a check is one call into the provider.

mod algorithm;
mod edwards;
mod material;
#[cfg(feature = "aws-lc-rs")]
mod on_aws_lc_rs;
mod on_ring;
mod provider;
pub(crate) mod signing;
#[cfg(test)]
mod test_wycheproof;

pub use algorithm::Algorithm;
pub use algorithm::Algorithms;
pub(crate) use material::Curve;
pub(crate) use material::Flaw;
pub(crate) use material::Material;
pub use provider::Provider;
pub(crate) use provider::Verify;
