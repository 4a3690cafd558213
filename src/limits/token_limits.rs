//! Bounds of tokens, of JSON texts and of keys.

use std::time::Duration;

/// Default for the longest token in bytes, checked before any other work.
///
/// Source: the advisories CVE-2025-30204 (golang-jwt) and CVE-2025-27144 (go-jose) ask for a bound
/// before parsing; tokens with group claims of large tenants are longer than 8 KiB.
pub(crate) const TOKEN_BYTES: usize = 16 * 1024;

/// Longest token, in bytes, that can be configured. A validator takes 16 KiB by default. Longer
/// tokens are rejected before anything is parsed.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Default for the longest decoded JOSE header in bytes. Nimbus allows 20 000 characters.
pub(crate) const HEADER_BYTES: usize = 4 * 1024;

/// Longest decoded JOSE header, in bytes, that can be configured. A validator takes 4 KiB by
/// default; a chain of certificates (`x5c`) is longer.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Deepest nesting of objects and arrays in a JSON text; the top value is level 1.
///
/// Source: RUSTSEC-2024-0012 and CVE-2025-53864 are stack exhaustion by nesting.
pub const JSON_DEPTH: usize = 32;

/// Most members of the top object of a JSON text, not counting those of nested objects. A text with
/// more is rejected.
pub const JSON_MEMBERS: usize = 256;

/// Most members of each JSON object below the top one. A text with more is rejected.
///
/// Source: Keycloak writes one member of `resource_access` for each of several hundred clients.
pub const JSON_INNER_MEMBERS: usize = 1_024;

/// Longest JSON text in bytes that [`json`](crate::json) accepts. The bound is checked before
/// anything is parsed.
pub const JSON_BYTES: usize = 1024 * 1024;

/// Longest JWK Set document in bytes. Nimbus allows 50 KiB.
pub(crate) const JWKS_BYTES: usize = 256 * 1024;

/// Default for the most keys of one JWK Set; a larger set is rejected as a whole.
pub(crate) const JWKS_KEYS: usize = 100;

/// Largest number of keys of one JWK Set that can be configured. By default a set has at most 100
/// keys. The set's 256 KiB are not extended.
pub const JWKS_KEYS_MAX: usize = 1_000;

/// Longest key id (`kid`) in bytes, in a token and in a key.
pub(crate) const KEY_ID_BYTES: usize = 256;

/// Most keys of [`KeySet::rotating`](crate::key::KeySet::rotating).
pub(crate) const ROTATING_KEYS: usize = 4;

/// Smallest RSA modulus in bits. Source: RFC 7518 section 3.3.
pub(crate) const RSA_BITS_MIN: usize = 2048;

/// Largest RSA modulus in bits. Source: ring's upper bound.
pub(crate) const RSA_BITS_MAX: usize = 8192;

/// Smallest RSA public exponent. Source: FIPS 186-5 section A.1.1.
pub(crate) const RSA_EXPONENT_MIN: u64 = 65_537;

/// Exclusive upper bound of an RSA public exponent. Source: ring's upper bound.
pub(crate) const RSA_EXPONENT_END: u64 = 1 << 33;

/// Longest chain of `act` claims. RFC 8693 section 4.1 has no bound.
pub(crate) const ACTOR_DEPTH: usize = 4;

/// Latest time in a claim, 9999-12-31T23:59:59Z in Unix seconds. Source: Tink.
pub(crate) const TIME_MAX: u64 = 253_402_300_799;

/// Default clock skew that is forgiven.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);

/// Largest clock skew that can be forgiven, [`Leeway::MAX`](crate::clock::Leeway::MAX). Source: Tink.
pub(crate) const LEEWAY_MAX: Duration = Duration::from_secs(600);

/// Longest form body in bytes that is searched for a credential.
pub(crate) const FORM_BYTES: usize = 1024 * 1024;

/// Longest life of a transaction token. The draft asks for minutes or less.
pub const TRANSACTION_LIFETIME: Duration = Duration::from_secs(600);
