//! Encrypted tokens: a signed JWT inside a JWE (feature `jwe`).
//!
//! Encryption hides the claims of a token from the client and from what it passes on its way. It says
//! nothing about the sender: everybody knows the public key. So what is decrypted has to be a signed JWT,
//! and all rules of the validator apply to it.
//!
//! ```
//! # #[cfg(feature = "jwe")]
//! # mod code {
//! use bearergate::jwe::{DecryptionKey, DecryptionKeys, KeyManagement};
//! use bearergate::key::KeySet;
//! use bearergate::{ConfigError, JwtValidator};
//!
//! fn validator(keys: KeySet, own_pem: &[u8]) -> Result<JwtValidator, ConfigError> {
//!     let own = DecryptionKey::from_pem(KeyManagement::EcdhEs, own_pem)?.with_kid("2026-12");
//!     JwtValidator::builder()
//!         .issuer("https://idp.example.com")
//!         .audience("https://api.example.com")
//!         .keys(keys)
//!         .encrypted_with(DecryptionKeys::of([own])?)
//!         .build()
//! }
//! # }
//! ```
//!
//! Tokens that are not encrypted are still accepted, unless `encryption_required` is called.
//!
//! | algorithm | how to use it |
//! |---|---|
//! | `ECDH-ES`, `ECDH-ES+A128KW`, `ECDH-ES+A256KW` on P-256, P-384 and X25519 | preferred: about 50 µs for a token |
//! | `RSA-OAEP-256`, `RSA-OAEP-384`, `RSA-OAEP-512` | about 315 µs for a token, for anybody's token: they run on at most half of the cores at once, 64 wait, the others are 503 |
//! | `dir` | a secret that the issuer has too |
//! | `RSA-OAEP`, `A128KW`, `A256KW` | only if the key was imported for it by name |
//! | content: `A128GCM`, `A256GCM`, `A128CBC-HS256`, `A256CBC-HS512` | all by default |
//!
//! There is no code for `RSA1_5`, `PBES2`, `A128GCMKW` and the like, `zip`, and keys of 192 bits.
//!
//! - A key serves one algorithm, the one that it was imported for. The header of a token selects nothing.
//! - Whatever fails between the encrypted key and the tag is one kind, `decryption_failed`, with one
//!   answer, so that nobody learns from it. A [lock-out](super::lock_out) counts it double.
//! - A header that repeats `iss`, `sub` or `aud` has to have the values of the signed token.
//! - A proof of possession is made for the text as it is presented, the encrypted one (`ath`).
//! - To replace a key, add the new one, let the issuer encrypt to it, and remove the old one when its
//!   last token has expired. At most eight keys are tried by `kid`, never one after the other.
