//! The confirmation claim: the key that a token is bound to.

use std::fmt;

use crate::credential::base64url;
use crate::json::Value;

/// The `cnf` claim of a token (RFC 7800): the client must prove possession of a key.
///
/// A [`SenderConstraint`](crate::validator::SenderConstraint) checks the proof. `Debug` shows which
/// methods are present, not the thumbprints.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct Confirmation {
    jkt: Option<[u8; 32]>,
    certificate: Option<[u8; 32]>,
    has_others: bool,
}

impl Confirmation {
    /// Makes the confirmation of a credential that is bound to the key of DPoP proofs with this
    /// thumbprint (RFC 7638), for a validator of one's own.
    pub const fn to_key(jkt: [u8; 32]) -> Self {
        Self {
            jkt: Some(jkt),
            certificate: None,
            has_others: false,
        }
    }

    /// Makes the confirmation of a credential that is bound to the client certificate with this SHA-256
    /// thumbprint, for a validator of one's own.
    pub const fn to_certificate(sha256: [u8; 32]) -> Self {
        Self {
            jkt: None,
            certificate: Some(sha256),
            has_others: false,
        }
    }

    /// Returns the same, bound to a client certificate too.
    #[must_use]
    pub const fn and_certificate(mut self, sha256: [u8; 32]) -> Self {
        self.certificate = Some(sha256);
        self
    }

    /// Parses a `cnf` claim; `None` if it is not an object or has a malformed thumbprint.
    pub(crate) fn read(cnf: Value<'_>) -> Option<Self> {
        let mut read = Self::default();
        for (name, value) in cnf.members()? {
            if name.is("jkt") {
                read.jkt = Some(thumbprint(value)?);
            } else if name.is("x5t#S256") {
                read.certificate = Some(thumbprint(value)?);
            } else {
                read.has_others = true;
            }
        }
        Some(read)
    }

    /// Returns the SHA-256 thumbprint (RFC 7638) of the key that must sign DPoP proofs
    /// (RFC 9449 section 6.1), if the token is bound to one.
    pub const fn jkt(&self) -> Option<&[u8; 32]> {
        self.jkt.as_ref()
    }

    /// Returns the SHA-256 thumbprint of the client certificate (RFC 8705 section 3.1), if the token
    /// is bound to one.
    pub const fn certificate(&self) -> Option<&[u8; 32]> {
        self.certificate.as_ref()
    }

    /// Returns true only if there is at least one method and none that this crate does not know.
    pub(crate) const fn is_understood(&self) -> bool {
        !self.has_others && (self.jkt.is_some() || self.certificate.is_some())
    }
}

fn thumbprint(value: Value<'_>) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let len = base64url::decode_into(value.content()?, &mut bytes)?;
    (len == bytes.len()).then_some(bytes)
}

impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmation")
            .field("jkt", &self.jkt.is_some())
            .field("certificate", &self.certificate.is_some())
            .field("others", &self.has_others)
            .finish()
    }
}
