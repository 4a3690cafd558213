//! The builder of credential sources, and its checks.

use std::collections::HashSet;

use http::{HeaderName, header};

use super::basic::BasicKey;
use super::charset;
use super::cross_site::CrossSiteCheck;
use super::place::{Place, Scheme};
use super::sources::Sources;
use crate::error::ConfigError;

/// A builder of [`Sources`]. Only `Authorization: Bearer` is enabled until other places are.
///
/// ```
/// use bearergate::credential::Sources;
///
/// let sources = Sources::builder()
///     .cookie("__Host-session")
///     .allow_origin("https://app.example.com")
///     .build()?;
/// assert_eq!(sources.places().count(), 2);
///
/// let error = Sources::builder().header("Authorization").build().unwrap_err();
/// assert_eq!(error.field(), "header");
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SourcesBuilder {
    schemes: Vec<Scheme>,
    requested: Vec<RequestedPlace>,
    basic: Option<BasicKey>,
    origins: Vec<String>,
    without_origin: bool,
}

#[derive(Clone, Debug)]
enum RequestedPlace {
    Cookie(String),
    Form(String),
    Header(String),
    Query(String),
}

impl Sources {
    /// Returns a builder with the default, `Authorization: Bearer`, enabled. Call
    /// [`without_bearer`](SourcesBuilder::without_bearer) for a service that only takes cookies or
    /// API keys.
    pub fn builder() -> SourcesBuilder {
        SourcesBuilder::default()
    }
}

impl SourcesBuilder {
    /// Disables `Authorization: Bearer`. Such a header then counts as no credential, not as a
    /// malformed one.
    pub fn without_bearer(mut self) -> Self {
        self.schemes.retain(|s| *s != Scheme::Bearer);
        self
    }

    /// Enables `Authorization: DPoP` (RFC 9449 section 7.1). The validator must check the proof of
    /// possession; this only extracts the token.
    pub fn dpop(self) -> Self {
        self.scheme(Scheme::Dpop)
    }

    /// Enables `Authorization: ApiKey`, a scheme that is not registered but common for API keys.
    /// An [`ApiKeyValidator`](crate::ApiKeyValidator) validates the key.
    pub fn api_key(self) -> Self {
        self.scheme(Scheme::ApiKey)
    }

    /// Enables `Authorization: Basic` as a place for API keys (RFC 7617): `key` says which part is
    /// the key, and what the other part must be. By default such a header counts as no credential.
    ///
    /// A validator must be bound to [`Place::Basic`], for example with
    /// [`ApiKeyValidatorBuilder::basic`](crate::api_key::ApiKeyValidatorBuilder::basic). Challenges
    /// do not offer the scheme unless
    /// [`offer_basic`](crate::http_response::ResponseConfigBuilder::offer_basic) is set, because a
    /// browser would ask its user for a password. A second call replaces the first.
    ///
    /// A browser keeps such a credential and sends it again, in requests that another site causes
    /// too. So a request with `Sec-Fetch-Site` or `Origin` has to pass the
    /// [rule for cookies](crate::credential::CrossSiteCheck), where [`allow_origin`](Self::allow_origin)
    /// lists other origins; otherwise it is
    /// [`CrossSiteRefused`](crate::error::RejectionKind::CrossSiteRefused). A request with neither, as
    /// clients send that are no browsers, is accepted.
    pub fn basic(mut self, key: BasicKey) -> Self {
        self.basic = Some(key);
        self
    }

    /// Enables the cookie of this name. An empty cookie counts as no credential.
    ///
    /// Browsers attach cookies to requests that other sites cause. So a request with the cookie is
    /// rejected unless it passes the [`CrossSiteCheck`]: it is `GET`, `HEAD` or `OPTIONS` and no
    /// WebSocket upgrade, or has `Sec-Fetch-Site: same-origin`, or an `Origin` that is one of
    /// [`allow_origin`](Self::allow_origin).
    pub fn cookie(self, name: impl Into<String>) -> Self {
        self.request(RequestedPlace::Cookie(name.into()))
    }

