//! The steps before the credential, explained: origin, TLS, address lists, lock-out.

use super::request_explanation::Section;
use crate::diagnosis::Step;
use crate::error::RejectionKind;
use crate::gate::Gate;
use crate::gate::enforcement::{Enforcement, RequestState, SourceAdmission};
use crate::gate::stop::Stop;
use crate::request::RequestFacts;

pub(super) const ORIGIN: &str = "origin";
pub(super) const LIMITS: &str = "limits";

/// What is known before the credential is read.
pub(super) struct Begun {
    pub(super) section: Section,
    pub(super) state: RequestState,
    pub(super) stop: Option<Stop>,
}

/// Explains the steps before the credential, and sets the address of the client. `None` if the gate
/// enforces nothing, or has no time.
pub(super) fn begin(gate: &Gate, facts: &mut RequestFacts<'_>) -> Option<Begun> {
    let enforcement = gate.0.enforcement.as_deref()?;
    let mut state = enforcement.timed(&gate.0.core)?;
    *facts = enforcement.located(*facts, &mut state);
    let mut steps = vec![address(enforcement, &state)];
    let stop = match enforcement.admits_origin(&state) {
        Ok(()) => lock(gate, enforcement, (*facts, &state), &mut steps),
        Err(stop) => {
            steps.push(refused(&stop, &state));
            Some(stop)
        }
    };
    let section = Section::new(ORIGIN, steps);
    Some(Begun {
        section,
        state,
        stop,
    })
}

fn lock(
    gate: &Gate,
    enforcement: &Enforcement,
    (facts, state): (RequestFacts<'_>, &RequestState),
    steps: &mut Vec<Step>,
) -> Option<Stop> {
    enforcement.lock_out.as_ref()?;
    let step = match enforcement.admits_source(&gate.0.core, facts, state) {
        SourceAdmission::Unlocked => Step::ok("lock-out").found("the source is not locked out"),
        SourceAdmission::Spared => {
            Step::ok("lock-out").found("the source is locked out, and the caller is known")
        }
        SourceAdmission::Locked(ends_in) => {
            let secs = ends_in.as_secs().saturating_add(1);
            steps.push(
                Step::failed("lock-out")
                    .expected("a source that is not locked out, or a caller that is known")
                    .found(format!("the source is locked out for up to {secs} s more"))
                    .hint("find out which of its credentials fail, or end the lock with `pardon`"),
            );
            return Some(Stop::Locked(ends_in));
        }
    };
    steps.push(step);
    None
}

fn address(enforcement: &Enforcement, state: &RequestState) -> Step {
    if enforcement.proxies.is_none() {
        return Step::skipped("address").found("the gate has no proxies configured");
    }
    let origin = &state.origin;
    match (origin.address(), origin.problem()) {
        (Some(address), _) => Step::ok("address").found(address.to_string()),
        (None, problem) => {
            let problem = problem.map_or("unknown", |problem| problem.as_str());
            Step::ok("address").found(format!("unknown: {problem}"))
        }
    }
}

fn refused(stop: &Stop, state: &RequestState) -> Step {
    match stop {
        Stop::Rejected(rejection) if rejection.kind() == RejectionKind::TlsRequired => {
            let found = match state.is_encrypted {
                Some(_) => "a connection without TLS",
                None => "a connection of which this is not known",
            };
            Step::failed("tls")
                .expected("a connection of the client with TLS")
                .found(found)
                .hint("set `EncryptedConnection`, or let the proxy send `X-Forwarded-Proto`")
        }
        Stop::Rejected(rejection) if rejection.kind() == RejectionKind::AddressDenied => {
            let found = state.origin.address();
            let found = found.map_or("an unknown address".to_owned(), |own| own.to_string());
            Step::failed("address lists")
                .expected(
                    "an address that is on the allow list, if there is one, and on no deny list",
                )
                .found(found)
                .hint("change the lists, or check which proxies are trusted")
        }
        _ => Step::failed("audit")
            .expected("room for a record in each required sink of the audit trail")
            .found("no room")
            .hint("ask `Gate::doctor` which sink does not write"),
    }
}
