//! The steps of a gate with limits, lists or an audit trail.

use std::sync::Arc;
use std::time::Instant;

use super::state::RequestState;
use super::trail::Trail;
use super::{Enforce, Stop};
use crate::address::{AddressRules, Proxies};
use crate::audit::Audit;
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::{ConfigError, RejectionKind};
use crate::event::{EventThrottle, Observer};
use crate::gate::Gate;
use crate::gate::admitted::{Admitted, Authenticated, DecisionRecord};
use crate::http_response::Refusal;
use crate::limit::{Ask, Limits, LockOut, Watch};
use crate::metrics::{Counted, RequestCounts, Stage, StageTimes};
use crate::now_or_later::NowOrLater;
use crate::policy::{AccessRequest, Authorizer, Decision};
use crate::principal::Principal;
use crate::request::RequestFacts;

/// What a gate enforces around credentials and policy.
#[derive(Debug, Default)]
pub(in crate::gate) struct Enforcement {
    pub(in crate::gate) proxies: Option<Proxies>,
    pub(in crate::gate) requires_tls: bool,
    pub(in crate::gate) addresses: Option<AddressRules>,
    pub(in crate::gate) lock_out: Option<LockOut>,
    pub(in crate::gate) watch: Option<Watch>,
    pub(in crate::gate) limits: Option<Limits>,
    pub(in crate::gate) audit: Option<Audit>,
    pub(in crate::gate) counts: Arc<RequestCounts>,
    pub(in crate::gate) observer: Option<Arc<dyn Observer>>,
    pub(in crate::gate) stages: Option<Arc<StageTimes>>,
    pub(super) forwarded: EventThrottle,
}

impl Enforcement {
    /// Checks what was configured, and returns it if there is anything.
    pub(in crate::gate) fn checked(
        mut self,
        counts_requests: bool,
        observer: Option<&Arc<dyn Observer>>,
    ) -> Result<Option<Self>, ConfigError> {
        let limits = self.limits.as_ref();
        let needs_address = self.requires_tls
            || self.addresses.is_some()
            || self.lock_out.is_some()
            || limits.is_some_and(Limits::needs_source);
        if needs_address && self.proxies.is_none() {
            let detail = "expected who stands between the client and this service, because limits \
                          by source, address lists, a lock-out or `require_tls` need the client's \
                          address; found nothing; say it with `proxies(..)`, and with \
                          `Proxies::none()` if nobody does";
            return Err(ConfigError::missing("proxies", detail));
        }
        if let Some(proxies) = &self.proxies {
            proxies.check_settings()?;
        }
        let is_used = needs_address
            || self.stages.is_some()
            || counts_requests
            || self.proxies.is_some()
            || self.watch.is_some()
            || limits.is_some()
            || self.audit.is_some();
        self.observer = observer.cloned();
        Ok(is_used.then_some(self))
    }

    /// Returns what [`Gate::doctor`] reports of limits and of the audit trail.
    pub(in crate::gate) fn findings(&self, authorizer: &dyn Authorizer) -> Vec<Finding> {
        let mut all = Vec::new();
        let needs = authorizer.needs();
        for class in needs.rate_classes() {
            let known = self.limits.as_ref().map(|limits| limits.has_class(class));
            if known != Some(true) {
                let text = format!("the rate class `{class}` of the policy has no limit");
                let finding = Finding::warning("limits", text);
                all.push(finding.hint("add a limit with `.class(..)`, or remove the class"));
            }
        }
        if let Some(audit) = &self.audit {
            all.extend(audit.findings());
        }
        all
    }

    /// Returns everything that counts.
    pub(in crate::gate) fn counted(&self) -> Vec<Arc<dyn Counted>> {
        let mut all: Vec<Arc<dyn Counted>> = vec![Arc::clone(&self.counts) as _];
        if let Some(stages) = &self.stages {
            all.push(Arc::clone(stages) as _);
        }
        if let Some(limits) = &self.limits {
            all.push(Arc::new(limits.clone()));
        }
        if let Some(lock_out) = &self.lock_out {
            all.push(Arc::new(lock_out.clone()));
        }
        if let Some(watch) = &self.watch {
            all.push(Arc::new(watch.clone()));
        }
        if let Some(audit) = &self.audit {
            all.push(Arc::new(audit.clone()));
        }
        all
    }

    /// Returns whether an answer has to wait until its record is written.
    pub(in crate::gate) fn waits_for_records(&self) -> bool {
        self.audit.as_ref().is_some_and(Audit::waits)
    }

    fn ask<'a>(state: &RequestState, caller: &'a Authenticated) -> Ask<'a> {
        let ask = Ask::new(state.at, state.now.unwrap_or(UnixTime::from_secs(0)))
            .with_source(state.origin.source())
            .with_principal(caller.principal());
        caller
            .client()
            .map_or(ask, |client| ask.with_client(client))
    }
}

