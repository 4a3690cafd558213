//! PEM (RFC 7468): exactly one block, and only what holds a public key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::der;
use crate::crypto::Flaw;
use crate::crypto::Material;

/// Reads the public key of the one block.
pub(super) fn public_key(pem: &[u8]) -> Result<Material, Flaw> {
    let (label, body) = block(pem).ok_or(SHAPE)?;
    match label {
        "PUBLIC KEY" => der::public_key(&decoded(body)?),
        "RSA PUBLIC KEY" => der::rsa_public_key(&decoded(body)?),
        label if label.ends_with("PRIVATE KEY") => Err(Flaw::private(
            "this is a private key; hand over the public key only: `openssl pkey -pubout`",
        )),
        label if label.ends_with("CERTIFICATE") => Err(der::CERTIFICATE),
        _ => Err(Flaw::malformed(
            "the PEM label is neither `PUBLIC KEY` nor `RSA PUBLIC KEY`",
        )),
    }
}

const SHAPE: Flaw = Flaw::malformed(
    "this is not one PEM block and nothing else; hand over one public key per constructor",
);

/// Returns label and body of the one block.
fn block(pem: &[u8]) -> Option<(&str, &str)> {
    let text = str::from_utf8(pem).ok()?.trim_ascii();
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let (body, end) = rest.split_once("-----END ")?;
    (end.strip_suffix("-----")? == label).then_some((label, body))
}

fn decoded(body: &str) -> Result<Vec<u8>, Flaw> {
    let dense: Vec<u8> = body
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD.decode(dense).map_err(|_| SHAPE)
}
