//! The steps of a gate without limits, lists and audit trail.

use super::Enforce;
use crate::clock::UnixTime;
use crate::gate::admitted::{Admitted, Authenticated};
use crate::gate::core::{GateCore, Presented};
use crate::gate::stop::Stop;
use crate::http_response::Refusal;
use crate::metrics::Stage;
use crate::now_or_later::NowOrLater;
use crate::policy::{AccessRequest, Decision};
use crate::request::RequestFacts;

/// Enforces nothing.
pub(in crate::gate) struct Unenforced;

impl Enforce for Unenforced {
    type State = Option<UnixTime>;

    #[inline]
    fn begin<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
    ) -> (RequestFacts<'a>, Self::State, Result<(), Stop>) {
        (facts, gate.clock.now(), Ok(()))
    }

    #[inline]
    fn now(state: &Self::State) -> Option<UnixTime> {
        *state
    }

    #[inline]
    fn limit_source<'a>(&'a self, _: &'a mut Self::State) -> NowOrLater<'a, Result<(), Stop>> {
        NowOrLater::now(Ok(()))
    }

    #[inline]
    fn limit_caller<'a>(
        &'a self,
        _: &'a mut Self::State,
        _: &'a Authenticated,
    ) -> NowOrLater<'a, Result<(), Stop>> {
        NowOrLater::now(Ok(()))
    }

    #[inline]
    fn limit_class<'a>(
        &'a self,
        _: &'a mut Self::State,
        _: &'a Authenticated,
        _: &'a Decision,
    ) -> NowOrLater<'a, Result<(), Stop>> {
        NowOrLater::now(Ok(()))
    }

    #[inline]
    fn request<'r>(_: &'r Self::State, caller: &'r Authenticated) -> AccessRequest<'r> {
        caller.request()
    }

    #[inline]
    fn passed(&self, _: &mut Self::State, _: Stage) {}

    #[inline]
    fn admit<'a>(
        &'a self,
        gate: &'a GateCore,
        _: RequestFacts<'a>,
        _: Self::State,
        caller: Authenticated,
        decision: Decision,
    ) -> NowOrLater<'a, Result<Admitted, Refusal>> {
        gate.report_admitted(caller.principal());
        NowOrLater::now(Ok(caller.admitted(decision)))
    }

    fn admit_anonymous<'a>(
        &'a self,
        _: &'a GateCore,
        _: RequestFacts<'a>,
        _: Self::State,
    ) -> NowOrLater<'a, Result<(), Refusal>> {
        NowOrLater::now(Ok(()))
    }

    fn identified(
        &self,
        _: RequestFacts<'_>,
        _: Self::State,
        caller: Authenticated,
    ) -> Authenticated {
        caller
    }

    fn refuse<'a>(
        &'a self,
        gate: &'a GateCore,
        facts: RequestFacts<'a>,
        now: Self::State,
        caller: Option<Authenticated>,
        stop: Stop,
    ) -> NowOrLater<'a, Refusal> {
        let refusal = gate.refusal(stop, Presented::new(&facts, now));
        gate.report_refused(&refusal, caller.as_ref().map(Authenticated::principal));
        NowOrLater::now(refusal)
    }
}
