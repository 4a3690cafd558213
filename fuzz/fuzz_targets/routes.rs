//! Route patterns and paths compared with a naive matcher.
//!
//! The first line of the input is the path, and each further line is a pattern. Property: a table
//! matches a route only if its pattern matches the path segment by segment and the path can be read in
//! only one way; if any pattern matches such a path, the table matches the most specific one.
#![no_main]

use bearergate::Principal;
use bearergate::clock::UnixTime;
use bearergate::policy::{AccessRequest, RouteTable, condition_fn};
use bearergate::principal::PrincipalKind;
use bearergate::request::RequestFacts;
use http::HeaderMap;
use http::Method;
use http::Uri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let Some(uri) = lines.next().and_then(|path| path.parse::<Uri>().ok()) else {
        return;
    };
    let patterns: Vec<_> = lines.take(64).collect();
    let table = patterns
        .iter()
        .fold(RouteTable::by_path(), |table, pattern| {
            table.any_method(pattern, condition_fn("everyone", |_| true))
        });
    let Ok(table) = table.build() else {
        return;
    };
    let caller = Principal::builder(PrincipalKind::Other, "fuzz").build();
    let headers = HeaderMap::new();
    let facts = RequestFacts::new(&Method::GET, &uri, &headers);
    let request = AccessRequest::new(&caller, UnixTime::from_secs(0)).with_facts(&facts);
    let found = table.find(&request).map(|route| route.pattern());
    assert_eq!(table.decide(&request).is_allowed(), found.is_some());

    let path = uri.path();
    let matching: Vec<_> = patterns.iter().filter(|p| matches(p, path)).collect();
    match found {
        Some(found) => {
            assert!(
                has_one_reading(path) && matches(found, path),
                "{found} {path}"
            );
            for other in matching {
                assert!(ranks(found) <= ranks(other), "{found} {other} {path}");
            }
        }
        None => assert!(
            matching.is_empty() || !has_one_reading(path),
            "{matching:?} {path}"
        ),
    }
});

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) =
        (pattern.split('/').collect(), path.split('/').collect());
    let is_tailed = pattern.last().is_some_and(|last| last.starts_with("{*"));
    let fits = if is_tailed {
        path.len() >= pattern.len() && path.last() != Some(&"")
    } else {
        path.len() == pattern.len()
    };
    let mut pairs = pattern.iter().zip(&path);
    fits && pairs.all(|(own, text)| own == text || (own.starts_with('{') && !text.is_empty()))
}

fn ranks(pattern: &str) -> Vec<u8> {
    let rank = |segment: &str| match segment {
        _ if segment.starts_with("{*") => 2,
        _ if segment.starts_with('{') => 1,
        _ => 0,
    };
    pattern.split('/').map(rank).collect()
}

/// Returns whether a path stays the same when it is decoded and normalized in every known way.
fn has_one_reading(path: &str) -> bool {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' || !byte.is_ascii_graphic() || b"\"<>[]^`{|}#?;".contains(&byte) {
            return false;
        }
        if byte == b'%' {
            let digits = [bytes.next(), bytes.next()].map(Option::unwrap_or_default);
            let Some(code) = str::from_utf8(&digits).ok().filter(|d| !d.contains('+')) else {
                return false;
            };
            let Ok(hidden) = u8::from_str_radix(code, 16) else {
                return false;
            };
            let is_plain = hidden.is_ascii_alphanumeric() || b"-._~/\\%".contains(&hidden);
            if is_plain || hidden.is_ascii_control() {
                return false;
            }
        }
    }
    let rest = path.strip_prefix('/').unwrap_or("//");
    let inner = rest.strip_suffix('/').unwrap_or(rest);
    let is_ambiguous = |segment: &str| matches!(segment, "" | "." | "..");
    rest.is_empty() || !inner.split('/').any(is_ambiguous)
}
