//! What the steps of a request share: slots, authorizer, clock, observer and the form of refusals.

use std::sync::Arc;

use http::{HeaderValue, header};

use super::report::{report_admitted, report_refused};
use super::slots::Slots;
use super::stop::Stop;
use crate::clock::{Clock, UnixTime};
use crate::credential::Scheme;
use crate::error::RejectionKind;
use crate::event::Observer;
use crate::http_response::{ChallengeParams, Refusal, ResponseConfig};
use crate::message::MessageVerifier;
use crate::policy::{AccessRequest, Authorizer};
use crate::principal::Principal;
use crate::request::RequestFacts;
use crate::validator::TokenValidator;

/// What all steps of a request use.
#[derive(Clone, Debug)]
pub(super) struct GateCore {
    pub(super) slots: Arc<Slots>,
    pub(super) authorizer: Arc<dyn Authorizer>,
    /// The verifier of signed requests, if they have to be signed.
    pub(super) messages: Option<MessageVerifier>,
    pub(super) challenge: ResponseConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

impl GateCore {
    /// Returns the refusal of a request that was stopped.
    pub(super) fn refusal(&self, stop: Stop, presented: Presented) -> Refusal {
        let refusal = self.refusal_of(stop);
        let refusal = match presented.scheme {
            Some(scheme) => refusal.with_scheme(scheme),
            None => refusal,
        };
        match refusal.kind() {
            RejectionKind::CredentialMissing => self.with_first_nonce(refusal, presented.now),
            RejectionKind::MessageUnsigned
            | RejectionKind::MessageSignatureInvalid
            | RejectionKind::MessageReplayed => match &self.messages {
                Some(messages) => refusal.with_accept_signature(messages.accept_signature()),
                None => refusal,
            },
            _ => refusal,
        }
    }

    /// Adds the nonce of the first proof, so that the client need not be refused once more.
    fn with_first_nonce(&self, refusal: Refusal, now: Option<UnixTime>) -> Refusal {
        let nonce = now.and_then(|now| self.slots.iter().find_map(|slot| slot.router.nonce(now)));
        with_nonce(refusal, nonce.as_ref())
    }

    fn refusal_of(&self, stop: Stop) -> Refusal {
        let challenge = &self.challenge;
        match stop {
            Stop::Rejected(rejection) => challenge.respond_to(rejection),
            Stop::Denied(decision) => challenge.deny(decision),
            Stop::Limited(exceeded) => challenge.exceeded(&exceeded),
            Stop::Locked(wait) => {
                let params = ChallengeParams::new().with_retry_after(wait);
                challenge
                    .respond_to(RejectionKind::LockedOut)
                    .with_params(params)
            }
        }
    }

    pub(super) fn report_admitted(&self, caller: &Principal) {
        report_admitted(self.observer.as_deref(), caller);
    }

    pub(super) fn report_refused(&self, refusal: &Refusal, caller: Option<&Principal>) {
        report_refused(self.observer.as_deref(), refusal, caller);
    }
}

/// Adds the nonce that the client has to use next.
pub(super) fn with_nonce(refusal: Refusal, nonce: Option<&HeaderValue>) -> Refusal {
    let nonce = nonce.and_then(|nonce| nonce.to_str().ok());
    let params = refusal.params().clone();
    match nonce.map(|nonce| params.with_dpop_nonce(nonce)) {
        Some(Ok(params)) => refusal.with_params(params),
        _ => refusal,
    }
}

/// How a refused request has presented its credential, and when.
#[derive(Clone, Copy, Default)]
pub(super) struct Presented {
    pub(super) scheme: Option<Scheme>,
    pub(super) now: Option<UnixTime>,
}

impl Presented {
    /// The same of a request whose caller is known.
    pub(super) const fn of(request: &AccessRequest<'_>) -> Self {
        Self {
            scheme: request.scheme(),
            now: Some(request.now()),
        }
    }

    /// Reads the scheme of a request, whether it has a credential or not.
    pub(super) fn new(facts: &RequestFacts<'_>, now: Option<UnixTime>) -> Self {
        let is_dpop = facts
            .headers()
            .get_all(header::AUTHORIZATION)
            .iter()
            .any(|line| has_scheme(line.as_bytes(), Scheme::Dpop));
        Self {
            scheme: is_dpop.then_some(Scheme::Dpop),
            now,
        }
    }
}

/// Returns whether the value of an `Authorization` header has this scheme, in any case.
fn has_scheme(value: &[u8], scheme: Scheme) -> bool {
    let name = scheme.as_str().as_bytes();
    let (own, rest) = value.split_at_checked(name.len()).unwrap_or((value, &[]));
    own.eq_ignore_ascii_case(name) && matches!(rest, [] | [b' ', ..])
}
