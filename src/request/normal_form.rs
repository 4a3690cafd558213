//! The normal form of http and https URIs (RFC 3986 sections 6.2.2 and 6.2.3).

use std::fmt::Write;
use std::net::Ipv6Addr;

use crate::limits;

/// Returns true if no two different spellings of this path are the same path: it has no
/// percent-encoding and no segment of dots.
pub(super) fn is_normal_path(path: &str) -> bool {
    !path.contains('%') && !path.contains("/.") && path.bytes().all(|b| b.is_ascii_graphic())
}

/// Returns the normal form of a URI without query and fragment, or `None` if it is no such URI, has
/// user information, or is longer than [`limits::PROOF_URI_BYTES`].
pub(crate) fn normalized(uri: &str) -> Option<String> {
    if uri.len() > limits::PROOF_URI_BYTES || !uri.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let (scheme, rest) = uri.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut normal = String::with_capacity(uri.len() + 1);
    push_origin(scheme, authority, &mut normal)?;
    push_path(path, &mut normal)?;
    Some(normal)
}

/// Appends scheme and authority: in lower case, without the default port.
pub(super) fn push_origin(scheme: &str, authority: &str, normal: &mut String) -> Option<()> {
    let is_https = scheme.eq_ignore_ascii_case("https");
    if !is_https && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    normal.push_str(if is_https { "https://" } else { "http://" });
    if authority.contains('@') {
        return None;
    }
    let (host, port) = split_port(authority)?;
    match host.strip_prefix('[') {
        Some(rest) => {
            let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
            write!(normal, "[{address}]").ok()?;
        }
        None if is_name(host) => normal.extend(host.chars().map(|c| c.to_ascii_lowercase())),
        None => return None,
    }
    let default = if is_https { 443 } else { 80 };
    match port {
        Some(port) if port != default => write!(normal, ":{port}").ok(),
        _ => Some(()),
    }
}

/// Splits an authority into its host and its port; an empty port is none.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let colon = match authority.starts_with('[') {
        true => authority.find(']')? + 1,
        false => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at_checked(colon)?;
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        None => return None,
        Some("") => None,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
    };
    Some((host, port))
}

/// Returns whether a host is a name or an IPv4 address. A percent-encoded one is not read.
fn is_name(host: &str) -> bool {
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&b);
    !host.is_empty() && host.bytes().all(is_legal)
}

/// Appends a path: percent-encodings with upper-case digits, none of an unreserved character, and no
/// dot segments. An empty path is `/`.
fn push_path(path: &str, normal: &mut String) -> Option<()> {
    let root = normal.len();
    let mut decoded = String::with_capacity(path.len());
    push_decoded(path, &mut decoded)?;
    let mut segments = decoded.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." if is_last => normal.push('/'),
            "." => {}
            ".." => {
                let parent = normal.rfind('/').filter(|at| *at >= root);
                normal.truncate(parent.unwrap_or(root));
                if is_last {
                    normal.push('/');
                }
            }
            _ => {
                normal.push('/');
                normal.push_str(segment);
            }
        }
    }
    if normal.len() == root {
        normal.push('/');
    }
    Some(())
}

/// Decodes what is unreserved, and nothing else.
fn push_decoded(path: &str, decoded: &mut String) -> Option<()> {
    let mut rest = path;
    while let Some((plain, encoded)) = rest.split_once('%') {
        decoded.push_str(plain);
        let (digits, after) = encoded.split_at_checked(2)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(digits, 16).ok()?;
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => decoded.push(byte.into()),
            false => write!(decoded, "%{byte:02X}").ok()?,
        }
        rest = after;
    }
    decoded.push_str(rest);
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_uris_have_one_normal_form() {
        for (one, other) in [
            ("https://API.example.com/a", "https://api.example.com/a"),
            ("HTTPS://api.example.com/a", "https://api.example.com:443/a"),
            ("https://api.example.com:/a", "https://api.example.com/a"),
            ("http://localhost:80", "http://localhost/"),
            ("https://[2001:DB8::0:1]/", "https://[2001:db8::1]/"),
            ("https://h/%7euser/%41", "https://h/~user/A"),
            ("https://h/a%2fb", "https://h/a%2Fb"),
            ("https://h/a/./b/../c", "https://h/a/c"),
            ("https://h/a/%2e%2E/c", "https://h/c"),
            ("https://h/a/..", "https://h/"),
            ("https://h/../../a", "https://h/a"),
            ("https://h/a/.", "https://h/a/"),
            ("https://h", "https://h/"),
            ("https://h:0443/a", "https://h/a"),
        ] {
            assert_eq!(normalized(one), normalized(other), "{one} {other}");
            assert!(normalized(one).is_some(), "{one}");
        }
    }

    // Defect E15 (path of htu compared without case or unescaped): docs/defects.md
    // Defect E16 (slash at the end of htu removed): docs/defects.md
    #[test]
    fn different_resources_have_different_normal_forms() {
        for (one, other) in [
            ("https://h/x", "https://h/x/"),
            ("https://h/a", "https://h/A"),
            ("https://h/a%2Fb", "https://h/a/b"),
            ("https://h/a%40b", "https://h/a@b"),
            ("https://h/a%3Ab", "https://h/a:b"),
            ("https://h/a//b", "https://h/a/b"),
            ("https://h/a+b", "https://h/a%20b"),
            ("https://h/a\\b", "https://h/a/b"),
            ("https://h./a", "https://h/a"),
            ("https://h/a;v=1", "https://h/a"),
            ("http://h/a", "https://h/a"),
            ("https://h:8443/a", "https://h/a"),
            ("https://h:80/a", "https://h/a"),
        ] {
            assert_ne!(normalized(one), normalized(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_uri_of_a_resource_has_none() {
        let long = format!("https://h/{}", "a".repeat(2_048 - 10));
        assert!(normalized(&long).is_some());
        for bad in [
            "",
            "h",
            "/a",
            "//h/a",
            "https:/h/a",
            "https:h",
            "wss://h/a",
            "ftp://h/a",
            "https://",
            "https:///a",
            "https://user@h/a",
            "https://@h/a",
            "https://h:65536/a",
            "https://h:-1/a",
            "https://h:8o/a",
            "https://h:1:2/a",
            "https://[::1/a",
            "https://[::g]/a",
            "https://[::1]x/a",
            "https://h/%",
            "https://h/%4",
            "https://h/%g1",
            "https://h/%+1",
            "https://h%41/a",
            "https://h/a b",
            "https://h/\u{e4}",
            "https://\u{e4}/",
            "https://h/a\t",
            " https://h/a",
            &format!("{long}a"),
        ] {
            assert_eq!(normalized(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own_normal_form(
            uri in "(https|HTTP)://[a-zA-Z0-9.-]{1,8}(:[0-9]{0,5})?(/[a-zA-Z0-9._~%2eE:@+-]{0,4}){0,6}",
        ) {
            if let Some(normal) = normalized(&uri) {
                prop_assert_eq!(normalized(&normal), Some(normal));
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(uri in any::<String>()) {
            let _ = normalized(&uri);
            let _ = normalized(&format!("https://h/{uri}"));
        }
    }
}
