//! Nonces that need no store: a MAC over a purpose, an origin and a window of time.
//!
//! A client that has to put a nonce of this service into its proofs cannot make them in advance, and
//! its clock does not matter (RFC 9449 sections 9 and 11.3). All nodes and all services of one origin
//! must have the same secret, because clients keep one nonce for each origin.

mod issuer;
mod nonces;
#[cfg(test)]
mod tests;

pub(crate) use issuer::{Domain, NonceIssuer, NonceStanding};
pub use nonces::Nonces;
