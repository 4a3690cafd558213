//! Decryption of a token.

use std::fmt;

use zeroize::Zeroizing;

use super::algorithm::ContentEncryption;
use super::content::{Sealed, open};
use super::header::JweHeader;
use super::key::DecryptionKeys;
use crate::credential::base64url;
use crate::error::{Rejection, RejectionKind};
use crate::limits;
use crate::now_or_later::NowOrLater;

/// What was in an encrypted token. It authenticates nobody: everybody who knows the public key can make
/// such a token. `Debug` does not show it.
pub struct Decrypted {
    plaintext: Zeroizing<Vec<u8>>,
    /// Claims that the header repeats, as JSON.
    repeated: Vec<(&'static str, String)>,
    encryption: ContentEncryption,
}

impl Decrypted {
    /// Returns the plaintext.
    pub fn plaintext(&self) -> &[u8] {
        &self.plaintext
    }

    /// Returns how the content was encrypted.
    pub const fn encryption(&self) -> ContentEncryption {
        self.encryption
    }

    pub(crate) fn repeated(&self) -> &[(&'static str, String)] {
        &self.repeated
    }
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decrypted")
    }
}

impl DecryptionKeys {
    /// Decrypts a token in compact form, and does nothing else.
    ///
    /// The answer is ready, unless so many RSA decryptions run at once that this one has to wait.
    ///
    /// # Errors
    ///
    /// [`DecryptionFailed`](RejectionKind::DecryptionFailed) for everything from the encrypted key to the
    /// tag; before that [`TokenMalformed`](RejectionKind::TokenMalformed),
    /// [`TokenTooLarge`](RejectionKind::TokenTooLarge),
    /// [`HeaderUnsupported`](RejectionKind::HeaderUnsupported),
    /// [`AlgorithmNotAllowed`](RejectionKind::AlgorithmNotAllowed) and
    /// [`KeyNotFound`](RejectionKind::KeyNotFound);
    /// [`Unavailable`](RejectionKind::Unavailable) if too many wait.
    pub fn decrypt<'a>(&'a self, token: &'a str) -> NowOrLater<'a, Result<Decrypted, Rejection>> {
        self.decrypt_if(token, |_| Ok(()))
    }

    /// Decrypts a signed token whose content is under one of these algorithms. Another one is refused
    /// before a key is used.
    pub(crate) fn decrypt_jwt<'a>(
        &'a self,
        token: &'a str,
        content: &[ContentEncryption],
    ) -> NowOrLater<'a, Result<Decrypted, Rejection>> {
        self.decrypt_if(token, |header| {
            if !content.contains(&header.encryption) {
                return Err(RejectionKind::AlgorithmNotAllowed.into());
            }
            match header.is_jwt {
                true => Ok(()),
                false => Err(Rejection::new(RejectionKind::HeaderUnsupported)
                    .with_source("expected `cty` `JWT`, found another or none")),
            }
        })
    }

    fn decrypt_if<'a>(
        &'a self,
        token: &'a str,
        check: impl FnOnce(&JweHeader<'_>) -> Result<(), Rejection>,
    ) -> NowOrLater<'a, Result<Decrypted, Rejection>> {
        let prepared = match Prepared::new(token) {
            Ok(prepared) => prepared,
            Err(kind) => return NowOrLater::now(Err(kind.into())),
        };
        match self.is_dear(&prepared, check) {
            Ok(false) => return NowOrLater::now(self.open(&prepared)),
            Ok(true) => {}
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        }
        if let Some(_turn) = self.turns.try_take() {
            return NowOrLater::now(self.open(&prepared));
        }
        NowOrLater::later(async move {
            let Ok(_turn) = self.turns.take().await else {
                return Err(Rejection::new(RejectionKind::Unavailable)
                    .with_source("too many tokens wait for their RSA decryption"));
            };
            self.open(&prepared)
        })
    }

    /// Returns whether a token is decrypted by RSA, or why it is refused before.
    fn is_dear(
        &self,
        prepared: &Prepared<'_>,
        check: impl FnOnce(&JweHeader<'_>) -> Result<(), Rejection>,
    ) -> Result<bool, Rejection> {
        let header = JweHeader::read(&prepared.header)?;
        check(&header)?;
        let key = self.select(&header);
        key.ok_or(RejectionKind::KeyNotFound)?;
        Ok(header.algorithm.oaep().is_some())
    }

    fn open(&self, prepared: &Prepared<'_>) -> Result<Decrypted, Rejection> {
        let header = JweHeader::read(&prepared.header)?;
        let key = self.select(&header);
        let key = key.ok_or(RejectionKind::KeyNotFound)?;
        let plaintext = open(&header, key, &prepared.sealed).map_err(unopened)?;
        let repeated = header.repeated.iter();
        Ok(Decrypted {
            plaintext,
            repeated: repeated
                .map(|(name, value)| (*name, value.raw().to_owned()))
                .collect(),
            encryption: header.encryption,
        })
    }
}

/// Returns the rejection of a token that was not opened. Its text says nothing about the reason.
#[cold]
fn unopened(kind: RejectionKind) -> Rejection {
    Rejection::new(kind).with_source(
        "expected a token that the key opens, found another; give the issuer the current public key",
    )
}

/// The decoded parts of a token.
struct Prepared<'t> {
    header: Vec<u8>,
    sealed: Sealed<'t>,
}

impl<'t> Prepared<'t> {
    fn new(token: &'t str) -> Result<Self, RejectionKind> {
        const MALFORMED: RejectionKind = RejectionKind::TokenMalformed;
        if token.len() > limits::TOKEN_BYTES_MAX {
            return Err(RejectionKind::TokenTooLarge);
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, key, iv, text, tag] = parts.as_slice() else {
            return Err(MALFORMED);
        };
        let decode = |part: &str| base64url::decode(part).ok_or(MALFORMED);
        Ok(Self {
            header: decode(header)?,
            sealed: Sealed {
                aad: header.as_bytes(),
                key: decode(key)?,
                iv: decode(iv)?,
                text: decode(text)?,
                tag: decode(tag)?,
            },
        })
    }
}
