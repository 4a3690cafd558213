//! The check whether another site may have caused a request.
//!
//! Browsers attach cookies to requests that other sites cause, and let other sites post forms. What
//! they say about the cause of a request is in two headers that no page can set:
//!
//! | `Sec-Fetch-Site` | `Origin` | result |
//! |---|---|---|
//! | `same-origin` | any | accepted |
//! | `same-site`, `cross-site` or absent | one of the list | accepted |
//! | absent | absent | refused, unless requests without an origin are allowed |
//! | anything else, or either header sent twice | | refused |

use http::{HeaderMap, HeaderName, Method, header};

use super::origin;
use crate::error::{ConfigError, Rejection, RejectionKind};
use crate::request::RequestFacts;

/// Answers whether another site may have caused a request, whether it has a credential or not.
///
/// A request is accepted only if another site cannot have caused it, or cannot gain by it:
///
/// 1. `GET`, `HEAD` and `OPTIONS` are accepted, because another site cannot read the response, unless
///    [`every_method`](Self::every_method) is set. A WebSocket upgrade is not, because the same-origin
///    policy does not cover WebSockets. Any request of the method `CONNECT` counts as an upgrade
///    (RFC 8441); an upgrade to another protocol, such as `h2c`, does not.
/// 2. `Sec-Fetch-Site: same-origin` is accepted.
/// 3. With `same-site` or `cross-site`, or without that header, an `Origin` on the list is accepted.
/// 4. Everything else is refused, so is a request with one of these headers twice.
///
/// [`Sources`](crate::credential::Sources) apply the same rule to requests with a cookie
/// credential, and to those with `Authorization: Basic` that have one of the two headers. Call [`check`](Self::check) yourself where there is no credential yet: at a login
/// another site could log the browser in to an account of the attacker (login CSRF).
///
/// ```
/// use bearergate::RejectionKind;
/// use bearergate::credential::CrossSiteCheck;
///
/// let login = CrossSiteCheck::default().allow_origin("https://app.example.com")?;
/// let post = |site| http::Request::post("/login").header("sec-fetch-site", site).body(());
///
/// assert!(login.check(&post("same-origin")?).is_ok());
/// let rejection = login.check(&post("cross-site")?).unwrap_err();
/// assert_eq!(rejection.kind(), RejectionKind::CrossSiteRefused);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The headers are those of a browser; a client that is none can send what it likes, but has no
/// cookie of somebody else. Behind a proxy that removes `Origin` and `Sec-Fetch-Site` every such
/// request is refused.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CrossSiteCheck {
    origins: Vec<String>,
    without_origin: bool,
    every_method: bool,
}

impl CrossSiteCheck {
    /// Accepts requests of pages of this origin too. By default only pages of the service itself
    /// are accepted.
    ///
    /// The origin is written as browsers write it (RFC 6454 section 6.2), for example
    /// `https://app.example.com`.
    ///
    /// # Errors
    ///
    /// [`ValueMalformed`](crate::error::ConfigErrorKind::ValueMalformed) if no browser sends it.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Result<Self, ConfigError> {
        let origin = origin.into();
        if !origin::is_serialized(&origin) {
            let detail = format!(
                "expected an origin as browsers write it, found {origin:?}; give scheme and host \
                 in lower case, the port only if it is not the default, and nothing after it"
            );
            return Err(ConfigError::malformed("allow_origin", detail));
        }
        self.origins.push(origin);
        Ok(self)
    }

    /// Accepts requests that have neither `Sec-Fetch-Site` nor `Origin`, as clients send them that
    /// are no browsers; by default they are refused. An upgrade is never accepted so.
    ///
    /// This weakens the check: browsers of before 2020 leave out both headers in some requests
    /// that other sites cause.
    pub const fn allow_requests_without_origin(mut self) -> Self {
        self.without_origin = true;
        self
    }

    /// Checks `GET`, `HEAD` and `OPTIONS` like the other methods, for an endpoint that changes
    /// something by them; by default they are accepted. A user who follows a link of another site
    /// to such an endpoint is refused.
    pub const fn every_method(mut self) -> Self {
        self.every_method = true;
        self
    }

    /// Succeeds only if another site cannot have caused the request, see the
    /// [rule](CrossSiteCheck). The request is untrusted; no credential is read.
    ///
    /// # Errors
    ///
    /// [`CrossSiteRefused`](RejectionKind::CrossSiteRefused).
    pub fn check<'r>(&self, facts: impl Into<RequestFacts<'r>>) -> Result<(), Rejection> {
        Ok(self.check_facts(&facts.into())?)
    }

    /// Succeeds like [`check`](Self::check), and for a request with neither `Sec-Fetch-Site` nor
    /// `Origin`.
    pub(super) fn check_if_known(&self, facts: &RequestFacts<'_>) -> Result<(), RejectionKind> {
        let headers = facts.headers();
        match headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(header::ORIGIN) {
            true => self.check_facts(facts),
            false => Ok(()),
        }
    }

    pub(super) fn check_facts(&self, facts: &RequestFacts<'_>) -> Result<(), RejectionKind> {
        match self.accepts(facts) {
            true => Ok(()),
            false => Err(RejectionKind::CrossSiteRefused),
        }
    }

    fn accepts(&self, facts: &RequestFacts<'_>) -> bool {
        let is_upgrade = is_upgrade(facts);
        let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(facts.method());
        if is_safe && !is_upgrade && !self.every_method {
            return true;
        }
        let headers = facts.headers();
        let is_listed = |origin: &[u8]| self.origins.iter().any(|own| own.as_bytes() == origin);
        match (line(headers, SEC_FETCH_SITE), line(headers, header::ORIGIN)) {
            (Line::Repeated, _) | (_, Line::Repeated) => false,
            (Line::One(b"same-origin"), _) => true,
            (Line::Absent | Line::One(b"same-site" | b"cross-site"), Line::One(origin)) => {
                is_listed(origin)
            }
            (Line::Absent, Line::Absent) => self.without_origin && !is_upgrade,
            _ => false,
        }
    }
}

pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A header that a request should have at most once.
enum Line<'r> {
    Absent,
    One(&'r [u8]),
    Repeated,
}

fn line(headers: &HeaderMap, name: HeaderName) -> Line<'_> {
    let mut lines = headers.get_all(name).into_iter();
    match (lines.next(), lines.next()) {
        (None, _) => Line::Absent,
        (Some(line), None) => Line::One(line.as_bytes()),
        (Some(_), Some(_)) => Line::Repeated,
    }
}

/// Returns true if the request may open a WebSocket (RFC 6455 section 4.1, RFC 8441 section 4).
///
/// Some servers look for the word anywhere in `Upgrade`, so it counts anywhere. The pseudo-header
/// `:protocol` is not among the headers, so each `CONNECT` counts.
fn is_upgrade(facts: &RequestFacts<'_>) -> bool {
    let mut lines = facts.headers().get_all(header::UPGRADE).into_iter();
    let has_word = |line: &[u8]| {
        let mut words = line.windows(WEBSOCKET.len());
        words.any(|word| word.eq_ignore_ascii_case(WEBSOCKET))
    };
    facts.method() == Method::CONNECT || lines.any(|line| has_word(line.as_bytes()))
}

const WEBSOCKET: &[u8] = b"websocket";
