//! What the steps of a request share: slots, authorizer, clock, observer and the form of refusals.

use std::sync::Arc;

use super::report::{report_admitted, report_refused};
use super::slots::Slots;
use super::stop::Stop;
use crate::clock::Clock;
use crate::error::RejectionKind;
use crate::event::Observer;
use crate::http_response::{ChallengeParams, Refusal, ResponseConfig};
use crate::policy::Authorizer;
use crate::principal::Principal;

/// What all steps of a request use.
#[derive(Clone, Debug)]
pub(super) struct GateCore {
    pub(super) slots: Arc<Slots>,
    pub(super) authorizer: Arc<dyn Authorizer>,
    pub(super) challenge: ResponseConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl GateCore {
    /// Returns the refusal of a request that was stopped.
    pub(super) fn refusal(&self, stop: Stop) -> Refusal {
        let challenge = &self.challenge;
        match stop {
            Stop::Rejected(rejection) => challenge.respond_to(rejection),
            Stop::Denied(decision) => challenge.deny(decision),
            Stop::Limited(exceeded) => challenge.exceeded(&exceeded),
            Stop::Locked(wait) => {
                let params = ChallengeParams::new().with_retry_after(wait);
                challenge
                    .respond_to(RejectionKind::LockedOut)
                    .with_params(params)
            }
        }
    }

    pub(super) fn report_admitted(&self, caller: &Principal) {
        report_admitted(self.observer.as_deref(), caller);
    }

    pub(super) fn report_refused(&self, refusal: &Refusal, caller: Option<&Principal>) {
        report_refused(self.observer.as_deref(), refusal, caller);
    }
}
