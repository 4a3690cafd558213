//! The order of a request, from its facts to its answer.
//!
//! ```text
//!  1  time, and room in the audit trail       unavailable
//!  2  where the request came from
//!  3  TLS, address lists                      tls_required, address_denied
//!  4  lock-out of the source                  locked_out
//!  5  limits of the source and of everyone    rate_limited
//!  6  credentials, revocations                a rejection blames the source
//!  7  limits of the caller                    rate_limited
//!  8  policy                                  a denial is final, and its class is charged
//!  9  limits of the rule's class, quotas      rate_limited, quota_exhausted, credits_exhausted
//!     signature of the request                message_unsigned, message_signature_invalid
//!     proof of possession                     after all that may have to wait
//! 10  audit record, answer
//! ```
//!
//! Each step is a function that ends by calling the next one. What enforces steps 1 to 5, 7, 9 and
//! 10 is an [`Enforce`]: a gate without limits, lists and audit trail has [`Unenforced`], which costs
//! nothing.

use super::admitted::{Admitted, Authenticated};
use super::core::{GateCore, with_nonce};
use super::enforcement::Enforce;
use super::slots::{Callers, Proofs};
use super::stop::Stop;
use crate::http_response::Refusal;
use crate::metrics::Stage;
use crate::now_or_later::{NowOrLater, ask};
use crate::policy::{Authorizer, Decision};
use crate::request::RequestFacts;

/// One request on its way through a gate.
struct Passage<'a, E: Enforce> {
    gate: &'a GateCore,
    enforce: &'a E,
    facts: RequestFacts<'a>,
    state: E::State,
}

/// The answer of [`Gate::check`].
type Checked<'a> = NowOrLater<'a, Result<Admitted, Refusal>>;

/// The answer of [`Gate::authenticate`]; `None` is an anonymous caller.
type Identified<'a> = NowOrLater<'a, Result<Option<Authenticated>, Refusal>>;

/// Who may be let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Admission {
    /// Only callers with a credential in every slot.
    Known,
    /// Also anonymous callers.
    Anybody,
}

/// Checks a request: all steps.
#[inline]
pub(super) fn check<'a, E: Enforce>(
    gate: &'a GateCore,
    enforce: &'a E,
    facts: RequestFacts<'a>,
) -> Checked<'a> {
    Passage::begin(gate, enforce, facts).then(|begun| match begun {
        Ok(passage) => passage.check_credentials(),
        Err(refusal) => NowOrLater::now(Err(refusal)),
    })
}

/// Authenticates the caller: steps 1 to 7, and the proof of possession.
pub(super) fn authenticate<'a, E: Enforce>(
    gate: &'a GateCore,
    enforce: &'a E,
    facts: RequestFacts<'a>,
    admission: Admission,
) -> Identified<'a> {
    Passage::begin(gate, enforce, facts).then(move |begun| match begun {
        Ok(passage) => passage.identify(admission),
        Err(refusal) => NowOrLater::now(Err(refusal)),
    })
}

