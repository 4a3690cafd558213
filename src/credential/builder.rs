//! Configures where credentials are looked for.

use std::collections::HashSet;

use http::HeaderName;
use http::header;

use super::charset;
use super::origin;
use super::place::Place;
use super::place::Scheme;
use super::sources::Sources;
use crate::error::ConfigError;

/// Builds [`Sources`]; everything but `Authorization: Bearer` is off until it is enabled.
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
/// let refused = Sources::builder().header("Authorization").build().unwrap_err();
/// assert_eq!(refused.field(), "header");
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SourcesBuilder {
    schemes: Vec<Scheme>,
    wanted: Vec<Wanted>,
    origins: Vec<String>,
}

#[derive(Clone, Debug)]
enum Wanted {
    Cookie(String),
    Form(String),
    Header(String),
    Query(String),
}

impl SourcesBuilder {
    /// Ignores `Authorization: Bearer`, which is enabled by default.
    #[must_use]
    pub fn without_bearer(mut self) -> Self {
        self.schemes.retain(|s| *s != Scheme::Bearer);
        self
    }

    /// Enables `Authorization: DPoP` (RFC 9449 section 7.1).
    #[must_use]
    pub fn dpop(self) -> Self {
        self.scheme(Scheme::Dpop)
    }

    /// Enables `Authorization: ApiKey`.
    #[must_use]
    pub fn api_key(self) -> Self {
        self.scheme(Scheme::ApiKey)
    }

    /// Enables the cookie of this name.
    ///
    /// Browsers send cookies unasked. So outside `GET`, `HEAD` and `OPTIONS`, and on any upgrade,
    /// such a request is refused unless it says `Sec-Fetch-Site: same-origin` or, where that is
    /// absent, its `Origin` is one of [`allow_origin`](Self::allow_origin).
    #[must_use]
    pub fn cookie(self, name: impl Into<String>) -> Self {
        self.want(Wanted::Cookie(name.into()))
    }

    /// Allows requests with a cookie from pages of this origin, as a browser serializes it:
    /// `https://app.example.com`.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Enables the parameter of this name in a form body that the caller hands over
    /// (RFC 6750 section 2.2); its name there is [`Sources::ACCESS_TOKEN`].
    #[must_use]
    pub fn form(self, name: impl Into<String>) -> Self {
        self.want(Wanted::Form(name.into()))
    }

    /// Enables a header of this name whose whole value is the credential.
    #[must_use]
    pub fn header(self, name: impl Into<String>) -> Self {
        self.want(Wanted::Header(name.into()))
    }

    /// Enables the parameter of this name in the query (RFC 6750 section 2.3); its name there is
    /// [`Sources::ACCESS_TOKEN`].
    ///
    /// URIs end up in logs and histories. Prefer any other place.
    #[must_use]
    pub fn query(self, name: impl Into<String>) -> Self {
        self.want(Wanted::Query(name.into()))
    }

    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// [`Empty`](crate::error::ConfigErrorKind::Empty) for an empty name or if nothing is enabled,
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for a name or an origin that no
    /// request can have, [`Conflict`](crate::error::ConfigErrorKind::Conflict) if a place is enabled
    /// twice, or a header that has a meaning of its own, or if there are origins but no cookie.
    pub fn build(self) -> Result<Sources, ConfigError> {
        let mut places = Vec::new();
        if !self.schemes.is_empty() {
            places.push(Place::AuthorizationHeader);
        }
        for wanted in self.wanted {
            places.push(wanted.checked()?);
        }
        check_places(&places)?;
        check_origins(&self.origins, &places)?;
        Ok(Sources {
            schemes: self.schemes,
            places,
            origins: self.origins,
        })
    }

    fn scheme(mut self, scheme: Scheme) -> Self {
        if !self.schemes.contains(&scheme) {
            self.schemes.push(scheme);
        }
        self
    }

    fn want(mut self, wanted: Wanted) -> Self {
        self.wanted.push(wanted);
        self
    }
}

impl Default for SourcesBuilder {
    fn default() -> Self {
        Self {
            schemes: vec![Scheme::Bearer],
            wanted: Vec::new(),
            origins: Vec::new(),
        }
    }
}

impl Wanted {
    fn checked(self) -> Result<Place, ConfigError> {
        match self {
            Self::Cookie(name) => {
                check_name("cookie", &name, charset::is_tchar)?;
                Ok(Place::Cookie(name.into()))
            }
            Self::Form(name) => {
                check_name("form", &name, charset::is_name_char)?;
                Ok(Place::Form(name.into()))
            }
            Self::Header(name) => header_place(&name),
            Self::Query(name) => {
                check_name("query", &name, charset::is_name_char)?;
                Ok(Place::Query(name.into()))
            }
        }
    }
}

fn header_place(name: &str) -> Result<Place, ConfigError> {
    check_name("header", name, charset::is_tchar)?;
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|e| {
        let detail = format!("`{name}` is too long for a header name; use a shorter one");
        ConfigError::malformed("header", detail).with_source(e)
    })?;
    if is_taken(&parsed) {
        let detail = format!("`{parsed}` has another meaning in HTTP; use another header");
        return Err(ConfigError::conflict("header", detail));
    }
    Ok(Place::Header(parsed))
}

