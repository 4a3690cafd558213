//! Rates that several nodes share through a store, by leases of cells.

mod rate;

pub(crate) use rate::{SharedAnswer, SharedRate};
