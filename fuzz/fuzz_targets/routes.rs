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
                has_one_reading(path, &patterns) && matches(found, path),
                "{found} {path}"
            );
            for other in matching {
                assert!(ranks(found) <= ranks(other), "{found} {other} {path}");
            }
        }
        None => assert!(
            matching.is_empty() || !has_one_reading(path, &patterns),
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
fn has_one_reading(path: &str, patterns: &[&str]) -> bool {
    let is_raw = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>^`{}#?;".contains(&byte);
    if !path.bytes().all(is_raw) {
        return false;
    }
    let rest = path.strip_prefix('/').unwrap_or("//");
    let inner = rest.strip_suffix('/').unwrap_or(rest);
    let is_ambiguous = |segment: &str| matches!(segment, "" | "." | "..");
    if !rest.is_empty() && inner.split('/').any(is_ambiguous) {
        return false;
    }
    let segments: Vec<_> = path.split('/').collect();
    for (at, segment) in segments.iter().enumerate() {
        let Some(decoded) = decoded(segment) else {
            return false;
        };
        let is_spelled_otherwise = |pattern: &&str| {
            let own = pattern.split('/').nth(at);
            own.is_some_and(|own| !own.starts_with('{') && own == decoded && own != *segment)
        };
        if patterns.iter().any(is_spelled_otherwise) {
            return false;
        }
        // Some readers drop spaces and invisible characters, and then see dots or nothing.
        let is_dropped = |c: char| c.is_whitespace() || c == '.' || INVISIBLE.contains(c);
        if segment.contains('%') && decoded.chars().all(is_dropped) {
            return false;
        }
    }
    true
}

const INVISIBLE: &str = "\u{ad}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\
    \u{202d}\u{202e}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{2065}\u{2066}\u{2067}\u{2068}\u{2069}\
    \u{206a}\u{206b}\u{206c}\u{206d}\u{206e}\u{206f}";

/// Decodes a segment, if its escapes are UTF-8, each was needed and none hides something.
fn decoded(segment: &str) -> Option<String> {
    let mut parts = segment.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    let mut escaped = Vec::new();
    for part in parts {
        let digits = part.get(..2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(digits, 16).ok()?;
        if byte.is_ascii_alphanumeric() || b"-._~/\\%;".contains(&byte) {
            return None;
        }
        escaped.push(byte);
        bytes.push(byte);
        if part.len() > 2 {
            is_harmless(&escaped)?;
            escaped.clear();
            bytes.extend_from_slice(part.get(2..)?.as_bytes());
        }
    }
    is_harmless(&escaped)?;
    String::from_utf8(bytes).ok()
}

/// `None` unless these adjacent escapes are whole characters that every reader keeps as they are.
fn is_harmless(escaped: &[u8]) -> Option<()> {
    // Line separators, and what becomes a dot, a slash, a backslash, a semicolon or a percent sign
    // in a compatibility mapping.
    const HIDDEN: &str = "\u{2028}\u{2029}\u{feff}\u{2024}\u{2025}\u{fe30}\u{fe52}\u{ff0e}\u{2044}\
        \u{2100}\u{2101}\u{2105}\u{2106}\u{2215}\u{ff0f}\u{2216}\u{fe68}\u{ff3c}\u{37e}\u{fe14}\
        \u{fe54}\u{ff1b}\u{fe6a}\u{ff05}\u{a5}\u{20a9}";
    let text = str::from_utf8(escaped).ok()?;
    let is_kept = |c: char| !c.is_control() && !HIDDEN.contains(c);
    text.chars().all(is_kept).then_some(())
}
