//! What all forms of the header have in common.

use crate::limits;

/// Longest value of a header.
pub(super) const MOST: usize = limits::CERTIFICATE_HEADER_BYTES;

/// Why a header is malformed, for the operator.
pub(super) type Malformed = &'static str;

/// Decodes percent-encodings, and nothing else: a plus is a digit of base64.
pub(super) fn percent_decoded(text: &str) -> Result<String, Malformed> {
    const FAULT: Malformed = "expected percent-encoded ASCII, found another text";
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, encoded)) = rest.split_once('%') {
        decoded.push_str(plain);
        let (digits, after) = encoded.split_at_checked(2).ok_or(FAULT)?;
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16)
            .ok()
            .filter(|b| is_hex && b.is_ascii());
        decoded.push(byte.ok_or(FAULT)?.into());
        rest = after;
    }
    decoded.push_str(rest);
    Ok(decoded)
}
