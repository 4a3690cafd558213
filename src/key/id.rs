//! What makes two keys the same key.

use std::fmt;

use ring::digest;
use ring::hmac;

use crate::credential::base64url;
use crate::crypto::Curve;
use crate::crypto::Material;

/// The identity of a key, whatever name it is published under.
///
/// For a public key it is the thumbprint of RFC 7638; for a secret a MAC made with the secret
/// itself, so that it says nothing about the secret to whoever does not have it. `Debug` does not
/// show it.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// Returns the identity of this key material.
    pub(super) fn of(material: &Material) -> Self {
        match material {
            Material::Ed25519(x) => Self::of_text(&okp_members(x)),
            Material::Ec(curve, point) => Self::of_text(&ec_members(*curve, point)),
            Material::Rsa(n, e) => Self::of_text(&rsa_members(n, e)),
            Material::Secret(secret) => Self::keyed(secret.expose()),
        }
    }

    fn keyed(secret: &[u8]) -> Self {
        // No JWS is computed over a text with a zero byte.
        const LABEL: &[u8] = b"bearergate\0key id";
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self::of_bytes(hmac::sign(&key, LABEL).as_ref())
    }

    fn of_text(text: &str) -> Self {
        Self::of_bytes(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }

    fn of_bytes(hash: &[u8]) -> Self {
        let mut id = [0; 32];
        id.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
        Self(id)
    }

    /// Returns the 32 bytes.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyId([redacted])")
    }
}

// The required members in the order of RFC 7638 section 3.2, without white space.

fn okp_members(x: &[u8]) -> String {
    let x = base64url::encode(x);
    format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
}

fn ec_members(curve: Curve, point: &[u8]) -> String {
    let (x, y) = coordinates(curve, point);
    let (crv, x, y) = (curve.name(), base64url::encode(x), base64url::encode(y));
    format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
}

fn rsa_members(n: &[u8], e: &[u8]) -> String {
    let (n, e) = (base64url::encode(n), base64url::encode(e));
    format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
}

fn coordinates(curve: Curve, point: &[u8]) -> (&[u8], &[u8]) {
    let both = point.get(1..).unwrap_or_default();
    both.split_at_checked(curve.len()).unwrap_or_default()
}
