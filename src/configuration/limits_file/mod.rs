//! Limits files: what can be replaced while requests are served, and what goes with it.

mod address_sections;
mod enforcement_env;
mod limit_sections;
mod limit_stores;
mod limits_document;
mod limits_loader;
mod lock_out_section;
mod one_limit;

pub use enforcement_env::EnforcementEnv;
pub use limits_document::LimitsFile;
pub use limits_loader::{LIMITS_SCHEMA, LimitsLoader};
