//! The algorithms of encrypted tokens. There is no code for the others.

use std::fmt;

use crate::crypto::decrypt::OaepHash;

/// How the key of the content is transported: the `alg` of an encrypted token (RFC 7518 section 4).
///
/// `RSA1_5`, `PBES2`, `A128GCMKW`, `A256GCMKW` and 192-bit keys do not exist here.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyManagement {
    /// `A128KW`: a shared key of 16 bytes wraps the key.
    A128Kw,
    /// `A256KW`: a shared key of 32 bytes wraps the key.
    A256Kw,
    /// `dir`: the shared key is the key of the content.
    Dir,
    /// `ECDH-ES`: the agreed key is the key of the content.
    EcdhEs,
    /// `ECDH-ES+A128KW`: the agreed key wraps the key.
    EcdhEsA128Kw,
    /// `ECDH-ES+A256KW`: the agreed key wraps the key.
    EcdhEsA256Kw,
    /// `RSA-OAEP`, with SHA-1. Use another one.
    RsaOaep,
    /// `RSA-OAEP-256`.
    RsaOaep256,
    /// `RSA-OAEP-384`.
    RsaOaep384,
    /// `RSA-OAEP-512`.
    RsaOaep512,
}

impl KeyManagement {
    const ALL: [Self; 10] = [
        Self::A128Kw,
        Self::A256Kw,
        Self::Dir,
        Self::EcdhEs,
        Self::EcdhEsA128Kw,
        Self::EcdhEsA256Kw,
        Self::RsaOaep,
        Self::RsaOaep256,
        Self::RsaOaep384,
        Self::RsaOaep512,
    ];

    /// Returns the algorithm of this name, or `None` for any other text.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.as_str() == name)
    }

    /// Returns the name as a token's header has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A128Kw => "A128KW",
            Self::A256Kw => "A256KW",
            Self::Dir => "dir",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::RsaOaep384 => "RSA-OAEP-384",
            Self::RsaOaep512 => "RSA-OAEP-512",
        }
    }

    /// Returns the hash of an RSA algorithm.
    pub(super) const fn oaep(self) -> Option<OaepHash> {
        match self {
            Self::RsaOaep => Some(OaepHash::Sha1),
            Self::RsaOaep256 => Some(OaepHash::Sha256),
            Self::RsaOaep384 => Some(OaepHash::Sha384),
            Self::RsaOaep512 => Some(OaepHash::Sha512),
            _ => None,
        }
    }

    /// Returns the length of the key that wraps the key of the content, where there is one.
    pub(super) const fn wrapping_bytes(self) -> Option<usize> {
        match self {
            Self::A128Kw | Self::EcdhEsA128Kw => Some(16),
            Self::A256Kw | Self::EcdhEsA256Kw => Some(32),
            _ => None,
        }
    }

    pub(super) const fn is_agreement(self) -> bool {
        matches!(self, Self::EcdhEs | Self::EcdhEsA128Kw | Self::EcdhEsA256Kw)
    }
}

impl fmt::Display for KeyManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the content is encrypted: the `enc` of an encrypted token (RFC 7518 section 5).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// `A128CBC-HS256`.
    A128CbcHs256,
    /// `A128GCM`.
    A128Gcm,
    /// `A256CBC-HS512`.
    A256CbcHs512,
    /// `A256GCM`.
    A256Gcm,
}

impl ContentEncryption {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [
        Self::A128CbcHs256,
        Self::A128Gcm,
        Self::A256CbcHs512,
        Self::A256Gcm,
    ];

    /// Returns the algorithm of this name, or `None` for any other text.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.as_str() == name)
    }

    /// Returns the name as a token's header has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A128Gcm => "A128GCM",
            Self::A256CbcHs512 => "A256CBC-HS512",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// Returns the lengths of the key, the initialization vector and the tag, in bytes.
    pub(super) const fn lengths(self) -> (usize, usize, usize) {
        match self {
            Self::A128CbcHs256 => (32, 16, 16),
            Self::A128Gcm => (16, 12, 16),
            Self::A256CbcHs512 => (64, 16, 32),
            Self::A256Gcm => (32, 12, 16),
        }
    }
}

impl fmt::Display for ContentEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
