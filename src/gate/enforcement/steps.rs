//! The steps of a gate with limits, lists or an audit trail, in their order.

use std::sync::Arc;

use super::Enforce;
use super::enforced::{Enforcement, ask_of_decision};
use super::state::RequestState;
use super::trail::Trail;
use crate::clock::UnixTime;
use crate::error::RejectionKind;
use crate::gate::admitted::{Admitted, Authenticated};
use crate::gate::core::{GateCore, Presented};
use crate::gate::stop::Stop;
use crate::http_response::Refusal;
use crate::limit::Ask;
use crate::metrics::Stage;
use crate::now_or_later::NowOrLater;
use crate::policy::{AccessRequest, Decision};
use crate::request::RequestFacts;

impl Enforce for Arc<Enforcement> {
    type State = RequestState;

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

    #[inline]
    fn limit_source<'a>(&'a self, state: &'a mut Self::State) -> NowOrLater<'a, Result<(), Stop>> {
        let Some(limits) = &self.limits else {
            return NowOrLater::now(Ok(()));
        };
        let now = state.now.unwrap_or(UnixTime::from_secs(0));
        let ask = Ask::new(state.at, now).with_source(state.origin.source());
        let asked = limits.ask_before(&ask, &mut state.charges);
        asked.map(|asked| asked.map_err(Stop::Limited))
    }

    #[inline]
    fn limit_caller<'a>(
        &'a self,
        state: &'a mut Self::State,
        caller: &'a Authenticated,
    ) -> NowOrLater<'a, Result<(), Stop>> {
        let Some(limits) = &self.limits else {
            return NowOrLater::now(Ok(()));
        };
        let ask = Enforcement::ask(state, caller);
        let asked = limits.ask_caller(&ask, &mut state.charges);
        asked.map(|asked| asked.map_err(Stop::Limited))
    }

    #[inline]
    fn limit_class<'a>(
        &'a self,
        state: &'a mut Self::State,
        caller: &'a Authenticated,
        decision: &'a Decision,
    ) -> NowOrLater<'a, Result<(), Stop>> {
        let Some(limits) = &self.limits else {
            return NowOrLater::now(Ok(()));
        };
        let ask = ask_of_decision(Enforcement::ask(state, caller), decision);
        match decision.kind() {
            None => {
                let asked = limits.ask_class(&ask, &mut state.charges);
                return asked.map(|asked| asked.map_err(Stop::Limited));
            }
            // Nothing was decided.
            Some(RejectionKind::Unavailable) => {}
            Some(_) => limits.charge_denied(&ask, &mut state.charges),
        }
        NowOrLater::now(Ok(()))
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
                let refusal = gate.refusal(Stop::unrecorded(error), Presented::default());
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
                let refusal = gate.refusal(Stop::unrecorded(error), Presented::default());
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
        let refusal = gate.refusal(stop, Presented::new(&facts, state.now));
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
                    gate.refusal(Stop::unrecorded(error), Presented::default())
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
