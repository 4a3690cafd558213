//! Parsing of cookies.

use http::{HeaderMap, header};

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
