//! Reading of PEM (RFC 7468): exactly one block.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::der;
use crate::crypto::{Flaw, Material};

/// Reads a public key from the only block.
pub(super) fn public_key(pem: &[u8]) -> Result<Material, Flaw> {
    let (label, body) = block(pem).ok_or(SHAPE)?;
    match label {
        "PUBLIC KEY" => der::public_key(&decoded(body)?),
        "RSA PUBLIC KEY" => der::rsa_public_key(&decoded(body)?),
        label if label.ends_with("PRIVATE KEY") => Err(Flaw::private(
            "expected a public key, found a private key; give the public key only: \
             `openssl pkey -pubout`",
        )),
        label if label.ends_with("CERTIFICATE") => Err(der::CERTIFICATE),
        _ => Err(Flaw::malformed(
            "the PEM label is neither `PUBLIC KEY` nor `RSA PUBLIC KEY`",
        )),
    }
}

/// Reads a certificate from the only block, as DER.
pub(super) fn certificate(pem: &[u8]) -> Result<Vec<u8>, Flaw> {
    const EXPECTED: Flaw = Flaw::malformed("expected one PEM block with the label `CERTIFICATE`");
    match block(pem) {
        Some(("CERTIFICATE", body)) => decoded(body).map_err(|_| EXPECTED),
        _ => Err(EXPECTED),
    }
}

/// Reads a private key from the only block, as PKCS#8 or PKCS#1 in DER.
pub(crate) fn private_key(pem: &[u8]) -> Result<Zeroizing<Vec<u8>>, Flaw> {
    let (label, body) = block(pem).ok_or(SHAPE)?;
    match label {
        "PRIVATE KEY" | "RSA PRIVATE KEY" => decoded(body).map(Zeroizing::new),
        "ENCRYPTED PRIVATE KEY" => Err(Flaw::malformed(
            "the private key is encrypted; decrypt it first: `openssl pkey`",
        )),
        _ => Err(Flaw::malformed(
            "the PEM label is neither `PRIVATE KEY` nor `RSA PRIVATE KEY`; \
             convert the key: `openssl pkcs8 -topk8 -nocrypt`",
        )),
    }
}

const SHAPE: Flaw =
    Flaw::malformed("expected one PEM block and nothing else; give one public key per constructor");

/// Returns the label and the body of the only block.
fn block(pem: &[u8]) -> Option<(&str, &str)> {
    let text = str::from_utf8(pem).ok()?.trim_ascii();
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let (body, end) = rest.split_once("-----END ")?;
    (end.strip_suffix("-----")? == label).then_some((label, body))
}

fn decoded(body: &str) -> Result<Vec<u8>, Flaw> {
    let dense: Zeroizing<Vec<u8>> = body
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect::<Vec<_>>()
        .into();
    STANDARD.decode(&*dense).map_err(|_| SHAPE)
}
