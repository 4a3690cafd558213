//! How a service words its refusals.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use super::params;
use super::params::ChallengeParams;
use super::refusal::Refusal;
use crate::credential::charset;
use crate::error::ConfigError;
use crate::error::Rejection;
use crate::error::RejectionKind;
use crate::policy::Decision;

/// How a service words its refusals. Cheap to clone.
///
/// The default names the realm `api`, sends no body, and asks to try again after 5 seconds.
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::http_response::{BodyStyle, ResponseConfig};
///
/// let challenge = ResponseConfig::builder()
///     .realm("orders")
///     .resource_metadata("https://api.example.com/.well-known/oauth-protected-resource")
///     .body(BodyStyle::ProblemJson)
///     .build()?;
/// let refusal = challenge.respond_to(RejectionKind::TokenExpired);
/// assert_eq!(refusal.status(), 401);
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ResponseConfig(Arc<ResponseConfigBuilder>);

impl ResponseConfig {
    /// Starts from the default.
    pub fn builder() -> ResponseConfigBuilder {
        ResponseConfigBuilder::default()
    }

    /// Makes the answer to a request that is refused.
    pub fn respond_to(&self, rejection: impl Into<Rejection>) -> Refusal {
        Refusal::new(rejection.into(), self.clone())
    }

    /// Makes the answer to a request that an authorizer denied; what the decision asks of the
    /// client becomes the refusal's [`params`](Refusal::params).
    ///
    /// Scopes and contexts that no header can hold are left out. A decision that allows is
    /// refused as [`AccessDenied`](crate::error::RejectionKind::AccessDenied): whoever refuses it
    /// overrules it.
    pub fn deny(&self, decision: Decision) -> Refusal {
        let kind = decision.kind().unwrap_or(RejectionKind::AccessDenied);
        let params = ChallengeParams::of(&decision);
        self.respond_to(kind)
            .with_params(params)
            .with_decision(decision)
    }

    pub(super) fn config(&self) -> &ResponseConfigBuilder {
        &self.0
    }
}

/// What the body of a refusal holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum BodyStyle {
    /// Nothing.
    #[default]
    Empty,
    /// A problem document (RFC 9457) with one constant text for each status and error code.
    ProblemJson,
}

/// Builds a [`ResponseConfig`].
#[derive(Clone, Debug)]
pub struct ResponseConfigBuilder {
    pub(super) realm: String,
    pub(super) resource_metadata: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) dpop_algorithms: Option<String>,
    pub(super) body: BodyStyle,
    pub(super) retry_after: Duration,
}

impl ResponseConfigBuilder {
    /// Names the protection space (RFC 9110 section 11.5).
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// Names the URL of the service's metadata document (RFC 9728 section 5.1).
    #[must_use]
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.resource_metadata = Some(url.into());
        self
    }

    /// Names the scopes that a client without a credential should ask for, separated by single
    /// spaces (RFC 6750 section 3).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Offers DPoP beside bearer tokens, with the algorithms that proofs may use, separated by
    /// single spaces (RFC 9449 section 7.1).
    #[must_use]
    pub fn dpop_algorithms(mut self, names: impl Into<String>) -> Self {
        self.dpop_algorithms = Some(names.into());
        self
    }

    /// Says what the body of a refusal holds.
    #[must_use]
    pub fn body(mut self, style: BodyStyle) -> Self {
        self.body = style;
        self
    }

    /// Says when to try again if a refusal does not say it itself: 5 seconds by default, at least
    /// one second and at most a day.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = wait;
        self
    }

    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty),
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) or
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange), naming the field, for what cannot be
    /// sent.
    pub fn build(self) -> Result<ResponseConfig, ConfigError> {
        check_realm(&self.realm)?;
        check_wait(self.retry_after)?;
        if let Some(url) = &self.resource_metadata {
            check_url(url)?;
        }
        if let Some(scope) = &self.scope {
            params::check_words("scope", scope)?;
        }
        if let Some(names) = &self.dpop_algorithms {
            params::check_words("dpop_algorithms", names)?;
        }
        Ok(ResponseConfig(Arc::new(self)))
    }
}

