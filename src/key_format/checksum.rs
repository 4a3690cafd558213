//! The checksum at the end of a key.

use super::base62;

/// Characters of a checksum: 62 to the sixth is more than 32 bits.
pub(super) const LEN: usize = 6;

const POWERS: [u64; LEN] = [62_u64.pow(5), 62_u64.pow(4), 62_u64.pow(3), 62 * 62, 62, 1];

/// Returns the CRC-32 of a text, in base62 with zeros in front.
pub(super) fn of(text: &[u8]) -> [u8; LEN] {
    // Each power is known, so that no digit waits for another one.
    let crc = u64::from(crc32fast::hash(text));
    POWERS.map(|power| base62::digit(crc / power))
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