fn is_taken(name: &HeaderName) -> bool {
    let taken = [
        header::AUTHORIZATION,
        header::COOKIE,
        HeaderName::from_static("dpop"),
        header::HOST,
        header::ORIGIN,
        header::PROXY_AUTHORIZATION,
    ];
    taken.contains(name)
}

fn check_name(
    field: &'static str,
    name: &str,
    is_legal: fn(u8) -> bool,
) -> Result<(), ConfigError> {
    if name.is_empty() {
        return Err(ConfigError::empty(field, "give the name to look for"));
    }
    if !name.bytes().all(is_legal) {
        let detail = format!("{name:?} has a character that such a name cannot have; remove it");
        return Err(ConfigError::malformed(field, detail));
    }
    Ok(())
}

fn check_places(places: &[Place]) -> Result<(), ConfigError> {
    let mut seen = HashSet::new();
    if let Some(twice) = places.iter().find(|p| !seen.insert(*p)) {
        let detail = format!("{twice:?} is enabled twice; enable it once");
        return Err(ConfigError::conflict("sources", detail));
    }
    if places.is_empty() {
        let detail = "no place is enabled; enable one or keep `Authorization: Bearer`";
        return Err(ConfigError::missing("sources", detail));
    }
    Ok(())
}

fn check_origins(origins: &[String], places: &[Place]) -> Result<(), ConfigError> {
    let has_cookie = places.iter().any(|p| matches!(p, Place::Cookie(_)));
    if !origins.is_empty() && !has_cookie {
        let detail = "origins apply to cookies only; enable a cookie or remove them";
        return Err(ConfigError::conflict("allow_origin", detail));
    }
    if let Some(bad) = origins.iter().find(|o| !origin::is_serialized(o)) {
        let detail = format!(
            "expected an origin as browsers write it, found {bad:?}; give scheme and host in \
             lower case, the port only if it is not the default, and nothing after it"
        );
        return Err(ConfigError::malformed("allow_origin", detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;
    use crate::error::ConfigErrorKind::Conflict;
    use crate::error::ConfigErrorKind::Empty;
    use crate::error::ConfigErrorKind::ValueMalformed;

    fn refused(builder: SourcesBuilder) -> (ConfigErrorKind, &'static str) {
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
    fn a_slot_without_a_place_is_refused() {
        let builder = Sources::builder().without_bearer();
        assert_eq!(refused(builder.clone()), (Empty, "sources"));
        let sources = builder.header("x-token").build().unwrap();
        assert_eq!(sources.places().count(), 1);
    }

    #[test]
    fn empty_names_are_refused() {
        assert_eq!(refused(Sources::builder().cookie("")), (Empty, "cookie"));
        assert_eq!(refused(Sources::builder().form("")), (Empty, "form"));
        assert_eq!(refused(Sources::builder().header("")), (Empty, "header"));
        assert_eq!(refused(Sources::builder().query("")), (Empty, "query"));
    }

    #[test]
    fn names_with_characters_outside_their_set_are_refused() {
        for name in ["a b", "a;b", "a=b", "a,b", "a\"b", "\u{e4}", "a\0", "a\r\n"] {
            let malformed = |field| (ValueMalformed, field);
            assert_eq!(
                refused(Sources::builder().cookie(name)),
                malformed("cookie")
            );
            assert_eq!(refused(Sources::builder().form(name)), malformed("form"));
            assert_eq!(
                refused(Sources::builder().header(name)),
                malformed("header")
            );
            assert_eq!(refused(Sources::builder().query(name)), malformed("query"));
        }
        assert!(Sources::builder().cookie("__Host-a!b").build().is_ok());
        assert!(Sources::builder().query("a-b.c_d").build().is_ok());
    }

    #[test]
    fn header_with_a_meaning_of_its_own_is_refused() {
        for name in [
            "Authorization",
            "cookie",
            "DPoP",
            "host",
            "proxy-authorization",
        ] {
            let builder = Sources::builder().header(name);
            assert_eq!(refused(builder), (Conflict, "header"), "{name}");
        }
    }

    #[test]
    fn a_place_enabled_twice_is_refused() {
        let twice = Sources::builder().header("x-token").header("X-TOKEN");
        assert_eq!(refused(twice), (Conflict, "sources"));
        let twice = Sources::builder().cookie("sid").query("sid").cookie("sid");
        assert_eq!(refused(twice), (Conflict, "sources"));
        assert!(
            Sources::builder()
                .cookie("sid")
                .cookie("SID")
                .build()
                .is_ok()
        );
    }

    #[test]
    fn origins_are_for_cookies_and_must_be_serialized() {
        let builder = Sources::builder().allow_origin("https://a.example");
        assert_eq!(refused(builder.clone()), (Conflict, "allow_origin"));
        let builder = builder.cookie("sid");
        assert!(builder.clone().build().is_ok());
        let builder = builder.allow_origin("https://a.example/");
        assert_eq!(refused(builder), (ValueMalformed, "allow_origin"));
    }
}
