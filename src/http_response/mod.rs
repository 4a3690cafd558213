//! HTTP responses to refused requests.
//!
//! A [`Refusal`] has the [`Rejection`](crate::Rejection) for the operator and the status, headers and
//! body for the client. Every [`RejectionKind`](crate::RejectionKind) has one row in one table; the
//! response depends only on that row, on the [`ResponseConfig`] of the service and on the
//! [`ChallengeParams`] of the refusal, so that a client learns nothing else.
//!
//! No credential (another scheme of `Authorization`, a bare `Bearer` and an empty cookie count as
//! none) is a 401 with a challenge without an error code (RFC 6750 section 3.1); two credentials or a
//! malformed one are a 400, and a request that another site may have caused is a 403. Challenges name
//! `Bearer`, and DPoP and `Basic` if the [`ResponseConfig`] offers them.

mod body;
mod builder;
mod config;
mod header;
mod params;
mod rate_fields;
mod refusal;
mod seconds;
mod status;

pub use body::{BodyStyle, CustomBody};
pub use builder::ResponseConfigBuilder;
pub use config::ResponseConfig;
pub use params::ChallengeParams;
pub use rate_fields::RateFields;
pub use refusal::Refusal;
