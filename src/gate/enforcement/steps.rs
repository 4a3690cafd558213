//! The steps of a gate with limits, lists or an audit trail, in their order.

use std::sync::Arc;

use super::Enforce;
use super::enforced::{Asked, Enforcement};
use super::state::RequestState;
use super::trail::Trail;
use crate::clock::UnixTime;
use crate::gate::admitted::{Admitted, Authenticated};
use crate::gate::core::GateCore;
use crate::gate::stop::Stop;
use crate::http_response::Refusal;
use crate::limit::{Ask, Charges};
use crate::metrics::Stage;
use crate::now_or_later::NowOrLater;
use crate::policy::{AccessRequest, Decision};
use crate::request::RequestFacts;

impl Enforce for Arc<Enforcement> {
    type State = RequestState;
    type Limited = Asked;

    fn begin<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
    ) -> (RequestFacts<'a>, Self::State, Result<(), Stop>) {
        self.locate(gate, facts)
    }

    fn now(state: &Self::State) -> Option<UnixTime> {
        state.now
    }

    fn limit_source<'a>(
        &'a self,
        mut state: Self::State,
    ) -> NowOrLater<'a, (Self::State, Result<(), Stop>)> {
        let Some(limits) = &self.limits else {
            return NowOrLater::now((state, Ok(())));
        };
        let now = state.now.unwrap_or(UnixTime::from_secs(0));
        let ask = Ask::new(state.at, now).with_source(state.origin.source());
        limits.ask_before(ask).map(move |asked| match asked {
            Ok(charges) => {
                state.source = charges;
                (state, Ok(()))
            }
            Err(exceeded) => (state, Err(Stop::Limited(Box::new(exceeded)))),
        })
    }

    fn limit_caller<'a>(
        &'a self,
        state: &'a Self::State,
        caller: &'a Authenticated,
    ) -> NowOrLater<'a, Self::Limited> {
        match &self.limits {
            Some(limits) => {
                let asked =
                    limits.ask_caller(Enforcement::ask(state, caller), state.source.successor());
                asked.map(|asked| asked.map_err(Box::new))
            }
            None => NowOrLater::now(Ok(Charges::default())),
        }
    }

    fn limit_class<'a>(
        &'a self,
        state: &'a Self::State,
        caller: &'a Authenticated,
        decision: &'a Decision,
    ) -> NowOrLater<'a, Self::Limited> {
        self.ask_class(
            Enforcement::ask(state, caller),
            state.source.successor(),
            decision,
        )
    }

    fn limited(state: &mut Self::State, limited: Self::Limited) -> Result<(), Stop> {
        state.caller.append(limited.map_err(Stop::Limited)?);
        Ok(())
    }

    fn request<'r>(state: &'r Self::State, caller: &'r Authenticated) -> AccessRequest<'r> {
        let mut request = caller.request();
        if let Some(is_encrypted) = state.is_encrypted {
            request = request.with_tls(is_encrypted);
        }
        request
    }

    fn passed(&self, state: &mut Self::State, stage: Stage) {
        self.measure(state, stage);
    }

    fn admit<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
        mut state: Self::State,
        caller: Authenticated,
        decision: Decision,
    ) -> NowOrLater<'a, Result<Admitted, Refusal>> {
        let recorded = self.record_admitted(&facts, &state, &caller, &decision);
        self.passed(&mut state, Stage::Audit);
        state.keep_all();
        let Some(recorded) = recorded else {
            return NowOrLater::now(Ok(self.admitted(gate, state, caller, decision, None)));
        };
        let id = recorded.id();
        recorded.written().map(move |written| match written {
            Ok(()) => Ok(self.admitted(gate, state, caller, decision, Some(id))),
            Err(error) => {
                state.give_back();
                let refusal = gate.refusal(Stop::unrecorded(error));
                self.report_refused(gate, &refusal, Some(caller.principal()));
                Err(refusal)
            }
        })
    }

    fn admit_anonymous<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
        mut state: Self::State,
    ) -> NowOrLater<'a, Result<(), Refusal>> {
        let recorded = self.record_anonymous(&facts, &state);
        state.keep_all();
        let Some(recorded) = recorded else {
            self.counts.allowed();
            return NowOrLater::now(Ok(()));
        };
        recorded.written().map(move |written| match written {
            Ok(()) => {
                self.counts.allowed();
                Ok(())
            }
            Err(error) => {
                state.give_back();
                let refusal = gate.refusal(Stop::unrecorded(error));
                self.report_refused(gate, &refusal, None);
                Err(refusal)
            }
        })
    }

    fn identified(
        &self,
        facts: RequestFacts<'_>,
        mut state: Self::State,
        caller: Authenticated,
    ) -> Authenticated {
        state.keep_all();
        let recorder = Self::clone(self);
        let principals = (caller.principal(), caller.client());
        let trail = Trail::new(recorder, facts, state, principals);
        caller.with_trail(Arc::new(trail))
    }

    fn refuse<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
        mut state: Self::State,
        caller: Option<Authenticated>,
        stop: Stop,
    ) -> NowOrLater<'a, Refusal> {
        let claimed = self.claimed(gate, &facts, &stop);
        let principal = caller.as_ref().map(Authenticated::principal);
        self.settle(
            &mut state,
            &stop,
            principal,
            claimed.map(|claimed| claimed.hash),
        );
        let refusal = gate.refusal(stop);
        let known = caller.as_ref().ok_or(claimed);
        let Some(recorded) = self.record_refused(&facts, &state, known, &refusal) else {
            self.report_refused(gate, &refusal, principal);
            return NowOrLater::now(refusal);
        };
        recorded.written().map(move |written| {
            let refusal = match written {
                Ok(()) => refusal,
                Err(error) => {
                    state.give_back();
                    gate.refusal(Stop::unrecorded(error))
                }
            };
            self.report_refused(
                gate,
                &refusal,
                caller.as_ref().map(Authenticated::principal),
            );
            refusal
        })
    }
}
