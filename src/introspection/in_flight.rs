//! The calls in flight: at most one for each token, and a limited number in all.

use std::collections::HashMap;

use super::breaker::{Attempt, Breaker, CallOutcome};
use super::cache::Digest;
use super::response::EndpointProblem;
use crate::clock::UnixTime;
use crate::error::Rejection;
use crate::principal::Principal;
use crate::single_flight::{Leader, Waiter};
use crate::{limits, single_flight};

/// The result of a call, for those that wait for it.
#[derive(Clone)]
pub(super) enum CallResult {
    Done(Result<Principal, Rejection>),
    /// The token was invalidated during the call, so the endpoint has to be asked again.
    Invalidated,
}

/// The calls in flight, and the circuit breaker that they share.
#[derive(Default)]
pub(super) struct Calls {
    breaker: Breaker,
    /// Calls by token, without those whose token was invalidated.
    by_token: HashMap<Digest, PendingCall>,
    /// All calls that have not ended.
    count: usize,
    last_number: u64,
}

struct PendingCall {
    number: u64,
    waiter: Waiter<CallResult>,
}

/// The permission to make one call, and the duty to report its result.
pub(super) struct CallPermit {
    number: u64,
    attempt: Attempt,
    leader: Leader<CallResult>,
}

impl Calls {
    /// Returns the call in flight for a token, to wait for it.
    pub(super) fn waiter(&self, digest: &Digest) -> Option<Waiter<CallResult>> {
        Some(self.by_token.get(digest)?.waiter.clone())
    }

    /// Starts a call for a token, or returns why none may be made. `abandoned` is its result if it
    /// is dropped.
    pub(super) fn start(
        &mut self,
        digest: Digest,
        now: UnixTime,
        abandoned: Rejection,
    ) -> Result<(CallPermit, Waiter<CallResult>), EndpointProblem> {
        if self.count >= limits::INTROSPECTION_CALLS {
            return Err(TOO_MANY);
        }
        let attempt = self.breaker.attempt(now);
        let attempt = attempt.ok_or(FAILED)?;
        let (leader, waiter) = single_flight::start(CallResult::Done(Err(abandoned)));
        self.count += 1;
        self.last_number += 1;
        let pending = PendingCall {
            number: self.last_number,
            waiter: waiter.clone(),
        };
        self.by_token.insert(digest, pending);
        let permit = CallPermit {
            number: self.last_number,
            attempt,
            leader,
        };
        Ok((permit, waiter))
    }

    /// Ends a call; returns false if its token was invalidated meanwhile.
    pub(super) fn finish(&mut self, digest: &Digest, permit: &CallPermit) -> bool {
        self.count = self.count.saturating_sub(1);
        let pending = self.by_token.get(digest);
        let is_current = pending.is_some_and(|call| call.number == permit.number);
        if is_current {
            self.by_token.remove(digest);
        }
        is_current
    }

    /// Records the outcome of a call; returns true if this opens the circuit.
    pub(super) fn record(
        &mut self,
        permit: &CallPermit,
        outcome: CallOutcome,
        now: UnixTime,
    ) -> bool {
        self.breaker.record(permit.attempt, outcome, now)
    }

    /// Detaches the call for a token: its result is not used for later requests.
    pub(super) fn invalidate(&mut self, digest: &Digest) {
        self.by_token.remove(digest);
    }

    pub(super) fn invalidate_all(&mut self) {
        self.by_token.clear();
    }
}

impl CallPermit {
    /// Gives the result to all that wait for the call.
    pub(super) fn settle(self, result: CallResult) {
        self.leader.complete(result);
    }
}

const TOO_MANY: EndpointProblem = EndpointProblem::new(
    "too many calls of the endpoint are in flight (64)",
)
.remedy("find out why its answers take long; fewer calls are made with a longer `fresh_for`");
const FAILED: EndpointProblem =
    EndpointProblem::new("the endpoint failed repeatedly and is not called now")
        .remedy("look at the state of the provider; it is called again after 5 seconds");
