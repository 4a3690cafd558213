//! Key material that has passed the checks of its kind.
//!
//! The checks do not depend on the provider: material that one provider may use, all may use.

use ring::agreement;
use ring::rand::SystemRandom;

use super::algorithm::{Algorithm, Algorithms};
use super::edwards;
use super::flaw::Flaw;
use super::p521::P521Key;
use crate::limits;
use crate::secret::Secret;

/// Checked key material; all of it is public except `Secret`.
pub(crate) enum Material {
    /// The encoded point: the coordinate `y` and the sign of `x`; not of small order.
    Ed25519([u8; 32]),
    /// An uncompressed point that is on the curve.
    Ec(Curve, Vec<u8>),
    /// Modulus and exponent without leading zero bytes.
    Rsa(Vec<u8>, Vec<u8>),
    /// At least as long as the shortest hash.
    Secret(Secret),
}

/// An elliptic curve for ECDSA.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Curve {
    P256,
    P384,
    /// Only with the feature `aws-lc-rs`.
    P521,
}

impl Curve {
    const ALL: &'static [Self] = &[Self::P256, Self::P384, Self::P521];

    /// Returns the name as in RFC 7518 section 6.2.1.1.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Returns the curve of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let mut curves = Self::ALL.iter().copied();
        curves.find(|curve| curve.name() == name)
    }

    /// Returns the length of a coordinate in bytes, which is half the length of a signature.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }
}

impl Material {
    /// Checks a MAC secret: at least 32 bytes.
    pub(crate) fn secret(secret: Secret) -> Result<Self, Flaw> {
        if mac_algorithms(secret.expose().len()).is_empty() {
            return Err(Flaw::weak(
                "expected at least 32 bytes, found fewer; use 32 random bytes for HS256, \
                 48 for HS384, 64 for HS512",
            ));
        }
        Ok(Self::Secret(secret))
    }

    /// Checks an RSA public key, both numbers big-endian; leading zero bytes are removed.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, Flaw> {
        let (n, e) = (stripped(modulus), stripped(exponent));
        check_modulus(n)?;
        check_exponent(e)?;
        Ok(Self::Rsa(n.to_vec(), e.to_vec()))
    }

    /// Checks a point in uncompressed form (SEC 1 section 2.3.3).
    pub(crate) fn ec(curve: Curve, point: Vec<u8>) -> Result<Self, Flaw> {
        if point.len() != 1 + 2 * curve.len() || point.first() != Some(&4) {
            return Err(Flaw::malformed(
                "expected an uncompressed point of its curve's length, found another; \
                 copy the key again",
            ));
        }
        check_on_curve(curve, &point)?;
        Ok(Self::Ec(curve, point))
    }

    /// Checks an encoded point (RFC 8032 section 5.1.2).
    pub(crate) fn ed25519(point: &[u8]) -> Result<Self, Flaw> {
        let Ok(point) = <[u8; 32]>::try_from(point) else {
            return Err(Flaw::malformed(
                "expected the 32 bytes of an Ed25519 public key, found another number; copy the key again",
            ));
        };
        edwards::check_point(&point)?;
        Ok(Self::Ed25519(point))
    }

    /// Returns the algorithms that material of this kind can serve.
    pub(crate) fn algorithms(&self) -> Algorithms {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa.into(),
            Self::Ec(curve, _) => curve.algorithm().into(),
            Self::Rsa(..) => Algorithms::RSA,
            Self::Secret(secret) => mac_algorithms(secret.expose().len()),
        }
    }
}

/// Returns the algorithms whose hash is not longer than the secret (RFC 7518 section 3.2).
fn mac_algorithms(secret_len: usize) -> Algorithms {
    match secret_len {
        0..32 => Algorithms::default(),
        32..48 => Algorithm::Hs256.into(),
        48..64 => Algorithms::from_slice(&[Algorithm::Hs256, Algorithm::Hs384]),
        64.. => Algorithms::MAC,
    }
}

