//! The check of Ed25519 public keys: 32 bytes that encode a usable point of edwards25519.
//!
//! Providers notice only while verifying that bytes do not decode to a point, and they accept
//! points of small order. Both are refused here, when the key is imported. The keys are public, so
//! nothing here is constant-time.

use super::flaw::Flaw;

/// Checks an encoded point (RFC 8032 section 5.1.3): canonical, on the curve, not of small order.
pub(super) fn check_point(encoded: &[u8; 32]) -> Result<(), Flaw> {
    let mut y = *encoded;
    let [.., last] = &mut y;
    *last &= 0x7f; // without the sign of x
    if y.iter().rev().ge(PRIME.iter().rev()) {
        return Err(Flaw::malformed(
            "expected a canonical Ed25519 point, found another encoding; make a new key",
        ));
    }
    if SMALL_ORDER.contains(&y) {
        return Err(Flaw::weak(
            "expected an Ed25519 point of large order, found one of small order; make a new key",
        ));
    }
    // The point is on the curve only if this `y` has an `x` with -x^2 + y^2 = 1 + d x^2 y^2. Then
    // x^2 = u/v with u = y^2 - 1 and v = d y^2 + 1, so u v is a square.
    let y = Element::from_bytes(y);
    let square = y.times(y);
    let u = square.minus(Element::ONE);
    let v = Element::D.times(square).plus(Element::ONE);
    if !u.times(v).is_square() {
        return Err(Flaw::malformed(
            "expected a point on Ed25519, found another; copy the key again",
        ));
    }
    Ok(())
}

/// Returns whether an encoded point is canonical and not one of small order. Whether it is on the
/// curve is not checked.
pub(super) fn is_large_order(encoded: &[u8; 32]) -> bool {
    let mut y = *encoded;
    let [.., last] = &mut y;
    *last &= 0x7f; // without the sign of x
    y.iter().rev().lt(PRIME.iter().rev()) && !SMALL_ORDER.contains(&y)
}

/// The field prime 2^255 - 19, little-endian.
const PRIME: [u8; 32] = little_endian(0xed, 0xff, 0x7f);

