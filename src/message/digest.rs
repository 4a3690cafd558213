//! Digests of content (RFC 9530).

use std::borrow::Cow;

use http::HeaderMap;
use ring::digest::{Context, SHA256, SHA512};
use subtle::ConstantTimeEq;

use super::structured::{Bare, MemberValue, dictionary};
use crate::error::{Rejection, RejectionKind};

/// The content of a message that is still to be read, and the digests that it must have.
///
/// A service passes all bytes as it receives them, before any decoding, and acts on them only if
/// [`finish`](Self::finish) succeeds.
#[must_use = "content that was not checked may be another than the signed one"]
pub struct ContentCheck {
    sha256: Option<(Context, Vec<u8>)>,
    sha512: Option<(Context, Vec<u8>)>,
}

/// The names of the algorithms that are known. Others are ignored, and are never enough.
const KNOWN: [&str; 2] = ["sha-256", "sha-512"];

/// Returns whether a digest by this algorithm is compared with the content.
pub(super) fn is_compared(algorithm: &str) -> bool {
    KNOWN.contains(&algorithm)
}

impl ContentCheck {
    /// Reads the digests of a message: `None` if the field is malformed, or has no known digest.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all("content-digest").into_iter();
        let mut joined = Cow::Borrowed(lines.next().map_or(Ok(""), |own| own.to_str()).ok()?);
        for line in lines {
            joined.to_mut().extend([", ", line.to_str().ok()?]);
        }
        let mut members = dictionary(&joined)?;
        let find = |name: &str| {
            let at = members.iter().position(|(own, _)| *own == name)?;
            match members.swap_remove(at).1.value {
                MemberValue::Item(Bare::Bytes(bytes)) => Some(bytes),
                // A digest that is no byte sequence fits no content.
                _ => Some(Vec::new()),
            }
        };
        let [sha256, sha512] = KNOWN.map(find);
        if sha256.is_none() && sha512.is_none() {
            return None;
        }
        Some(Self {
            sha256: sha256.map(|expected| (Context::new(&SHA256), expected)),
            sha512: sha512.map(|expected| (Context::new(&SHA512), expected)),
        })
    }

    /// Adds bytes of the content.
    pub fn update(&mut self, bytes: &[u8]) {
        for (hash, _) in self.sha256.iter_mut().chain(&mut self.sha512) {
            hash.update(bytes);
        }
    }

    /// Ends the content. It succeeds only if every known digest fits.
    ///
    /// # Errors
    ///
    /// [`MessageSignatureInvalid`](RejectionKind::MessageSignatureInvalid) if the content is not the
    /// signed one.
    pub fn finish(self) -> Result<(), Rejection> {
        let mut all = self.sha256.into_iter().chain(self.sha512);
        let fits = all.all(|(hash, expected)| bool::from(hash.finish().as_ref().ct_eq(&expected)));
        match fits {
            true => Ok(()),
            false => Err(Rejection::new(RejectionKind::MessageSignatureInvalid)
                .with_source("expected the content of `Content-Digest`, found another")),
        }
    }
}

impl std::fmt::Debug for ContentCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContentCheck")
    }
}

impl Clone for ContentCheck {
    fn clone(&self) -> Self {
        Self {
            sha256: self.sha256.clone(),
            sha512: self.sha512.clone(),
        }
    }
}
