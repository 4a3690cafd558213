//! Character sets of the RFCs for credentials, headers and parameters.

use crate::simd;
use crate::simd::{Lanes, Mask};

/// RFC 6750 section 2.1, `b64token`: one or more of the characters, then any number of `=`.
pub(crate) fn is_b64token(text: &[u8]) -> bool {
    let mut body = text;
    while let Some(shorter) = body.strip_suffix(b"=") {
        body = shorter;
    }
    // Most tokens have no `+` and no `~`, and need fewer comparisons.
    let is_legal = simd::all(body, are_common, is_b64token_char)
        || simd::all(
            body,
            |l| are_common(l).or(l.eq(b'+')).or(l.eq(b'~')),
            is_b64token_char,
        );
    is_legal && !body.is_empty()
}

/// Returns where a text has a character that is not legal, counted in characters from 0; 0 for an
/// empty text.
pub(crate) fn flaw(text: &str, is_legal: impl Fn(u8) -> bool) -> Option<usize> {
    let is_legal = |c: char| u8::try_from(c).is_ok_and(|b| b.is_ascii() && is_legal(b));
    match text.is_empty() {
        true => Some(0),
        false => text.chars().position(|c| !is_legal(c)),
    }
}

/// Returns where a text is not a [`b64token`](is_b64token), counted in characters from 0.
pub(crate) fn b64token_flaw(text: &str) -> Option<usize> {
    flaw(text.trim_end_matches('='), is_b64token_char)
}

/// One or more visible ASCII characters (RFC 5234 appendix B.1, `VCHAR`).
pub(crate) fn is_visible(text: &[u8]) -> bool {
    let is_legal = |l: Lanes| l.within(b'!', b'~');
    !text.is_empty() && simd::all(text, is_legal, |b| b.is_ascii_graphic())
}

/// The characters of base64 of either alphabet, without padding (RFC 4648 sections 4 and 5).
pub(crate) fn is_base64(text: &[u8]) -> bool {
    let is_either = |l: Lanes| are_common(l).and(l.eq(b'.').not()).or(l.eq(b'+'));
    simd::all(text, is_either, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')
    })
}

/// The characters of `b64token` except `+` and `~`.
#[inline(always)]
fn are_common(lanes: Lanes) -> Mask {
    // `-./` and the digits are adjacent. Setting the bit turns upper-case letters into lower-case
    // ones and no other character into a letter.
    let letters = lanes.with_bits(0x20).within(b'a', b'z');
    letters.or(lanes.within(b'-', b'9')).or(lanes.eq(b'_'))
}

const fn is_b64token_char(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

/// RFC 9110 section 5.6.2, `tchar`: characters of header names, cookie names and schemes.
pub(crate) const fn is_tchar(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// RFC 6749 section 8.2, `name-char`: characters of parameter names.
pub(crate) const fn is_name_char(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')
}

/// RFC 6749 appendix A.4, `NQCHAR`: characters of one scope. A quoted string may have them without
/// an escape.
pub(crate) const fn is_nqchar(b: u8) -> bool {
    b.is_ascii_graphic() && b != b'"' && b != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b64token_has_exactly_the_characters_of_the_rfc() {
        for b in 0..=u8::MAX {
            let listed = b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
            assert_eq!(is_b64token(&[b]), listed, "{b:#04x}");
            assert_eq!(is_b64token(&[b'a', b, b'a']), listed, "{b:#04x}");
            let long = [&[b'a'; 20][..], &[b], &[b'a'; 20]].concat();
            assert_eq!(is_b64token(&long), listed, "{b:#04x}");
            let rare = [&[b'~'; 20][..], &[b], &[b'+'; 20]].concat();
            assert_eq!(is_b64token(&rare), listed, "{b:#04x}");
        }
    }

    #[test]
    fn visible_text_has_no_space_control_or_other_character() {
        for b in 0..=u8::MAX {
            let listed = (0x21..=0x7e).contains(&b);
            assert_eq!(is_visible(&[b]), listed, "{b:#04x}");
            let long = [&[b'{'; 20][..], &[b], &[b'|'; 20]].concat();
            assert_eq!(is_visible(&long), listed, "{b:#04x}");
        }
        assert!(!is_visible(b""));
    }

    #[test]
    fn flaws_are_where_the_text_has_the_first_illegal_character() {
        for (text, at) in [
            ("", 0),
            ("a b", 1),
            ("\u{e4}\u{e4}|", 0),
            ("a=b", 1),
            ("==", 0),
        ] {
            assert_eq!(b64token_flaw(text), Some(at), "{text:?}");
            assert!(!is_b64token(text.as_bytes()), "{text:?}");
        }
        assert_eq!(flaw("ab\u{12c}c", |b| b.is_ascii_graphic()), Some(2));
        assert_eq!(flaw("a|{}:", |b| b.is_ascii_graphic()), None);
        assert_eq!(b64token_flaw("a.b=="), None);
    }

    #[test]
    fn base64_has_the_characters_of_both_alphabets() {
        for b in 0..=u8::MAX {
            let listed = b.is_ascii_alphanumeric() || b"-_+/".contains(&b);
            assert_eq!(is_base64(&[b]), listed, "{b:#04x}");
            let long = [&[b'a'; 20][..], &[b], &[b'+'; 20]].concat();
            assert_eq!(is_base64(&long), listed, "{b:#04x}");
        }
        assert!(is_base64(b""));
    }

    #[test]
    fn b64token_has_padding_only_at_its_end() {
        for good in ["a", "a=", "a==", "a=====", "a.b.c", "~+/-._"] {
            assert!(is_b64token(good.as_bytes()), "{good}");
        }
        for bad in ["", "=", "==", "=a", "a=a", "a= "] {
            assert!(!is_b64token(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn every_position_of_a_long_token_is_checked() {
        for at in 0..200 {
            let mut text = vec![b'x'; 200];
            assert!(is_b64token(&text));
            text[at] = b',';
            assert!(!is_b64token(&text), "{at}");
        }
    }

    #[test]
    fn quotes_and_backslashes_are_not_scope_characters() {
        for b in 0..=u8::MAX {
            let listed = matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert_eq!(is_nqchar(b), listed, "{b:#04x}");
        }
    }
}
