//! Step 10: records of the audit trail, blame and signals.

use super::claimed::{claimed_hash, claimed_identity};
use super::enforced::Enforcement;
use super::state::RequestState;
use super::trail::{RecordUndecided, RecordedRequest};
use crate::audit::{AuditEvent, Recorded, What};
use crate::error::{Rejection, RejectionKind};
use crate::gate::admitted::Authenticated;
use crate::gate::core::GateCore;
use crate::gate::stop::Stop;
use crate::http_response::Refusal;
use crate::limit::{Charges, LockOut, Signals};
use crate::policy::{AccessRequest, Decision};
use crate::principal::Principal;
use crate::request::RequestFacts;

/// Most limits that a record names.
const LIMITS: usize = 8;

/// Hashes of an identity that a credential claims.
#[derive(Clone, Copy)]
pub(super) struct Claimed {
    /// For signals, under a key of this process.
    pub(super) hash: u64,
    /// For records.
    recorded: Option<[u8; 8]>,
}

/// Names of limits with their results, without an allocation.
struct RecordedLimits<'a> {
    pairs: [(&'a str, &'a str); LIMITS],
    len: usize,
}

impl<'a> RecordedLimits<'a> {
    fn of<const N: usize>(charges: [&'a Charges; N]) -> Self {
        let mut all = Self {
            pairs: [("", ""); LIMITS],
            len: 0,
        };
        for standing in charges.into_iter().flat_map(Charges::standings) {
            let result = if standing.is_near() { "near" } else { "pass" };
            all.push(standing.limit(), result);
        }
        all
    }

    /// Adds a limit. One that was asked by several decisions has the last result.
    fn push(&mut self, name: &'a str, result: &'a str) {
        let mut known = self.pairs.iter_mut().take(self.len);
        if let Some(pair) = known.find(|(known, _)| *known == name) {
            pair.1 = result;
        } else if let Some(pair) = self.pairs.get_mut(self.len) {
            *pair = (name, result);
            self.len += 1;
        }
    }

    fn as_slice(&self) -> &[(&'a str, &'a str)] {
        self.pairs.get(..self.len).unwrap_or_default()
    }
}

impl Enforcement {
    /// Records a request that is admitted.
    pub(super) fn record_admitted(
        &self,
        facts: &RequestFacts<'_>,
        state: &RequestState,
        caller: &Authenticated,
        decision: &Decision,
    ) -> Option<Recorded> {
        let audit = self.audit.as_ref()?;
        let limits = RecordedLimits::of([&state.charges]);
        let event = of_request(facts, state)
            .with_principal(caller.principal())
            .with_decision(decision)
            .with_limits(limits.as_slice());
        Some(audit.record(&with_client(&event, caller.client())))
    }

    /// Records a request of an anonymous caller that is let in.
    pub(super) fn record_anonymous(
        &self,
        facts: &RequestFacts<'_>,
        state: &RequestState,
    ) -> Option<Recorded> {
        let audit = self.audit.as_ref()?;
        Some(audit.record(&of_request(facts, state)))
    }

    /// Records a request that is refused.
    pub(super) fn record_refused(
        &self,
        facts: &RequestFacts<'_>,
        state: &RequestState,
        caller: Result<&Authenticated, Option<Claimed>>,
        refusal: &Refusal,
    ) -> Option<Recorded> {
        let audit = self.audit.as_ref()?;
        let event = refused(&of_request(facts, state), refusal);
        let over = refusal.limit().map(|name| [(name, "over")]);
        let event = event.with_limits(over.as_ref().map_or(&[], |over| over));
        let event = match caller {
            Ok(caller) => with_client(&event.with_principal(caller.principal()), caller.client()),
            Err(claimed) => match claimed.and_then(|claimed| claimed.recorded) {
                Some(hash) => event.with_claimed(hash),
                None => event,
            },
        };
        Some(audit.record(&event))
    }

    /// Records a decision about a caller that was authenticated before.
    pub(super) fn record_decision(
        &self,
        request: &AccessRequest<'_>,
        recorded: Option<&RecordedRequest>,
        (state, own): (&RequestState, &Charges),
        result: Result<&Decision, &Refusal>,
    ) -> Option<Recorded> {
        let audit = self.audit.as_ref()?;
        let event = match (recorded, request.facts()) {
            (Some(recorded), _) => of_recorded(What::Decision, recorded, state),
            (None, Some(facts)) => of_request(facts, state),
            (None, None) => with_origin(&AuditEvent::new(What::Decision, state.millis), state),
        };
        let event = with_client(&event.with_principal(request.principal()), request.client());
        let event = request
            .action()
            .map_or(event, |action| event.with_action(action));
        let event = match request.resource() {
            Some(resource) => event.with_resource(resource).with_route(resource),
            None => event,
        };
        let event = result.map_or(event, |decision| event.with_decision(decision));
        let mut limits = RecordedLimits::of([&state.charges, own]);
        if let Some(name) = result.err().and_then(Refusal::limit) {
            limits.push(name, "over");
        }
        let event = event.with_limits(limits.as_slice());
        Some(audit.record(&match result {
            Ok(_) => event,
            Err(refusal) => refused(&event, refusal),
        }))
    }

