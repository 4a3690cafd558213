//! Tests of sixteen bytes at once, because the parsers read every byte of a token several times.
//!
//! The vector instructions, and all `unsafe` code, are in the crate `wide`.

use wide::{CmpEq, CmpGt, i8x16};

/// Bytes of one block.
pub(crate) const WIDTH: usize = 16;

/// Returns true if every byte of `text` passes a test, given in two equal forms: `lanes` tests a
/// block, `byte` tests the bytes of a text shorter than a block.
#[inline(always)]
pub(crate) fn all(text: &[u8], lanes: impl Fn(Lanes) -> Mask, byte: impl Fn(u8) -> bool) -> bool {
    let Some(last) = text.last_chunk() else {
        return text.iter().all(|b| byte(*b));
    };
    let (blocks, _) = text.as_chunks();
    // The last block overlaps the previous one unless the length is a multiple of the width.
    let holds = lanes(Lanes::load(last));
    blocks
        .iter()
        .fold(holds, |holds, b| holds.and(lanes(Lanes::load(b))))
        .is_everywhere()
}

/// A block of sixteen bytes.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(i8x16);

/// The bytes of a block that pass a test: all bits of a byte are set, or none.
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

    /// Sets the given bits in every byte.
    #[inline(always)]
    pub(crate) fn with_bits(self, bits: u8) -> Self {
        Self(self.0 | splat(bits))
    }

    #[inline(always)]
    pub(crate) fn eq(self, byte: u8) -> Mask {
        Mask(self.0.cmp_eq(splat(byte)))
    }

    /// Returns which bytes are in `low..=high`.
    #[inline(always)]
    pub(crate) fn within(self, low: u8, high: u8) -> Mask {
        // Shifted to the top of the signed range, where one comparison is enough.
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

    /// Returns the position of the first byte that passes.
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
    fn every_byte_is_found_at_every_position() {
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
    fn all_tests_every_byte_of_a_text_of_any_length() {
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
