//! The configuration of HTTP responses to refused requests.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;

use super::body::BodyStyle;
use super::rate_fields::RateFields;
use crate::error::ConfigError;
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

    /// Offers DPoP with the algorithms that the validators check; `is_only` if they refuse tokens that
    /// are bound to nothing and check nothing else.
    pub(crate) fn offering(self, algorithms: &str, is_only: bool) -> Result<Self, ConfigError> {
        if let Some(own) = self
            .0
            .dpop_algorithms
            .as_deref()
            .filter(|own| *own != algorithms)
        {
            let detail = format!(
                "expected the algorithms that the validators check, `{algorithms}`, found `{own}`; \
                 remove the setting, the gate derives it"
            );
            return Err(ConfigError::conflict("dpop_algorithms", detail));
        }
        let mut settings = Arc::unwrap_or_clone(self.0);
        settings.dpop_algorithms = Some(algorithms.to_owned());
        settings.is_dpop_only = is_only;
        Ok(Self::new(settings))
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
    /// Whether every token has to be bound to a key, so that `Bearer` is not offered.
    pub(super) is_dpop_only: bool,
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
            is_dpop_only: false,
            offers_basic: false,
            body: BodyStyle::default(),
            retry_after: Duration::from_secs(5),
            rate_fields: RateFields::default(),
        }
    }
}
