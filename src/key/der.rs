//! Strict reading of public keys in DER.
//!
//! Lengths must be definite and minimal, integers minimal and positive, and no bytes may follow.
//! The algorithm identifier decides the kind of the key: the curve is read, not inferred from a
//! length. The reader does not recurse.

use super::mistake;
use crate::crypto::{Curve, Flaw, Material};

/// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
pub(super) fn public_key(der: &[u8]) -> Result<Material, Flaw> {
    let Some((mut algorithm, key)) = spki(der) else {
        return Err(not_a_public_key(der));
    };
    match algorithm.take(OBJECT_IDENTIFIER) {
        Some(EC) => {
            let curve = match (algorithm.take(OBJECT_IDENTIFIER), algorithm.end()) {
                (Some(P256), Some(())) => Curve::P256,
                (Some(P384), Some(())) => Curve::P384,
                (Some(P521), Some(())) => Curve::P521,
                _ => {
                    return Err(Flaw::malformed(
                        "expected a key on P-256, P-384 or P-521, found another curve; \
                         make a key on one of them",
                    ));
                }
            };
            Material::ec(curve, key.to_vec())
        }
        Some(ED25519) if algorithm.end().is_some() => Material::ed25519(key),
        Some(RSA) if algorithm.take(NULL) == Some(&[]) && algorithm.end().is_some() => {
            rsa_public_key(key)
        }
        Some(RSA_PSS) => Err(Flaw::malformed(
            "expected a plain RSA key, found one that is bound to PSS; publish it as a plain RSA key",
        )),
        _ => Err(Flaw::malformed(
            "expected an RSA, P-256, P-384 or Ed25519 key, found another kind; \
             make a key of one of these",
        )),
    }
}

/// Reads an RSAPublicKey (RFC 8017 appendix A.1.1).
pub(crate) fn rsa_public_key(der: &[u8]) -> Result<Material, Flaw> {
    let (n, e) = rsa_components(der).ok_or_else(|| not_a_public_key(der))?;
    Material::rsa(n, e)
}

/// Returns the modulus and the exponent of an RSAPublicKey.
fn rsa_components(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = whole(der, SEQUENCE)?;
    let (n, e) = (fields.integer()?, fields.integer()?);
    fields.end()?;
    Some((n, e))
}

/// Returns true if this has one of the two forms of a public key, of any kind.
pub(super) fn is_public_key(der: &[u8]) -> bool {
    spki(der).is_some() || rsa_components(der).is_some()
}

pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const INTEGER: u8 = 0x02;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const VERSION: u8 = 0xa0;

const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];

/// Returns the fields of the algorithm identifier, and the bytes of the key.
fn spki(der: &[u8]) -> Option<(DerReader<'_>, &[u8])> {
    let mut fields = whole(der, SEQUENCE)?;
    let algorithm = DerReader(fields.take(SEQUENCE)?);
    let (unused_bits, key) = fields.take(BIT_STRING)?.split_first()?;
    fields.end()?;
    (*unused_bits == 0).then_some((algorithm, key))
}

/// Returns the reason why this is not a public key.
fn not_a_public_key(der: &[u8]) -> Flaw {
    // A private key is a sequence that begins with a version.
    let version = whole(der, SEQUENCE).and_then(|mut fields| fields.take(INTEGER));
    if matches!(version, Some([0 | 1])) {
        return Flaw::private(
            "expected a public key, found a private key; give the public key only: \
             `openssl pkey -pubout`",
        );
    }
    let body = whole(der, SEQUENCE).and_then(|mut fields| fields.take(SEQUENCE));
    if body.is_some_and(|body| body.first() == Some(&VERSION)) {
        return CERTIFICATE;
    }
    if mistake::is_path(der) {
        return Flaw::malformed(
            "expected a DER public key, found what looks like a path; \
             read the file and give its contents",
        );
    }
    if der.starts_with(b"-----BEGIN ") {
        return Flaw::malformed(
            "expected a DER public key, found PEM; read it with `Key::from_pem`",
        );
    }
    Flaw::malformed(
        "expected a DER public key (SubjectPublicKeyInfo), found other bytes; \
         write it with `openssl pkey -pubout -outform DER`",
    )
}

pub(super) const CERTIFICATE: Flaw = Flaw::malformed(
    "expected a public key, found a certificate, whose validity would not be checked; \
     extract its public key: `openssl x509 -pubkey -noout`",
);

/// Opens the only element of `der`.
pub(super) fn whole(der: &[u8], tag: u8) -> Option<DerReader<'_>> {
    let mut outer = DerReader(der);
    let content = outer.take(tag)?;
    outer.end()?;
    Some(DerReader(content))
}

pub(super) struct DerReader<'d>(&'d [u8]);

impl<'d> DerReader<'d> {
    pub(super) fn new(content: &'d [u8]) -> Self {
        Self(content)
    }

    /// Reads the next element if it has this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        let (found, rest) = self.0.split_first()?;
        let (len, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(len)?;
        if *found != tag {
            return None;
        }
        self.0 = rest;
        Some(content)
    }

    /// Reads the next element if it has this tag, and returns it with its tag and length.
    pub(super) fn take_whole(&mut self, tag: u8) -> Option<&'d [u8]> {
        let before = self.0;
        self.take(tag)?;
        before.get(..before.len().checked_sub(self.0.len())?)
    }

    /// Reads a positive integer; a leading zero byte is kept.
    fn integer(&mut self) -> Option<&'d [u8]> {
        match self.take(INTEGER)? {
            [0] | [0, 0..=0x7f, ..] | [0x80..=0xff, ..] | [] => None,
            number => Some(number),
        }
    }

    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Reads a definite length in its shortest form.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [len @ 0..=0x7f, rest @ ..] => Some((usize::from(*len), rest)),
        [0x81, len @ 0x80..=0xff, rest @ ..] => Some((usize::from(*len), rest)),
        [0x82, high @ 1..=0xff, low, rest @ ..] => {
            Some((usize::from(u16::from_be_bytes([*high, *low])), rest))
        }
        _ => None,
    }
}
