//! One address in a forwarded header.

use std::net::{IpAddr, Ipv6Addr};

/// Reads an entry of `X-Forwarded-For`: `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`,
/// `[2001:db8::7]` or `[2001:db8::7]:4711`, with spaces and tabs around it.
///
/// Nothing else is an address: no octal, hexadecimal or short forms, no zone, no name.
pub(super) fn list_entry(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(trimmed(entry)).ok()?;
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, rest) = bracketed.split_once(']')?;
        let is_complete = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        let address = address.parse().ok().map(IpAddr::V6);
        return address.filter(|_| is_complete);
    }
    // A dot is in IPv4 addresses, and behind a colon in the IPv6 address `::ffff:192.0.2.7`.
    match text.split_once(':') {
        Some((v4, port)) if v4.contains('.') => {
            v4.parse().ok().map(IpAddr::V4).filter(|_| is_port(port))
        }
        _ => text.parse().ok(),
    }
}

/// Reads the value of a header that has a single address, without port and brackets.
pub(super) fn single(value: &[u8]) -> Option<IpAddr> {
    str::from_utf8(trimmed(value)).ok()?.parse().ok()
}

/// Reads a node of `Forwarded` (RFC 7239 section 6); a node that is no address is `None`.
pub(super) fn node(node: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(node).ok()?;
    let (address, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (address, port) = bracketed.split_once(']')?;
            (address.parse::<Ipv6Addr>().ok().map(IpAddr::V6), port)
        }
        None => {
            let (address, port) = text.split_at_checked(text.find(':').unwrap_or(text.len()))?;
            (address.parse().ok().map(IpAddr::V4), port)
        }
    };
    let is_complete = port.is_empty() || port.strip_prefix(':').is_some_and(is_node_port);
    address.filter(|_| is_complete)
}

/// Returns the text without spaces and tabs at its ends.
pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let begin = text.iter().position(|byte| !is_space(byte));
    let end = text.iter().rposition(|byte| !is_space(byte));
    let range = begin
        .zip(end)
        .and_then(|(begin, end)| text.get(begin..=end));
    range.unwrap_or_default()
}

fn is_port(text: &str) -> bool {
    is_digits(text) && text.parse::<u16>().is_ok()
}

/// `node-port = 1*5DIGIT / "_" 1*(ALPHA / DIGIT / "." / "_" / "-")`.
fn is_node_port(text: &str) -> bool {
    let is_obfuscated = |name: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !name.is_empty() && name.bytes().all(is_allowed)
    };
    is_digits(text) || text.strip_prefix('_').is_some_and(is_obfuscated)
}

fn is_digits(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
