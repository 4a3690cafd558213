//! Validation of origins as browsers serialize them.

use std::net::Ipv6Addr;

/// Returns true for a serialized origin (RFC 6454 section 6.2). `null` is not one: it identifies no
/// site.
pub(super) fn is_serialized(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
    let is_scheme =
        scheme.starts_with(|c: char| c.is_ascii_lowercase()) && scheme.bytes().all(is_legal);
    let is_port = |port: &str| {
        let is_default = matches!((scheme, port), ("https", "443") | ("http", "80"));
        !is_default && port.parse::<u16>().is_ok_and(|p| p.to_string() == port)
    };
    is_scheme && is_host(host) && port.is_none_or(is_port)
}

fn is_host(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    if let Some(address) = address {
        let parsed = address.parse::<Ipv6Addr>();
        return parsed.is_ok_and(|a| a.to_string() == address);
    }
    let is_legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    !host.is_empty() && host.bytes().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialized_origins_are_accepted() {
        for good in [
            "https://a.example",
            "https://a.example:8443",
            "http://localhost:3000",
            "http://127.0.0.1",
            "http://[::1]:3000",
            "http://[2001:db8::1]",
            "chrome-extension://abcdefgh",
        ] {
            assert!(is_serialized(good), "{good}");
        }
    }

    #[test]
    fn other_texts_are_rejected() {
        for bad in [
            "",
            "null",
            "*",
            "a.example",
            "https://",
            "://a.example",
            "https://a.example/",
            "https://a.example/path",
            "https://a.example?q",
            "https://a.example#f",
            "https://user@a.example",
            "https://A.example",
            "HTTPS://a.example",
            "https://*.example",
            "https://a.example:443",
            "http://a.example:80",
            "https://a.example:",
            "https://a.example:08443",
            "https://a.example:+8443",
            "https://a.example:65536",
            "https://a.example:8443:1",
            "https://[::1",
            "https://[0:0:0:0:0:0:0:1]",
            "https://[::1]x",
            "https://a.example ",
            " https://a.example",
            "https://\u{e4}.example",
            "https://a.example, https://b.example",
        ] {
            assert!(!is_serialized(bad), "{bad}");
        }
    }
}
