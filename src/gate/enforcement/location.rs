//! Steps 1 to 4: time, origin, address lists, lock-out.

use std::time::Duration;

use super::Stop;
use super::enforced::Enforcement;
use super::state::RequestState;
use crate::clock::UnixTime;
use crate::error::{Rejection, RejectionKind};
use crate::event::Event;
use crate::gate::Gate;
use crate::limit::LockStanding;
use crate::request::RequestFacts;
use crate::validator::{ProofPlace, TokenValidator};

impl Enforcement {
    /// Steps 1 to 4.
    pub(super) fn locate<'a>(
        &self,
        gate: &Gate,
        facts: RequestFacts<'a>,
    ) -> (RequestFacts<'a>, RequestState, Result<(), Stop>) {
        let Some(mut state) = self.timed(gate) else {
            let state = RequestState::new(None, 0, Duration::ZERO);
            return (facts, state, Err(Stop::no_time()));
        };
        let facts = self.located(facts, &mut state);
        let begun = self
            .admits_origin(&state)
            .and_then(|()| self.admits_source(gate, facts, &state));
        (facts, state, begun)
    }

    /// Step 1: the time of the request, read once.
    pub(super) fn timed(&self, gate: &Gate) -> Option<RequestState> {
        let clock = &gate.0.clock;
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
    pub(super) fn located<'a>(
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
        if let Some(problem) = state.origin.problem() {
            self.counts.address_problem(problem);
            if let Some(observer) = &self.observer
                && let Some(count) = self.forwarded.admit(state.at, 1)
            {
                let problem = problem.as_str();
                observer.observe(&Event::ForwardedUnusable { problem, count });
            }
        }
        facts.located(state.origin.address())
    }

    /// The rest of step 1, and step 3.
    fn admits_origin(&self, state: &RequestState) -> Result<(), Stop> {
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
    fn admits_source(
        &self,
        gate: &Gate,
        facts: RequestFacts<'_>,
        state: &RequestState,
    ) -> Result<(), Stop> {
        let Some(lock_out) = &self.lock_out else {
            return Ok(());
        };
        let LockStanding::Locked { ends_in } = lock_out.standing(state.origin.source(), state.at)
        else {
            return Ok(());
        };
        if lock_out.spares_known() && self.knows_callers(gate, facts, state) {
            lock_out.count_spared();
            return Ok(());
        }
        Err(Stop::Locked(ends_in))
    }

    /// Returns whether every slot has a credential whose owner is known.
    fn knows_callers(&self, gate: &Gate, facts: RequestFacts<'_>, state: &RequestState) -> bool {
        let Some(now) = state.now else {
            return false;
        };
        gate.0.slots.iter().all(|slot| {
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
