//! The freshness lifetime of a response, from `Cache-Control` and `Age` (RFC 9111 section 4.2).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

/// Returns how long a response is fresh, or `None` if its headers do not give a valid lifetime.
///
/// `no-store` and `no-cache` give zero. `s-maxage` is ignored, because this is not a shared cache.
pub(crate) fn freshness_lifetime(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(header::CACHE_CONTROL).iter();
    let lines = lines
        .map(HeaderValue::to_str)
        .collect::<Result<Vec<_>, _>>();
    let max_age = max_age(&lines.ok()?.join(","))?;
    let age = headers
        .get(header::AGE)
        .and_then(|v| seconds(v.to_str().ok()?));
    Some(max_age.saturating_sub(age.unwrap_or_default()))
}

fn max_age(value: &str) -> Option<Duration> {
    let mut max_age = None;
    for directive in value.split(',').map(str::trim) {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Some(Duration::ZERO);
        }
        if name.eq_ignore_ascii_case("max-age") {
            let inner = argument.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
            let own = seconds(inner.unwrap_or(argument))?;
            // RFC 9111 section 4.2.1: of several directives the strictest may be used.
            max_age = Some(max_age.map_or(own, |other: Duration| other.min(own)));
        }
    }
    max_age
}

/// RFC 9111 section 1.2.2: a number that is too large counts as the largest one.
fn seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let secs = text.parse().unwrap_or(u64::from(u32::MAX));
    Some(Duration::from_secs(secs.min(u64::from(u32::MAX))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(lines: &[(&'static str, &'static str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        freshness_lifetime(&headers).map(|f| f.as_secs())
    }

    fn control(value: &'static str) -> Option<u64> {
        fresh(&[("cache-control", value)])
    }

    #[test]
    fn max_age_is_read_among_other_directives_in_any_case() {
        for value in [
            "max-age=300",
            "public, max-age=300, must-revalidate",
            "PUBLIC,MAX-AGE=300",
            "max-age=\"300\"",
            "max-age=300, max-age=600",
            " , max-age=300 ,",
        ] {
            assert_eq!(control(value), Some(300), "{value}");
        }
    }

    #[test]
    fn an_invalid_directive_gives_no_lifetime() {
        for value in [
            "",
            "public",
            "max-age",
            "max-age=",
            "max-age=-1",
            "max-age=3.5",
            "s-maxage=9",
            "max-age = 9",
            "maxage=9",
        ] {
            assert_eq!(control(value), None, "{value}");
        }
        assert_eq!(fresh(&[]), None);
    }

    #[test]
    fn a_response_that_must_not_be_stored_is_not_fresh() {
        assert_eq!(control("no-store"), Some(0));
        assert_eq!(control("max-age=300, no-cache"), Some(0));
    }

    #[test]
    fn the_age_in_other_caches_is_subtracted() {
        let lines = [("cache-control", "max-age=300"), ("age", "100")];
        assert_eq!(fresh(&lines), Some(200));
        let lines = [("cache-control", "max-age=300"), ("age", "900")];
        assert_eq!(fresh(&lines), Some(0));
        let lines = [("cache-control", "max-age=300"), ("age", "x")];
        assert_eq!(fresh(&lines), Some(300));
    }

    #[test]
    fn lines_are_one_list_and_numbers_are_capped() {
        let lines = [("cache-control", "public"), ("cache-control", "max-age=7")];
        assert_eq!(fresh(&lines), Some(7));
        let largest = u64::from(u32::MAX);
        assert_eq!(control("max-age=99999999999999999999999"), Some(largest));
    }
}
