//! Slots of a gate: the places of one credential, and the validators that take it.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::credential::{Place, PresentedCredential, Sources};
use crate::error::{Rejection, RejectionKind};
use crate::now_or_later::{NowOrLater, all_ok, ask};
use crate::principal::Principal;
use crate::request::RequestFacts;
use crate::revocation_list::RevocationList;
use crate::validator::{Router, TokenValidator};

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
    /// Whether another outside authority may use the same ids.
    pub(super) has_contested_ids: bool,
}

/// `Ok(None)` for a slot without a credential.
type SlotResult = Result<Option<SlotCaller>, Rejection>;

impl Slot {
    /// Returns the owner of the slot's credential only if its validator accepts it and no list
    /// has it revoked.
    pub(super) fn authenticate<'a>(
        &'a self,
        facts: RequestFacts<'a>,
        now: UnixTime,
    ) -> NowOrLater<'a, SlotResult> {
        // A validator that has answered may have used up a proof of possession: a list that has
        // to wait must not cause a second call.
        ask!(
            where presented = self.extract(&facts, now);
            self.router.validate(&presented),
            |validated| match validated {
                Ok(principal) => self.check_revocations(self.caller(principal, &presented)),
                Err(rejection) => NowOrLater::now(Err(rejection)),
            }
        )
    }

    fn caller(&self, principal: Principal, presented: &PresentedCredential<'_>) -> SlotCaller {
        SlotCaller {
            principal,
            in_query: matches!(presented.place(), Place::Query(_)),
            has_contested_ids: self.has_contested_ids && self.router.is_outside(presented),
        }
    }

    fn check_revocations(&self, caller: SlotCaller) -> NowOrLater<'_, SlotResult> {
        let checked = all_ok(self.revocations.iter(), caller, |list, caller| {
            list.check_revocation(&caller.principal)
        });
        checked.map(|checked| checked.map(Some))
    }

    /// A validator's own `credential_missing` is a rejection like any other, so only the places
    /// decide whether there is a credential.
    fn extract<'r>(
        &'r self,
        facts: &'r RequestFacts<'r>,
        now: UnixTime,
    ) -> Result<PresentedCredential<'r>, SlotResult> {
        match self.sources.extract(facts) {
            Ok(presented) => Ok(presented.at(now)),
            Err(rejection) if rejection.kind() == RejectionKind::CredentialMissing => Err(Ok(None)),
            Err(rejection) => Err(Err(rejection)),
        }
    }
}
