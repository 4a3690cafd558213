//! The methods that a binding checks.

use http::HeaderValue;

use super::certificate;
use super::dpop::Dpop;
use super::matrix::Demand;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::error::{Rejection, RejectionKind};
use crate::now_or_later::NowOrLater;
use crate::principal::Confirmation;
use crate::validator::{Proofs, SenderConstraint};

/// The methods that a binding checks.
#[derive(Debug)]
pub(crate) struct Methods {
    pub(super) dpop: Option<Dpop>,
    pub(super) certificates: bool,
    pub(super) required: bool,
}

impl SenderConstraint for Methods {
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let demand = Demand::new(presented.credential().scheme(), confirmation);
        let checked = match demand {
            Demand::Nothing => self.check_unbound(presented),
            Demand::Certificate if !self.certificates => Err(Demand::without_method()),
            Demand::Certificate => {
                certificate::check(confirmation, presented).map_err(Rejection::needing_certificate)
            }
            Demand::Proof { and_certificate } => {
                return self.check_proof(confirmation, presented, and_certificate);
            }
            Demand::Downgraded => Err(Demand::downgraded()),
            Demand::NotDpop => Err(RejectionKind::BindingMismatch.into()),
        };
        NowOrLater::now(checked)
    }

    fn check_unbound(&self, _: &PresentedCredential<'_>) -> Result<(), Rejection> {
        match self.required {
            true => {
                let rejection = Rejection::new(RejectionKind::BindingRequired);
                Err(match self.dpop {
                    Some(_) => rejection,
                    None => rejection.needing_certificate(),
                })
            }
            false => Ok(()),
        }
    }

    fn proofs(&self) -> Proofs {
        let dpop = self.dpop.as_ref();
        let dpop = dpop.map_or(Proofs::NONE, Dpop::proofs);
        let both = match self.certificates {
            true => dpop.and(Proofs::CERTIFICATE),
            false => dpop,
        };
        match self.required {
            true => both.required(),
            false => both,
        }
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        self.dpop.as_ref()?.first_nonce(now)
    }
}

impl Methods {
    /// Checks the proof, then the certificate, and claims the proof last: one that is refused for
    /// another reason is not used up.
    fn check_proof<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
        and_certificate: bool,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        let (Some(dpop), Some(jkt)) = (&self.dpop, confirmation.jkt()) else {
            return NowOrLater::now(Err(RejectionKind::BindingRequired.into()));
        };
        if and_certificate && !self.certificates {
            return NowOrLater::now(Err(RejectionKind::BindingRequired.into()));
        }
        let claim = match dpop.verify(jkt, presented) {
            Ok(claim) => claim,
            Err(rejection) => return NowOrLater::now(Err(rejection)),
        };
        if and_certificate && let Err(rejection) = certificate::check(confirmation, presented) {
            return NowOrLater::now(Err(rejection));
        }
        dpop.claim(claim, presented)
    }
}
