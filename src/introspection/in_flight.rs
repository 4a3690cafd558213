//! Calls in flight: one for each token, and not too many.

use std::collections::HashMap;
use std::sync::Arc;

use super::Inner;
use super::Question;
use super::breaker::Breaker;
use super::breaker::Pass;
use super::breaker::Sign;
use super::cache::Digest;
use super::cache::Found;
use crate::error::Rejection;
use crate::event::Event;
use crate::limits;
use crate::principal::Principal;
use crate::single_flight;
use crate::single_flight::Leader;
use crate::single_flight::Waiter;

/// What a flight comes to.
#[derive(Clone)]
pub(super) enum Outcome {
    /// The token was invalidated meanwhile: ask again.
    Overtaken,
    Verdict(Result<Principal, Rejection>),
}

/// What leads to a verdict.
pub(super) enum Step {
    Known(Result<Principal, Rejection>),
    Wait(Waiter<Outcome>),
}

#[derive(Default)]
pub(super) struct State {
    breaker: Breaker,
    /// Calls by token, but for those that were invalidated.
    flights: HashMap<Digest, Flight>,
    /// All calls that have not ended.
    calls: usize,
    next: u64,
}

struct Flight {
    number: u64,
    follow: Waiter<Outcome>,
}

/// The right and duty to make one call.
pub(super) struct Ticket {
    number: u64,
    pass: Pass,
    lead: Leader<Outcome>,
}

impl State {
    pub(super) fn flight(&self, digest: &Digest) -> Option<Waiter<Outcome>> {
        Some(self.flights.get(digest)?.follow.clone())
    }

    /// Begins a call, or says why none may be made.
    pub(super) fn take_off(
        &mut self,
        question: &Question,
        abandoned: Rejection,
    ) -> Result<(Ticket, Waiter<Outcome>), &'static str> {
        if self.calls >= limits::INTROSPECTION_CALLS {
            return Err("too many calls are in flight");
        }
        let pass = self.breaker.admit(question.now);
        let pass = pass.ok_or("the endpoint is left alone for a moment: it did not answer")?;
        let (lead, follow) = single_flight::start(Outcome::Verdict(Err(abandoned)));
        self.calls += 1;
        self.next += 1;
        let flight = Flight {
            number: self.next,
            follow: follow.clone(),
        };
        self.flights.insert(question.digest, flight);
        let ticket = Ticket {
            number: self.next,
            pass,
            lead,
        };
        Ok((ticket, follow))
    }

    /// Ends a call; returns whether its outcome still counts.
    fn land(&mut self, digest: &Digest, number: u64) -> bool {
        self.calls = self.calls.saturating_sub(1);
        let is_current = self.flights.get(digest).is_some_and(|f| f.number == number);
        if is_current {
            self.flights.remove(digest);
        }
        is_current
    }

    pub(super) fn forget(&mut self, digest: &Digest) {
        self.flights.remove(digest);
    }

    pub(super) fn forget_all(&mut self) {
        self.flights.clear();
    }
}

/// A call under way. If it is dropped, whoever waits for it learns of that.
pub(super) struct Landing {
    inner: Arc<Inner>,
    question: Arc<Question>,
    ticket: Option<Ticket>,
}

impl Landing {
    pub(super) fn new(inner: Arc<Inner>, question: Arc<Question>, ticket: Ticket) -> Self {
        Self {
            inner,
            question,
            ticket: Some(ticket),
        }
    }

    /// Makes the call to its end.
    pub(super) async fn fly(mut self) {
        let (found, sign) = self.inner.judge(&self.question).await;
        if let Some(ticket) = self.ticket.take() {
            self.land(ticket, found, sign);
        }
    }

    /// Records the outcome before anybody else can begin the next call for the token.
    fn land(&self, ticket: Ticket, found: Found, sign: Sign) {
        let inner = &*self.inner;
        let now = inner.clock.now().unwrap_or(self.question.now);
        let mut state = inner.lock();
        let counts = state.land(&self.question.digest, ticket.number);
        let opens = state.breaker.note(ticket.pass, sign, now);
        if counts {
            inner
                .memory
                .note(self.question.digest, &found, self.question.now);
        }
        drop(state);
        if opens {
            let authority = inner.rules.authority.as_str();
            inner.observe(&Event::CircuitOpened { authority });
        }
        ticket.lead.complete(match counts {
            true => Outcome::Verdict(found.verdict),
            false => Outcome::Overtaken,
        });
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        let mut state = self.inner.lock();
        state.land(&self.question.digest, ticket.number);
        let now = self.question.now;
        state.breaker.note(ticket.pass, Sign::Nothing, now);
        // The lead settles the flight as abandoned, not under the lock.
        drop(state);
    }
}