    /// Allows pages of this origin to send requests with a cookie, or with `Authorization: Basic`,
    /// that change something.
    ///
    /// The origin is written as browsers write it (RFC 6454 section 6.2), for example
    /// `https://app.example.com`. It counts if `Sec-Fetch-Site` is `same-site` or `cross-site`, or
    /// is not sent. By default no other origin is allowed.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Accepts cookies of clients that are no browsers, in requests that have neither
    /// `Sec-Fetch-Site` nor `Origin`; by default they are refused outside `GET`, `HEAD` and
    /// `OPTIONS`. It never applies to an upgrade.
    ///
    /// This weakens the check, see [`CrossSiteCheck::allow_requests_without_origin`].
    pub const fn allow_requests_without_origin(mut self) -> Self {
        self.without_origin = true;
        self
    }

    /// Enables the parameter of this name in a form body (RFC 6750 section 2.2, which names it
    /// [`Sources::ACCESS_TOKEN`]).
    ///
    /// It is found only if the caller has read the body and added it with
    /// [`RequestFacts::with_form`](crate::request::RequestFacts::with_form).
    pub fn form(self, name: impl Into<String>) -> Self {
        self.request(RequestedPlace::Form(name.into()))
    }

    /// Enables the header of this name; its whole value is the credential. It may have all visible
    /// ASCII characters, so keys like `12|secret` can be sent. An empty value counts as no
    /// credential, and a request with the header twice is ambiguous. Headers that have another
    /// meaning in HTTP, such as `Host`, are refused by [`build`](Self::build).
    pub fn header(self, name: impl Into<String>) -> Self {
        self.request(RequestedPlace::Header(name.into()))
    }

    /// Enables the query parameter of this name (RFC 6750 section 2.3, which names it
    /// [`Sources::ACCESS_TOKEN`]).
    ///
    /// URIs are written to logs and browser histories, and the credential with them. Prefer any
    /// other place, and log only [`Sources::strip_query_credentials`].
    pub fn query(self, name: impl Into<String>) -> Self {
        self.request(RequestedPlace::Query(name.into()))
    }

    /// Builds the sources.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) if a name is empty or no place is enabled,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if no request can have the name or the
    /// origin, [`Conflict`](crate::error::ConfigErrorKind::Conflict) if a place is enabled twice, if the header
    /// has another meaning (such as `Host`), or if origins are configured but no cookie.
    pub fn build(self) -> Result<Sources, ConfigError> {
        let mut places = Vec::new();
        if !self.schemes.is_empty() {
            places.push(Place::AuthorizationHeader);
        }
        let mut schemes = self.schemes;
        if let Some(basic) = &self.basic {
            basic.check()?;
            schemes.push(Scheme::Basic);
            places.push(Place::Basic);
        }
        for requested in self.requested {
            places.push(requested.into_place()?);
        }
        let mut seen = HashSet::new();
        if let Some(twice) = places.iter().find(|p| !seen.insert(*p)) {
            let detail = format!("expected each place once, found {twice:?} twice; enable it once");
            return Err(ConfigError::conflict("sources", detail));
        }
        if places.is_empty() {
            let detail = "expected at least one place, found none; enable one, or keep \
                          `Authorization: Bearer`";
            return Err(ConfigError::missing("sources", detail));
        }
        let has_cookie = places.iter().any(|p| matches!(p, Place::Cookie(_)));
        let uses = (has_cookie || self.basic.is_some(), has_cookie);
        Ok(Sources {
            schemes,
            places,
            basic: self.basic,
            cross_site: cross_site(self.origins, self.without_origin, uses)?,
        })
    }

    fn scheme(mut self, scheme: Scheme) -> Self {
        if !self.schemes.contains(&scheme) {
            self.schemes.push(scheme);
        }
        self
    }

    fn request(mut self, place: RequestedPlace) -> Self {
        self.requested.push(place);
        self
    }
}

impl Default for SourcesBuilder {
    fn default() -> Self {
        Self {
            schemes: vec![Scheme::Bearer],
            requested: Vec::new(),
            basic: None,
            origins: Vec::new(),
            without_origin: false,
        }
    }
}

