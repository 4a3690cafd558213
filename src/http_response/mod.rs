//! HTTP responses to refused requests.
//!
//! A [`Refusal`] has the [`Rejection`](crate::Rejection) for the operator and the status, headers and
//! body for the client. Every [`RejectionKind`](crate::RejectionKind) has one row in one table; the
//! response depends only on that row, on the [`ResponseConfig`] of the service and on the
//! [`ChallengeParams`] of the refusal, so that a client learns nothing else.

mod builder;
mod config;
mod header;
mod params;
mod refusal;
mod status;

pub use builder::ResponseConfigBuilder;
pub use config::{BodyStyle, ResponseConfig};
pub use params::ChallengeParams;
pub use refusal::Refusal;
