//! Searches for bytes that are special in JSON strings, and the test for plain texts.

use crate::simd;
use crate::simd::Lanes;

/// Returns the position of the first quote, backslash or control character from `at` on, or the end
/// of the text.
#[inline(always)]
pub(super) fn plain_end(text: &[u8], mut at: usize) -> usize {
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let lanes = Lanes::load(block);
        let special = lanes.eq(b'"').or(lanes.eq(b'\\')).or(lanes.within(0, 0x1f));
        if let Some(place) = special.first() {
            return at + place;
        }
        at += simd::WIDTH;
    }
    at + short_plain_end(text.get(at..).unwrap_or_default())
}

fn short_plain_end(text: &[u8]) -> usize {
    let plain = |b: &&u8| !matches!(**b, b'"' | b'\\' | 0..0x20);
    text.iter().take_while(plain).count()
}

/// Returns the position of the first quote from `at` on in a plain text, or its end.
#[inline(always)]
pub(super) fn quote(text: &[u8], at: usize) -> usize {
    let (blocks, tail) = text.get(at..).unwrap_or_default().as_chunks();
    let mut end = at;
    for block in blocks {
        if let Some(place) = Lanes::load(block).eq(b'"').first() {
            return end + place;
        }
        end += simd::WIDTH;
    }
    end + short_plain_end(tail)
}

/// Returns true if all bytes are printable ASCII and none is a backslash. Such a text is UTF-8, and
/// no string in it has an escape or a control character.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    simd::all(
        text,
        |lanes| lanes.within(b' ', b'~').and(lanes.eq(b'\\').not()),
        |byte| matches!(byte, b' '..=b'~') && byte != b'\\',
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_special_byte_is_found_at_any_position() {
        for byte in 0..=255 {
            let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
            for place in 0..40 {
                let mut text = [b'a'; 40];
                text[place] = byte;
                let wanted = if is_special { place } else { 40 };
                assert_eq!(plain_end(&text, 0), wanted, "{byte} at {place}");
                assert_eq!(plain_end(&text, place), wanted, "{byte} at {place}");
                if byte == b'"' {
                    assert_eq!(quote(&text, 0), place);
                }
            }
        }
    }

    #[test]
    fn plain_texts_are_tested_to_their_last_byte() {
        for byte in 0..=255 {
            let is_wanted = (0x20..0x7f).contains(&byte) && byte != b'\\';
            for (len, place) in [(1, 0), (15, 14), (16, 0), (40, 17), (40, 39)] {
                let mut text = vec![b'a'; len];
                text[place] = byte;
                assert_eq!(is_plain(&text), is_wanted, "{byte} at {place}");
            }
        }
        assert!(is_plain(b""));
    }
}
