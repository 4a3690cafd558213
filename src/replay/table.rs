//! Marks in the memory of this process.

use std::sync::Arc;

use super::{ReplayMark, ReplayStore};
use crate::clock::UnixTime;
use crate::error::{ConfigError, StoreError, StoreErrorKind};
use crate::now_or_later::NowOrLater;

/// A [`ReplayStore`] in the memory of this process.
#[derive(Clone, Debug)]
pub struct ReplayTable(Arc<usize>);

impl ReplayTable {
    /// Makes a table for this many marks.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) outside 1 024 to 16 777 216.
    pub fn new(entries: usize) -> Result<Self, ConfigError> {
        Ok(Self(Arc::new(entries)))
    }
}

impl Default for ReplayTable {
    fn default() -> Self {
        Self(Arc::new(1_000_000))
    }
}

impl ReplayStore for ReplayTable {
    fn claim(
        &self,
        _mark: ReplayMark,
        _until: UnixTime,
        _now: UnixTime,
    ) -> NowOrLater<'_, Result<bool, StoreError>> {
        NowOrLater::now(Err(StoreErrorKind::Unavailable.into()))
    }
}
