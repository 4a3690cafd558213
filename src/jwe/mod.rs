//! Encrypted tokens: a signed JWT inside a JWE (RFC 7516, RFC 7519 section 5.2).
//!
//! [`JwtValidatorBuilder::encrypted_with`](crate::jwt::JwtValidatorBuilder::encrypted_with) takes the
//! keys. The encryption says nothing about the sender, because everybody knows the public key: what comes
//! out is a signed JWT, which is validated by the same rules as one that was not encrypted.
//!
//! Prefer `ECDH-ES`: decrypting a token costs 50 µs with it, and 315 µs with RSA, for anybody's token.

mod algorithm;
mod content;
mod decrypt;
mod header;
mod import;
mod key;
#[cfg(test)]
mod test_vectors;
mod turns;

pub use algorithm::{ContentEncryption, KeyManagement};
pub use decrypt::Decrypted;
pub use key::{DecryptionKey, DecryptionKeys};
