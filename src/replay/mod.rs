//! Marks of what may be used once: proofs of possession, signed requests.

mod mark;
mod shard;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;

pub use mark::ReplayMark;
pub use table::ReplayTable;

use crate::clock::UnixTime;
use crate::error::StoreError;
use crate::now_or_later::NowOrLater;

/// A store of marks that may be claimed once.
///
/// # Contract
///
/// - Of all claims of one mark before its `until` exactly one returns `true`, in one atomic step,
///   also of claims at the same time on several nodes.
/// - Never evict a mark before its `until`, and never return `true` for a mark that was not kept. A
///   store without room, or that does not answer, returns an error.
/// - `until` is a time of the clock of this node. A store that ends marks by a clock of its own keeps
///   each for 65 seconds more: the clocks differ, and a request may wait before it claims.
/// - Act when the result is first polled, and then to the end: a claim whose request is dropped may
///   stay claimed.
pub trait ReplayStore: fmt::Debug + Send + Sync {
    /// Returns `true` only for the first claim of this mark; `false` for every later one before
    /// `until`, which is exclusive, and possibly for later ones. `now` is the time of the request.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if it is not known whether the mark was claimed before, or if there is no
    /// room. The request is then refused as
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable).
    fn claim(
        &self,
        mark: ReplayMark,
        until: UnixTime,
        now: UnixTime,
    ) -> NowOrLater<'_, Result<bool, StoreError>>;
}

const _: Option<&dyn ReplayStore> = None;
