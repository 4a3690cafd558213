//! PEM in a header, and the outermost length of DER.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::encoding::Malformed;

/// What may follow the first certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Rest {
    Nothing,
    /// The rest of a chain, which is not used.
    Chain,
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Returns the DER bytes of the first certificate.
pub(super) fn first(text: &str, rest: Rest) -> Result<Vec<u8>, Malformed> {
    const FAULT: Malformed =
        "expected PEM of one certificate and no text around it, found another text";
    let (first, mut others) = block(text).ok_or(FAULT)?;
    let der = checked_der(first)?;
    while rest == Rest::Chain && !others.is_empty() {
        others = block(others).ok_or(FAULT)?.1;
    }
    match others.is_empty() {
        true => Ok(der),
        false => Err(FAULT),
    }
}

/// Reads a block, and returns its bytes and what follows its line end.
fn block(text: &str) -> Option<(Vec<u8>, &str)> {
    let inner = line_end(text.strip_prefix(BEGIN)?)?;
    let (body, after) = inner.split_once(END)?;
    // Lines end with LF or CRLF; the rest is base64 in its only spelling.
    let body = body.replace("\r\n", "\n");
    if !body.ends_with('\n') || body.contains('\r') || body.contains("\n\n") {
        return None;
    }
    let der = STANDARD.decode(body.replace('\n', "")).ok()?;
    Some((der, line_end(after).unwrap_or(after)))
}

fn line_end(text: &str) -> Option<&str> {
    text.strip_prefix("\r\n")
        .or_else(|| text.strip_prefix('\n'))
}

/// Returns the bytes only if they are one DER sequence: its length is that of the rest. Nothing else is
/// parsed, because the hash of all bytes is compared.
pub(super) fn checked_der(der: Vec<u8>) -> Result<Vec<u8>, Malformed> {
    let content = match der.as_slice() {
        [0x30, length @ 0..=0x7f, rest @ ..] => Some((usize::from(*length), rest.len())),
        [0x30, 0x81, length @ 0x80..=0xff, rest @ ..] => Some((usize::from(*length), rest.len())),
        [0x30, 0x82, high @ 1..=0xff, low, rest @ ..] => {
            Some((usize::from(u16::from_be_bytes([*high, *low])), rest.len()))
        }
        _ => None,
    };
    match content {
        Some((length, found)) if length == found => Ok(der),
        _ => Err("expected the DER bytes of one certificate, found others"),
    }
}
