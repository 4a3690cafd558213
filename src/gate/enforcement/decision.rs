//! Steps 8 to 10 of a caller that was authenticated before.

use std::sync::MutexGuard;

use super::Stop;
use super::enforced::{Enforcement, of_class};
use super::state::RequestState;
use super::trail::Trail;
use crate::clock::UnixTime;
use crate::gate::Gate;
use crate::http_response::Refusal;
use crate::limit::{Ask, Charges, Exceeded};
use crate::now_or_later::{NowOrLater, ask};
use crate::policy::{AccessRequest, Decision};

type Authorized<'a> = NowOrLater<'a, Result<Decision, Refusal>>;

/// What is known of the request that is decided about.
enum Known<'a> {
    /// From its authentication.
    Trail(&'a Trail),
    /// Nothing: the service made the access request itself. It is charged as this caller's.
    Own(Box<RequestState>),
}

impl Known<'_> {
    fn with<T>(&mut self, run: impl FnOnce(&mut RequestState) -> T) -> T {
        match self {
            Self::Trail(trail) => {
                let mut state: MutexGuard<'_, _> = trail.state();
                run(&mut state)
            }
            Self::Own(state) => run(state),
        }
    }

    /// Returns charges for the next stage.
    fn successor(&mut self) -> Charges {
        self.with(|state| state.charges.successor())
    }
}

impl Enforcement {
    /// Asks the limits of the class of a decision, and records it.
    pub(in crate::gate) fn authorize<'a>(
        &'a self,
        gate: &'a Gate,
        request: &'a AccessRequest<'a>,
        decision: Decision,
    ) -> Authorized<'a> {
        let trail = request.trail().and_then(|trail| trail.downcast_ref());
        let mut known = match (trail, self.timed(gate)) {
            (Some(trail), _) => Known::Trail(trail),
            (None, Some(state)) => Known::Own(Box::new(state)),
            (None, None) => return NowOrLater::now(Err(gate.refusal(Stop::no_time()))),
        };
        let ask = known.with(|state| ask_of(state, request));
        ask!(
            self.ask_class_of(ask, known.successor(), &decision),
            |asked| { self.decided(gate, request, known, decision, asked) }
        )
    }

    /// Asks the limits of the class of a decision, or charges them after a denial.
    fn ask_class_of<'a>(
        &'a self,
        ask: Ask<'a>,
        mut charges: Charges,
        decision: &'a Decision,
    ) -> NowOrLater<'a, Result<Charges, Exceeded>> {
        let Some(limits) = &self.limits else {
            return NowOrLater::now(Ok(charges));
        };
        let ask = of_class(ask, decision);
        if decision.is_allowed() {
            return limits.ask_class_of(&ask, charges);
        }
        limits.charge_denied(&ask, &mut charges);
        NowOrLater::now(Ok(charges))
    }

    fn decided<'a>(
        &'a self,
        gate: &'a Gate,
        request: &'a AccessRequest<'a>,
        mut known: Known<'a>,
        decision: Decision,
        asked: Result<Charges, Exceeded>,
    ) -> Authorized<'a> {
        let recorded = match &known {
            Known::Trail(trail) => {
                trail.set_decided();
                Some(trail.request())
            }
            Known::Own(_) => None,
        };
        let caller = request.principal();
        let result = known.with(|state| {
            let stop = match asked {
                Ok(charges) => {
                    state.charges.append(charges);
                    state.keep_all();
                    match decision.is_allowed() {
                        true => return Ok(decision),
                        false => Stop::Denied(decision),
                    }
                }
                Err(exceeded) => Stop::Limited(Box::new(exceeded)),
            };
            self.settle(state, &stop, Some(caller), None);
            Err(gate.refusal(stop))
        });
        let refusal = result.as_ref().err();
        let allowed = result.as_ref().ok();
        let record =
            known.with(|state| self.record_decision(request, recorded, state, allowed, refusal));
        let answer = match record {
            Some(record) => record.written(),
            None => NowOrLater::now(Ok(())),
        };
        answer.map(move |written| {
            let result = match written {
                Ok(()) => result,
                Err(error) => {
                    known.with(RequestState::give_back);
                    Err(gate.refusal(Stop::unrecorded(error)))
                }
            };
            self.report(gate, request, &mut known, &result);
            result
        })
    }

    fn report(
        &self,
        gate: &Gate,
        request: &AccessRequest<'_>,
        known: &mut Known<'_>,
        result: &Result<Decision, Refusal>,
    ) {
        let caller = request.principal();
        match result {
            Ok(_) => {
                gate.report_admitted(caller);
                self.counts.allowed();
                known.with(|state| self.watch_admitted(state, caller));
            }
            Err(refusal) => {
                gate.report_refused(refusal, Some(caller));
                self.count_refused(refusal);
            }
        }
    }
}

fn ask_of<'a>(state: &RequestState, request: &AccessRequest<'a>) -> Ask<'a> {
    let now = state.now.unwrap_or(UnixTime::from_secs(0));
    let ask = Ask::new(state.at, now)
        .with_source(state.origin.source())
        .with_principal(request.principal());
    let ask = match request.client() {
        Some(client) => ask.with_client(client),
        None => ask,
    };
    let ask = match request.action() {
        Some(action) => ask.with_action(action),
        None => ask,
    };
    match request.resource() {
        Some(resource) => ask.with_resource(resource),
        None => ask,
    }
}
