//! Cookies that carry a session id, as a service sets them.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::credential::charset;
use crate::credential::place::Place;
use crate::error::ConfigError;
use crate::limits;
use crate::secret::ShownOnce;

/// Sets and clears the cookie of a session: `__Host-`, `Secure`, `HttpOnly`, `SameSite`.
///
/// A browser accepts a `__Host-` cookie only from this host and over TLS, and no other host or path
/// can set one of that name (draft RFC 6265bis section 4.1.3.2). None of that can be switched off,
/// except for development on one machine by [`insecure_loopback`](Self::insecure_loopback).
/// [`Sources`](crate::credential::Sources) reads the cookie and refuses what another site may have caused.
///
/// ```
/// use bearergate::credential::Sources;
/// use bearergate::session::SessionCookie;
///
/// let cookie = SessionCookie::new("__Host-session")?;
/// assert_eq!(
///     cookie.clear(),
///     "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
/// );
/// let sources = Sources::builder().without_bearer().cookie(cookie.name()).build()?;
/// assert_eq!(sources.places().next(), Some(cookie.place()));
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SessionCookie {
    name: Arc<str>,
    place: Place,
    same_site: SameSite,
    max_age: Option<Duration>,
    /// Without `Secure`, for hosts of this machine only.
    is_insecure: bool,
}

/// When a browser sends a cookie with a request that another site caused. Both settings leave the
/// cookie out of requests in frames and of forms that another site posts.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SameSite {
    /// When the user follows a link: the page that it leads to is reached logged in. Other requests
    /// of another site are sent without it.
    #[default]
    Lax,
    /// Never: even a page that a link leads to is reached logged out. Prefer it where nobody has to
    /// follow links from other sites.
    Strict,
}

impl SameSite {
    /// Returns the value of the attribute. It is written into the header as it is.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
        }
    }
}

impl SessionCookie {
    /// Takes the cookie's name, `__Host-` and at least one more character.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) for any other name.
    pub fn new(name: impl Into<Arc<str>>) -> Result<Self, ConfigError> {
        let name = name.into();
        let own = name.strip_prefix("__Host-").unwrap_or_default();
        if own.is_empty() || !own.bytes().all(charset::is_tchar) {
            let expected = "`__Host-` and a cookie name";
            let remedy = "write it like `__Host-session`";
            return Err(ConfigError::unexpected("cookie", expected, &name, remedy));
        }
        Ok(Self::named(name))
    }

    /// Makes a cookie for development over plain http: without `Secure`, and with a name without
    /// `__Host-`, which browsers would refuse then.
    ///
    /// A [`SessionValidator`](crate::SessionValidator) of it rejects every request that is not for
    /// `localhost`, 127.0.0.0/8 or `[::1]` (`address_denied`, by `Host` or the URI), and
    /// [`Gate::doctor`](crate::Gate::doctor) warns of it. So it cannot be used in production by
    /// mistake, unless a proxy replaces `Host` and sends neither `X-Forwarded-Host` nor `Forwarded`. What it weakens on
    /// this machine: the cookie is sent unencrypted and to every port, and every program that
    /// serves a port can set it.
    ///
    /// ```
    /// use bearergate::session::SessionCookie;
    ///
    /// let cookie = SessionCookie::insecure_loopback("dev-session")?;
    /// assert_eq!(cookie.clear(), "dev-session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    /// # Ok::<(), bearergate::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if the name is empty, has a
    /// character that no name of a cookie has, or begins with `__Host-` or `__Secure-` in any case.
    pub fn insecure_loopback(name: impl Into<Arc<str>>) -> Result<Self, ConfigError> {
        let name = name.into();
        let begins = |prefix: &str| {
            let start = name.as_bytes().get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        let is_legal = !name.is_empty() && name.bytes().all(charset::is_tchar);
        if !is_legal || begins("__Host-") || begins("__Secure-") {
            let expected = "a cookie name without `__Host-` and `__Secure-`, which need TLS";
            let remedy = "write it like `dev-session`";
            return Err(ConfigError::unexpected("cookie", expected, &name, remedy));
        }
        let mut cookie = Self::named(name);
        cookie.is_insecure = true;
        Ok(cookie)
    }

    fn named(name: Arc<str>) -> Self {
        Self {
            place: Place::Cookie(Arc::clone(&name)),
            name,
            same_site: SameSite::default(),
            max_age: None,
            is_insecure: false,
        }
    }

    /// Sets when the browser sends it; by default [`SameSite::Lax`]. With [`SameSite::Strict`] a
    /// user who follows a link from another site has to log in again or reload.
    #[must_use]
    pub const fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Lets the browser keep it for so long, in whole seconds, instead of until it is closed.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](crate::error::ConfigErrorKind::OutOfRange) for less than a second or more than
    /// [`limits::GRANT_LIFETIME_MAX`].
    pub fn max_age(mut self, age: Duration) -> Result<Self, ConfigError> {
        let range = Duration::from_secs(1)..=limits::GRANT_LIFETIME_MAX;
        if !range.contains(&age) {
            return Err(ConfigError::out_of_range("max_age", age, range));
        }
        self.max_age = Some(age);
        Ok(self)
    }

