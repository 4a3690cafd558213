//! Steps 1 to 4: time, origin, address lists, lock-out.

use std::time::{Duration, Instant};

use super::enforced::Enforcement;
use super::state::RequestState;
use crate::clock::UnixTime;
use crate::error::{Rejection, RejectionKind};
use crate::event::Event;
use crate::gate::core::GateCore;
use crate::gate::stop::Stop;
use crate::limit::LockStanding;
use crate::metrics::Stage;
use crate::request::RequestFacts;
use crate::validator::{ProofPlace, TokenValidator};

/// Whether a source is admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::gate) enum SourceAdmission {
    Unlocked,
    /// It is locked out, and the callers are known.
    Spared,
    /// For this long.
    Locked(Duration),
}

impl Enforcement {
    /// Steps 1 to 4.
    pub(super) fn locate<'a>(
        &self,
        gate: &GateCore,
        facts: RequestFacts<'a>,
    ) -> (RequestFacts<'a>, RequestState, Result<(), Stop>) {
        let Some(mut state) = self.timed(gate) else {
            let state = RequestState::new(None, 0, Duration::ZERO);
            return (facts, state, Err(Stop::no_time()));
        };
        state.since = self.stages.as_ref().map(|_| Instant::now());
        let facts = self.located(facts, &mut state);
        self.report_origin(&state);
        let begun = self.admits_origin(&state);
        let begun = begun.and_then(|()| match self.admits_source(gate, facts, &state) {
            SourceAdmission::Unlocked => Ok(()),
            SourceAdmission::Spared => {
                if let Some(lock_out) = &self.lock_out {
                    lock_out.count_spared();
                }
                Ok(())
            }
            SourceAdmission::Locked(ends_in) => Err(Stop::Locked(ends_in)),
        });
        self.measure(&mut state, Stage::Address);
        (facts, state, begun)
    }

    /// Step 1: the time of the request, read once.
    pub(in crate::gate) fn timed(&self, gate: &GateCore) -> Option<RequestState> {
        let clock = &gate.clock;
        let (now, millis) = match &self.audit {
            Some(_) => {
                let millis = clock.unix_millis()?;
                (UnixTime::from_secs(millis / 1_000), millis)
            }
            None => {
                let now = clock.now()?;
                (now, now.as_secs().saturating_mul(1_000))
            }
        };
        Some(RequestState::new(Some(now), millis, clock.elapsed()?))
    }

    /// Step 2.
    pub(in crate::gate) fn located<'a>(
        &self,
        facts: RequestFacts<'a>,
        state: &mut RequestState,
    ) -> RequestFacts<'a> {
        state.is_encrypted = facts.is_encrypted();
        state.port = facts.peer().map(|peer| peer.port());
        let Some(proxies) = &self.proxies else {
            return facts;
        };
        state.origin = proxies.locate(&facts);
        if state.origin.via().is_some() {
            // The port and the encryption of the peer are those of the proxy.
            state.port = None;
            state.is_encrypted = state.origin.is_encrypted();
        }
        facts.located(state.origin.address())
    }

    /// Counts and reports an address that is unknown.
    fn report_origin(&self, state: &RequestState) {
        let Some(problem) = state.origin.problem() else {
            return;
        };
        self.counts.address_problem(problem.as_str());
        if let Some(observer) = &self.observer
            && let Some(count) = self.forwarded.admit(state.at, 1)
        {
            let problem = problem.as_str();
            observer.observe(&Event::ForwardedUnusable { problem, count });
        }
    }

    /// The rest of step 1, and step 3.
    pub(in crate::gate) fn admits_origin(&self, state: &RequestState) -> Result<(), Stop> {
        if self.audit.as_ref().is_some_and(|audit| !audit.has_room()) {
            let rejection = Rejection::new(RejectionKind::Unavailable);
            return Err(Stop::Rejected(rejection.with_source(AUDIT_FULL)));
        }
        if self.requires_tls && state.is_encrypted != Some(true) {
            return Err(Stop::Rejected(RejectionKind::TlsRequired.into()));
        }
        let rules = self.addresses.as_ref();
        match rules.is_some_and(|rules| !rules.admits(state.origin.address())) {
            true => Err(Stop::Rejected(RejectionKind::AddressDenied.into())),
            false => Ok(()),
        }
    }

    /// Step 4. While a source is locked out, only callers are let in that are known without any work
    /// for an attacker to cause.
    pub(in crate::gate) fn admits_source(
        &self,
        gate: &GateCore,
        facts: RequestFacts<'_>,
        state: &RequestState,
    ) -> SourceAdmission {
        let Some(lock_out) = &self.lock_out else {
            return SourceAdmission::Unlocked;
        };
        match lock_out.standing(state.origin.source(), state.at) {
            LockStanding::Free => SourceAdmission::Unlocked,
            LockStanding::Locked { .. }
                if lock_out.spares_known() && self.knows_callers(gate, facts, state) =>
            {
                SourceAdmission::Spared
            }
            LockStanding::Locked { ends_in } => SourceAdmission::Locked(ends_in),
        }
    }

    /// Returns whether every slot has a credential whose owner is known.
    fn knows_callers(
        &self,
        gate: &GateCore,
        facts: RequestFacts<'_>,
        state: &RequestState,
    ) -> bool {
        let Some(now) = state.now else {
            return false;
        };
        gate.slots.iter().all(|slot| {
            let place = ProofPlace::for_diagnosis();
            let Ok(presented) = slot.sources.extract(&facts) else {
                return false;
            };
            let presented = presented.at(now).with_hand_over(&place);
            slot.router.recall(&presented).is_some()
        })
    }
}

const AUDIT_FULL: &str = "a required sink of the audit trail has no room for a record";