impl RequestedPlace {
    fn into_place(self) -> Result<Place, ConfigError> {
        match self {
            Self::Cookie(name) => {
                check_name("cookie", &name, charset::is_tchar)?;
                Ok(Place::Cookie(name.into()))
            }
            Self::Form(name) => {
                check_name("form", &name, charset::is_name_char)?;
                Ok(Place::Form(name.into()))
            }
            Self::Header(name) => {
                check_name("header", &name, charset::is_tchar)?;
                let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|e| {
                    let remedy = "use a shorter one";
                    ConfigError::unexpected("header", "a header name", &name, remedy).with_source(e)
                })?;
                let reserved = [
                    header::AUTHORIZATION,
                    header::COOKIE,
                    HeaderName::from_static("dpop"),
                    header::HOST,
                    header::ORIGIN,
                    header::PROXY_AUTHORIZATION,
                ];
                if reserved.contains(&parsed) {
                    let detail = format!(
                        "expected a header of your own, found `{parsed}`, which has another meaning \
                         in HTTP; use another header"
                    );
                    return Err(ConfigError::conflict("header", detail));
                }
                Ok(Place::Header(parsed))
            }
            Self::Query(name) => {
                check_name("query", &name, charset::is_name_char)?;
                Ok(Place::Query(name.into()))
            }
        }
    }
}

fn check_name(
    field: &'static str,
    name: &str,
    is_allowed: fn(u8) -> bool,
) -> Result<(), ConfigError> {
    if name.is_empty() {
        return Err(ConfigError::empty(field, "give the name of the place"));
    }
    if !name.bytes().all(is_allowed) {
        let expected = "a name without spaces and separators";
        let remedy = "write it like `x-api-key`";
        return Err(ConfigError::unexpected(field, expected, name, remedy));
    }
    Ok(())
}

