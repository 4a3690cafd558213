//! Writing of the private RSA key of a JWK as PKCS#8, which the provider reads.

use zeroize::Zeroizing;

/// The numbers of a private RSA key, in the order of RFC 8017 appendix A.1.2: `n`, `e`, `d`, `p`, `q`,
/// `dp`, `dq`, `qi`.
pub(super) fn rsa_pkcs8(numbers: &[Vec<u8>; 8]) -> Zeroizing<Vec<u8>> {
    let version = element(2, &[0]);
    let mut key = version.clone();
    for number in numbers {
        let digits = number.iter().skip_while(|byte| **byte == 0);
        let mut integer: Vec<u8> = digits.copied().collect();
        if integer.first().is_none_or(|first| *first >= 0x80) {
            integer.insert(0, 0);
        }
        key.extend(element(2, &integer));
    }
    // rsaEncryption, and NULL.
    let oid = [
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let body = [
        version,
        element(0x30, &oid),
        element(4, &element(0x30, &key)),
    ]
    .concat();
    Zeroizing::new(element(0x30, &body))
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
