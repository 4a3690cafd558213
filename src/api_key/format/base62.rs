//! Base62: texts of ASCII letters and digits.

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::simd;
use crate::simd::{Lanes, Mask};

/// The system's random source did not answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the system's random source did not answer")]
pub(crate) struct RandomFailed;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Bytes below this multiple of 62 give every digit equally often.
const FAIR: u8 = 248;

/// Returns how many characters hold at least this entropy.
pub(crate) const fn len_for(bits: u32) -> usize {
    // A character holds log2(62) = 5.954196... bits.
    (bits as usize * 1_000_000).div_ceil(5_954_196)
}

/// Returns the character of a digit, counted modulo 62.
pub(super) fn digit(value: u64) -> u8 {
    let at = usize::try_from(value % 62).unwrap_or_default();
    DIGITS.get(at).copied().unwrap_or(b'0')
}

/// Returns true if there are letters and digits only.
pub(super) fn is_text(text: &[u8]) -> bool {
    simd::all(text, are_digits, |byte| byte.is_ascii_alphanumeric())
}

#[inline(always)]
fn are_digits(lanes: Lanes) -> Mask {
    // Setting one bit makes a letter lower-case and nothing else a letter.
    let letters = lanes.with_bits(0x20).within(b'a', b'z');
    letters.or(lanes.within(b'0', b'9'))
}

/// Makes a random text of this many characters, each of the 62 equally likely.
pub(super) fn random_text(len: usize) -> Result<Zeroizing<String>, RandomFailed> {
    // Allocated in full, so that growing leaves no part of the secret in a freed buffer.
    let mut text = Zeroizing::new(String::with_capacity(len));
    while text.len() < len {
        let mut bytes = Zeroizing::new([0; 64]);
        let filled = SystemRandom::new().fill(&mut *bytes);
        filled.map_err(|_| RandomFailed)?;
        push_fair(&mut text, &*bytes, len);
    }
    Ok(text)
}

/// Appends the digits of those bytes that have no modulo bias, up to a length of `len`.
fn push_fair(text: &mut String, bytes: &[u8], len: usize) {
    let missing = len - text.len();
    let fair = bytes.iter().filter(|byte| **byte < FAIR);
    text.extend(
        fair.take(missing)
            .map(|byte| char::from(digit(u64::from(*byte)))),
    );
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_character_is_equally_likely() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let mut text = String::new();
        push_fair(&mut text, &bytes, usize::MAX);
        for digit in DIGITS {
            let count = text.bytes().filter(|byte| byte == digit).count();
            assert_eq!(count, 4, "{}", char::from(*digit));
        }
        assert_eq!(text.len(), 248);
    }

    #[test]
    fn lengths_hold_the_requested_entropy() {
        for bits in 1..=1024 {
            let held = |len: usize| len as f64 * 62_f64.log2();
            assert!(held(len_for(bits)) >= f64::from(bits), "{bits}");
            assert!(held(len_for(bits) - 1) < f64::from(bits), "{bits}");
        }
        assert_eq!([128, 256, 512].map(len_for), [22, 43, 86]);
    }

    #[test]
    fn random_texts_differ_and_have_the_requested_length() {
        for len in [0, 1, 16, 43, 64, 65, 1000] {
            let text = random_text(len).unwrap();
            assert_eq!(text.len(), len);
            assert!(is_text(text.as_bytes()));
        }
        let texts: HashSet<_> = (0..1000)
            .map(|_| random_text(43).unwrap().to_string())
            .collect();
        assert_eq!(texts.len(), 1000);
    }

    #[test]
    fn only_letters_and_digits_are_text() {
        for byte in 0..=u8::MAX {
            assert_eq!(is_text(&[byte]), DIGITS.contains(&byte), "{byte}");
        }
    }
}
