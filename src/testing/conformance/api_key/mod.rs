//! The suite for stores of API keys.

mod list;
mod sample;
mod suite;

pub(super) use suite::check;
