//! The rules of the JWT room, by behaviour and by reason.
//!
//! Rows of the list of known defects that are shown elsewhere:
//!
//! | row | where |
//! |---|---|
//! | A04, A06 | `src/key/mod.rs` too: every key kind with every algorithm, on each provider |
//! | A05, A14, A15, A16 | `tests/keys.rs`, `src/key/sniff.rs`, `src/crypto/material.rs`: secrets |
//! | A06, A39, A40, A41, A42 | `tests/keys.rs`, `src/key/set.rs`: JWK Sets |
//! | A32, A33, A38, B17 | `src/crypto/primitives.rs`: raw vectors on each provider |
//! | A34, A35, A36, A37 | `tests/keys.rs`, `src/crypto/edwards.rs`, `src/crypto/material.rs`: weak keys |
//! | A28, A30 | no PBES2, no RSA1_5: encrypted tokens are refused by name (`spelling.rs`) |
//! | A09, A10, A12 | nothing of a token becomes an address: key-bearing headers (`header.rs`), issuers are configured (`issuers.rs`) |
//! | A20, A21 | `src/credential/base64url.rs` too; Wycheproof in `src/validate/jwt/vectors.rs` |
//! | A43 to A49 | fetching; A47 (no keys, no verdict) in `stores.rs`, all of them in `tests/network` |
//! | B14 | `src/principal/claims.rs`: nothing is coerced |
//! | B15 | no claim with an inner structure of its own is read, but `scope`, `act` and `cnf` |
//! | B16 | `src/credential/unverified.rs`: unverified claims are another type |
//! | B18 | replay entries, with the store of one-time values |
//! | M01 to M04 | `src/json/` too |
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

mod common;

mod demands;
mod grants;
mod header;
mod issuers;
mod keys;
mod order;
mod property;
mod spelling;
mod stores;
mod tenants;
mod times;
mod types;
