//! Primitives of decryption, all by `aws-lc-rs`. Each answers only whether it succeeded.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::key_wrap;
use aws_lc_rs::key_wrap::{AesKek, KeyWrap};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The curve of a key agreement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AgreementCurve {
    P256,
    P384,
    X25519,
}

impl AgreementCurve {
    const ALL: [Self; 3] = [Self::P256, Self::P384, Self::X25519];

    /// Returns `kty` and `crv` of its keys.
    pub(crate) const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::P256 => ("EC", "P-256"),
            Self::P384 => ("EC", "P-384"),
            Self::X25519 => ("OKP", "X25519"),
        }
    }

    pub(crate) fn from_names(kty: &str, crv: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|curve| curve.names() == (kty, crv))
    }

    /// Returns the length of a coordinate in bytes.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::P256 | Self::X25519 => 32,
            Self::P384 => 48,
        }
    }

    const fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::X25519 => &X25519,
        }
    }
}

/// A private key of a key agreement.
pub(crate) struct AgreementKey {
    pub(crate) curve: AgreementCurve,
    key: PrivateKey,
}

impl AgreementKey {
    /// Takes the private number of a key.
    pub(crate) fn new(curve: AgreementCurve, private: &[u8]) -> Option<Self> {
        let key = PrivateKey::from_private_key(curve.algorithm(), private).ok()?;
        Some(Self { curve, key })
    }

    /// Reads PKCS#8 of a key on one of the curves.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        AgreementCurve::ALL.into_iter().find_map(|curve| {
            let key = PrivateKey::from_private_key_der(curve.algorithm(), der).ok()?;
            Some(Self { curve, key })
        })
    }

    /// Returns the shared secret with a public key, which must be a point on the curve.
    pub(crate) fn agree(&self, public: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let peer = UnparsedPublicKey::new(self.curve.algorithm(), public);
        agreement::agree(&self.key, peer, (), |secret| {
            Ok(Zeroizing::new(secret.to_vec()))
        })
        .ok()
    }
}

/// The hash of RSA-OAEP, which MGF1 uses too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OaepHash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// A private RSA key that decrypts.
pub(crate) struct RsaDecryptionKey(OaepPrivateDecryptingKey);

impl RsaDecryptionKey {
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let key = PrivateDecryptingKey::from_pkcs8(der).ok()?;
        OaepPrivateDecryptingKey::new(key).ok().map(Self)
    }

    pub(crate) fn bits(&self) -> usize {
        self.0.key_size_bits()
    }

    /// Decrypts a ciphertext of the length of the key.
    pub(crate) fn decrypt(&self, hash: OaepHash, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let algorithm = match hash {
            OaepHash::Sha1 => &OAEP_SHA1_MGF1SHA1,
            OaepHash::Sha256 => &OAEP_SHA256_MGF1SHA256,
            OaepHash::Sha384 => &OAEP_SHA384_MGF1SHA384,
            OaepHash::Sha512 => &OAEP_SHA512_MGF1SHA512,
        };
        let mut out = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let length = self.0.decrypt(algorithm, text, &mut out, None).ok()?.len();
        out.truncate(length);
        Some(out)
    }
}

/// Unwraps a key (RFC 3394) by a key of 16 or 32 bytes.
pub(crate) fn unwrap_key(kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = match kek.len() {
        16 => &key_wrap::AES_128,
        32 => &key_wrap::AES_256,
        _ => return None,
    };
    let kek = AesKek::new(cipher, kek).ok()?;
    let mut out = Zeroizing::new(vec![0; wrapped.len()]);
    let length = kek.unwrap(wrapped, &mut out).ok()?.len();
    out.truncate(length);
    Some(out)
}

/// Opens AES-GCM with a nonce of 12 and a tag of 16 bytes.
pub(crate) fn open_gcm(
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    text: &[u8],
    tag: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        32 => &AES_256_GCM,
        _ => return None,
    };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut both = Zeroizing::new([text, tag].concat());
    let length = key
        .open_in_place(nonce, Aad::from(aad), &mut both)
        .ok()?
        .len();
    both.truncate(length);
    Some(both)
}

/// Opens AES-CBC with HMAC (RFC 7518 section 5.2.2): the MAC is checked before anything is decrypted.
pub(crate) fn open_cbc(
    key: &[u8],
    iv: &[u8],
    aad: &[u8],
    text: &[u8],
    tag: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (mac_key, cipher_key) = key.split_at_checked(key.len() / 2)?;
    let (hash, cipher) = match cipher_key.len() {
        16 => (hmac::HMAC_SHA256, &AES_128),
        32 => (hmac::HMAC_SHA512, &AES_256),
        _ => return None,
    };
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hash, mac_key));
    let aad_bits = u64::try_from(aad.len()).ok()?.checked_mul(8)?;
    for part in [aad, iv, text, &aad_bits.to_be_bytes()] {
        mac.update(part);
    }
    let expected = mac.sign();
    let expected = expected.as_ref().get(..mac_key.len())?;
    if !bool::from(expected.ct_eq(tag)) {
        return None;
    }
    let iv: &[u8; 16] = iv.try_into().ok()?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(cipher, cipher_key).ok()?);
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let mut text = Zeroizing::new(text.to_vec());
    let length = key.ok()?.decrypt(&mut text, context).ok()?.len();
    text.truncate(length);
    Some(text)
}
