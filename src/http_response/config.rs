//! The configuration of HTTP responses to refused requests.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::body::BodyStyle;
use super::rate_fields::RateFields;
use crate::limit::Charges;

/// The configuration of HTTP responses to refused requests; cheap to clone.
///
/// The default has the realm `api`, sends no body, and asks clients to retry after 5 seconds.
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::http_response::{BodyStyle, ResponseConfig};
///
/// let config = ResponseConfig::builder()
///     .realm("orders")
///     .resource_metadata("https://api.example.com/.well-known/oauth-protected-resource")
///     .body(BodyStyle::ProblemJson)
///     .build()?;
/// let refusal = config.respond_to(RejectionKind::TokenExpired);
/// assert_eq!(refusal.status(), 401);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ResponseConfig(Arc<Settings>);

impl ResponseConfig {
    pub(super) fn new(settings: Settings) -> Self {
        Self(Arc::new(settings))
    }

    /// Adds the header fields that tell the client of an allowed request its limits, as
    /// [`RateFields`](super::RateFields) says. [`Gate::check`](crate::Gate::check) has done it; it is
    /// for services that ask [`Limits`](crate::limit::Limits) themselves.
    pub fn add_rate_fields<'c>(
        &self,
        charges: impl IntoIterator<Item = &'c Charges, IntoIter: Clone>,
        headers: &mut HeaderMap,
    ) {
        let standings = charges.into_iter().flat_map(Charges::standings);
        self.0.rate_fields.allowed(standings, headers);
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0
    }
}

/// Settings of responses that a builder has checked.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) realm: String,
    pub(super) resource_metadata: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) dpop_algorithms: Option<String>,
    pub(super) offers_basic: bool,
    pub(super) body: BodyStyle,
    pub(super) retry_after: Duration,
    pub(super) rate_fields: RateFields,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            realm: "api".to_owned(),
            resource_metadata: None,
            scope: None,
            dpop_algorithms: None,
            offers_basic: false,
            body: BodyStyle::default(),
            retry_after: Duration::from_secs(5),
            rate_fields: RateFields::default(),
        }
    }
}
