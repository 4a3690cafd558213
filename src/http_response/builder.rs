//! The builder of response configurations, and its checks.

use std::time::Duration;

use http::Uri;

use super::body::BodyStyle;
use super::config::{ResponseConfig, Settings};
use super::params;
use super::rate_fields::RateFields;
use crate::credential::charset;
use crate::error::ConfigError;

impl ResponseConfig {
    /// Returns a builder with the default configuration: realm `api`, no body, a retry time of 5
    /// seconds, and no metadata, scope or DPoP in challenges.
    pub fn builder() -> ResponseConfigBuilder {
        ResponseConfigBuilder::default()
    }
}

/// A builder of a [`ResponseConfig`]. What is not set keeps its default; the values are checked by
/// [`build`](Self::build), because they are sent in headers.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ResponseConfigBuilder {
    settings: Settings,
}

impl ResponseConfigBuilder {
    /// Sets the realm, the name of the protected area that every challenge has (RFC 9110
    /// section 11.5); `api` by default.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.settings.realm = realm.into();
        self
    }

    /// Sets the URL of the metadata of the service (RFC 9728 section 5.1). Clients read there which
    /// authorization servers issue tokens for it. None by default.
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.settings.resource_metadata = Some(url.into());
        self
    }

    /// Sets the scopes that a client without a credential should request, separated by single
    /// spaces (RFC 6750 section 3). None by default.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.settings.scope = Some(scope.into());
        self
    }

    /// Offers DPoP in addition to bearer tokens, with the signature algorithms of proofs, separated
    /// by single spaces (RFC 9449 section 7.1). A request without a credential then gets a challenge
    /// for each scheme. Not offered by default; a gate whose validators check proofs offers what
    /// they check, so only a service without a gate sets it.
    pub fn dpop_algorithms(mut self, names: impl Into<String>) -> Self {
        self.settings.dpop_algorithms = Some(names.into());
        self
    }

    /// Offers `Basic` too (RFC 7617): a 401 for a missing or invalid credential then has a second
    /// challenge, `Basic realm="..."`. Not offered by default, because a browser then asks its user
    /// for a password, keeps it, and sends it again in requests that other sites cause; those that
    /// change something are [refused](crate::credential::SourcesBuilder::basic).
    ///
    /// Set it for clients that send their API key in `Authorization: Basic` only after they were
    /// asked for it. The [place](crate::credential::SourcesBuilder::basic) works without it.
    pub fn offer_basic(mut self) -> Self {
        self.settings.offers_basic = true;
        self
    }

    /// Sets the body of the responses; [`BodyStyle::Empty`] by default. The headers say the same in
    /// each style, except for the content type. What a style reports to the client beyond the
    /// status is documented with it.
    pub fn body(mut self, style: BodyStyle) -> Self {
        self.settings.body = style;
        self
    }

    /// Sets after how long a client should retry a request that was refused with 429 or 503, unless
    /// the refusal has a time of its own: 5 seconds by default, from one second to one day.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.settings.retry_after = wait;
        self
    }

    /// Sets which header fields tell clients their limits; [`RateFields::Draft`] by default.
    pub fn rate_fields(mut self, fields: RateFields) -> Self {
        self.settings.rate_fields = fields;
        self
    }

    /// Builds the configuration.
    ///
    /// # Errors
    ///
    /// With the name of the field: [`Empty`](crate::error::ConfigErrorKind::Empty) if a value is
    /// empty, [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if it cannot be
    /// sent in a header, is not a secure URL, or is a body that is not JSON although its content
    /// type says so,
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) if the retry time is not between
    /// one second and one day.
    pub fn build(self) -> Result<ResponseConfig, ConfigError> {
        let realm = &self.settings.realm;
        if realm.is_empty() {
            let remedy = "give a name or keep the default";
            return Err(ConfigError::empty("realm", remedy));
        }
        if !realm.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            let detail = format!("{realm:?} has a character outside printable ASCII; remove it");
            return Err(ConfigError::malformed("realm", detail));
        }
        let (wait, range) = (self.settings.retry_after, Duration::from_secs(1)..=DAY);
        if !range.contains(&wait) {
            return Err(ConfigError::out_of_range("retry_after", wait, range));
        }
        if let Some(url) = &self.settings.resource_metadata {
            check_url(url)?;
        }
        if let Some(scope) = &self.settings.scope {
            params::check_words("scope", scope)?;
        }
        if let Some(names) = &self.settings.dpop_algorithms {
            params::check_words("dpop_algorithms", names)?;
        }
        self.settings.body.check()?;
        Ok(ResponseConfig::new(self.settings))
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn check_url(url: &str) -> Result<(), ConfigError> {
    let is_legal = |b: u8| charset::is_nqchar(b) && !b"#<>^`{|}".contains(&b);
    let is_secure = |uri: Uri| {
        let authority = uri.authority().map_or("@", |a| a.as_str());
        let host = uri.host().unwrap_or_default();
        let is_loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
        let scheme = uri.scheme_str();
        let is_safe = scheme == Some("https") || (scheme == Some("http") && is_loopback);
        is_safe && !host.is_empty() && !authority.contains('@')
    };
    if url.bytes().all(is_legal) && url.parse().is_ok_and(is_secure) {
        return Ok(());
    }
    let detail = format!(
        "expected an absolute https URL (http on a loopback host) without user information and \
         fragment, found {url:?}"
    );
    Err(ConfigError::malformed("resource_metadata", detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;
    use crate::error::ConfigErrorKind::{Empty, OutOfRange, ValueMalformed};

    fn build_error(builder: ResponseConfigBuilder) -> (ConfigErrorKind, &'static str) {
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
    fn realm_that_cannot_be_sent_is_rejected() {
        assert_eq!(build_error(builder().realm("")), (Empty, "realm"));
        for bad in ["a\r\nb: c", "a\tb", "\u{e4}", "a\0", "a\x7f"] {
            assert_eq!(build_error(builder().realm(bad)), (ValueMalformed, "realm"));
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
            assert_eq!(
                build_error(builder().resource_metadata(bad)),
                expected,
                "{bad}"
            );
        }
    }

    #[test]
    fn lists_that_cannot_be_sent_are_rejected() {
        assert_eq!(build_error(builder().scope("")), (Empty, "scope"));
        assert_eq!(
            build_error(builder().scope("a\"b")),
            (ValueMalformed, "scope")
        );
        let error = build_error(builder().dpop_algorithms("ES256,EdDSA\n"));
        assert_eq!(error, (ValueMalformed, "dpop_algorithms"));
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
                build_error(builder().retry_after(bad)),
                (OutOfRange, "retry_after")
            );
        }
        for good in [Duration::from_secs(1), DAY] {
            assert!(builder().retry_after(good).build().is_ok());
        }
    }
}
