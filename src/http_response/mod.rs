//! The one place where a refusal becomes an HTTP answer.

mod config;
mod header;
mod params;
mod refusal;
mod status;

pub use config::BodyStyle;
pub use config::Challenge;
pub use config::ChallengeBuilder;
pub use params::ChallengeParams;
pub use refusal::Refusal;
