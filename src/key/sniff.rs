//! What must not become a MAC secret: the text or bytes of a key that is published.
//!
//! The types already keep public keys out of the MAC (a key is imported by a constructor that
//! names its kind). This is for the operator who hands the wrong file to the right constructor.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use memchr::memmem;

use super::der;
use crate::crypto::Flaw;

/// Refuses what looks like a PEM, JWK, DER or SSH key.
pub(super) fn check_secret(secret: &[u8]) -> Result<(), Flaw> {
    let text = trimmed(secret);
    if is_pem(text) || is_jwk(text) || is_ssh(text) || is_der(secret) || is_der_text(text) {
        return Err(Flaw::malformed(
            "this looks like a PEM, JWK, DER or SSH key, not like a MAC secret; \
             use the constructor of its kind",
        ));
    }
    Ok(())
}

/// Cuts white space, control characters and byte-order marks off both ends.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let is_noise = |byte: &u8| matches!(byte, 0..=b' ' | 0x7f | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    let start = bytes.iter().take_while(|byte| is_noise(byte)).count();
    let rest = bytes.get(start..).unwrap_or_default();
    let tail = rest.iter().rev().take_while(|byte| is_noise(byte)).count();
    rest.get(..rest.len() - tail).unwrap_or_default()
}

fn is_pem(text: &[u8]) -> bool {
    memmem::find(text, b"-----BEGIN").is_some()
}

fn is_jwk(text: &[u8]) -> bool {
    let named = |name: &[u8]| memmem::find(text, name).is_some();
    matches!(text, [b'{' | b'[', ..]) && (named(b"\"kty\"") || named(b"\"keys\""))
}

fn is_ssh(text: &[u8]) -> bool {
    [&b"ssh-"[..], b"ecdsa-sha2-", b"---- BEGIN SSH2"]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}

fn is_der(bytes: &[u8]) -> bool {
    der::is_public_key(bytes)
}

fn is_der_text(text: &[u8]) -> bool {
    let dense: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    LENIENT.decode(dense).is_ok_and(|bytes| is_der(&bytes))
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
