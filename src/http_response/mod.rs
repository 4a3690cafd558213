//! The one place where a refusal becomes an HTTP answer.

mod config;
mod header;
mod params;
mod refusal;
mod status;

pub use config::BodyStyle;
pub use config::ResponseConfig;
pub use config::ResponseConfigBuilder;
pub use params::ChallengeParams;
pub use refusal::Refusal;
