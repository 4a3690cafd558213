//! Writing of private keys of JWKs as PKCS#8, which the providers read.

use zeroize::Zeroizing;

#[cfg(feature = "issuer")]
use super::material::Curve;

/// The numbers of a private RSA key, in the order of RFC 8017 appendix A.1.2: `n`, `e`, `d`, `p`, `q`,
/// `dp`, `dq`, `qi`.
pub(crate) fn rsa_pkcs8(numbers: &[Vec<u8>; 8]) -> Zeroizing<Vec<u8>> {
    let mut key = element(2, &[0]);
    for number in numbers {
        let digits = number.iter().skip_while(|byte| **byte == 0);
        let mut integer: Vec<u8> = digits.copied().collect();
        if integer.first().is_none_or(|first| *first >= 0x80) {
            integer.insert(0, 0);
        }
        key.extend(element(2, &integer));
    }
    Zeroizing::new(private_key_info(RSA, &element(0x30, &key)))
}

/// The private number of a key on a curve, and its point (RFC 5915).
#[cfg(feature = "issuer")]
pub(crate) fn ec_pkcs8(curve: Curve, private: &[u8], point: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let id = match curve {
        Curve::P256 => P256,
        Curve::P384 => P384,
        Curve::P521 => return None,
    };
    let bits = [&[0], point].concat();
    let content = [
        element(2, &[1]),
        element(4, private),
        element(0xa1, &element(3, &bits)),
    ];
    let key = element(0x30, &content.concat());
    Some(Zeroizing::new(private_key_info(id, &key)))
}

/// The seed of an Ed25519 key (RFC 8410 section 7).
#[cfg(feature = "issuer")]
pub(crate) fn ed25519_pkcs8(seed: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(private_key_info(ED25519, &element(4, seed)))
}

/// rsaEncryption, and NULL.
const RSA: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// ecPublicKey, and the curve.
#[cfg(feature = "issuer")]
const P256: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07,
];
#[cfg(feature = "issuer")]
const P384: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,
];
#[cfg(feature = "issuer")]
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

fn private_key_info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let version = element(2, &[0]);
    element(
        0x30,
        &[version, element(0x30, algorithm), element(4, key)].concat(),
    )
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            out.extend(digits);
        }
    }
    out.extend_from_slice(content);
    out
}
