//! Rates that several nodes share through a store, by leases of cells.
//!
//! A lease is a number of cells that a node has paid for ahead, so all nodes together never let more
//! pass than the store gave them: in any span `s` at most `burst + s / step`, and what was leased
//! before it, `nodes x lease`.

mod answer;
mod breaker;
mod lease_slot;
mod lease_table;
mod rate;
mod store_state;

pub(crate) use answer::SharedAnswer;
pub(crate) use rate::SharedRate;

#[cfg(test)]
use crate::error::{StoreError, StoreErrorKind};
#[cfg(test)]
use crate::limit::rate_store::{RateKey, RateStore, Taken};
#[cfg(test)]
use crate::now_or_later::NowOrLater;
#[cfg(test)]
use crate::rate::Rate;

#[cfg(test)]
mod test_bound;
#[cfg(test)]
mod test_faults;
#[cfg(test)]
mod test_nodes;
#[cfg(test)]
mod test_store;
