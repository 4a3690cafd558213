//! The steps of a gate with limits, lists or an audit trail.

use std::sync::Arc;
use std::time::Instant;

use super::state::RequestState;
use crate::address::{AddressRules, Proxies};
use crate::audit::Audit;
use crate::clock::UnixTime;
use crate::diagnosis::Finding;
use crate::error::{ConfigError, RejectionKind};
use crate::event::{EventThrottle, Observer};
use crate::gate::admitted::{Admitted, Authenticated, DecisionRecord};
use crate::gate::core::GateCore;
use crate::gate::stop::Stop;
use crate::http_response::Refusal;
use crate::limit::{Ask, Charges, Exceeded, Limits, LockOut, Watch};
use crate::metrics::{Counted, RequestCounts, Stage, StageTimes};
use crate::now_or_later::NowOrLater;
use crate::policy::{Authorizer, Decision};
use crate::principal::Principal;

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

/// The answer of the limits of one step.
pub(in crate::gate) type Asked = Result<Charges, Exceeded>;

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

    /// Measures the stage that has ended, if stages are measured.
    pub(super) fn measure(&self, state: &mut RequestState, stage: Stage) {
        if let (Some(stages), Some(since)) = (&self.stages, &mut state.since) {
            let now = Instant::now();
            stages.observe(stage, now.duration_since(*since));
            *since = now;
        }
    }

    /// Asks the limits of the class of a decision, or charges them after a denial, and returns what
    /// they charged.
    pub(super) fn ask_class<'a>(
        &'a self,
        ask: Ask<'a>,
        mut charges: Charges,
        decision: &'a Decision,
    ) -> NowOrLater<'a, Asked> {
        let Some(limits) = &self.limits else {
            return NowOrLater::now(Ok(charges));
        };
        let ask = ask_of_decision(ask, decision);
        match decision.kind() {
            None => return limits.ask_class_of(&ask, charges),
            // Nothing was decided.
            Some(RejectionKind::Unavailable) => {}
            Some(_) => limits.charge_denied(&ask, &mut charges),
        }
        NowOrLater::now(Ok(charges))
    }

    /// Asks all limits, for a decision about a caller whose charges were given back.
    pub(super) fn ask_all<'a>(
        &'a self,
        ask: Ask<'a>,
        charges: Charges,
        decision: &'a Decision,
    ) -> NowOrLater<'a, Asked> {
        match &self.limits {
            Some(limits) => limits.ask_all(&ask_of_decision(ask, decision), charges),
            None => NowOrLater::now(Ok(charges)),
        }
    }

    pub(super) fn ask<'a>(state: &RequestState, caller: &'a Authenticated) -> Ask<'a> {
        let ask = Ask::new(state.at, state.now.unwrap_or(UnixTime::from_secs(0)))
            .with_source(state.origin.source())
            .with_principal(caller.principal());
        caller
            .client()
            .map_or(ask, |client| ask.with_client(client))
    }
}

impl Enforcement {
    pub(super) fn admitted(
        &self,
        gate: &GateCore,
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
            gate.challenge
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
            Stop::Denied(decision) if decision.kind() == Some(RejectionKind::Unavailable) => {
                state.give_back();
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

    /// Counts and reports a refusal, once it is the answer.
    pub(super) fn report_refused(
        &self,
        gate: &GateCore,
        refusal: &Refusal,
        caller: Option<&Principal>,
    ) {
        gate.report_refused(refusal, caller);
        self.counts
            .refused(refusal.kind(), refusal.decision().is_some());
    }
}

pub(super) fn ask_of_decision<'a>(ask: Ask<'a>, decision: &'a Decision) -> Ask<'a> {
    let obligations = decision.obligations();
    let class = obligations.and_then(|own| own.rate_class());
    let cost = obligations.and_then(|own| own.rate_cost());
    let ask = class.map_or(ask, |class| ask.with_class(class));
    cost.map_or(ask, |cost| ask.with_cost(cost))
}
