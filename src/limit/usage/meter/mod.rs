//! Counting what callers use, and writing it to a store exactly once.

mod meter_builder;
mod usage_generation;
mod usage_journal;
mod usage_meter;
mod usage_table;

pub use meter_builder::MeterBuilder;
pub use usage_meter::Meter;