impl Default for ResponseConfigBuilder {
    fn default() -> Self {
        Self {
            realm: "api".to_owned(),
            resource_metadata: None,
            scope: None,
            dpop_algorithms: None,
            body: BodyStyle::default(),
            retry_after: Duration::from_secs(5),
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn check_realm(realm: &str) -> Result<(), ConfigError> {
    if realm.is_empty() {
        let remedy = "name the protection space or keep the default";
        return Err(ConfigError::empty("realm", remedy));
    }
    if !realm.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        let detail = format!("{realm:?} has a character outside printable ASCII; remove it");
        return Err(ConfigError::malformed("realm", detail));
    }
    Ok(())
}

fn check_wait(wait: Duration) -> Result<(), ConfigError> {
    let range = Duration::from_secs(1)..=DAY;
    if range.contains(&wait) {
        return Ok(());
    }
    Err(ConfigError::out_of_range("retry_after", wait, range))
}

fn check_url(url: &str) -> Result<(), ConfigError> {
    if is_url(url) {
        return Ok(());
    }
    let detail = format!(
        "expected an absolute https URL (http on a loopback host) without user information and \
         fragment, found {url:?}"
    );
    Err(ConfigError::malformed("resource_metadata", detail))
}

fn is_url(url: &str) -> bool {
    let legal = |b: u8| charset::is_nqchar(b) && !b"#<>^`{|}".contains(&b);
    let parsed: Option<Uri> = url.parse().ok();
    url.bytes().all(legal) && parsed.is_some_and(|uri| is_secure(&uri))
}

fn is_secure(uri: &Uri) -> bool {
    let authority = uri.authority().map_or("@", |a| a.as_str());
    let host = uri.host().unwrap_or_default();
    let is_loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    let scheme = uri.scheme_str();
    let is_safe = scheme == Some("https") || (scheme == Some("http") && is_loopback);
    is_safe && !host.is_empty() && !authority.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;
    use crate::error::ConfigErrorKind::Empty;
    use crate::error::ConfigErrorKind::OutOfRange;
    use crate::error::ConfigErrorKind::ValueMalformed;

    fn refused(builder: ResponseConfigBuilder) -> (ConfigErrorKind, &'static str) {
        let error = builder.build().unwrap_err();
        (error.kind(), error.field())
    }

    fn builder() -> ResponseConfigBuilder {
        ResponseConfig::builder()
    }

    #[test]
    fn default_builds() {
        assert!(builder().build().is_ok());
    }

    #[test]
    fn realm_that_cannot_be_sent_is_refused() {
        assert_eq!(refused(builder().realm("")), (Empty, "realm"));
        for bad in ["a\r\nb: c", "a\tb", "\u{e4}", "a\0", "a\x7f"] {
            assert_eq!(refused(builder().realm(bad)), (ValueMalformed, "realm"));
        }
        assert!(builder().realm(r#"a "b" \c"#).build().is_ok());
    }

    #[test]
    fn metadata_url_is_absolute_and_secure() {
        for good in [
            "https://api.example.com/.well-known/oauth-protected-resource",
            "https://api.example.com:8443/x?y=z",
            "http://localhost:3000/x",
            "http://127.0.0.1/x",
            "http://[::1]:3000/x",
        ] {
            assert!(builder().resource_metadata(good).build().is_ok(), "{good}");
        }
        for bad in [
            "",
            "/x",
            "api.example.com",
            "https://",
            "http://api.example.com/x",
            "http://localhost.evil.example/x",
            "ftp://api.example.com/x",
            "https://user:secret@api.example.com/x",
            "https://api.example.com/x#y",
            "https://api.example.com/a b",
            "https://api.example.com/\", error=\"x",
            "https://api.example.com/\\",
            "https://api.example.com/\r\nx: y",
            "https://api.example.com/\u{e4}",
        ] {
            let expected = (ValueMalformed, "resource_metadata");
            assert_eq!(refused(builder().resource_metadata(bad)), expected, "{bad}");
        }
    }

    #[test]
    fn lists_that_cannot_be_sent_are_refused() {
        assert_eq!(refused(builder().scope("")), (Empty, "scope"));
        assert_eq!(refused(builder().scope("a\"b")), (ValueMalformed, "scope"));
        let refused = refused(builder().dpop_algorithms("ES256,EdDSA\n"));
        assert_eq!(refused, (ValueMalformed, "dpop_algorithms"));
        assert!(
            builder()
                .scope("a b")
                .dpop_algorithms("ES256 EdDSA")
                .build()
                .is_ok()
        );
    }

    #[test]
    fn waits_from_a_second_to_a_day_are_accepted() {
        for bad in [
            Duration::ZERO,
            Duration::from_millis(999),
            DAY + Duration::from_nanos(1),
        ] {
            assert_eq!(
                refused(builder().retry_after(bad)),
                (OutOfRange, "retry_after")
            );
        }
        for good in [Duration::from_secs(1), DAY] {
            assert!(builder().retry_after(good).build().is_ok());
        }
    }
}
