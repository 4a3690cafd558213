//! Limits that several nodes share, and the suite for their stores.
#![cfg(feature = "testing")]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a test panics where it fails"
)]

use bearergate::NowOrLater;
use bearergate::error::{StoreError, StoreErrorKind};
use bearergate::limit::{Rate, RateKey, RateStore, Taken};

mod conformance;
#[path = "../../src/limit/shared/test_store.rs"]
mod test_store;
