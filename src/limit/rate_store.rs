//! The store of limits that several nodes share.

use std::fmt;
use std::time::Duration;

use crate::error::StoreError;
use crate::now_or_later::NowOrLater;
use crate::rate::Rate;

/// Buckets of rates that several nodes share.
pub trait RateStore: fmt::Debug + Send + Sync {
    /// Takes up to `want` cells of a bucket, at least `least` or none; one atomic step by the
    /// store's own clock.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store did not answer; it may have taken the cells.
    fn take<'a>(
        &'a self,
        key: &'a RateKey,
        rate: Rate,
        want: u32,
        least: u32,
    ) -> NowOrLater<'a, Result<Taken, StoreError>>;
}

const _: Option<&dyn RateStore> = None;

/// The key of a bucket: a keyed hash, so that a store holds no subject.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RateKey([u8; 16]);

impl RateKey {
    /// Creates a key from the bytes of a keyed hash, for tests of a store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What a store took from a bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Taken {
    /// The cells that were taken: 0, or from `least` to `want`.
    pub cells: u32,
    /// If none were taken, the time until `least` cells are there.
    pub wait: Duration,
    /// The cells that are left.
    pub left: u32,
}

impl Taken {
    /// Creates the answer of a store.
    pub const fn new(cells: u32, wait: Duration, left: u32) -> Self {
        Self { cells, wait, left }
    }
}
