//! The form of a token: what is a JWT or an SD-JWT in any spelling.

use crate::credential::charset;

/// What a text looks like, however it is spelled.
///
/// JWT-like is what has two or four dots and a first part that base64 of either alphabet, with
/// padding and stray bits ignored, decodes to `{`, or to JSON white space and `{`. SD-JWT-like is
/// what has a `~` behind something JWT-like. No other validator may get either, so every spelling
/// that some reader of JWTs could accept is recognised.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenForm {
    Jwt,
    SdJwt,
    Other,
}

impl TokenForm {
    pub(crate) fn recognize(token: &str) -> Self {
        let text = token.as_bytes();
        let first = memchr::memchr2(b'.', b'~', text).and_then(|end| text.get(..end));
        if !first.is_some_and(is_object) {
            return Self::Other;
        }
        let mut dots = 0_usize;
        for at in memchr::memchr2_iter(b'.', b'~', text) {
            match text.get(at) {
                Some(b'.') => dots += 1,
                _ if is_jwt(dots) => return Self::SdJwt,
                // What some reader of JWTs could make of the rest.
                _ if dots > 0 => {
                    dots += memchr::memchr_iter(b'.', text.get(at..).unwrap_or_default()).count();
                    break;
                }
                _ => return Self::Other,
            }
        }
        match is_jwt(dots) {
            true => Self::Jwt,
            false => Self::Other,
        }
    }
}

const fn is_jwt(dots: usize) -> bool {
    matches!(dots, 2 | 4)
}

/// Returns true if something JWT-like may begin with this text.
pub(super) fn may_begin_jwt(text: &[u8]) -> bool {
    start_of(text) != Start::Other
}

/// Returns true if lenient base64 decodes this to what begins as a JSON object does.
fn is_object(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = text.get(..text.len() - padding).unwrap_or_default();
    start_of(digits) == Start::Object && charset::is_base64(digits)
}

/// What base64 decodes to.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Start {
    /// White space and `{`.
    Object,
    /// White space only, or less than a byte: more text decides.
    Undecided,
    Other,
}

fn start_of(text: &[u8]) -> Start {
    // Bits that are no whole byte yet.
    let (mut bits, mut count) = (0_u8, 0_u32);
    for digit in text {
        let Some(value) = digit_value(*digit) else {
            return Start::Other;
        };
        let wide = u16::from(bits) << 6 | u16::from(value);
        count += 6;
        if count < 8 {
            bits = value;
            continue;
        }
        count -= 8;
        let [_, byte] = (wide >> count).to_be_bytes();
        match byte {
            b'{' => return Start::Object,
            b' ' | b'\t' | b'\n' | b'\r' => bits = value & ((1 << count) - 1),
            _ => return Start::Other,
        }
    }
    let begins = |byte: &u8| count == 0 || byte >> (8 - count) == bits;
    match b"{ \t\n\r".iter().any(begins) {
        true => Start::Undecided,
        false => Start::Other,
    }
}

