//! The character sets of the RFCs.

/// RFC 6750 section 2.1, `b64token`: one or more of the characters, then any number of `=`.
///
/// Runs over every token, so it has no early exit and no odd rest: that lets the compiler test
/// many bytes at once.
pub(crate) fn is_b64token(text: &[u8]) -> bool {
    let body = unpadded(text);
    let Some(last) = body.last_chunk() else {
        return !body.is_empty() && body.iter().all(|b| is_b64token_char(*b));
    };
    // The last chunk overlaps the one before, so that nothing is left over.
    let (chunks, _) = body.as_chunks();
    chunks
        .iter()
        .fold(are_legal(last), |ok, c| ok & are_legal(c))
}

/// Tests as many bytes as a vector holds.
fn are_legal(chunk: &[u8; 16]) -> bool {
    chunk.iter().fold(true, |ok, b| ok & is_b64token_char(*b))
}

fn unpadded(mut text: &[u8]) -> &[u8] {
    while let Some(shorter) = text.strip_suffix(b"=") {
        text = shorter;
    }
    text
}

const fn is_b64token_char(b: u8) -> bool {
    // `-./` and the digits are neighbours; setting one bit makes a letter lower-case and
    // nothing else a letter.
    let digit_or_mark = b.wrapping_sub(b'-') <= b'9' - b'-';
    let letter = (b | 0x20).wrapping_sub(b'a') < 26;
    digit_or_mark | letter | (b == b'+') | (b == b'_') | (b == b'~')
}

/// RFC 9110 section 5.6.2, `tchar`: of header names, cookie names and authentication schemes.
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

/// RFC 6749 section 8.2, `name-char`: of parameter names.
pub(crate) const fn is_name_char(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')
}

/// RFC 6749 appendix A.4, `NQCHAR`: of one scope, and of what may stand in a quoted string as it
/// is.
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
        }
    }

    #[test]
    fn b64token_is_padded_only_at_its_end() {
        for good in ["a", "a=", "a==", "a=====", "a.b.c", "~+/-._"] {
            assert!(is_b64token(good.as_bytes()), "{good}");
        }
        for bad in ["", "=", "==", "=a", "a=a", "a= "] {
            assert!(!is_b64token(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn every_position_of_a_long_token_is_looked_at() {
        for at in 0..200 {
            let mut text = vec![b'x'; 200];
            assert!(is_b64token(&text));
            text[at] = b',';
            assert!(!is_b64token(&text), "{at}");
        }
    }

    #[test]
    fn quotes_and_backslashes_are_no_scope_characters() {
        for b in 0..=u8::MAX {
            let listed = matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert_eq!(is_nqchar(b), listed, "{b:#04x}");
        }
    }
}
