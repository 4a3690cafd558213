//! Addresses that differ in one detail.

/// Says in which detail an issuer differs from a configured one, if it is one of the usual ones.
pub(super) fn issuer_hint(configured: &str, found: &str) -> Option<&'static str> {
    let is_entra = configured.starts_with("https://login.microsoftonline.com/");
    if is_entra && found.starts_with("https://sts.windows.net/") {
        return Some(ENTRA_V1);
    }
    if configured.starts_with("https://sts.windows.net/")
        && found.starts_with("https://login.microsoftonline.com/")
    {
        return Some(ENTRA_V2);
    }
    let is_address = found.contains("://");
    if is_address && configured.contains("/.well-known/") && configured.starts_with(found) {
        return Some(
            "the configured value is the address of the discovery document; configure its `issuer`",
        );
    }
    address_hint(configured, found)
}

/// Says in which detail an address differs from a configured one.
pub(super) fn address_hint(configured: &str, found: &str) -> Option<&'static str> {
    if configured == found {
        return None;
    }
    if slashless(configured) == slashless(found) {
        return Some("they differ only by a slash at the end: configure the value of the token");
    }
    if schemeless(configured) == schemeless(found) {
        return Some("they differ only by the scheme: configure the value of the token");
    }
    if configured.eq_ignore_ascii_case(found) {
        return Some("they differ only by upper and lower case: configure the value of the token");
    }
    if configured.trim() == found.trim() {
        return Some("they differ only by white space: configure the value of the token");
    }
    if portless(configured)? == portless(found)? {
        return Some("they differ only by the port: configure the value of the token");
    }
    None
}

fn slashless(address: &str) -> &str {
    address.trim_end_matches('/')
}

fn schemeless(address: &str) -> &str {
    let rest = address.split_once("://");
    slashless(rest.map_or(address, |(_, rest)| rest))
}

/// Returns host and path of an address.
fn portless(address: &str) -> Option<(&str, &str)> {
    let (_, rest) = address.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    Some((host, slashless(path)))
}

const ENTRA_V1: &str = "a v1 token of Entra, and the configured issuer is that of v2 tokens: set \
                        `requestedAccessTokenVersion` to 2 in the manifest of the API's app, or use \
                        `providers::entra`, which takes both";
const ENTRA_V2: &str = "a v2 token of Entra, and the configured issuer is that of v1 tokens: \
                        configure the token's, or use `providers::entra`, which takes both";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_detail_is_named_and_two_are_not() {
        let base = "https://idp.example.com/realms/a";
        for (found, word) in [
            ("https://idp.example.com/realms/a/", "slash"),
            ("http://idp.example.com/realms/a", "scheme"),
            ("idp.example.com/realms/a", "scheme"),
            ("https://idp.example.com/Realms/a", "case"),
            ("https://idp.example.com/realms/a ", "white space"),
            ("https://idp.example.com:8443/realms/a", "port"),
        ] {
            assert!(address_hint(base, found).unwrap().contains(word), "{found}");
            assert!(address_hint(found, base).unwrap().contains(word), "{found}");
        }
        for other in [
            base,
            "",
            "https://idp.example.com/realms/b",
            "https://idp.example.org/realms/a",
            "https://idp.example.com:x/realms/a",
            "https://[::1]:80/realms/a",
        ] {
            assert_eq!(address_hint(base, other), None, "{other}");
        }
    }

    #[test]
    fn versions_of_entra_are_recognized() {
        let (v1, v2) = (
            "https://sts.windows.net/11111111-2222-4333-8444-555555555555/",
            "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0",
        );
        assert_eq!(issuer_hint(v2, v1), Some(ENTRA_V1));
        assert_eq!(issuer_hint(v1, v2), Some(ENTRA_V2));
        assert_eq!(issuer_hint("https://idp.example.com", v1), None);
        let discovery = "https://a.example/.well-known/openid-configuration";
        assert!(issuer_hint(discovery, "https://a.example").is_some());
    }
}
