//! The slots of a gate, the accepted callers of one request, and the proofs of their tokens.

use super::admitted::Authenticated;
use super::slot::{Proven, Slot, SlotCaller};
use crate::clock::UnixTime;
use crate::error::{Rejection, RejectionKind};
use crate::now_or_later::NowOrLater;
use crate::request::RequestFacts;
use crate::validator::PendingProof;

/// The slot of the caller, and that of the calling application if the gate has one.
#[derive(Debug)]
pub(super) struct Slots {
    pub(super) user: Slot,
    pub(super) client: Option<Slot>,
}

/// The accepted callers in the slots of one request.
pub(super) struct Callers {
    now: UnixTime,
    user: Option<SlotCaller>,
    client: Option<SlotCaller>,
}

/// The proofs that are still to be checked for the callers of one request.
pub(super) struct Proofs {
    now: UnixTime,
    user: Option<PendingProof>,
    client: Option<PendingProof>,
}

impl Slots {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.client.iter().chain([&self.user])
    }

    /// Authenticates the credentials of all slots; a slot may be empty.
    pub(super) fn authenticate<'a>(
        &'a self,
        facts: RequestFacts<'a>,
        now: UnixTime,
    ) -> NowOrLater<'a, Result<(Callers, Proofs), Rejection>> {
        let user = self.user.authenticate(facts, now);
        user.and_then(move |user| match &self.client {
            Some(slot) => slot
                .authenticate(facts, now)
                .map(move |client| Ok(Callers::new(now, user, client?))),
            None => NowOrLater::now(Ok(Callers::new(now, user, None))),
        })
    }

    /// Returns the value only if each proof holds, with what the checks have found out.
    ///
    /// A constraint whose result is ready may have used up the proof. So nothing that may have to
    /// wait comes after it, and two constraints are asked by a future: if the second one had to
    /// wait, the first proof would be used up for a request without a result.
    pub(super) fn prove<'a, T: Send + 'a>(
        &'a self,
        proofs: Proofs,
        facts: RequestFacts<'a>,
        value: T,
    ) -> NowOrLater<'a, Result<(T, Proven), Rejection>> {
        let Proofs { now, user, client } = proofs;
        let user = user.map(|proof| (&self.user, proof));
        let client = self.client.as_ref().zip(client);
        let checked = match (user, client) {
            (None, None) => return NowOrLater::now(Ok((value, Proven::default()))),
            (Some((slot, proof)), None) | (None, Some((slot, proof))) => {
                slot.check_proof(proof, facts, now)
            }
            (Some(user), Some(client)) => NowOrLater::later(async move {
                let mut proven = Proven::default();
                for (slot, proof) in [user, client] {
                    proven = proven.or(slot.check_proof(proof, facts, now).await?);
                }
                Ok(proven)
            }),
        };
        checked.map(move |checked| checked.map(|proven| (value, proven)))
    }

    /// Requires a caller in every slot.
    pub(super) fn all_slots(&self, callers: Callers) -> Result<Authenticated, Rejection> {
        let user = callers.user.ok_or(RejectionKind::CredentialMissing)?;
        if self.client.is_some() && callers.client.is_none() {
            return Err(RejectionKind::CredentialMissing.into());
        }
        Ok(Authenticated::new(callers.now, user, callers.client))
    }
}

impl Proofs {
    /// Returns whether a proof is still to be checked.
    pub(super) const fn is_pending(&self) -> bool {
        self.user.is_some() || self.client.is_some()
    }
}

impl Callers {
    /// Separates the callers from their proofs.
    fn new(
        now: UnixTime,
        mut user: Option<SlotCaller>,
        mut client: Option<SlotCaller>,
    ) -> (Self, Proofs) {
        let proof = |caller: &mut Option<SlotCaller>| caller.as_mut()?.proof.take();
        let proofs = Proofs {
            now,
            user: proof(&mut user),
            client: proof(&mut client),
        };
        (Self { now, user, client }, proofs)
    }

    /// Returns true if the first slot has no credential.
    pub(super) const fn is_anonymous(&self) -> bool {
        self.user.is_none()
    }
}
