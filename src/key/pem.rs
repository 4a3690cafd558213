//! Reading of PEM (RFC 7468): exactly one block, with text before it or without.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use zeroize::Zeroizing;

use super::{der, mistake};
use crate::crypto::{Flaw, Material};

/// Reads a public key from the only block.
pub(super) fn public_key(pem: &[u8]) -> Result<Material, Flaw> {
    let (label, body) = block(pem).ok_or_else(|| shape_flaw(pem))?;
    match label {
        "PUBLIC KEY" => der::public_key(&decoded(body)?),
        "RSA PUBLIC KEY" => der::rsa_public_key(&decoded(body)?),
        label if label.ends_with("PRIVATE KEY") => Err(Flaw::private(
            "expected a public key, found a private key; give the public key only: \
             `openssl pkey -pubout`",
        )),
        label if label.ends_with("CERTIFICATE") => Err(der::CERTIFICATE),
        _ => Err(Flaw::malformed(
            "expected the PEM label `PUBLIC KEY` or `RSA PUBLIC KEY`, found another; \
             write the key with `openssl pkey -pubout`",
        )),
    }
}

/// Reads a certificate from the only block, as DER.
pub(super) fn certificate(pem: &[u8]) -> Result<Vec<u8>, Flaw> {
    const EXPECTED: Flaw = Flaw::malformed(
        "expected one PEM block with the label `CERTIFICATE`, found another text; publish the certificate",
    );
    match block(pem) {
        Some(("CERTIFICATE", body)) => decoded(body).map_err(|_| EXPECTED),
        _ => Err(EXPECTED),
    }
}

/// Reads a private key from the only block, as PKCS#8 or PKCS#1 in DER.
pub(crate) fn private_key(pem: &[u8]) -> Result<Zeroizing<Vec<u8>>, Flaw> {
    let (label, body) = block(pem).ok_or_else(|| shape_flaw(pem))?;
    match label {
        "PRIVATE KEY" | "RSA PRIVATE KEY" => decoded(body).map(Zeroizing::new),
        label if label.ends_with("PUBLIC KEY") => Err(Flaw::malformed(
            "expected a private key, found a public key; give the PEM of the private key",
        )),
        label if label.ends_with("CERTIFICATE") => Err(Flaw::malformed(
            "expected a private key, found a certificate; give the PEM of its private key",
        )),
        "ENCRYPTED PRIVATE KEY" => Err(Flaw::malformed(
            "expected a private key in clear, found an encrypted one; decrypt it first: `openssl pkey`",
        )),
        _ => Err(Flaw::malformed(
            "expected the PEM label `PRIVATE KEY` or `RSA PRIVATE KEY`, found another; \
             convert the key: `openssl pkcs8 -topk8 -nocrypt`",
        )),
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const SHAPE: Flaw = Flaw::malformed(
    "expected one whole PEM block and nothing after it, found other text; \
     give the block from `-----BEGIN` to `-----END ..-----`",
);
const ESCAPED: Flaw = Flaw::malformed(
    "expected a PEM block, found line ends written as the two characters `\\n`; \
     replace each by a line end",
);

/// Returns the label and the body of the only block, which begins a line.
fn block(pem: &[u8]) -> Option<(&str, &str)> {
    let (before, block) = pem.split_at_checked(memmem::find(pem, BEGIN)?)?;
    let line = before.rsplit(|byte| matches!(byte, b'\n' | b'\r')).next()?;
    if !line.trim_ascii().is_empty() || memmem::find(before, END).is_some() {
        return None;
    }
    let text = str::from_utf8(block).ok()?.trim_ascii_end();
    let (label, rest) = text.strip_prefix("-----BEGIN ")?.split_once("-----")?;
    let (body, end) = rest.split_once("-----END ")?;
    (end.strip_suffix("-----")? == label).then_some((label, body))
}

/// Returns why this is not one block, with the remedy for what it looks like.
fn shape_flaw(pem: &[u8]) -> Flaw {
    let mut begins = memmem::find_iter(pem, BEGIN);
    match (begins.next(), begins.next()) {
        (Some(_), _) if memmem::find(pem, b"\\n").is_some() => ESCAPED,
        (Some(_), Some(_)) => {
            Flaw::malformed("expected one PEM block, found several; give one key per constructor")
        }
        (Some(_), None) => SHAPE,
        (None, _) if mistake::is_path(pem) => Flaw::malformed(
            "expected a PEM block, found what looks like a path; \
             read the file and give its contents",
        ),
        (None, _) if pem.trim_ascii_start().starts_with(b"{") => Flaw::malformed(
            "expected a PEM block, found JSON; read it with `Key::from_jwk` or `KeySet::from_jwks`",
        ),
        (None, _) => Flaw::malformed(
            "expected a PEM block, found no `-----BEGIN `; give the text of the PEM file",
        ),
    }
}

fn decoded(body: &str) -> Result<Vec<u8>, Flaw> {
    let dense: Zeroizing<Vec<u8>> = body
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect::<Vec<_>>()
        .into();
    let flaw = if body.contains("\\n") { ESCAPED } else { SHAPE };
    STANDARD.decode(&*dense).map_err(|_| flaw)
}
