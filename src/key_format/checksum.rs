//! The checksum at the end of a key.

use super::base62;

/// Characters of a checksum: 62 to the sixth is more than 32 bits.
pub(super) const LEN: usize = 6;

/// Returns the CRC-32 of a text, in base62 with zeros in front.
pub(super) fn of(text: &[u8]) -> [u8; LEN] {
    let mut rest = u64::from(crc32fast::hash(text));
    let mut sum = [0; LEN];
    for place in sum.iter_mut().rev() {
        *place = base62::digit(rest);
        rest /= 62;
    }
    sum
}