    /// Returns the cookie's name. It begins with `__Host-`, except for a cookie of
    /// [`insecure_loopback`](Self::insecure_loopback).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the place where [`Sources`](crate::credential::Sources) find it. A
    /// [`SessionValidator`](crate::SessionValidator) of this cookie takes credentials of this place
    /// only.
    pub const fn place(&self) -> &Place {
        &self.place
    }

    pub(super) const fn is_insecure(&self) -> bool {
        self.is_insecure
    }

    /// Returns the value of a `Set-Cookie` header that gives a new session id to the browser,
    /// marked as sensitive.
    #[must_use]
    pub fn set(&self, id: ShownOnce) -> HeaderValue {
        let id = Zeroizing::new(id.reveal());
        let mut header = self.header(&id, self.max_age);
        header.set_sensitive(true);
        header
    }

    /// Returns the value of a `Set-Cookie` header that makes the browser forget it. Send it at the
    /// logout, after [`revoke`](crate::session::SessionManager::revoke): only the revocation ends
    /// the session.
    #[must_use]
    pub fn clear(&self) -> HeaderValue {
        self.header("", Some(Duration::ZERO))
    }

    fn header(&self, value: &str, max_age: Option<Duration>) -> HeaderValue {
        let (name, same_site) = (&self.name, self.same_site.as_str());
        let secure = if self.is_insecure { "" } else { "Secure; " };
        let fixed = format!("{name}={value}; Path=/; {secure}HttpOnly; SameSite={same_site}");
        let mut text = Zeroizing::new(fixed);
        if let Some(age) = max_age {
            text.push_str(&format!("; Max-Age={}", age.as_secs()));
        }
        // Name, value and attributes have only visible characters, so this never fails.
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ConfigErrorKind;

    fn id() -> ShownOnce {
        ShownOnce::new(Zeroizing::new("s3cret-id".to_owned()))
    }

    fn cookie() -> SessionCookie {
        SessionCookie::new("__Host-sid").unwrap()
    }

    #[test]
    fn every_protection_is_on() {
        let header = cookie().set(id());
        assert_eq!(
            header,
            "__Host-sid=s3cret-id; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert!(header.is_sensitive());
        assert!(!format!("{header:?}").contains("s3cret"));
    }

    #[test]
    fn age_and_site_are_as_configured() {
        let cookie = cookie().same_site(SameSite::Strict);
        let header = cookie
            .max_age(Duration::from_millis(3_600_999))
            .unwrap()
            .set(id());
        assert_eq!(
            header,
            "__Host-sid=s3cret-id; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=3600"
        );
    }

    #[test]
    fn a_cleared_cookie_has_the_attributes_of_the_one_it_replaces() {
        assert_eq!(
            cookie().clear(),
            "__Host-sid=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }

    #[test]
    fn only_names_of_a_hosts_own_cookies_are_taken() {
        for bad in [
            "",
            "sid",
            "__Host-",
            "__host-sid",
            "__Secure-sid",
            "__Host-a b",
            "__Host-a;b",
            "__Host-a=b",
            "__Host-\u{e4}",
            "__Host-a\r\nb",
        ] {
            let error = SessionCookie::new(bad).unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::ValueMalformed, "{bad:?}");
        }
        assert_eq!(cookie().name(), "__Host-sid");
    }

    #[test]
    fn insecure_cookie_has_no_name_that_needs_tls() {
        for bad in [
            "",
            "__Host-sid",
            "__host-sid",
            "__Secure-sid",
            "__SECURE-",
            "a b",
            "a;b",
        ] {
            let error = SessionCookie::insecure_loopback(bad).unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::ValueMalformed, "{bad:?}");
        }
        let cookie = SessionCookie::insecure_loopback("sid").unwrap();
        let header = cookie.same_site(SameSite::Strict).set(id());
        assert_eq!(header, "sid=s3cret-id; Path=/; HttpOnly; SameSite=Strict");
        assert!(header.is_sensitive());
    }

    #[test]
    fn ages_are_bounded() {
        let max = limits::GRANT_LIFETIME_MAX;
        let aged = |age| cookie().max_age(age).map(drop);
        assert!(aged(Duration::from_secs(1)).is_ok());
        assert!(aged(max).is_ok());
        for bad in [
            Duration::ZERO,
            Duration::from_millis(999),
            max + Duration::from_secs(1),
        ] {
            assert_eq!(aged(bad).unwrap_err().kind(), ConfigErrorKind::OutOfRange);
        }
    }
}
