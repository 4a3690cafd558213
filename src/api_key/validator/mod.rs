//! Validation of API keys.

mod api_key_validator;
mod builder;
mod diagnose;
mod explain;
mod pepper_check;

pub use api_key_validator::ApiKeyValidator;
pub use builder::ApiKeyValidatorBuilder;
