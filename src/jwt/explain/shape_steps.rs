//! Size and shape of a token.

use super::case::Case;
use super::wording::Wording;
use crate::credential::base64url;
use crate::error::RejectionKind;
use crate::json::{Document, JsonError, JsonErrorKind};
use crate::jwt::compact;
use crate::limits;
use crate::validator::NOT_A_JWT;

impl Case<'_> {
    fn size_cap(&self) -> String {
        let (most, header) = (self.max_token_bytes, self.max_header_bytes);
        format!("at most {most} bytes, and {header} of the decoded header")
    }

    pub(super) fn size_passed(&self) -> Wording {
        let found = format!("{} bytes", self.token.len());
        Wording::new(self.size_cap(), found)
    }

    pub(super) fn size_failed(&self) -> Wording {
        let len = self.token.len();
        if len > self.max_token_bytes {
            let expected = format!("at most {} bytes", self.max_token_bytes);
            return Wording::new(expected, format!("{len} bytes")).hint(TOKEN_BYTES);
        }
        let Ok((header, payload, _)) = compact::split(self.token) else {
            return Wording::expecting(self.size_cap());
        };
        let header_len = base64url::decoded_len(header.len());
        if header_len > self.max_header_bytes {
            let expected = format!(
                "a decoded header of at most {} bytes",
                self.max_header_bytes
            );
            let hint = match self.header("x5c") {
                Some(_) => CERTIFICATES,
                None => HEADER_BYTES,
            };
            return Wording::new(expected, format!("{header_len} bytes")).hint(hint);
        }
        for (name, part) in [("payload", payload), ("header", header)] {
            let text = base64url::decode(part).unwrap_or_default();
            if let Some(error) = over_cap(&text) {
                return json_cap(name, &text, error);
            }
        }
        Wording::expecting(self.size_cap())
    }

    pub(super) fn shape_failed(&self, kind: RejectionKind) -> Wording {
        let expected = "a JWT: three segments of base64url with dots between them, the first two \
                        of them objects of strict JSON";
        if kind == RejectionKind::TokenEncrypted {
            return Wording::new(expected, "five segments: an encrypted token (JWE)")
                .hint(ENCRYPTED);
        }
        let (found, hint) = self.malformed();
        Wording::new(expected, found).hint_if(hint)
    }

    /// Says what is wrong with a token that is no JWT, without any part of it.
    fn malformed(&self) -> (String, Option<&'static str>) {
        let token = self.token;
        if let Some((found, hint)) = wrapped(token) {
            return (found.to_owned(), Some(hint));
        }
        let segments: Vec<_> = token.split('.').collect();
        let &[header, payload, signature] = segments.as_slice() else {
            return miscounted(token, segments.len());
        };
        // In the order of the checks.
        for (name, part) in [
            ("payload", payload),
            ("signature", signature),
            ("header", header),
        ] {
            if base64url::decode(part).is_none() {
                let (why, hint) = misspelled(part);
                return (format!("a {name} that is not base64url: {why}"), hint);
            }
        }
        for (name, part) in [("payload", payload), ("header", header)] {
            let text = base64url::decode(part).unwrap_or_default();
            if let Err(error) = Document::parse(&text) {
                let deflated = self.header("zip").map(|_| DEFLATED);
                return (
                    format!("a {name} that is not strict JSON: {error}"),
                    deflated,
                );
            }
        }
        ("a text of another form".to_owned(), None)
    }
}

/// Recognizes a token with something around it.
fn wrapped(token: &str) -> Option<(&'static str, &'static str)> {
    if token.contains('~') && token.contains('.') {
        let hint = "no validator of this crate takes SD-JWTs";
        return Some(("an SD-JWT, with `~` and disclosures behind it", hint));
    }
    let scheme = token.get(..7).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("Bearer ") {
        let hint = "remove `Bearer` from the value: it is there twice, or the token was to be \
                    given without its scheme";
        return Some(("the scheme `Bearer` before the token", hint));
    }
    if token.starts_with(['"', '\'']) || token.ends_with(['"', '\'']) {
        let hint = "send the token without quotes";
        return Some(("quotes around the token", hint));
    }
    if token.starts_with(char::is_whitespace) || token.ends_with(char::is_whitespace) {
        let hint = "remove the white space, for example a line feed after a token from a file";
        return Some(("white space around the token", hint));
    }
    None
}

fn miscounted(token: &str, count: usize) -> (String, Option<&'static str>) {
    match count {
        1 if token.is_empty() => ("an empty text".to_owned(), None),
        1 => ("an opaque text without dots".to_owned(), Some(NOT_A_JWT)),
        n => (format!("{n} segments"), Some(CUT)),
    }
}

/// Says why a segment is not base64url.
fn misspelled(part: &str) -> (&'static str, Option<&'static str>) {
    if part.contains('=') {
        return ("it has padding", Some(PADDED));
    }
    if part.contains(['+', '/']) {
        return (
            "it has characters of the other base64 alphabet",
            Some(PADDED),
        );
    }
    let is_known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    match part.bytes().all(is_known) {
        true => ("it is cut off, or its last bits are not zero", Some(CUT)),
        false => ("it has other characters", Some(NOT_A_JWT)),
    }
}

fn over_cap(text: &[u8]) -> Option<JsonError> {
    let error = Document::parse(text).err()?;
    error.is_over_cap().then_some(error)
}

fn json_cap(part: &str, text: &[u8], error: JsonError) -> Wording {
    match error.kind() {
        JsonErrorKind::TooDeep => Wording::new(
            format!(
                "objects and arrays nested at most {} deep",
                limits::JSON_DEPTH
            ),
            format!("a {part} that is nested deeper"),
        ),
        JsonErrorKind::TooManyMembers if depth_at(text, error.offset()) > 1 => Wording::new(
            format!(
                "at most {} members of an object below the top one",
                limits::JSON_INNER_MEMBERS
            ),
            format!("a {part} with an object of more members"),
        ),
        _ => Wording::new(
            format!("at most {} members of the top object", limits::JSON_MEMBERS),
            format!("a {part} of more members"),
        ),
    }
    .hint("let the issuer send fewer claims, for example groups by a filter")
}

/// Returns how deep the objects and arrays are nested before a position.
fn depth_at(text: &[u8], position: usize) -> usize {
    let (mut depth, mut is_string, mut is_escaped) = (0_usize, false, false);
    for byte in text.iter().take(position) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_string,
            b'"' => is_string = !is_string,
            b'{' | b'[' if !is_string => depth += 1,
            b'}' | b']' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth
}

const TOKEN_BYTES: &str =
    "let the issuer send fewer claims, or raise `max_token_bytes` (at most 65536)";
const HEADER_BYTES: &str = "raise `max_header_bytes` (at most 16384)";
const CERTIFICATES: &str = "the header has a chain of certificates (`x5c`), which is never used: \
                            raise `max_header_bytes` (at most 16384)";
const ENCRYPTED: &str = "switch the encryption of access tokens off at the issuer; encrypted \
                         tokens are not supported";
const CUT: &str = "was the token cut off on its way, for example by a limit of a header's length?";
const PADDED: &str = "the segments of a JWT are base64url without padding (RFC 7515 section 2); \
                      tokens of an AWS load balancer are padded: use `providers::aws_alb`";
const DEFLATED: &str = "the header has `zip`, which is ignored: nothing is ever inflated";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_does_not_count_braces_in_strings() {
        let text = br#"{"a{":"\"[{","b":{"c":[1,"#;
        assert_eq!(depth_at(text, text.len()), 3);
        assert_eq!(depth_at(br#"{"a":{}, "#, 9), 1);
    }
}
