//! Where the plain part of a string ends.

/// Returns the first place from `at` on where a quote, a backslash or a control character stands,
/// eight bytes at a time, or the end.
#[inline]
pub(super) fn plain_end(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk) {
        let found = special(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    let plain = |b: &&u8| !matches!(**b, b'"' | b'\\' | 0..0x20);
    at + rest.iter().take_while(plain).count()
}

/// Marks the lowest byte that is a quote, a backslash or below 0x20 by its highest bit.
///
/// Bits above the lowest mark are meaningless: borrows run upwards.
const fn special(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let found = quote.wrapping_sub(ONES) & !quote
        | backslash.wrapping_sub(ONES) & !backslash
        | word.wrapping_sub(ONES * 0x20) & !word;
    found & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_finds_the_first_of_any_byte() {
        for byte in 0..=255 {
            for place in 0..8 {
                let mut word = [b'a'; 8];
                word[place] = byte;
                let found = special(u64::from_le_bytes(word));
                let wanted = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(found != 0, wanted, "{byte} at {place}");
                if wanted {
                    assert_eq!(found.trailing_zeros() as usize / 8, place);
                }
            }
        }
    }
}