/// Removes leading zero bytes. RFC 7518 section 6.3.1.1 forbids them, issuers publish them, and
/// providers refuse keys that have them.
fn stripped(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

pub(super) fn check_modulus(n: &[u8]) -> Result<(), Flaw> {
    let zeros = n.first().map_or(0, |byte| byte.leading_zeros());
    let bits = n.len() * 8 - zeros as usize;
    if bits < limits::RSA_BITS_MIN {
        return Err(Flaw::weak(
            "expected an RSA modulus of at least 2048 bits, found fewer; make a new key",
        ));
    }
    if bits > limits::RSA_BITS_MAX {
        return Err(Flaw::weak(
            "expected an RSA modulus of at most 8192 bits, found more; make a smaller key",
        ));
    }
    if !is_odd(n) {
        return Err(Flaw::weak(
            "expected an odd RSA modulus, found an even one; copy the key again",
        ));
    }
    if roca::is_suspect(n) {
        return Err(Flaw::weak(
            "expected an RSA modulus of random primes, found the fingerprint of CVE-2017-15361 \
             (ROCA); replace the key",
        ));
    }
    Ok(())
}

pub(super) fn check_exponent(e: &[u8]) -> Result<(), Flaw> {
    const RANGE: Flaw =
        Flaw::weak("expected an odd RSA exponent in 65537..2^33, found another; make a new key");
    if e.len() > size_of::<u64>() {
        return Err(RANGE);
    }
    let value = e
        .iter()
        .fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
    let range = limits::RSA_EXPONENT_MIN..limits::RSA_EXPONENT_END;
    if !range.contains(&value) || !is_odd(e) {
        return Err(RANGE);
    }
    Ok(())
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

/// Checks that a point is on its curve. Providers do not when they verify signatures.
fn check_on_curve(curve: Curve, point: &[u8]) -> Result<(), Flaw> {
    match curve {
        Curve::P256 => check_by_agreement(&agreement::ECDH_P256, point),
        Curve::P384 => check_by_agreement(&agreement::ECDH_P384, point),
        Curve::P521 => P521Key::new(point).map(drop),
    }
}

/// Checks a point by a key agreement with it, which fails for a point off the curve.
fn check_by_agreement(algorithm: &'static agreement::Algorithm, point: &[u8]) -> Result<(), Flaw> {
    let ephemeral = agreement::EphemeralPrivateKey::generate(algorithm, &SystemRandom::new())
        .map_err(|_| Flaw::malformed("expected random numbers to check the point with, found none; check the random source of the system"))?;
    let peer = agreement::UnparsedPublicKey::new(algorithm, point);
    agreement::agree_ephemeral(ephemeral, &peer, |_| ()).map_err(|_| Flaw::OFF_CURVE)
}

/// The fingerprint of the RSA moduli of CVE-2017-15361 (ROCA): modulo each of these primes they
/// are powers of 65537.
mod roca {
    const PRIMES: [u32; 17] = [
        11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
    ];

    pub(super) fn is_suspect(n: &[u8]) -> bool {
        PRIMES.iter().all(|p| {
            let add = |rest: u32, byte: &u8| (rest << 8 | u32::from(*byte)) % p;
            let rest = n.iter().fold(0, add);
            let powers = std::iter::successors(Some(1_u32), |power| Some(power * 65_537 % p));
            powers.take(*p as usize).any(|power| power == rest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::base64url;
    use crate::error::ConfigErrorKind;

    fn kind(result: &Result<Material, Flaw>) -> Option<ConfigErrorKind> {
        result.as_ref().err().map(|flaw| flaw.0)
    }

    /// An odd modulus of this many bits. It is not a product of two primes, but a check of the
    /// public key cannot notice that.
    fn modulus(bits: usize) -> Vec<u8> {
        let mut n = vec![0xa5; bits.div_ceil(8)];
        n[0] = 0xff >> ((8 - bits % 8) % 8);
        n
    }

    const E: &[u8] = &[1, 0, 1];

    #[test]
    fn secrets_must_be_as_long_as_the_shortest_hash() {
        for (len, served) in [
            (0, 0),
            (16, 0),
            (31, 0),
            (32, 1),
            (47, 1),
            (48, 2),
            (63, 2),
            (64, 3),
            (500, 3),
        ] {
            let material = Material::secret(vec![7; len].into());
            let weak = (served == 0).then_some(ConfigErrorKind::KeyWeak);
            assert_eq!(kind(&material), weak, "{len}");
            let count = material.map_or(0, |m| m.algorithms().iter().count());
            assert_eq!(count, served, "{len}");
        }
    }

    #[test]
    fn rsa_moduli_must_have_2048_to_8192_bits() {
        let weak = Some(ConfigErrorKind::KeyWeak);
        for (bits, expected) in [
            (512, weak),
            (1024, weak),
            (2047, weak),
            (2048, None),
            (3072, None),
            (8192, None),
            (8193, weak),
            (16_384, weak),
        ] {
            assert_eq!(kind(&Material::rsa(&modulus(bits), E)), expected, "{bits}");
        }
        assert_eq!(kind(&Material::rsa(&[], E)), weak);
    }

    #[test]
    fn rsa_moduli_must_be_odd() {
        let mut n = modulus(2048);
        assert_eq!(kind(&Material::rsa(&n, E)), None);
        n[255] &= 0xfe;
        assert_eq!(kind(&Material::rsa(&n, E)), Some(ConfigErrorKind::KeyWeak));
    }

    #[test]
    fn rsa_exponents_must_be_odd_and_from_65537_to_under_2_to_the_33() {
        let weak = Some(ConfigErrorKind::KeyWeak);
        for (exponent, expected) in [
            (0, weak),
            (1, weak),
            (2, weak),
            (3, weak),
            (17, weak),
            (65_535, weak),
            (65_536, weak),
            (65_537, None),
            (65_538, weak),
            (65_539, None),
            ((1 << 33) - 1, None),
            (1 << 33, weak),
            ((1 << 33) + 1, weak),
            (u64::MAX, weak),
        ] {
            let material = Material::rsa(&modulus(2048), &exponent.to_be_bytes());
            assert_eq!(kind(&material), expected, "{exponent}");
        }
        assert_eq!(kind(&Material::rsa(&modulus(2048), &[])), weak);
        let long = [&[1; 1], &[0; 7][..], E].concat();
        assert_eq!(kind(&Material::rsa(&modulus(2048), &long)), weak);
    }

    #[test]
    fn leading_zero_bytes_of_rsa_numbers_are_dropped() {
        let n = modulus(2048);
        let padded = [&[0, 0], n.as_slice()].concat();
        let Ok(Material::Rsa(kept, e)) = Material::rsa(&padded, &[0, 1, 0, 1]) else {
            panic!("refused");
        };
        assert_eq!((kept, e.as_slice()), (n, E));
    }

    #[test]
    fn rsa_moduli_with_the_roca_fingerprint_are_refused() {
        // Wycheproof's json_web_key test 7.
        let n = "AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16HGa\
                 TDUHqPrId7fe4r11CqRw09yBFuW79V8sYIwHdzCaWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mwZM9wRE\
                 PXoDPgOoIWl6q_MPsp7n0zs3Z5ZaiQWOOzl1S9OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7NaFka8Dx9U7Y\
                 qXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wSyHQg_c_qHRtKUsNSGCT7OZg0hzm2KphtjnayKJvC64vAbROB\
                 R4Ubg6Bxg9IQVZ-QYyE";
        let n = base64url::decode(n).unwrap();
        let flaw = Material::rsa(&n, E).err().unwrap();
        assert_eq!(flaw.0, ConfigErrorKind::KeyWeak);
        assert!(flaw.1.contains("ROCA"));
        let mut other = n;
        other[200] ^= 1;
        assert_eq!(kind(&Material::rsa(&other, E)), None);
    }

    /// RFC 7515 appendix A.3.
    fn p256() -> Vec<u8> {
        let x = base64url::decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").unwrap();
        let y = base64url::decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").unwrap();
        [vec![4], x, y].concat()
    }

    #[test]
    fn ec_points_must_lie_on_their_curve() {
        let point = p256();
        assert_eq!(kind(&Material::ec(Curve::P256, point.clone())), None);
        for index in [1, 20, 32, 33, 64] {
            let mut off = point.clone();
            off[index] ^= 1;
            let material = Material::ec(Curve::P256, off);
            assert_eq!(
                kind(&material),
                Some(ConfigErrorKind::KeyMalformed),
                "{index}"
            );
        }
        let mut origin = vec![0; 65];
        origin[0] = 4;
        let material = Material::ec(Curve::P256, origin);
        assert_eq!(kind(&material), Some(ConfigErrorKind::KeyMalformed));
    }

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn points_of_p_521_must_lie_on_their_curve() {
        let read = |text| base64url::decode(text).unwrap();
        // RFC 7515 appendix A.4.
        let x = read(
            "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        );
        let y = read(
            "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
        );
        let malformed = Some(ConfigErrorKind::KeyMalformed);
        let point = [vec![4], x, y].concat();
        assert_eq!(kind(&Material::ec(Curve::P521, point.clone())), None);
        for index in [1, 2, 40, 66, 67, 100, 132] {
            let mut off = point.clone();
            off[index] ^= 1;
            assert_eq!(kind(&Material::ec(Curve::P521, off)), malformed, "{index}");
        }
        let mut origin = vec![0; 133];
        origin[0] = 4;
        let short = point[..132].to_vec();
        // The coordinate and the field's prime, 2^521 - 1, added: the same number modulo it.
        let mut above = point.clone();
        let mut carry = 0;
        for (at, byte) in above[1..67].iter_mut().enumerate().rev() {
            let add = if at == 0 { 1 } else { 0xff };
            let sum = u16::from(*byte) + add + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
        for other in [origin, short, above] {
            assert_eq!(kind(&Material::ec(Curve::P521, other)), malformed);
        }
    }

    #[test]
    fn ec_points_must_have_the_form_and_length_of_their_curve() {
        let malformed = Some(ConfigErrorKind::KeyMalformed);
        let point = p256();
        let short = point[..64].to_vec();
        let long = [point.as_slice(), &[0]].concat();
        let compressed = [&[2], &point[1..33]].concat();
        let hybrid = [&[6], &point[1..]].concat();
        for other in [short, long, compressed, hybrid, vec![], vec![0]] {
            assert_eq!(kind(&Material::ec(Curve::P256, other)), malformed);
        }
        assert_eq!(kind(&Material::ec(Curve::P384, point)), malformed);
    }

    #[test]
    fn ed25519_points_must_have_32_bytes() {
        let point = [
            0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64,
            0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68,
            0xf7, 0x07, 0x51, 0x1a,
        ];
        assert_eq!(kind(&Material::ed25519(&point)), None);
        let long = [&point[..], &[0]].concat();
        for other in [&point[..31], &long, &[]] {
            let material = Material::ed25519(other);
            assert_eq!(kind(&material), Some(ConfigErrorKind::KeyMalformed));
        }
    }
}
