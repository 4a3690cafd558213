//! Cookies: reading them, and the rule for what the browser sends unasked.

use http::HeaderMap;
use http::HeaderName;
use http::Method;
use http::header;

use crate::error::RejectionKind;
use crate::request::RequestFacts;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Returns the values of every cookie of this name.
///
/// A request may have several `Cookie` lines (RFC 9113 section 8.2.3).
pub(super) fn values<'r>(headers: &'r HeaderMap, name: &str) -> impl Iterator<Item = &'r [u8]> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    lines
        .flat_map(|line| line.as_bytes().split(|b| *b == b';'))
        .filter_map(move |pair| {
            let pair = pair.trim_ascii_start();
            pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
        })
}

/// Accepts a request with a cookie only if it cannot have been caused by another site.
///
/// Reading requests pass, since another site cannot see their answer. Everything else, and any
/// upgrade (a WebSocket is not bound by the same-origin policy), needs
/// `Sec-Fetch-Site: same-origin`, or where that is absent an `Origin` that is listed.
pub(super) fn guard(facts: &RequestFacts<'_>, origins: &[String]) -> Result<(), RejectionKind> {
    if is_reading(facts) || is_same_site(facts.headers(), origins) {
        return Ok(());
    }
    Err(RejectionKind::CrossSiteRefused)
}

fn is_reading(facts: &RequestFacts<'_>) -> bool {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(facts.method());
    reads && !facts.headers().contains_key(header::UPGRADE)
}

fn is_same_site(headers: &HeaderMap, origins: &[String]) -> bool {
    if headers.contains_key(SEC_FETCH_SITE) {
        return only(headers, SEC_FETCH_SITE) == Some(b"same-origin");
    }
    only(headers, header::ORIGIN).is_some_and(|o| origins.iter().any(|l| l.as_bytes() == o))
}

fn only(headers: &HeaderMap, name: HeaderName) -> Option<&[u8]> {
    let mut lines = headers.get_all(name).into_iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => Some(line.as_bytes()),
        _ => None,
    }
}
