//! The header `Forwarded` (RFC 7239).

use std::net::IpAddr;

use http::HeaderMap;
use http::header::FORWARDED;

use super::entry;
use super::origin::OriginProblem;
use crate::limits::{FORWARDED_BYTES, FORWARDED_ENTRIES};

/// The elements of all lines of the header, in order.
pub(super) struct Elements<'h> {
    elements: [Element<'h>; FORWARDED_ENTRIES],
    len: usize,
}

/// What is read of an element: whom the proxy received the request from, and how.
#[derive(Clone, Copy, Default)]
pub(super) struct Element<'h> {
    node: Option<Value<'h>>,
    proto: Option<Value<'h>>,
}

impl<'h> Elements<'h> {
    /// Parses all lines. One malformed element makes the whole header malformed, because the
    /// grammar cannot be read from the right.
    pub(super) fn parse(headers: &'h HeaderMap) -> Result<Self, OriginProblem> {
        let mut all = Self {
            elements: [Element::default(); FORWARDED_ENTRIES],
            len: 0,
        };
        for line in headers.get_all(FORWARDED) {
            // A quoted string that begins in one line and ends in the next one is malformed.
            let mut rest = line.as_bytes();
            while let Some(after) = all.push(rest)? {
                rest = after;
            }
        }
        Ok(all)
    }

    /// Parses the element at the start of a line, and returns the text behind its comma.
    fn push(&mut self, line: &'h [u8]) -> Result<Option<&'h [u8]>, OriginProblem> {
        let (element, rest) = Element::parse(line).ok_or(OriginProblem::HeaderMalformed)?;
        let slot = self.elements.get_mut(self.len);
        *slot.ok_or(OriginProblem::HeaderTooLong)? = element;
        self.len += 1;
        Ok(rest)
    }

    /// Returns the elements from the right.
    pub(super) fn iter_rev(&self) -> impl Iterator<Item = &Element<'h>> {
        self.elements.iter().take(self.len).rev()
    }
}

impl<'h> Element<'h> {
    /// `forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )`, and the text behind the
    /// comma that follows it.
    fn parse(line: &'h [u8]) -> Option<(Self, Option<&'h [u8]>)> {
        let (mut element, mut seen) = (Self::default(), [false; NAMES.len()]);
        let mut rest = without_space(line);
        loop {
            if !matches!(rest.first(), None | Some(b';' | b',' | b' ' | b'\t')) {
                rest = element.pair(rest, &mut seen)?;
            }
            match rest.split_first() {
                Some((b';', after)) => rest = after,
                None => return Some((element, None)),
                // Only the end of the element may have space before it.
                Some(_) => {
                    let rest = without_space(rest);
                    return match rest.split_first() {
                        None => Some((element, None)),
                        Some((b',', after)) => Some((element, Some(after))),
                        Some(_) => None,
                    };
                }
            }
        }
    }

    /// `forwarded-pair = token "=" value`; a parameter must not occur twice.
    fn pair(&mut self, text: &'h [u8], seen: &mut [bool; NAMES.len()]) -> Option<&'h [u8]> {
        let (name, rest) = token(text)?;
        let (value, rest) = Value::parse(rest.strip_prefix(b"=")?)?;
        let place = NAMES
            .iter()
            .position(|known| name.eq_ignore_ascii_case(known));
        if let Some(place) = place {
            let seen = seen.get_mut(place)?;
            if std::mem::replace(seen, true) {
                return None;
            }
        }
        match place {
            Some(0) => self.node = Some(value),
            Some(1) => self.proto = Some(value),
            _ => {}
        }
        Some(rest)
    }

    /// Returns the address that the proxy received the request from, or `None` if it does not say
    /// one: no `for`, `unknown`, or an obfuscated name.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.node
            .and_then(|node| node.with_text(entry::node))
            .flatten()
    }

    /// Returns whether the proxy received the request over TLS, or `None` if it does not say so.
    pub(super) fn is_encrypted(&self) -> Option<bool> {
        let proto = self.proto.and_then(|proto| proto.with_text(is_encrypted));
        proto.flatten()
    }
}

/// Reads a scheme: whether it is one over TLS, or `None` for one that is not known here.
pub(super) fn is_encrypted(scheme: &[u8]) -> Option<bool> {
    let is = |name: &str| scheme.eq_ignore_ascii_case(name.as_bytes());
    match () {
        () if is("https") || is("wss") => Some(true),
        () if is("http") || is("ws") => Some(false),
        () => None,
    }
}

/// The registered parameters (RFC 7239 section 5).
const NAMES: [&[u8]; 4] = [b"for", b"proto", b"by", b"host"];

/// The text of a value, for a quoted string that between its quotes.
#[derive(Clone, Copy)]
struct Value<'h> {
    text: &'h [u8],
    has_escapes: bool,
}

impl<'h> Value<'h> {
    /// `value = token / quoted-string`, and the text behind it.
    fn parse(text: &'h [u8]) -> Option<(Self, &'h [u8])> {
        let Some(quoted) = text.strip_prefix(b"\"") else {
            let (text, rest) = token(text)?;
            let has_escapes = false;
            return Some((Self { text, has_escapes }, rest));
        };
        let mut has_escapes = false;
        let mut bytes = quoted.iter().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    let text = quoted.get(..at)?;
                    return Some((Self { text, has_escapes }, quoted.get(at + 1..)?));
                }
                b'\\' => {
                    has_escapes = true;
                    bytes.next().filter(|(_, escaped)| is_quotable(**escaped))?;
                }
                byte if is_quotable(*byte) => {}
                _ => return None,
            }
        }
        None
    }

    /// Reads the text without its escapes.
    fn with_text<T>(self, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        if !self.has_escapes {
            return Some(read(self.text));
        }
        let mut plain = [0; FORWARDED_BYTES];
        let (mut len, mut bytes) = (0, self.text.iter());
        while let Some(byte) = bytes.next() {
            let byte = if *byte == b'\\' { bytes.next()? } else { byte };
            *plain.get_mut(len)? = *byte;
            len += 1;
        }
        plain.get(..len).map(read)
    }
}

/// `HTAB / SP / VCHAR / obs-text` (RFC 9110 section 5.6.4).
const fn is_quotable(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

/// `token = 1*tchar` (RFC 9110 section 5.6.2), and the text behind it.
fn token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let end = text.iter().position(|byte| !is_tchar(byte));
    let (token, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    (!token.is_empty()).then_some((token, rest))
}

/// Returns the text without spaces and tabs at its start.
fn without_space(text: &[u8]) -> &[u8] {
    let begin = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    begin
        .and_then(|begin| text.get(begin..))
        .unwrap_or_default()
}
