//! The check that a MAC secret is not the text or the bytes of a published key.
//!
//! A public key cannot become a MAC secret through the types, because each constructor names the
//! kind of its key. This check is for an operator who gives the wrong file to that constructor.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use memchr::memmem;
use zeroize::Zeroizing;

use super::{der, mistake};
use crate::crypto::Flaw;

/// Refuses what looks like a PEM, JWK, DER or SSH key, or like the path of a key file.
pub(super) fn check_secret(secret: &[u8]) -> Result<(), Flaw> {
    let text = trimmed(secret);
    let has = |part: &[u8]| memmem::find(text, part).is_some();
    let is_pem = has(b"-----BEGIN");
    let is_jwk = matches!(text, [b'{' | b'[', ..]) && (has(b"\"kty\"") || has(b"\"keys\""));
    let is_ssh = [&b"ssh-"[..], b"ecdsa-sha2-", b"---- BEGIN SSH2"]
        .iter()
        .any(|prefix| text.starts_with(prefix));
    if is_pem || is_jwk || is_ssh || der::is_public_key(secret) || is_der_text(text) {
        return Err(Flaw::malformed(
            "expected a MAC secret, found what looks like a PEM, JWK, DER or SSH key; \
             use the constructor of its kind",
        ));
    }
    if mistake::is_key_file(secret) {
        return Err(Flaw::malformed(
            "expected a MAC secret, found what looks like a path; \
             read the file and give its contents",
        ));
    }
    Ok(())
}

/// Removes white space, control characters and byte-order marks at both ends.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let is_noise = |byte: &u8| matches!(byte, 0..=b' ' | 0x7f | 0xef | 0xbb | 0xbf | 0xfe | 0xff);
    let start = bytes.iter().take_while(|byte| is_noise(byte)).count();
    let rest = bytes.get(start..).unwrap_or_default();
    let tail = rest.iter().rev().take_while(|byte| is_noise(byte)).count();
    rest.get(..rest.len() - tail).unwrap_or_default()
}

fn is_der_text(text: &[u8]) -> bool {
    let dense: Zeroizing<Vec<u8>> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect::<Vec<_>>()
        .into();
    let decoded = LENIENT.decode(dense.as_slice()).map(Zeroizing::new);
    decoded.is_ok_and(|bytes| der::is_public_key(&bytes))
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;
    use crate::error::ConfigErrorKind;
    use crate::key::test_samples;

    fn assert_refused(secret: &[u8]) {
        let refused = check_secret(secret).err().map(|flaw| flaw.0);
        let text = String::from_utf8_lossy(secret);
        assert_eq!(refused, Some(ConfigErrorKind::KeyMalformed), "{text:?}");
    }

    #[test]
    fn pem_is_refused_after_any_prefix() {
        for pem in [
            test_samples::RSA,
            test_samples::ES256,
            test_samples::ED25519,
            include_str!("../../tests/keys/rsa-2048.pkcs1.public.pem"),
            include_str!("../../tests/keys/rsa-2048.private.pem"),
            include_str!("../../tests/keys/rsa-2048.certificate.pem"),
        ] {
            assert_refused(pem.as_bytes());
            for prefix in [
                "\n",
                " \n",
                "\t\r\n ",
                "\u{feff}",
                "# comment\n",
                "\0",
                "\u{a0}",
            ] {
                assert_refused(format!("{prefix}{pem}").as_bytes());
            }
        }
    }

    #[test]
    fn jwk_is_refused_after_any_prefix() {
        let jwk = test_samples::jwk(test_samples::RSA).to_string();
        for text in [
            jwk.clone(),
            format!(" \n{jwk}"),
            format!("\u{feff}{jwk}\n"),
            format!(r#"{{"keys":[{jwk}]}}"#),
            format!("[{jwk}]"),
        ] {
            assert_refused(text.as_bytes());
        }
    }

    #[test]
    fn der_is_refused_as_bytes_and_as_text() {
        for pem in [
            test_samples::RSA,
            test_samples::ES256,
            test_samples::ED25519,
            include_str!("../../tests/keys/rsa-2048.pkcs1.public.pem"),
        ] {
            let der = test_samples::der(pem);
            assert_refused(&der);
            assert_refused(STANDARD.encode(&der).as_bytes());
            assert_refused(URL_SAFE_NO_PAD.encode(&der).as_bytes());
            let body: String = pem.lines().filter(|line| !line.contains('-')).collect();
            assert_refused(format!(" {body}\n").as_bytes());
        }
    }

    #[test]
    fn ssh_keys_are_refused() {
        assert_refused(b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ user@host");
        assert_refused(b"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY user@host");
    }

    #[test]
    fn random_bytes_and_text_pass() {
        for secret in [
            &[0; 64][..],
            &[0xff; 64],
            &[0x30; 64],
            b"{this secret begins with a brace, and has no kty}",
            b"-----not a key, only dashes-----",
            b"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE-truncated",
            "пароль, который длиннее тридцати двух байт".as_bytes(),
        ] {
            assert_eq!(check_secret(secret), Ok(()));
        }
    }
}
