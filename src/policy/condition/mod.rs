//! Conditions, and the functions that create them.

pub(super) mod caller;
pub(super) mod claims;
#[expect(
    clippy::module_inception,
    reason = "the file is called after the type that it holds"
)]
pub(super) mod condition;
pub(super) mod custom;
pub(super) mod details;
pub(super) mod resource;
