//! A second grammar of `Forwarded` (RFC 7239), for the tests and the fuzz target. It splits at
//! separators outside of quotes and copies values, where the crate's own parser reads forwards and
//! copies nothing.

use std::net::IpAddr;

/// Parameters of an element: lower-case name and value without quotes and escapes.
pub(crate) type Element = Vec<(Vec<u8>, Vec<u8>)>;

/// Splits a line into its elements, or returns `None` if it does not match
/// `[ element ] *( OWS "," OWS [ element ] )`, or an element has a registered parameter twice.
pub(crate) fn elements(line: &[u8]) -> Option<Vec<Element>> {
    let mut found = Vec::new();
    for piece in split(line, b',')? {
        found.push(element(strip(piece))?);
    }
    Some(found)
}

/// The address in the parameter `for`, if it is one.
pub(crate) fn address(element: &Element) -> Option<IpAddr> {
    let (_, node) = element.iter().find(|(name, _)| name == b"for")?;
    let node = String::from_utf8(node.clone()).ok()?;
    let mut ends = (0..=node.len()).filter(|end| node.is_char_boundary(*end));
    ends.find_map(|end| {
        let (name, port) = node.split_at(end);
        (port.is_empty() || is_port(port))
            .then(|| node_name(name))
            .flatten()
    })
}

fn node_name(name: &str) -> Option<IpAddr> {
    if name.starts_with('[') && name.ends_with(']') {
        let inner = name.get(1..name.len() - 1)?;
        let v6: std::net::Ipv6Addr = inner.parse().ok()?;
        return Some(IpAddr::V6(v6).to_canonical());
    }
    let v4: std::net::Ipv4Addr = name.parse().ok()?;
    Some(v4.into())
}

fn is_port(port: &str) -> bool {
    let Some(port) = port.strip_prefix(':') else {
        return false;
    };
    let is_number = port.chars().all(|c| c.is_ascii_digit()) && (1..=5).contains(&port.len());
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_' || c == '-';
    is_number
        || port
            .strip_prefix('_')
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_name))
}

/// Splits at a separator outside of quotes, or returns `None` where a quote is not closed.
fn split(text: &[u8], separator: u8) -> Option<Vec<&[u8]>> {
    let (mut pieces, mut begin, mut at, mut is_quoted) = (Vec::new(), 0, 0, false);
    while at < text.len() {
        match (text[at], is_quoted) {
            (b'\\', true) => at += 1,
            (b'"', _) => is_quoted = !is_quoted,
            (byte, false) if byte == separator => {
                pieces.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    pieces.push(&text[begin..]);
    (!is_quoted).then_some(pieces)
}

fn strip(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

fn element(text: &[u8]) -> Option<Element> {
    let mut pairs = Vec::new();
    for piece in split(text, b';')? {
        if piece.is_empty() {
            continue;
        }
        let equals = piece.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&piece[..equals], &piece[equals + 1..]);
        let name = is_token(name).then(|| name.to_ascii_lowercase())?;
        let registered: [&[u8]; 4] = [b"for", b"by", b"host", b"proto"];
        if registered.contains(&&*name) && pairs.iter().any(|(known, _)| *known == name) {
            return None;
        }
        pairs.push((name, plain(value)?));
    }
    Some(pairs)
}

/// The value of a token or a quoted string.
fn plain(value: &[u8]) -> Option<Vec<u8>> {
    if is_token(value) {
        return Some(value.to_vec());
    }
    let [b'"', inner @ .., b'"'] = value else {
        return None;
    };
    let mut text = Vec::new();
    let mut is_escaped = false;
    for byte in inner {
        let is_text = *byte == b'\t' || (0x20..0x7f).contains(byte) || *byte >= 0x80;
        match (is_escaped, byte) {
            _ if !is_text => return None,
            (false, b'\\') => is_escaped = true,
            (false, b'"') => return None,
            _ => {
                text.push(*byte);
                is_escaped = false;
            }
        }
    }
    (!is_escaped).then_some(text)
}

fn is_token(text: &[u8]) -> bool {
    let separators = b"\"(),/:;<=>?@[\\]{}";
    let is_letter = |byte: &u8| (0x21..0x7f).contains(byte) && !separators.contains(byte);
    !text.is_empty() && text.iter().all(is_letter)
}