    /// Returns what a rejected credential claims, if signals or records need it.
    pub(super) fn claimed(
        &self,
        gate: &GateCore,
        facts: &RequestFacts<'_>,
        stop: &Stop,
    ) -> Option<Claimed> {
        let is_used = self.watch.is_some() || self.audit.is_some();
        if !(is_used && is_of_credential(stop)) {
            return None;
        }
        claimed_identity(&gate.slots.user, facts, |authority, id| Claimed {
            hash: claimed_hash(authority, id),
            recorded: self
                .audit
                .as_ref()
                .map(|audit| audit.claimed_id(authority, id.as_bytes())),
        })
    }

    /// Blames the source for a rejected credential.
    pub(super) fn blame(&self, state: &RequestState, rejection: &Rejection, claimed: Option<u64>) {
        let (source, kind) = (state.origin.source(), rejection.kind());
        let locked = self
            .lock_out
            .as_ref()
            .and_then(|lock_out| lock_out.blame(source, kind, state.at));
        if let Some((locked, audit)) = locked.zip(self.audit.as_ref()) {
            let event = AuditEvent::new(What::Locked, state.millis)
                .with_kind(kind)
                .with_lock(locked.strikes, locked.lasts.as_secs());
            let _ = audit.record(&with_origin(&event, state));
        }
        if let Some(watch) = &self.watch {
            let raised = watch.refused(source, kind, claimed, state.at);
            self.record_signals(state, None, raised);
            let lock_out = self.lock_out.as_ref();
            if lock_out.is_some_and(LockOut::take_saturated) {
                self.record_signals(state, None, watch.saturated(state.at));
            }
        }
    }

    pub(super) fn watch_denied(&self, state: &RequestState, caller: &Principal) {
        if let Some(watch) = &self.watch {
            let raised = watch.denied(caller, state.at);
            self.record_signals(state, Some(caller), raised);
        }
    }

    pub(super) fn watch_admitted(&self, state: &RequestState, caller: &Principal) {
        if let Some(watch) = &self.watch {
            let raised = watch.admitted(caller, state.origin.source(), state.at);
            self.record_signals(state, Some(caller), raised);
        }
    }

    fn record_signals(&self, state: &RequestState, caller: Option<&Principal>, raised: Signals) {
        let Some(audit) = &self.audit else {
            return;
        };
        for signal in raised.iter() {
            let event = AuditEvent::new(What::Signal, state.millis);
            let event = with_origin(&event, state).with_matter(signal.as_str(), "");
            let event = caller.map_or(event, |caller| event.with_principal(caller));
            let _ = audit.record(&event);
        }
    }
}

/// Returns whether a credential was rejected: what is refused before it was read is not parsed.
fn is_of_credential(stop: &Stop) -> bool {
    let Stop::Rejected(rejection) = stop else {
        return false;
    };
    !matches!(
        rejection.kind(),
        RejectionKind::AddressDenied | RejectionKind::TlsRequired | RejectionKind::Unavailable
    )
}

impl RecordUndecided for Enforcement {
    fn record_undecided(
        &self,
        request: &RecordedRequest,
        state: &RequestState,
        principal: &Principal,
        client: Option<&Principal>,
    ) {
        self.counts.allowed();
        if let Some(audit) = &self.audit {
            let event = of_recorded(What::Authenticated, request, state).with_principal(principal);
            // Nobody waits for it: the request was answered without a decision.
            let _ = audit.record(&with_client(&event, client));
        }
    }

    fn locates_clients(&self) -> bool {
        self.proxies.is_some()
    }
}

fn of_request<'a>(facts: &RequestFacts<'a>, state: &RequestState) -> AuditEvent<'a> {
    let event = AuditEvent::new(What::Decision, state.millis)
        .with_method(facts.method().as_str())
        .with_path(facts.uri().path());
    let user_agent = facts.headers().get(http::header::USER_AGENT);
    let event = match user_agent {
        Some(value) => event.with_user_agent(value.as_bytes()),
        None => event,
    };
    with_origin(&event, state)
}

fn of_recorded<'a>(
    what: What,
    request: &'a RecordedRequest,
    state: &RequestState,
) -> AuditEvent<'a> {
    let event = AuditEvent::new(what, state.millis)
        .with_method(request.method.as_str())
        .with_path(&request.path);
    let event = match &request.user_agent {
        Some(value) => event.with_user_agent(value),
        None => event,
    };
    with_origin(&event, state)
}

fn with_origin<'a>(event: &AuditEvent<'a>, state: &RequestState) -> AuditEvent<'a> {
    let event = event.with_origin(&state.origin);
    match state.port {
        Some(port) => event.with_port(port),
        None => event,
    }
}

fn with_client<'a>(event: &AuditEvent<'a>, client: Option<&'a Principal>) -> AuditEvent<'a> {
    match client {
        Some(client) => event.with_client(client),
        None => *event,
    }
}

fn refused<'a>(event: &AuditEvent<'a>, refusal: &'a Refusal) -> AuditEvent<'a> {
    let event = event
        .with_kind(refusal.kind())
        .with_status(refusal.status().as_u16());
    match refusal.decision() {
        Some(decision) => event.with_decision(decision),
        None => event,
    }
}
