//! Steps 8 to 10 of a caller that was authenticated before.

use std::sync::MutexGuard;
use std::time::Duration;

use super::enforced::{Asked, Enforcement};
use super::state::RequestState;
use super::trail::Trail;
use crate::clock::UnixTime;
use crate::error::RejectionKind;
use crate::gate::core::{GateCore, Presented};
use crate::gate::stop::Stop;
use crate::http_response::Refusal;
use crate::limit::{Ask, Charges};
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
}

impl Enforcement {
    /// Asks the limits of the class of a decision, and records it.
    pub(in crate::gate) fn authorize<'a>(
        &'a self,
        gate: &'a GateCore,
        request: &'a AccessRequest<'a>,
        decision: Decision,
    ) -> Authorized<'a> {
        let trail = request
            .trail()
            .and_then(|trail| trail.downcast_ref::<Trail>());
        let timed = self.timed(gate);
        let has_time = timed.is_some();
        // Without a time there is none for the record.
        let timed = timed.unwrap_or_else(|| RequestState::new(None, 0, Duration::ZERO));
        let mut known = match trail {
            Some(trail) => {
                if has_time {
                    // The caller may have been authenticated long ago.
                    trail.state().renew(&timed);
                }
                Known::Trail(trail)
            }
            None => Known::Own(Box::new(timed)),
        };
        if !has_time {
            return self.conclude(
                gate,
                request,
                known,
                Err(Stop::no_time()),
                Charges::default(),
            );
        }
        let ask = known.with(|state| ask_of(state, request));
        ask!(self.ask_decision(ask, &mut known, &decision), |asked| {
            self.decided(gate, request, known, decision, asked)
        })
    }

    fn decided<'a>(
        &'a self,
        gate: &'a GateCore,
        request: &'a AccessRequest<'a>,
        known: Known<'a>,
        decision: Decision,
        asked: Asked,
    ) -> Authorized<'a> {
        let (result, own) = match asked {
            Ok(own) if decision.is_allowed() => (Ok(decision), own),
            Ok(own) => (Err(Stop::Denied(decision)), own),
            Err(exceeded) => (Err(Stop::Limited(Box::new(exceeded))), Charges::default()),
        };
        self.conclude(gate, request, known, result, own)
    }

    /// Records the result, with what the decision was charged, and answers.
    fn conclude<'a>(
        &'a self,
        gate: &'a GateCore,
        request: &'a AccessRequest<'a>,
        mut known: Known<'a>,
        result: Result<Decision, Stop>,
        own: Charges,
    ) -> Authorized<'a> {
        let recorded = match &known {
            Known::Trail(trail) => {
                trail.set_decided();
                Some(trail.request())
            }
            Known::Own(_) => None,
        };
        let result = result.map_err(|stop| {
            known.with(|state| self.settle(state, &stop, Some(request.principal()), None));
            gate.refusal(stop, Presented::of(request))
        });
        let record = known
            .with(|state| self.record_decision(request, recorded, (state, &own), result.as_ref()));
        let answer = match record {
            Some(record) => record.written(),
            None => NowOrLater::now(Ok(())),
        };
        answer.map(move |written| {
            let result = match written {
                Ok(()) => {
                    if is_decided(&result) {
                        known.with(|state| state.decided(own));
                    }
                    result
                }
                Err(error) => {
                    known.with(RequestState::give_back);
                    Err(gate.refusal(Stop::unrecorded(error), Presented::default()))
                }
            };
            self.report(gate, request, &mut known, &result);
            result
        })
    }

    fn ask_decision<'a>(
        &'a self,
        ask: Ask<'a>,
        known: &mut Known<'_>,
        decision: &'a Decision,
    ) -> NowOrLater<'a, Asked> {
        let (charges, is_given_back) =
            known.with(|state| (state.charges.successor(), state.is_given_back()));
        match is_given_back && decision.is_allowed() {
            true => self.ask_all(ask, charges, decision),
            false => self.ask_class(ask, charges, decision),
        }
    }

    fn report(
        &self,
        gate: &GateCore,
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
            Err(refusal) => self.report_refused(gate, refusal, Some(caller)),
        }
    }
}

/// Returns whether the policy has decided and no limit was exceeded.
fn is_decided(result: &Result<Decision, Refusal>) -> bool {
    match result {
        Ok(_) => true,
        Err(refusal) => {
            refusal.decision().is_some() && refusal.kind() != RejectionKind::Unavailable
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