/// Adds the class and the cost that a decision says.
pub(super) fn of_class<'a>(ask: Ask<'a>, decision: &'a Decision) -> Ask<'a> {
    let obligations = decision.obligations();
    let class = obligations.and_then(|own| own.rate_class());
    let cost = obligations.and_then(|own| own.rate_cost());
    let ask = class.map_or(ask, |class| ask.with_class(class));
    cost.map_or(ask, |cost| ask.with_cost(cost))
}

impl Enforce for Enforcement {
    type State = RequestState;

    fn begin<'a>(
        &'a self,
        gate: &'a Gate,
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
        let ask = Self::ask(state, caller);
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
        let ask = of_class(Self::ask(state, caller), decision);
        if decision.is_allowed() {
            let asked = limits.ask_class(&ask, &mut state.charges);
            return asked.map(|asked| asked.map_err(Stop::Limited));
        }
        limits.charge_denied(&ask, &mut state.charges);
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
        if let (Some(stages), Some(since)) = (&self.stages, &mut state.since) {
            let now = Instant::now();
            stages.observe(stage, now.duration_since(*since));
            *since = now;
        }
    }

    fn admit<'a>(
        &'a self,
        gate: &'a Gate,
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
                self.count_refused(&refusal);
                gate.report_refused(&refusal, Some(caller.principal()));
                Err(refusal)
            }
        })
    }

    fn admit_anonymous<'a>(
        &'a self,
        gate: &'a Gate,
        facts: RequestFacts<'a>,
        mut state: Self::State,
    ) -> NowOrLater<'a, Result<(), Refusal>> {
        let recorded = self.record_anonymous(&facts, &state);
        state.keep_all();
        self.counts.allowed();
        let Some(recorded) = recorded else {
            return NowOrLater::now(Ok(()));
        };
        recorded.written().map(move |written| {
            written.map_err(|error| {
                state.give_back();
                gate.refusal(Stop::unrecorded(error))
            })
        })
    }

    fn identified(
        &self,
        gate: &Gate,
        facts: RequestFacts<'_>,
        mut state: Self::State,
        caller: Authenticated,
    ) -> Authenticated {
        state.keep_all();
        let Some(enforcement) = gate.0.enforcement.clone() else {
            return caller;
        };
        let trail = Trail::new(enforcement, facts, state, &caller);
        caller.with_trail(Arc::new(trail))
    }

    fn refuse<'a>(
        &'a self,
        gate: &'a Gate,
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
        gate.report_refused(&refusal, principal);
        self.count_refused(&refusal);
        let caller = caller.as_ref().ok_or(claimed);
        match self.record_refused(&facts, &state, caller, &refusal) {
            None => NowOrLater::now(refusal),
            Some(recorded) => recorded.written().map(move |written| match written {
                Ok(()) => refusal,
                Err(error) => {
                    state.give_back();
                    gate.refusal(Stop::unrecorded(error))
                }
            }),
        }
    }
}

impl Enforcement {
    fn admitted(
        &self,
        gate: &Gate,
        state: RequestState,
        caller: Authenticated,
        decision: Decision,
        record: Option<u128>,
    ) -> Admitted {
        gate.report_admitted(caller.principal());
        self.counts.allowed();
        self.watch_admitted(&state, caller.principal());
        let audit = self.audit.clone();
        let record = record.zip(audit).map(|(id, audit)| DecisionRecord {
            id,
            millis: state.millis,
            audit,
        });
        let charges = state.charges;
        let mut admitted = caller.admitted(decision);
        if !charges.is_empty() {
            gate.0
                .challenge
                .add_rate_fields([&charges], admitted.headers_mut());
        }
        admitted.with_enforced(charges, record)
    }

    /// Keeps or gives back the charges of a request that is refused, blames its source and counts
    /// its signals.
    pub(super) fn settle(
        &self,
        state: &mut RequestState,
        stop: &Stop,
        caller: Option<&Principal>,
        claimed: Option<u64>,
    ) {
        match stop {
            Stop::Rejected(rejection) if rejection.kind() == RejectionKind::Unavailable => {
                state.give_back();
            }
            Stop::Rejected(rejection) => {
                state.keep_source();
                self.blame(state, rejection, claimed);
            }
            Stop::Denied(_) => {
                state.keep_all();
                if let Some(caller) = caller {
                    self.watch_denied(state, caller);
                }
            }
            Stop::Limited(_) | Stop::Locked(_) => state.give_back(),
        }
    }

    pub(super) fn count_refused(&self, refusal: &Refusal) {
        self.counts
            .refused(refusal.kind(), refusal.decision().is_some());
    }
}
