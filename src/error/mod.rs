//! Why a credential was not accepted, and why a configuration was not built.

mod cause;
#[cfg(any(feature = "api-key", feature = "issuer", feature = "session"))]
mod change;
mod config;
mod kind;
mod kinds;
#[cfg(feature = "policy-file")]
mod nearest;
mod quantity;
mod shown;
mod store;

use std::borrow::Cow;
use std::error::Error;

use http::HeaderValue;

pub(crate) use cause::{Cause, Caused, InClaim};
#[cfg(any(feature = "api-key", feature = "issuer", feature = "session"))]
pub(crate) use change::ChangeFault;
pub use config::{ConfigError, ConfigErrorKind};
pub use kind::RejectionKind;
pub(crate) use kinds::kinds;
#[cfg(feature = "policy-file")]
pub(crate) use nearest::nearest;
pub(crate) use shown::{excerpt, shown};
pub use store::{StoreError, StoreErrorKind};

/// A credential was not accepted, or could not be validated.
///
/// [`kind`](Self::kind) is stable and says why, and so does `Display`, with the claim to blame;
/// neither holds any part of the credential. [`source`](Error::source), which `Debug` shows too, may
/// hold more for the operator: of a JWT its issuer, audiences, type, algorithm, key id or times,
/// against those that were expected, each value cut at 200 characters and with control characters
/// escaped. What a client may learn of it is decided only in
/// [`Refusal`](crate::http_response::Refusal).
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct Rejection(Box<Inner>);

#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}{}", InClaim(.claim.as_deref()))]
struct Inner {
    kind: RejectionKind,
    claim: Option<Cow<'static, str>>,
    source: Option<Cause>,
    nonce: Option<HeaderValue>,
    /// Whether only a client certificate can mend it, and no DPoP proof.
    needs_certificate: bool,
}

impl Rejection {
    /// Makes a rejection of this kind. A validator outside this crate does so for every credential
    /// that it does not accept; add a [source](Self::with_source) for the operator.
    pub fn new(kind: RejectionKind) -> Self {
        Self(Box::new(Inner {
            kind,
            claim: None,
            source: None,
            nonce: None,
            needs_certificate: false,
        }))
    }

    /// Sets the nonce that the client has to put into its next DPoP proof (RFC 9449 section 9). The
    /// response has it in `DPoP-Nonce`.
    #[must_use]
    pub fn with_nonce(mut self, nonce: HeaderValue) -> Self {
        self.0.nonce = Some(nonce);
        self
    }

    /// Returns the nonce for the next DPoP proof of the client, if there is one.
    pub fn nonce(&self) -> Option<&HeaderValue> {
        self.0.nonce.as_ref()
    }

    /// Says that only a client certificate can mend it, so that the challenge offers no DPoP.
    #[must_use]
    pub(crate) fn needing_certificate(mut self) -> Self {
        self.0.needs_certificate = true;
        self
    }

    /// Returns whether only a client certificate can mend it.
    pub(crate) fn needs_certificate(&self) -> bool {
        self.0.needs_certificate
    }

    /// Says which claim is to blame. The name must not come from the credential. A response never
    /// shows it; logs and [`claim`](Self::claim) do.
    #[must_use]
    pub fn with_claim(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.claim = Some(name.into());
        self
    }

    /// Adds what went wrong below, for the operator. It must not hold the credential. A caller can
    /// downcast it, because [`source`](Error::source) returns the error itself and no wrapper.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Cause::new(source));
        self
    }

    /// Returns why, as a stable code. It decides the HTTP status of the response, see
    /// [`Refusal`](crate::http_response::Refusal).
    pub fn kind(&self) -> RejectionKind {
        self.0.kind
    }

    /// Returns the name of the claim that is to blame, if one is. It never comes from the
    /// credential.
    pub fn claim(&self) -> Option<&str> {
        self.0.claim.as_deref()
    }
}

impl From<RejectionKind> for Rejection {
    fn from(kind: RejectionKind) -> Self {
        Self::new(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_is_one_pointer() {
        assert_eq!(size_of::<Rejection>(), size_of::<usize>());
    }

    #[test]
    fn display_names_kind_and_claim() {
        let rejection = Rejection::new(RejectionKind::ClaimMissing).with_claim("exp");
        assert_eq!(
            rejection.to_string(),
            "a required claim is missing (claim `exp`)"
        );
        assert_eq!(rejection.kind().as_str(), "claim_missing");
        assert_eq!(rejection.claim(), Some("exp"));
    }

    #[test]
    fn source_is_kept_for_the_operator() {
        let rejection = Rejection::new(RejectionKind::Unavailable).with_source("store is down");
        assert_eq!(rejection.source().unwrap().to_string(), "store is down");
    }

    #[test]
    fn source_can_be_downcast() {
        let source = Rejection::new(RejectionKind::ClaimMissing);
        let rejection = Rejection::new(RejectionKind::Unavailable).with_source(source);
        let source = rejection.source().unwrap().downcast_ref::<Rejection>();
        assert_eq!(source.unwrap().kind(), RejectionKind::ClaimMissing);
    }
}