/// Returns the six bits of a digit of base64 of either alphabet (RFC 4648 sections 4 and 5).
const fn digit_value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::alphabet::URL_SAFE;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    use proptest::prelude::*;

    use super::*;
    use crate::credential::base64url;

    fn form(token: &str) -> TokenForm {
        TokenForm::recognize(token)
    }

    #[test]
    fn dots_and_tildes_decide_the_form() {
        for (token, expected) in [
            ("eyJhIjoxfQ.e30.AAAA", TokenForm::Jwt),
            ("eyJhIjoxfQ.e30.", TokenForm::Jwt),
            ("eyJhIjoxfQ.a.b.c.d", TokenForm::Jwt),
            ("eyJhIjoxfQ..", TokenForm::Jwt),
            ("eyJhIjoxfQ", TokenForm::Other),
            ("eyJhIjoxfQ.e30", TokenForm::Other),
            ("eyJhIjoxfQ.a.b.c", TokenForm::Other),
            ("eyJhIjoxfQ.a.b.c.d.e", TokenForm::Other),
            ("a.b.c", TokenForm::Other),
            ("", TokenForm::Other),
            ("eyJhIjoxfQ.e30.AAAA~", TokenForm::SdJwt),
            ("eyJhIjoxfQ.e30.AAAA~d~", TokenForm::SdJwt),
            ("eyJhIjoxfQ.e30.AAAA~d.e.f", TokenForm::SdJwt),
            ("eyJhIjoxfQ.e30.AAAA~d~e.f.g.h.i.j.k", TokenForm::SdJwt),
            ("eyJhIjoxfQ.a.b.c.d~", TokenForm::SdJwt),
            // A head with another number of dots is none.
            ("eyJhIjoxfQ~", TokenForm::Other),
            ("eyJhIjoxfQ~d.e.f", TokenForm::Other),
            ("eyJhIjoxfQ.e30~d", TokenForm::Other),
            ("eyJhIjoxfQ.e30~d.e", TokenForm::Jwt),
            ("eyJhIjoxfQ.a.b.c~d.e", TokenForm::Jwt),
            ("eyJhIjoxfQ.a.b.c~d", TokenForm::Other),
            ("a.b.c~", TokenForm::Other),
            ("~eyJhIjoxfQ.e30.AAAA", TokenForm::Other),
        ] {
            assert_eq!(form(token), expected, "{token}");
        }
    }

    #[test]
    fn first_part_is_read_leniently() {
        for first in [
            "ey",
            "e30",
            "e31",
            "e30=",
            "e30==",
            "eyJhIjoi_-__In0",
            "eyJhIjoi/+//In1",
            "ezo",
            // White space before the brace.
            "IHs",
            "CXs",
            "Cns",
            "DXs",
            "IHt9",
            "ICB7",
            "CgoKe30",
            "IAkKDXsiYSI6MX0",
        ] {
            assert_eq!(form(&format!("{first}.e30.")), TokenForm::Jwt, "{first}");
        }
        for first in [
            "",
            "e",
            "eA",
            "fyJhIjoxfQ",
            "EyJhIjoxfQ",
            "=ey",
            "e=y",
            "e+Aaaa/=a",
            "W10",
            "IFs",
            "I",
            "IA",
            "ICA",
            "C3s",
            "DHs",
            "oHs",
            "77u_eyJhIjoxfQ",
            "eyJhIjoxfQ*",
        ] {
            assert_eq!(form(&format!("{first}.e30.")), TokenForm::Other, "{first}");
        }
    }

    #[test]
    fn prefix_that_a_jwt_may_have_is_known() {
        for prefix in [
            "e", "ey", "eyJ", "ez_", "ez_.", "I", "IA", "IC", "ICA", "IHs", "C", "CQ", "D",
        ] {
            assert!(may_begin_jwt(prefix.as_bytes()), "{prefix}");
        }
        for prefix in [
            "sk_", "key_", "eA", "CI", "IC_", "Ci_", "D_", "E", "i", "c", "e.", "I~",
        ] {
            assert!(!may_begin_jwt(prefix.as_bytes()), "{prefix}");
        }
    }

    /// Another reader of lenient base64.
    fn decodes_to_object(first: &str) -> bool {
        let lenient = GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let engine = GeneralPurpose::new(&URL_SAFE, lenient);
        let digits = first
            .trim_end_matches('=')
            .replace('+', "-")
            .replace('/', "_");
        // A single digit more than whole groups decodes to nothing.
        let surplus = usize::from(digits.len() % 4 == 1);
        let (whole, _) = digits.split_at(digits.len() - surplus);
        let is_base64 = digits.bytes().all(|digit| digit_value(digit).is_some());
        let decoded = engine.decode(whole).unwrap_or_default();
        let text = decoded.trim_ascii_start();
        let is_white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let spaces = &decoded[..decoded.len() - text.len()];
        is_base64 && spaces.iter().all(is_white) && text.first() == Some(&b'{')
    }

    proptest! {
        #[test]
        fn form_is_that_of_the_definition(token in "[eICD][wyHAXns3-9A-Za-z_/+-]{0,6}=?[.~]{0,3}[a.~]{0,8}") {
            let (head, rest) = token.split_once('~').unwrap_or((&token, ""));
            let is_like = |text: &str| {
                let dots = text.matches('.').count();
                matches!(dots, 2 | 4) && decodes_to_object(text.split('.').next().unwrap_or_default())
            };
            let expected = match token.contains('~') {
                true if is_like(head) => TokenForm::SdJwt,
                _ if is_like(&token) => TokenForm::Jwt,
                _ => TokenForm::Other,
            };
            prop_assert_eq!(form(&token), expected, "{} {}", head, rest);
        }

        #[test]
        fn whatever_begins_something_jwt_like_is_known(
            space in "[ \t\r\n]{0,7}",
            object in "\\{[ -~]{0,20}",
            cut in 0..60_usize,
        ) {
            let first = base64url::encode(space + &object);
            let token = format!("{first}.e30.AAAA");
            prop_assert_eq!(form(&token), TokenForm::Jwt);
            let prefix = token.get(..cut).unwrap_or(&token);
            prop_assert!(may_begin_jwt(prefix.as_bytes()));
        }

        #[test]
        fn any_text_has_a_form(token in any::<String>()) {
            let _ = form(&token);
            let _ = may_begin_jwt(token.as_bytes());
        }
    }
}
