//! The checksum at the end of a key.

use super::base62;

/// Length in characters: 62 to the power of 6 exceeds 32 bits.
pub(super) const LEN: usize = 6;

/// Returns the CRC-32 of a text in base62, padded with leading zeros.
pub(super) fn crc32(text: &[u8]) -> [u8; LEN] {
    let crc = u64::from(crc32fast::hash(text));
    // Divisions by constants only, and no digit depends on more than two others.
    let ([a, b, c], [d, e, f]) = (digits(crc / CUBE), digits(crc % CUBE));
    [a, b, c, d, e, f]
}

const CUBE: u64 = 62 * 62 * 62;

/// Returns the lowest three digits of a number.
fn digits(number: u64) -> [u8; 3] {
    [number / (62 * 62), number / 62, number].map(base62::digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_the_crc_32_of_the_catalogue_in_base62() {
        // The check value of CRC-32/ISO-HDLC is 0xcbf43926.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        assert_eq!(&crc32(b"123456789"), b"3jZRME");
        assert_eq!(&crc32(b""), b"000000");
    }
}
