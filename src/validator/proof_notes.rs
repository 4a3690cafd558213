//! What a sender constraint has found out about one request.

use std::any::Any;
use std::sync::OnceLock;

use http::HeaderValue;

use crate::clock::UnixTime;
use crate::credential::HandOver;
use crate::replay::ReplayMark;

/// Notes of one request, which a gate lends the sender constraint of a token.
///
/// A constraint whose store has to wait is asked twice. So it notes here what it has verified, and
/// the second time only claims the mark.
#[derive(Default)]
pub(crate) struct ProofNotes {
    claim: OnceLock<PendingClaim>,
    nonce: OnceLock<HeaderValue>,
    freshness: OnceLock<Freshness>,
}

/// A proof that was verified, and whose mark is still to be claimed.
#[derive(Clone)]
pub(crate) struct PendingClaim {
    pub(crate) mark: ReplayMark,
    pub(crate) until: UnixTime,
    /// The nonce that the client should use next, if its own is about to end.
    pub(crate) nonce: Option<HeaderValue>,
}

/// What says that a proof is fresh.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Freshness {
    /// The time in the proof (`iat`).
    IssuedAt,
    /// A nonce of this service.
    Nonce,
}

impl ProofNotes {
    /// Returns the claim of a proof that was verified before.
    pub(crate) fn claim(&self) -> Option<PendingClaim> {
        self.claim.get().cloned()
    }

    /// Notes that the proof of this request is verified.
    pub(crate) fn set_claim(&self, claim: PendingClaim) {
        let _ = self.claim.set(claim);
    }

    /// Returns the nonce that the client has to use next, if it has to change it.
    pub(crate) fn nonce(&self) -> Option<&HeaderValue> {
        self.nonce.get()
    }

    /// Notes the nonce that the client has to use next.
    pub(crate) fn set_nonce(&self, nonce: HeaderValue) {
        let _ = self.nonce.set(nonce);
    }

    /// Returns what says that the proof is fresh, or `None` if no proof was verified.
    pub(crate) fn freshness(&self) -> Option<Freshness> {
        self.freshness.get().copied()
    }

    /// Notes what says that the proof is fresh.
    pub(crate) fn set_freshness(&self, freshness: Freshness) {
        let _ = self.freshness.set(freshness);
    }
}

impl HandOver for ProofNotes {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_diagnosis(&self) -> bool {
        false
    }
}
