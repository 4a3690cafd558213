//! Cookie parsing and the cross-site check of requests with a cookie credential.

use http::{HeaderMap, HeaderName, Method, header};

use crate::error::RejectionKind;
use crate::request::RequestFacts;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Returns the values of all cookies of this name.
///
/// A request may have several `Cookie` headers (RFC 9113 section 8.2.3).
pub(super) fn values<'r>(headers: &'r HeaderMap, name: &str) -> impl Iterator<Item = &'r [u8]> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    lines
        .flat_map(|line| line.as_bytes().split(|b| *b == b';'))
        .filter_map(move |pair| {
            let pair = pair.trim_ascii_start();
            pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
        })
}

/// Accepts a request with a cookie only if another site cannot have caused it.
///
/// `GET`, `HEAD` and `OPTIONS` pass, because another site cannot read the response. Every other
/// method, and any upgrade (the same-origin policy does not cover WebSockets), needs
/// `Sec-Fetch-Site: same-origin` or, without that header, an `Origin` that is listed.
pub(super) fn check_origin(
    facts: &RequestFacts<'_>,
    origins: &[String],
) -> Result<(), RejectionKind> {
    let headers = facts.headers();
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(facts.method());
    if is_safe && !headers.contains_key(header::UPGRADE) {
        return Ok(());
    }
    let is_same_origin = if headers.contains_key(SEC_FETCH_SITE) {
        single(headers, SEC_FETCH_SITE) == Some(b"same-origin")
    } else {
        let origin = single(headers, header::ORIGIN);
        origin.is_some_and(|origin| origins.iter().any(|listed| listed.as_bytes() == origin))
    };
    if is_same_origin {
        return Ok(());
    }
    Err(RejectionKind::CrossSiteRefused)
}

fn single(headers: &HeaderMap, name: HeaderName) -> Option<&[u8]> {
    let mut lines = headers.get_all(name).into_iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => Some(line.as_bytes()),
        _ => None,
    }
}
