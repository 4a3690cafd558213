//! Proofs of possession: when the sender constraint of an accepted token is asked.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use super::SenderConstraint;
use super::proof_notes::ProofNotes;
use super::scheme::check_principal;
use crate::credential::{HandOver, PresentedCredential};
use crate::error::Rejection;
use crate::now_or_later::{NowOrLater, ask};
use crate::principal::Principal;

/// A sender constraint that has still to be asked about an accepted token.
pub(crate) struct PendingProof {
    constraint: Arc<dyn SenderConstraint>,
    /// What the validator of the token has returned. A validator that calls that one may return
    /// another principal; the token stays bound to the same key.
    principal: Principal,
    notes: ProofNotes,
}

impl PendingProof {
    /// Returns the notes of the constraint, which the presented credential has to carry.
    pub(crate) const fn notes(&self) -> &ProofNotes {
        &self.notes
    }

    /// Asks the constraint. A result that is ready may have used up the proof.
    pub(crate) fn check<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        match self.principal.confirmation() {
            Some(confirmation) => self.constraint.check(confirmation, presented),
            None => NowOrLater::now(Ok(())),
        }
    }
}

/// The place that a gate lends a validator for the constraint of the token.
///
/// A proof may be good for one check only, so the gate asks for it after everything that may have
/// to wait.
#[derive(Default)]
pub(crate) struct ProofPlace {
    proof: OnceLock<PendingProof>,
    is_diagnosis: bool,
}

impl HandOver for ProofPlace {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_diagnosis(&self) -> bool {
        self.is_diagnosis
    }
}

impl ProofPlace {
    /// Makes a place for an explanation, in which a proof is never asked for.
    pub(crate) const fn for_diagnosis() -> Self {
        Self {
            proof: OnceLock::new(),
            is_diagnosis: true,
        }
    }

    /// Returns what the validator has left here.
    pub(crate) fn into_proof(self) -> Option<PendingProof> {
        self.proof.into_inner()
    }

    /// Leaves a constraint here; returns false if there is another one already. The same one about
    /// the same keys is asked once, because a proof is good for one check.
    fn leave(&self, constraint: &Arc<dyn SenderConstraint>, principal: &Principal) -> bool {
        if let Some(own) = self.proof.get() {
            return Arc::ptr_eq(&own.constraint, constraint)
                && own.principal.confirmation() == principal.confirmation();
        }
        let proof = PendingProof {
            constraint: Arc::clone(constraint),
            principal: principal.clone(),
            notes: ProofNotes::default(),
        };
        self.proof.set(proof).is_ok()
    }
}

/// Checks possession of the key that an accepted token is bound to, if it is bound, or leaves that
/// to the caller, if the credential has a [`ProofPlace`].
pub(crate) fn constrain<'a>(
    constraint: Option<&'a Arc<dyn SenderConstraint>>,
    validated: Result<Principal, Rejection>,
    presented: &'a PresentedCredential<'a>,
) -> NowOrLater<'a, Result<Principal, Rejection>> {
    let Ok(principal) = &validated else {
        return NowOrLater::now(validated);
    };
    if let Err(kind) = check_principal(presented.credential().scheme(), principal) {
        return NowOrLater::now(Err(kind.into()));
    }
    let Some(constraint) = constraint else {
        return NowOrLater::now(validated);
    };
    let Some(confirmation) = principal.confirmation() else {
        return NowOrLater::now(constraint.check_unbound(presented).and(validated));
    };
    let place = presented.hand_over();
    let place = place.and_then(|place| place.as_any().downcast_ref::<ProofPlace>());
    if place.is_some_and(|place| place.leave(constraint, principal) || place.is_diagnosis) {
        return NowOrLater::now(validated);
    }
    let confirmation = *confirmation;
    ask!(constraint.check(&confirmation, presented), |checked| {
        NowOrLater::now(checked.and(validated))
    })
}
