//! Validation of API keys.

mod api_key_validator;
mod builder;
mod diagnose;
mod explain;

pub use api_key_validator::ApiKeyValidator;
pub use builder::ApiKeyValidatorBuilder;