impl<'a, E: Enforce> Passage<'a, E> {
    /// Steps 1 to 5.
    #[inline]
    fn begin(
        gate: &'a GateCore,
        enforce: &'a E,
        facts: RequestFacts<'a>,
    ) -> NowOrLater<'a, Result<Self, Refusal>> {
        let (facts, state, begun) = enforce.begin(gate, facts);
        let passage = Self {
            gate,
            enforce,
            facts,
            state,
        };
        match begun {
            Ok(()) => passage.limit_source(),
            Err(stop) => passage.stop(None, stop).map(Err),
        }
    }

    /// Step 5.
    #[inline]
    fn limit_source(mut self) -> NowOrLater<'a, Result<Self, Refusal>> {
        ask!(self.enforce.limit_source(&mut self.state), |limited| {
            self.enforce.passed(&mut self.state, Stage::Limit);
            match limited {
                Ok(()) => NowOrLater::now(Ok(self)),
                Err(stop) => self.stop(None, stop).map(Err),
            }
        })
    }

    /// Step 6.
    #[inline]
    fn check_credentials(mut self) -> Checked<'a> {
        let Some(now) = E::now(&self.state) else {
            return self.stop(None, Stop::no_time()).map(Err);
        };
        let slots = &self.gate.slots;
        slots.authenticate(self.facts, now).then(move |found| {
            self.enforce.passed(&mut self.state, Stage::Validator);
            let found = found.and_then(|(callers, proofs)| Ok((slots.all_slots(callers)?, proofs)));
            match found {
                Ok((caller, proofs)) => self.limit_caller(caller, proofs),
                Err(rejection) => self.stop(None, Stop::Rejected(rejection)).map(Err),
            }
        })
    }

    /// Step 7.
    #[inline]
    fn limit_caller(mut self, caller: Authenticated, proofs: Proofs) -> Checked<'a> {
        ask!(
            self.enforce.limit_caller(&mut self.state, &caller),
            |limited| {
                self.enforce.passed(&mut self.state, Stage::Limit);
                match limited {
                    Ok(()) => self.decide(caller, proofs),
                    Err(stop) => self.stop(Some(caller), stop).map(Err),
                }
            }
        )
    }

    /// Step 8.
    #[inline]
    fn decide(mut self, caller: Authenticated, proofs: Proofs) -> Checked<'a> {
        ask!(
            where request = Ok(E::request(&self.state, &caller).with_facts(&self.facts));
            self.gate.authorizer.authorize(&request),
            |decision| {
                self.enforce.passed(&mut self.state, Stage::Policy);
                self.limit_class(caller, proofs, decision)
            }
        )
    }

    /// Step 9.
    #[inline]
    fn limit_class(
        mut self,
        caller: Authenticated,
        proofs: Proofs,
        decision: Decision,
    ) -> Checked<'a> {
        ask!(
            self.enforce
                .limit_class(&mut self.state, &caller, &decision),
            |limited| {
                self.enforce.passed(&mut self.state, Stage::Limit);
                match limited {
                    Ok(()) if self.gate.messages.is_none() => self.prove(caller, proofs, decision),
                    Ok(()) => {
                        self.verify_message(caller, proofs)
                            .then(move |verified| match verified {
                                Ok((passage, caller, proofs)) => {
                                    passage.prove(caller, proofs, decision)
                                }
                                Err(refusal) => NowOrLater::now(Err(refusal)),
                            })
                    }
                    Err(stop) => self.stop(Some(caller), stop).map(Err),
                }
            }
        )
    }

    /// The signature of the request, which may be used up as well. So where a proof follows, nothing
    /// is verified before the answer is first polled.
    fn verify_message(
        self,
        caller: Authenticated,
        proofs: Proofs,
    ) -> NowOrLater<'a, Result<(Self, Authenticated, Proofs), Refusal>> {
        if proofs.is_pending() {
            return NowOrLater::later(async move { self.verify_message_now(caller, proofs).await });
        }
        self.verify_message_now(caller, proofs)
    }

    fn verify_message_now(
        self,
        caller: Authenticated,
        proofs: Proofs,
    ) -> NowOrLater<'a, Result<(Self, Authenticated, Proofs), Refusal>> {
        let (Some(messages), Some(now)) = (&self.gate.messages, E::now(&self.state)) else {
            return NowOrLater::now(Ok((self, caller, proofs)));
        };
        let verified = messages.verify(self.facts, Some(caller.principal()), now);
        verified.then(move |verified| match verified {
            Ok(signed) => NowOrLater::now(Ok((self, caller.with_signed(signed), proofs))),
            Err(rejection) => self.stop(Some(caller), Stop::Rejected(rejection)).map(Err),
        })
    }

    /// The proof of possession: a constraint may have used it up when it answers, so nothing that
    /// may have to wait comes after it.
    #[inline]
    fn prove(self, caller: Authenticated, proofs: Proofs, decision: Decision) -> Checked<'a> {
        let proven = self.gate.slots.prove(proofs, self.facts, decision);
        proven.then(move |proven| match proven {
            Ok((decision, proven)) if decision.is_allowed() => {
                self.admit(caller.proven(proven), decision)
            }
            Ok((decision, proven)) => {
                let refused = self.stop(Some(caller), Stop::Denied(decision));
                refused.map(move |refusal| Err(with_nonce(refusal, proven.nonce.as_ref())))
            }
            Err(rejection) => self.stop(Some(caller), Stop::Rejected(rejection)).map(Err),
        })
    }

    /// Step 10 for a request that is admitted.
    #[inline]
    fn admit(self, caller: Authenticated, decision: Decision) -> Checked<'a> {
        let Self {
            gate,
            enforce,
            facts,
            state,
        } = self;
        enforce.admit(gate, facts, state, caller, decision)
    }

    /// Steps 6 and 7 of a request that is authenticated only.
    fn identify(mut self, admission: Admission) -> Identified<'a> {
        let Some(now) = E::now(&self.state) else {
            return self.stop(None, Stop::no_time()).map(Err);
        };
        let slots = &self.gate.slots;
        slots.authenticate(self.facts, now).then(move |found| {
            self.enforce.passed(&mut self.state, Stage::Validator);
            match found {
                Ok((callers, proofs)) => self.identify_callers(admission, callers, proofs),
                Err(rejection) => self.stop(None, Stop::Rejected(rejection)).map(Err),
            }
        })
    }

    fn identify_callers(
        self,
        admission: Admission,
        callers: Callers,
        proofs: Proofs,
    ) -> Identified<'a> {
        let slots = &self.gate.slots;
        if admission == Admission::Anybody && callers.is_anonymous() {
            let proven = slots.prove(proofs, self.facts, ());
            return proven.then(move |proven| match proven {
                Ok(_) => {
                    let Self {
                        gate,
                        enforce,
                        facts,
                        state,
                    } = self;
                    enforce
                        .admit_anonymous(gate, facts, state)
                        .map(|admitted| admitted.map(|()| None))
                }
                Err(rejection) => self.stop(None, Stop::Rejected(rejection)).map(Err),
            });
        }
        match slots.all_slots(callers) {
            Ok(caller) => self.identify_caller(caller, proofs),
            Err(rejection) => self.stop(None, Stop::Rejected(rejection)).map(Err),
        }
    }

    fn identify_caller(mut self, caller: Authenticated, proofs: Proofs) -> Identified<'a> {
        ask!(
            self.enforce.limit_caller(&mut self.state, &caller),
            |limited| {
                match limited {
                    Ok(()) if self.gate.messages.is_none() => self.prove_caller(caller, proofs),
                    Ok(()) => self
                        .verify_message(caller, proofs)
                        .then(|verified| match verified {
                            Ok((passage, caller, proofs)) => passage.prove_caller(caller, proofs),
                            Err(refusal) => NowOrLater::now(Err(refusal)),
                        }),
                    Err(stop) => self.stop(Some(caller), stop).map(Err),
                }
            }
        )
    }

    fn prove_caller(self, caller: Authenticated, proofs: Proofs) -> Identified<'a> {
        let proven = self.gate.slots.prove(proofs, self.facts, ());
        proven.then(move |proven| match proven {
            Ok(((), proven)) => {
                let Self {
                    enforce,
                    facts,
                    state,
                    ..
                } = self;
                let caller = caller.proven(proven);
                NowOrLater::now(Ok(Some(enforce.identified(facts, state, caller))))
            }
            Err(rejection) => self.stop(Some(caller), Stop::Rejected(rejection)).map(Err),
        })
    }

    /// Step 10 for a request that is refused.
    #[cold]
    fn stop(self, caller: Option<Authenticated>, stop: Stop) -> NowOrLater<'a, Refusal> {
        let Self {
            gate,
            enforce,
            facts,
            state,
        } = self;
        enforce.refuse(gate, facts, state, caller, stop)
    }
}
