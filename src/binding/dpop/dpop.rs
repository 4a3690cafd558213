//! The check of DPoP proofs.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::check;
use super::counts::Outcome;
use super::fault::Fault;
use super::settings::{DpopFacts, Settings};

use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::error::{Rejection, RejectionKind};
use crate::event::Event;
use crate::metrics::{Counted, Metrics};
use crate::now_or_later::NowOrLater;
use crate::validator::{PendingClaim, ProofNotes, Proofs};

/// The check of DPoP proofs (RFC 9449 section 4.3): what a client has to send with each request whose
/// token is bound to a key. Cheap to clone.
///
/// A proof passes only if all of these hold, in this order:
///
/// 1. there is one header `DPoP`, and it is a signed JWT of at most 8 KiB in its only spelling;
/// 2. its `typ` is `dpop+jwt`, its `alg` is one of the
///    [algorithms](crate::binding::DpopBuilder::algorithms), and its `jwk` is a public key for it;
/// 3. the key is the one that the token is bound to (`jkt`);
/// 4. `htm` is the method, `htu` the configured [address](Dpop::at) with the path of the request, and
///    `ath` the hash of the token;
/// 5. `nonce` is one of this service, where [nonces](crate::binding::DpopBuilder::nonces) are demanded; else `iat` is
///    [recent](crate::binding::DpopBuilder::window);
/// 6. its signature is valid;
/// 7. its `jti` was not used before with this key.
///
/// What is cheap is checked first, and nothing is remembered of a proof that is refused.
#[derive(Clone)]
pub struct Dpop(pub(super) Arc<Settings>);

/// A verified proof, whose mark is still to be claimed.
pub(crate) struct VerifiedProof(PendingClaim);

impl Dpop {
    /// Returns the counters of the proofs: what became of them, and how many nonces were sent.
    pub fn metrics(&self) -> Metrics {
        let counts: Arc<dyn Counted> = Arc::clone(&self.0.counts) as _;
        Metrics::new(vec![counts])
    }

    /// Returns what is checked, for challenges and metadata.
    pub(crate) fn proofs(&self) -> Proofs {
        let nonces = self.0.nonces.as_ref();
        Proofs::dpop(self.0.algorithms.iter())
            .with_own_nonces(nonces.is_some_and(|nonces| !nonces.is_shared()))
    }

    /// Returns how proofs are checked, for a profile.
    pub(crate) fn facts(&self) -> DpopFacts {
        self.0.facts()
    }

    /// Returns a nonce for a client that has presented no credential.
    pub(crate) fn first_nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        let nonce = self.0.nonces.as_ref()?.current(now);
        self.0.counts.nonces.add(1);
        Some(nonce)
    }

    /// Verifies the proof of a request, except that it was not used before.
    ///
    /// A gate whose store has to wait asks twice; the second time the proof is known.
    pub(crate) fn verify(
        &self,
        jkt: &[u8; 32],
        presented: &PresentedCredential<'_>,
    ) -> Result<VerifiedProof, Rejection> {
        let notes = notes(presented);
        if let Some(claim) = notes.and_then(ProofNotes::claim) {
            return Ok(VerifiedProof(claim));
        }
        let Some(now) = presented.now().or_else(|| self.0.clock.now()) else {
            return Err(RejectionKind::Unavailable.into());
        };
        match check::check(&self.0, jkt, presented, now) {
            Ok(checked) => {
                if let Some(notes) = notes {
                    notes.set_claim(checked.claim.clone());
                    notes.set_freshness(checked.freshness);
                }
                Ok(VerifiedProof(checked.claim))
            }
            Err(fault) => Err(self.refused(fault, now)),
        }
    }

    fn refused(&self, fault: Fault, now: UnixTime) -> Rejection {
        if fault.is_presented() {
            self.0.counts.add(Outcome::of(fault.kind()));
            if let Some(observer) = &self.0.observer {
                observer.observe(&Event::ProofRefused { step: fault.step() });
            }
        }
        let rejection = fault.into_rejection();
        match &self.0.nonces {
            Some(nonces) if rejection.kind() == RejectionKind::NonceRequired => {
                self.0.counts.nonces.add(1);
                rejection.with_nonce(nonces.current(now))
            }
            _ => rejection,
        }
    }

    /// Claims a verified proof, which only the first request with it can.
    pub(crate) fn claim<'a>(
        &'a self,
        proof: VerifiedProof,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let Some(now) = presented.now().or_else(|| self.0.clock.now()) else {
            return NowOrLater::now(Err(RejectionKind::Unavailable.into()));
        };
        let VerifiedProof(PendingClaim { mark, until, nonce }) = proof;
        // An explanation uses nothing up.
        if presented.is_diagnosis() {
            return NowOrLater::now(Ok(()));
        }
        let Some(store) = &self.0.replays else {
            return NowOrLater::now(self.accepted(nonce, presented));
        };
        let claimed = store.claim(mark, until, now);
        claimed.map(move |claimed| match claimed {
            Ok(true) => self.accepted(nonce, presented),
            Ok(false) => Err(self.refused(Fault::REPLAYED, now)),
            Err(error) => {
                self.0.counts.add(Outcome::Unavailable);
                Err(error.into())
            }
        })
    }

    fn accepted(
        &self,
        nonce: Option<HeaderValue>,
        presented: &PresentedCredential<'_>,
    ) -> Result<(), Rejection> {
        self.0.counts.add(Outcome::Accepted);
        if let (Some(nonce), Some(notes)) = (nonce, notes(presented)) {
            self.0.counts.nonces.add(1);
            notes.set_nonce(nonce);
        }
        Ok(())
    }
}

/// Returns the notes of a gate.
fn notes<'a>(presented: &PresentedCredential<'a>) -> Option<&'a ProofNotes> {
    presented.hand_over()?.as_any().downcast_ref()
}

impl fmt::Debug for Dpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dpop")
            .field("urls", &self.0.urls)
            .field("algorithms", &self.0.algorithms)
            .field("window", &self.0.window)
            .field("nonces", &self.0.nonces)
            .field("replays", &self.0.replays)
            .finish_non_exhaustive()
    }
}
