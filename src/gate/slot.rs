//! Slots of a gate: the places of one credential, and the validators that take it.

use std::sync::Arc;

use http::HeaderValue;

use crate::clock::UnixTime;
use crate::credential::{Place, PresentedCredential, Scheme, Sources};
use crate::error::{Rejection, RejectionKind};
use crate::now_or_later::{NowOrLater, all_ok, ask};
use crate::principal::Principal;
use crate::request::RequestFacts;
use crate::revocation_list::RevocationList;
use crate::validator::{Freshness, PendingProof, ProofNotes, ProofPlace, Router, TokenValidator};

/// Places, validators and revocation lists of one credential.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) sources: Sources,
    pub(super) router: Router,
    pub(super) revocations: Vec<Arc<dyn RevocationList>>,
    /// Whether several outside authorities are trusted that are not equal.
    pub(super) has_contested_ids: bool,
}

/// The owner of a slot's credential.
pub(super) struct SlotCaller {
    pub(super) principal: Principal,
    pub(super) in_query: bool,
    pub(super) scheme: Scheme,
    /// Of a token that is bound to a key.
    pub(super) proof: Option<PendingProof>,
    /// Whether another outside authority may use the same ids.
    pub(super) has_contested_ids: bool,
}

/// What the checks of the proofs of one request have found out.
#[derive(Debug, Default)]
pub(super) struct Proven {
    /// The nonce that the client has to use next, if it has to change it.
    pub(super) nonce: Option<HeaderValue>,
    /// What says that the proof is fresh, if there is one.
    pub(super) freshness: Option<Freshness>,
}

impl Proven {
    fn new(notes: &ProofNotes) -> Self {
        Self {
            nonce: notes.nonce().cloned(),
            freshness: notes.freshness(),
        }
    }

    /// Joins what the proofs of both slots have found out.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            nonce: self.nonce.or(other.nonce),
            freshness: self.freshness.or(other.freshness),
        }
    }
}

/// `Ok(None)` for a slot without a credential.
type SlotResult = Result<Option<SlotCaller>, Rejection>;

impl Slot {
    /// Returns the owner of the slot's credential only if its validator accepts it and no list
    /// has it revoked. The proof of a bound token is still to be checked.
    pub(super) fn authenticate<'a>(
        &'a self,
        facts: RequestFacts<'a>,
        now: UnixTime,
    ) -> NowOrLater<'a, SlotResult> {
        ask!(
            where place = Ok(ProofPlace::default());
            where presented = self
                .extract(&facts, now, &place)
                .map_err(|rejection| rejection.map_or(Ok(None), Err));
            self.router.validate(&presented),
            |validated| match validated {
                Ok(principal) => {
                    let caller = self.caller(principal, &presented);
                    let checked = self.check_revocations(caller);
                    match place.into_proof() {
                        None => checked,
                        Some(proof) => self.await_proof(checked, proof, facts, now),
                    }
                }
                Err(rejection) => NowOrLater::now(Err(rejection)),
            }
        )
    }

    /// Adds the proof that is still to be checked. That a token is revoked is told only to a client that
    /// proves possession, for whom nothing comes after.
    fn await_proof<'a>(
        &'a self,
        checked: NowOrLater<'a, SlotResult>,
        proof: PendingProof,
        facts: RequestFacts<'a>,
        now: UnixTime,
    ) -> NowOrLater<'a, SlotResult> {
        checked.then(move |checked| match checked {
            Ok(caller) => {
                let proof = Some(proof);
                NowOrLater::now(Ok(caller.map(|caller| SlotCaller { proof, ..caller })))
            }
            Err(rejection) if rejection.kind() == RejectionKind::TokenRevoked => self
                .check_proof(proof, facts, now)
                .map(|proven| proven.and(Err(rejection))),
            Err(rejection) => NowOrLater::now(Err(rejection)),
        })
    }

    /// Checks the proof of the slot's token. The credential is extracted a second time, which has
    /// no effect, because a future that borrows from itself could not be returned.
    pub(super) fn check_proof<'a>(
        &'a self,
        proof: PendingProof,
        facts: RequestFacts<'a>,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<Proven, Rejection>> {
        ask!(
            where presented = self.proven(&facts, now, &proof);
            proof.check(&presented),
            |checked| NowOrLater::now(checked.map(|()| Proven::new(proof.notes())))
        )
    }

    fn proven<'r>(
        &'r self,
        facts: &'r RequestFacts<'r>,
        now: UnixTime,
        proof: &'r PendingProof,
    ) -> Result<PresentedCredential<'r>, Result<Proven, Rejection>> {
        let presented = self.sources.extract(facts).map_err(Err)?;
        Ok(presented.at(now).with_hand_over(proof.notes()))
    }

    pub(super) fn caller(
        &self,
        principal: Principal,
        presented: &PresentedCredential<'_>,
    ) -> SlotCaller {
        SlotCaller {
            principal,
            in_query: matches!(presented.place(), Place::Query(_)),
            scheme: presented.credential().scheme(),
            proof: None,
            has_contested_ids: self.has_contested_ids && self.router.is_outside(presented),
        }
    }

    fn check_revocations(&self, caller: SlotCaller) -> NowOrLater<'_, SlotResult> {
        let checked = all_ok(self.revocations.iter(), caller, |list, caller| {
            list.check_revocation(&caller.principal)
        });
        checked.map(|checked| checked.map(Some))
    }

    /// Returns the credential, or `None` as the error if there is none. A validator's own
    /// `credential_missing` is a rejection like any other, so only the places decide that.
    fn extract<'r>(
        &'r self,
        facts: &'r RequestFacts<'r>,
        now: UnixTime,
        place: &'r ProofPlace,
    ) -> Result<PresentedCredential<'r>, Option<Rejection>> {
        match self.sources.extract(facts) {
            Ok(presented) => Ok(presented.at(now).with_hand_over(place)),
            Err(rejection) if rejection.kind() == RejectionKind::CredentialMissing => Err(None),
            Err(rejection) => Err(Some(rejection)),
        }
    }
}
