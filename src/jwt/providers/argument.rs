//! The checks of the arguments of presets. They return what is wrong, if anything.

use crate::error::ConfigError;

pub(super) fn check_guid(field: &'static str, text: &str) -> Option<ConfigError> {
    let parts = text.split('-').map(str::len);
    let is_hex = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    let is_valid = parts.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_hex);
    (!is_valid).then(|| {
        malformed(
            field,
            text,
            "is not a GUID; give the id instead of a name or domain",
        )
    })
}

pub(super) fn check_user_pool(pool: &str) -> Option<ConfigError> {
    let is_valid = pool.split_once('_').is_some_and(|(region, id)| {
        is_label(region) && !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    (!is_valid).then(|| {
        malformed(
            "pool",
            pool,
            "is not the id of a user pool; write region, `_`, name",
        )
    })
}

pub(super) fn check_domain(domain: &str) -> Option<ConfigError> {
    let is_valid = domain.contains('.') && domain.split('.').all(is_label);
    (!is_valid).then(|| {
        malformed(
            "domain",
            domain,
            "is not a domain; give it without scheme and path",
        )
    })
}

/// Checks a host: a domain, with a port if it has one.
pub(super) fn check_host(field: &'static str, host: &str) -> Option<ConfigError> {
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let is_valid =
        name.split('.').all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok());
    (!is_valid).then(|| {
        malformed(
            field,
            host,
            "is not a host; give it without scheme and path",
        )
    })
}

/// Checks that the name of an issuer has no slash at its end.
pub(super) fn check_no_slash(field: &'static str, issuer: &str) -> Option<ConfigError> {
    let problem = "ends with a slash, which this issuer does not; remove it";
    issuer
        .ends_with('/')
        .then(|| malformed(field, issuer, problem))
}

pub(super) fn check_region(region: &str) -> Option<ConfigError> {
    let is_valid = is_label(region) && region.contains('-');
    (!is_valid).then(|| {
        malformed(
            "region",
            region,
            "is not a region; write it like `eu-west-1`",
        )
    })
}

pub(super) fn check_label(field: &'static str, text: &str) -> Option<ConfigError> {
    (!is_label(text))
        .then(|| malformed(field, text, "is not an id; use letters, digits and hyphens"))
}

fn is_label(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !text.is_empty() && text.bytes().all(known)
}

pub(super) fn malformed(field: &'static str, text: &str, problem: &str) -> ConfigError {
    ConfigError::malformed(field, format!("`{text}` {problem}"))
}