fn cross_site(
    origins: Vec<String>,
    without_origin: bool,
    // Whether one of the places has use for each setting.
    (has_origins, has_cookie): (bool, bool),
) -> Result<CrossSiteCheck, ConfigError> {
    for (is_set, has_use, field) in [
        (!origins.is_empty(), has_origins, "allow_origin"),
        (without_origin, has_cookie, "allow_requests_without_origin"),
    ] {
        if is_set && !has_use {
            let detail = "expected a cookie or, for listed origins, `Authorization: Basic`, found \
                          neither; enable such a place, or remove the call";
            return Err(ConfigError::conflict(field, detail));
        }
    }
    let mut check = CrossSiteCheck::default();
    if without_origin {
        check = check.allow_requests_without_origin();
    }
    origins
        .into_iter()
        .try_fold(check, CrossSiteCheck::allow_origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;
    use crate::error::ConfigErrorKind::{Conflict, Empty, ValueMalformed};

    fn build_error(builder: SourcesBuilder) -> (ConfigErrorKind, &'static str) {
        let error = builder.build().unwrap_err();
        (error.kind(), error.field())
    }

    #[test]
    fn only_bearer_is_enabled_by_default() {
        let built = Sources::builder().build().unwrap();
        for sources in [built, Sources::default()] {
            assert_eq!(sources.schemes(), [Scheme::Bearer]);
            assert!(sources.places().eq([&Place::AuthorizationHeader]));
        }
    }

    #[test]
    fn places_are_enabled_by_name() {
        let sources = Sources::builder()
            .dpop()
            .dpop()
            .api_key()
            .cookie("sid")
            .form("access_token")
            .header("X-Token")
            .query("access_token")
            .build()
            .unwrap();
        let schemes = [Scheme::Bearer, Scheme::Dpop, Scheme::ApiKey];
        assert_eq!(sources.schemes(), schemes);
        let places = [
            Place::AuthorizationHeader,
            Place::Cookie("sid".into()),
            Place::Form("access_token".into()),
            Place::Header(HeaderName::from_static("x-token")),
            Place::Query("access_token".into()),
        ];
        assert!(sources.places().eq(&places));
    }

    #[test]
    fn sources_without_a_place_are_rejected() {
        let builder = Sources::builder().without_bearer();
        assert_eq!(build_error(builder.clone()), (Empty, "sources"));
        let sources = builder.header("x-token").build().unwrap();
        assert_eq!(sources.places().count(), 1);
    }

    #[test]
    fn empty_names_are_rejected() {
        assert_eq!(
            build_error(Sources::builder().cookie("")),
            (Empty, "cookie")
        );
        assert_eq!(build_error(Sources::builder().form("")), (Empty, "form"));
        assert_eq!(
            build_error(Sources::builder().header("")),
            (Empty, "header")
        );
        assert_eq!(build_error(Sources::builder().query("")), (Empty, "query"));
    }

    #[test]
    fn names_with_other_characters_are_rejected() {
        for name in ["a b", "a;b", "a=b", "a,b", "a\"b", "\u{e4}", "a\0", "a\r\n"] {
            let malformed = |field| (ValueMalformed, field);
            assert_eq!(
                build_error(Sources::builder().cookie(name)),
                malformed("cookie")
            );
            assert_eq!(
                build_error(Sources::builder().form(name)),
                malformed("form")
            );
            assert_eq!(
                build_error(Sources::builder().header(name)),
                malformed("header")
            );
            assert_eq!(
                build_error(Sources::builder().query(name)),
                malformed("query")
            );
        }
        assert!(Sources::builder().cookie("__Host-a!b").build().is_ok());
        assert!(Sources::builder().query("a-b.c_d").build().is_ok());
    }

    #[test]
    fn reserved_header_is_rejected() {
        for name in [
            "Authorization",
            "cookie",
            "DPoP",
            "host",
            "proxy-authorization",
        ] {
            let builder = Sources::builder().header(name);
            assert_eq!(build_error(builder), (Conflict, "header"), "{name}");
        }
    }

    #[test]
    fn place_enabled_twice_is_rejected() {
        let twice = Sources::builder().header("x-token").header("X-TOKEN");
        assert_eq!(build_error(twice), (Conflict, "sources"));
        let twice = Sources::builder().cookie("sid").query("sid").cookie("sid");
        assert_eq!(build_error(twice), (Conflict, "sources"));
        assert!(
            Sources::builder()
                .cookie("sid")
                .cookie("SID")
                .build()
                .is_ok()
        );
    }

    #[test]
    fn origins_need_a_cookie_and_must_be_serialized() {
        let builder = Sources::builder().allow_origin("https://a.example");
        assert_eq!(build_error(builder.clone()), (Conflict, "allow_origin"));
        let builder = builder.cookie("sid");
        assert!(builder.clone().build().is_ok());
        let builder = builder.allow_origin("https://a.example/");
        assert_eq!(build_error(builder), (ValueMalformed, "allow_origin"));
    }

    #[test]
    fn requests_without_origin_need_a_cookie() {
        let builder = Sources::builder().allow_requests_without_origin();
        let conflict = (Conflict, "allow_requests_without_origin");
        assert_eq!(build_error(builder.clone()), conflict);
        assert!(builder.cookie("sid").build().is_ok());
    }

    #[test]
    fn basic_is_a_place_and_a_scheme() {
        let builder = Sources::builder().header("x-token");
        let sources = builder.basic(BasicKey::user_name()).build().unwrap();
        assert_eq!(sources.schemes(), [Scheme::Bearer, Scheme::Basic]);
        let header = Place::Header(HeaderName::from_static("x-token"));
        let places = [Place::AuthorizationHeader, Place::Basic, header];
        assert!(sources.places().eq(&places));

        let only = Sources::builder().without_bearer();
        let only = only.basic(BasicKey::password()).build().unwrap();
        assert_eq!(only.schemes(), [Scheme::Basic]);
        assert!(only.places().eq([&Place::Basic]));
    }

    #[test]
    fn other_part_of_basic_must_be_sendable() {
        let with = |key: BasicKey| Sources::builder().basic(key);
        let malformed = (ValueMalformed, "basic");
        for bad in ["a:b", "a\r", "\0", "\u{85}"] {
            let builder = with(BasicKey::password().with_other_part(bad));
            assert_eq!(build_error(builder), malformed, "{bad:?}");
        }
        let colon = with(BasicKey::user_name().with_other_part("a:b"));
        assert!(colon.build().is_ok());
        assert_eq!(
            build_error(with(BasicKey::user_name().with_other_part("a\n"))),
            malformed
        );
    }
}
