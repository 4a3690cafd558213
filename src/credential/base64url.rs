//! Canonical base64url without padding (RFC 4648 section 5, RFC 7515 section 2).
//!
//! Padding, other alphabets, white space and non-zero trailing bits are rejected, so that every
//! accepted text is the only encoding of its bytes.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{NO_PAD, URL_SAFE_NO_PAD};

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
type Fast = base64::engine::Simd;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Fast = base64::engine::GeneralPurpose;

// `NO_PAD` rejects padding and non-zero trailing bits.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static FAST: LazyLock<Fast> = LazyLock::new(|| Fast::url_safe(NO_PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static FAST: LazyLock<Fast> = LazyLock::new(|| Fast::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// Returns the largest number of bytes that a text of this length decodes to.
pub(crate) const fn decoded_len(text_len: usize) -> usize {
    text_len / 4 * 3 + text_len % 4 * 3 / 4
}

/// Decodes into the start of `out` and returns the length, or `None` if `text` is not canonical
/// base64url or `out` is too short.
pub(crate) fn decode_into(text: &[u8], out: &mut [u8]) -> Option<usize> {
    FAST.decode_slice(text, out).ok()
}

/// Decodes into a new vector, or returns `None` if `text` is not canonical base64url.
pub(crate) fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    FAST.decode(text).ok()
}

/// Encodes without padding.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes in chunks and passes each to `consume`, without allocating.
pub(crate) fn encode_chunks(bytes: &[u8], mut consume: impl FnMut(&[u8])) {
    // 192 is a multiple of three, so that only the last chunk ends with a shorter group.
    let mut text = [0; 256];
    for chunk in bytes.chunks(192) {
        let len = URL_SAFE_NO_PAD.encode_slice(chunk, &mut text);
        consume(text.get(..len.unwrap_or_default()).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padding_and_other_alphabets_are_rejected() {
        assert_eq!(decode("-_8").unwrap(), [0xfb, 0xff]);
        for text in [
            "-_8=", "+/8", "-_ 8", "-_\n8", " -_8", "-_8 ", "-_8?", "-_8\0",
        ] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn trailing_bits_are_rejected() {
        assert_eq!(decode("AA").unwrap(), [0]);
        assert_eq!(decode("AB"), None);
        assert_eq!(decode("AAB"), None);
        assert_eq!(decode("A"), None);
    }

    #[test]
    fn decoded_len_is_exact() {
        for len in [0, 1, 2, 3, 4, 31, 32, 33, 48, 1000] {
            let text = encode(vec![7; len]);
            assert_eq!(decoded_len(text.len()), len);
            assert_eq!(decode_into(text.as_bytes(), &mut vec![0; len]), Some(len));
        }
    }

    #[test]
    fn chunks_encode_like_the_whole() {
        for len in [0, 1, 191, 192, 193, 1000] {
            let bytes = vec![0xa7; len];
            let mut text = Vec::new();
            encode_chunks(&bytes, |chunk| text.extend_from_slice(chunk));
            assert_eq!(text, encode(&bytes).into_bytes(), "{len}");
        }
    }

    proptest! {
        #[test]
        fn accepted_text_is_the_only_encoding(text in "[A-Za-z0-9_=+/-]{0,80}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(bytes), text);
            }
        }
    }
}
