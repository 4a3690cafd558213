//! Every bound of the crate in one place, each with its source.
//!
//! All bounds are inclusive: a value equal to the bound is accepted.

use std::time::Duration;

/// Longest token in bytes unless configured otherwise, checked before any other work.
///
/// Source: the advisories CVE-2025-30204 (golang-jwt) and CVE-2025-27144 (go-jose) ask for a cap
/// before parsing; tokens with group claims of large tenants pass 8 KiB.
pub const TOKEN_BYTES: usize = 16 * 1024;

/// Longest token in bytes that a configuration may allow.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Longest decoded JOSE header in bytes. Nimbus caps at 20 000 characters.
pub const HEADER_BYTES: usize = 4 * 1024;

/// Deepest nesting of a JSON text; the top value is depth 1.
///
/// Source: RUSTSEC-2024-0012 and CVE-2025-53864 are stack exhaustion by nesting.
pub const JSON_DEPTH: usize = 32;

/// Most members of one JSON object, at any depth.
pub const JSON_MEMBERS: usize = 256;

/// Longest JSON text in bytes that the scanner takes.
pub const JSON_BYTES: usize = 1024 * 1024;

/// Largest JSON number, positive or negative: a little below the largest `f64`, because some
/// readers round what lies between to infinity.
pub const JSON_NUMBER: f64 = 1.797_693_134_862e308;

/// Longest JWK Set document in bytes. Nimbus caps at 50 KiB.
pub const JWKS_BYTES: usize = 256 * 1024;

/// Most keys of one JWK Set; a larger set is refused whole.
pub const JWKS_KEYS: usize = 100;

/// Longest key id in bytes, in a token and in a key.
pub const KEY_ID_BYTES: usize = 256;

/// Most keys tried by [`KeySet::rotating`](crate::KeySet::rotating).
pub const ROTATING_KEYS: usize = 4;

/// Smallest RSA modulus in bits. Source: RFC 7518 section 3.3.
pub const RSA_BITS_MIN: usize = 2048;

/// Largest RSA modulus in bits. Source: ring's upper bound.
pub const RSA_BITS_MAX: usize = 8192;

/// Smallest RSA public exponent. Source: FIPS 186-5 section A.1.1.
pub const RSA_EXPONENT_MIN: u64 = 65_537;

/// Exclusive upper bound of an RSA public exponent. Source: ring's upper bound.
pub const RSA_EXPONENT_END: u64 = 1 << 33;

/// Deepest chain of `act` claims. RFC 8693 section 4.1 names no bound.
pub const ACTOR_DEPTH: usize = 4;

/// Latest time that a claim may name, 9999-12-31T23:59:59Z in Unix seconds. Source: Tink.
pub const TIME_MAX: u64 = 253_402_300_799;

/// Clock skew forgiven unless configured otherwise.
pub const LEEWAY: Duration = Duration::from_secs(30);

/// Most clock skew that a configuration may forgive. Source: Tink.
pub const LEEWAY_MAX: Duration = Duration::from_secs(600);

/// Longest form body in bytes that is searched for a credential.
pub const FORM_BYTES: usize = 1024 * 1024;

/// Most rules of one policy, and most routes of one table.
///
/// Source: like all bounds of policies, a guess at ten times what people write by hand.
pub const POLICY_RULES: usize = 1_024;

/// Most steps that one decision of a policy may take: one for every value that its conditions
/// compare with, and [`MATCHED_BYTES`] for every pattern.
pub const POLICY_STEPS: usize = 65_536;

/// Most different scopes that the rules of one policy name.
pub const POLICY_SCOPES: usize = 1_024;

/// Most claims that several conditions of one policy ask about.
pub const POLICY_CLAIMS: usize = 64;

/// Longest regular expression in bytes.
pub const PATTERN_BYTES: usize = 256;

/// Largest compiled regular expression in bytes, as its crate counts them.
pub const PATTERN_SIZE: usize = 16 * 1024;

/// Longest text in bytes that a regular expression is held against.
pub const MATCHED_BYTES: usize = 512;

/// Longest pattern of a route in bytes.
pub const ROUTE_BYTES: usize = 512;

/// Most segments of a route.
pub const ROUTE_SEGMENTS: usize = 32;
