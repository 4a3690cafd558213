//! Sixteen bytes looked at together: the parsers pass over every byte of a token several times.
//!
//! The instructions, and all `unsafe`, are those of `wide`.

use wide::CmpEq;
use wide::CmpGt;
use wide::i8x16;

/// Bytes that are looked at together.
pub(crate) const WIDTH: usize = 16;

/// Returns true if a test that looks at each byte for itself holds for all bytes: `lanes` says so
/// of whole blocks, `byte` of texts shorter than one.
#[inline(always)]
pub(crate) fn all(text: &[u8], lanes: impl Fn(Lanes) -> Mask, byte: impl Fn(u8) -> bool) -> bool {
    let Some(last) = text.last_chunk() else {
        return text.iter().all(|b| byte(*b));
    };
    let (blocks, _) = text.as_chunks();
    // The last block overlaps the one before it.
    let holds = lanes(Lanes::load(last));
    blocks
        .iter()
        .fold(holds, |holds, b| holds.and(lanes(Lanes::load(b))))
        .is_everywhere()
}

/// Sixteen bytes.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(i8x16);

/// In which of them something holds: all bits of a byte, or none.
#[derive(Clone, Copy)]
pub(crate) struct Mask(i8x16);

impl Lanes {
    #[inline(always)]
    pub(crate) fn load(block: &[u8; WIDTH]) -> Self {
        let mut signed = [0; WIDTH];
        for (to, byte) in signed.iter_mut().zip(block) {
            *to = *byte as i8;
        }
        Self(i8x16::new(signed))
    }

    /// Sets these bits in every byte.
    #[inline(always)]
    pub(crate) fn with_bits(self, bits: u8) -> Self {
        Self(self.0 | splat(bits))
    }

    #[inline(always)]
    pub(crate) fn eq(self, byte: u8) -> Mask {
        Mask(self.0.cmp_eq(splat(byte)))
    }

    /// Where bytes are at least `low` and at most `high`.
    #[inline(always)]
    pub(crate) fn within(self, low: u8, high: u8) -> Mask {
        // Moved to the top of the signed range, where one comparison is enough.
        let moved = self.0 + splat(0x7f_u8.wrapping_sub(high));
        let below = 0x7f_u8.wrapping_sub(high.wrapping_sub(low)).wrapping_sub(1);
        Mask(moved.cmp_gt(splat(below)))
    }
}

impl Mask {
    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[inline(always)]
    pub(crate) fn not(self) -> Self {
        Self(self.0 ^ splat(u8::MAX))
    }

    #[inline(always)]
    pub(crate) fn is_everywhere(self) -> bool {
        self.0.all()
    }

    /// Returns the first byte in which it holds.
    #[inline(always)]
    pub(crate) fn first(self) -> Option<usize> {
        let bits = self.0.move_mask();
        (bits != 0).then(|| bits.trailing_zeros() as usize)
    }
}

#[inline(always)]
fn splat(byte: u8) -> i8x16 {
    i8x16::splat(byte as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_in_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..WIDTH {
                let mut block = [byte.wrapping_add(1); WIDTH];
                block[place] = byte;
                assert_eq!(Lanes::load(&block).eq(byte).first(), Some(place));
                assert_eq!(Lanes::load(&block).within(byte, byte).first(), Some(place));
            }
        }
        assert_eq!(Lanes::load(&[7; WIDTH]).eq(8).first(), None);
    }

    #[test]
    fn all_looks_at_every_byte_of_a_text_of_any_length() {
        let is_b = |text: &[u8]| all(text, |l| l.eq(b'b'), |b| b == b'b');
        for len in 0..70 {
            assert!(is_b(&vec![b'b'; len]));
            for place in 0..len {
                let mut text = vec![b'b'; len];
                text[place] = b'c';
                assert!(!is_b(&text), "{place} of {len}");
            }
        }
    }
}
