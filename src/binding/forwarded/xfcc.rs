//! The header `x-forwarded-client-cert` of Envoy: elements of keys and values, the nearest proxy last.

use std::num::NonZeroU8;

use super::encoding::{Malformed, percent_decoded};
use super::pem;
use crate::request::ClientCertificate;

const FAULT: Malformed = "expected elements of `Key=Value` pairs, found another text";

/// Reads the element that is this many from the right. If `is_exact`, there are no more than those.
pub(super) fn certificate(
    value: &str,
    hops: NonZeroU8,
    is_exact: bool,
) -> Result<Option<ClientCertificate>, Malformed> {
    let elements = split_unquoted(value, ',')?;
    for element in &elements {
        for pair in split_unquoted(element, ';')? {
            check_value(pair)?;
        }
    }
    let from_right = usize::from(hops.get());
    if is_exact && elements.len() > from_right {
        return Err(
            "expected one element for each hop, found more: the first proxy does not replace the header \
             of clients, or a name in a certificate has a comma",
        );
    }
    let element = elements.len().checked_sub(from_right);
    let element = element.and_then(|at| elements.get(at));
    let element = element.ok_or("expected an element for each hop, found fewer")?;
    let (mut hash, mut certificate) = (None, None);
    for pair in split_unquoted(element, ';')? {
        let (key, value) = pair.split_once('=').ok_or(FAULT)?;
        let place = match key.trim() {
            key if key.eq_ignore_ascii_case("hash") => &mut hash,
            key if key.eq_ignore_ascii_case("cert") => &mut certificate,
            _ => continue,
        };
        if place.replace(unquoted(value)?).is_some() {
            return Err("expected `Hash` and `Cert` once each, found one twice");
        }
    }
    let hash = hash.map(|hash| digest(&hash)).transpose()?;
    let certificate = certificate.map(|text| from_pem(&text)).transpose()?;
    match (hash, certificate) {
        (Some(hash), Some(certificate)) if *certificate.sha256() != hash => {
            Err("expected `Hash` and `Cert` of one certificate, found two")
        }
        (_, Some(certificate)) => Ok(Some(certificate)),
        (Some(hash), None) => Ok(Some(ClientCertificate::from_sha256(hash))),
        (None, None) => Ok(None),
    }
}

fn from_pem(text: &str) -> Result<ClientCertificate, Malformed> {
    let text = percent_decoded(text)?;
    pem::first(&text, pem::Rest::Nothing).map(ClientCertificate::from_der)
}

fn digest(hex: &str) -> Result<[u8; 32], Malformed> {
    const FAULT: Malformed = "expected 64 hexadecimal digits as `Hash`, found another text";
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(FAULT);
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        let pair = str::from_utf8(pair).map_err(|_| FAULT)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| FAULT)?;
    }
    Ok(bytes)
}

/// Splits at a separator outside quotes.
///
/// A quote opens only directly after `=`, and a separator follows the closing one: a quote in an element
/// of the client must not turn the quotes of later elements inside out, or text of a certificate would
/// be read as keys.
fn split_unquoted(text: &str, separator: char) -> Result<Vec<&str>, Malformed> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped, mut before) = (false, false, ' ');
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' if is_quoted => is_quoted = false,
            _ if is_quoted => {}
            '"' if before == '=' => is_quoted = true,
            '"' => return Err(FAULT),
            _ if before == '"' && !matches!(character, ',' | ';') => return Err(FAULT),
            _ if character == separator => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        before = character;
    }
    if is_quoted {
        return Err("expected a closing quote, found none");
    }
    parts.push(text.get(start..).unwrap_or_default());
    Ok(parts)
}

/// Removes quotes and the backslashes before quotes.
fn unquoted(value: &str) -> Result<String, Malformed> {
    let value = value.trim();
    match value.strip_prefix('"') {
        None if value.contains('"') => Err(FAULT),
        None => Ok(value.to_owned()),
        Some(rest) => {
            let inner = rest.strip_suffix('"').ok_or(FAULT)?;
            Ok(inner.replace("\\\"", "\""))
        }
    }
}

/// Refuses a quoted value in which another element begins: the quote is then one of the client, and hides
/// the element of the proxy, whose own text may have quotes (of a URI in the certificate).
fn check_value(pair: &str) -> Result<(), Malformed> {
    let Some((_, quoted)) = pair.split_once("=\"") else {
        return Ok(());
    };
    let begins = |rest: &str| {
        let rest = rest.trim_start().to_ascii_lowercase();
        ["by=", "hash=", "cert="]
            .iter()
            .any(|key| rest.starts_with(key))
    };
    match quoted.split(',').skip(1).any(begins) {
        true => Err("expected quotes around one value, found them around an element"),
        false => Ok(()),
    }
}
