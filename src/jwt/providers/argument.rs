//! The checks of the arguments of presets. They return what is wrong, if anything.

use crate::error::ConfigError;

pub(super) fn check_guid(field: &'static str, text: &str) -> Option<ConfigError> {
    let parts = text.split('-').map(str::len);
    let is_hex = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    let is_valid = parts.eq([8, 4, 4, 4, 12]) && text.bytes().all(is_hex);
    (!is_valid).then(|| {
        ConfigError::unexpected(field, "a GUID", text, "give the id, not a name or a domain")
    })
}

pub(super) fn check_user_pool(pool: &str) -> Option<ConfigError> {
    let is_valid = pool.split_once('_').is_some_and(|(region, id)| {
        is_label(region) && !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    (!is_valid).then(|| {
        ConfigError::unexpected(
            "pool",
            "the id of a user pool",
            pool,
            "write region, `_`, name, such as `eu-west-1_AbCdEf123`",
        )
    })
}

pub(super) fn check_domain(domain: &str) -> Option<ConfigError> {
    let is_valid = domain.contains('.') && domain.split('.').all(is_label);
    (!is_valid).then(|| {
        ConfigError::unexpected(
            "domain",
            "a domain",
            domain,
            "give it without scheme and path",
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
    (!is_valid)
        .then(|| ConfigError::unexpected(field, "a host", host, "give it without scheme and path"))
}

/// Checks that the name of an issuer has no slash at its end.
pub(super) fn check_no_slash(field: &'static str, issuer: &str) -> Option<ConfigError> {
    let expected = "the name of an issuer without a slash at its end, as this provider spells it";
    let remedy = match issuer {
        "" => "give the provider's issuer",
        _ => "remove it",
    };
    let is_wrong = issuer.is_empty() || issuer.ends_with('/');
    is_wrong.then(|| ConfigError::unexpected(field, expected, issuer, remedy))
}

pub(super) fn check_region(region: &str) -> Option<ConfigError> {
    let is_valid = is_label(region) && region.contains('-');
    (!is_valid)
        .then(|| ConfigError::unexpected("region", "a region", region, "write it like `eu-west-1`"))
}

pub(super) fn check_label(field: &'static str, text: &str) -> Option<ConfigError> {
    (!is_label(text))
        .then(|| ConfigError::unexpected(field, "an id", text, "use letters, digits and hyphens"))
}

fn is_label(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !text.is_empty() && text.bytes().all(known)
}
