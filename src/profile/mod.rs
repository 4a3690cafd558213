//! Security profiles: checked sets of settings.

mod fapi2;

pub use fapi2::Fapi2;
