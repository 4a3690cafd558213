//! The suite for stores of API keys.

mod edit;
mod list;
mod pepper;
mod sample;
mod suite;

pub(super) use suite::check;
