//! The checksum at the end of a key.

use super::base62;

/// Characters of a checksum: 62 to the sixth is more than 32 bits.
pub(super) const LEN: usize = 6;

/// Returns the CRC-32 of a text, in base62 with zeros in front.
pub(super) fn of(text: &[u8]) -> [u8; LEN] {
    let crc = u64::from(crc32fast::hash(text));
    // Divided by constants alone, and no digit waits for more than two others.
    let ([a, b, c], [d, e, f]) = (three(crc / THREE), three(crc % THREE));
    [a, b, c, d, e, f]
}

const THREE: u64 = 62 * 62 * 62;

/// Returns three digits of a number.
fn three(number: u64) -> [u8; 3] {
    [number / (62 * 62), number / 62, number].map(base62::digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_the_crc_32_of_the_catalogue_in_base62() {
        // The check value of CRC-32/ISO-HDLC is 0xcbf43926.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        assert_eq!(&of(b"123456789"), b"3jZRME");
        assert_eq!(&of(b""), b"000000");
    }
}