/// The `y` of the eight points of small order, little-endian. Together with both signs of `x`, and
/// with the refusal of encodings at or above the field prime, this covers all fourteen encodings.
const SMALL_ORDER: [[u8; 32]; 5] = [
    little_endian(0x00, 0x00, 0x00),
    little_endian(0x01, 0x00, 0x00),
    little_endian(0xec, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

const fn little_endian(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    let [low, .., high] = &mut bytes;
    *low = first;
    *high = last;
    bytes
}

/// A field element as five limbs of 51 bits, the least significant first. A limb may be slightly
/// larger than 51 bits.
#[derive(Clone, Copy)]
struct Element([u64; 5]);

impl Element {
    const ONE: Self = Self([1, 0, 0, 0, 0]);

    /// The curve's `d`, -121665/121666.
    const D: Self = Self([
        929_955_233_495_203,
        466_365_720_129_213,
        1_662_059_464_998_953,
        2_033_849_074_728_123,
        1_442_794_654_840_575,
    ]);

    /// Reads a number below 2^255, little-endian.
    fn from_bytes(bytes: [u8; 32]) -> Self {
        let number = |half: &[u8]| half.iter().rev().fold(0, |n, b| n << 8 | u128::from(*b));
        let (low, high) = bytes.split_at(16);
        let (low, high) = (number(low), number(high));
        let middle = low >> 102 | high << 26;
        Self([low, low >> 51, middle, high >> 25, high >> 76].map(|limb| limb as u64 & MASK))
    }

    /// Applies Euler's criterion to a number that is not zero. The exponent (p - 1) / 2 is
    /// 2^254 - 10: all bits are set except 0 and 3.
    fn is_square(self) -> bool {
        const PRIME_AND_ONE: [u64; 5] = [MASK - 17, MASK, MASK, MASK, MASK];
        let power = (0..254).rev().fold(Self::ONE, |power, bit| {
            let square = power.times(power);
            if matches!(bit, 0 | 3) {
                square
            } else {
                square.times(self)
            }
        });
        // After three rounds the number is below 2^255, so one has two representations left.
        let reduced = (0..3).fold(power, |number, _| carried(number.0.map(u128::from)));
        reduced.0 == Self::ONE.0 || reduced.0 == PRIME_AND_ONE
    }

    fn plus(self, other: Self) -> Self {
        let ([a, b, c, d, e], [f, g, h, i, j]) = (self.0, other.0);
        Self([a + f, b + g, c + h, d + i, e + j])
    }

    fn minus(self, other: Self) -> Self {
        // Twice the prime keeps the limbs positive.
        const LOW: u64 = 2 * (MASK - 18);
        const HIGH: u64 = 2 * MASK;
        let ([a, b, c, d, e], [f, g, h, i, j]) = (self.0, other.0);
        Self([
            a + LOW - f,
            b + HIGH - g,
            c + HIGH - h,
            d + HIGH - i,
            e + HIGH - j,
        ])
    }

    fn times(self, other: Self) -> Self {
        let [a, b, c, d, e] = self.0.map(u128::from);
        let [f, g, h, i, j] = other.0.map(u128::from);
        // 2^255 is 19.
        carried([
            a * f + 19 * (b * j + c * i + d * h + e * g),
            a * g + b * f + 19 * (c * j + d * i + e * h),
            a * h + b * g + c * f + 19 * (d * j + e * i),
            a * i + b * h + c * g + d * f + 19 * (e * j),
            a * j + b * i + c * h + d * g + e * f,
        ])
    }
}

const MASK: u64 = (1 << 51) - 1;

/// Reduces the limbs to 51 bits; the second may stay slightly larger.
fn carried([a, b, c, d, e]: [u128; 5]) -> Element {
    let low = |limb: u128| limb & u128::from(MASK);
    let b = b + (a >> 51);
    let c = c + (b >> 51);
    let d = d + (c >> 51);
    let e = e + (d >> 51);
    let a = low(a) + 19 * (e >> 51);
    let limbs = [low(a), low(b) + (a >> 51), low(c), low(d), low(e)];
    Element(limbs.map(|limb| limb as u64))
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;
    use crate::error::ConfigErrorKind;

    fn kind(encoded: &[u8; 32]) -> Option<ConfigErrorKind> {
        check_point(encoded).err().map(|flaw| flaw.0)
    }

    #[test]
    fn generated_public_keys_are_on_the_curve() {
        for seed in 0..=255 {
            let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
            let public = pair.public_key().as_ref().try_into().unwrap();
            assert_eq!(kind(&public), None, "{seed}");
        }
    }

    #[test]
    fn points_off_the_curve_are_refused() {
        let on_curve: Vec<bool> = (2..12)
            .map(|y| kind(&little_endian(y, 0, 0)).is_none())
            .collect();
        assert_eq!(on_curve, ON_CURVE);
    }

    /// For `y` from 2 on, computed separately with big integers.
    const ON_CURVE: [bool; 10] = [
        false, true, true, true, true, false, false, true, true, false,
    ];

    #[test]
    fn all_fourteen_encodings_of_small_order_are_refused() {
        let mut refused = 0;
        for sign in [0, 0x80] {
            for y in SMALL_ORDER {
                let mut encoded = y;
                encoded[31] |= sign;
                assert_eq!(kind(&encoded), Some(ConfigErrorKind::KeyWeak));
                refused += 1;
            }
            // 0 and 1 again, each plus the prime.
            for first in [0xed, 0xee] {
                let encoded = little_endian(first, 0xff, 0x7f | sign);
                assert_eq!(kind(&encoded), Some(ConfigErrorKind::KeyMalformed));
                refused += 1;
            }
        }
        assert_eq!(refused, 14);
    }

    #[test]
    fn every_encoding_at_or_above_the_prime_is_refused() {
        for first in 0xed..=0xff {
            for sign in [0, 0x80] {
                let encoded = little_endian(first, 0xff, 0x7f | sign);
                assert_eq!(kind(&encoded), Some(ConfigErrorKind::KeyMalformed));
            }
        }
    }
}
