//! Callers that a gate has accepted.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::enforcement::Trail;
use super::slot::{Proven, SlotCaller};
use crate::address::Origin;
use crate::audit::{Audit, AuditEvent, What};
use crate::clock::UnixTime;
use crate::credential::Scheme;
use crate::http_response::ResponseConfig;
use crate::limit::Charges;
use crate::message::Signed;
use crate::policy::{AccessRequest, Decision};
use crate::principal::Principal;
use crate::validator::Freshness;

/// A caller whose credentials were accepted, before any decision what it may do.
///
/// [`Gate::authenticate`](crate::gate::Gate::authenticate) returns it. Pass what
/// [`request`](Self::request) makes of it to [`Gate::authorize`](crate::gate::Gate::authorize).
/// `Debug` shows of its principals what [`Principal`] shows.
#[derive(Clone, Debug)]
pub struct Authenticated {
    principal: Principal,
    client: Option<Principal>,
    headers: HeaderMap,
    now: UnixTime,
    scheme: Scheme,
    freshness: Option<Freshness>,
    signed: Option<Signed>,
    has_contested_ids: bool,
    /// The same of the application.
    has_contested_client_ids: bool,
    /// Of a gate that enforces limits or records.
    trail: Option<Arc<Trail>>,
}

impl Authenticated {
    pub(super) fn new(now: UnixTime, user: SlotCaller, client: Option<SlotCaller>) -> Self {
        let in_query = user.in_query || client.as_ref().is_some_and(|client| client.in_query);
        let mut headers = HeaderMap::new();
        if in_query {
            headers.insert(header::CACHE_CONTROL, PRIVATE);
        }
        Self {
            has_contested_ids: user.has_contested_ids,
            has_contested_client_ids: client.as_ref().is_some_and(|own| own.has_contested_ids),
            principal: user.principal,
            client: client.map(|client| client.principal),
            headers,
            now,
            scheme: user.scheme,
            freshness: None,
            signed: None,
            trail: None,
        }
    }

    /// Adds what the checks of the proofs have found out.
    pub(super) fn proven(mut self, proven: Proven) -> Self {
        self.freshness = proven.freshness;
        if let Some(nonce) = proven.nonce {
            self.headers.insert(DPOP_NONCE, nonce);
            // RFC 9449 section 8.2: a cached response would give the nonce to others.
            self.headers.insert(header::CACHE_CONTROL, NO_STORE);
        }
        self
    }

    /// Adds what the request was signed with.
    pub(super) fn with_signed(mut self, signed: Signed) -> Self {
        self.signed = Some(signed);
        self
    }

    pub(super) fn with_trail(mut self, trail: Arc<Trail>) -> Self {
        self.trail = Some(trail);
        self
    }

    /// Returns the caller: the principal that the validator of the first slot returned. Who it is
    /// has been checked, what it may do has not.
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Returns the application that calls on behalf of the caller. It is always `Some` if the gate
    /// has a second slot
    /// ([`GateBuilder::client_validator`](crate::gate::GateBuilder::client_validator)).
    pub const fn client(&self) -> Option<&Principal> {
        self.client.as_ref()
    }

    /// Returns headers that the service has to add to its response.
    ///
    /// After a credential in the query this is `Cache-Control: private`, so that no shared cache
    /// stores the response (RFC 6750 section 2.3). If the nonce of a DPoP proof is about to end, it is
    /// the next one in `DPoP-Nonce`, and `Cache-Control: no-store` (RFC 9449 section 8.2).
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns what says that the proof of possession of the caller's key is fresh, or `None` if no
    /// proof was checked.
    pub const fn freshness(&self) -> Option<Freshness> {
        self.freshness
    }

    /// Returns what the request was signed with, or `None` if the gate does not require
    /// [signed requests](crate::gate::GateBuilder::signed_requests).
    pub const fn signed(&self) -> Option<&Signed> {
        self.signed.as_ref()
    }

    /// Returns the time of the request, read once from the gate's clock. The credentials were
    /// checked at this time, and [`request`](Self::request) uses it for decisions.
    pub const fn now(&self) -> UnixTime {
        self.now
    }

    /// Starts an access request of this caller, for
    /// [`Gate::authorize`](crate::gate::Gate::authorize): add an action, a resource, the facts of
    /// the HTTP request.
    ///
    /// Where the gate has [`Proxies`](crate::address::Proxies), the request has the address of the
    /// client, and whether its connection is encrypted, as far as they are known.
    pub fn request(&self) -> AccessRequest<'_> {
        let is_contested = self.has_contested_client_ids;
        let client = self.client.as_ref().map(|client| (client, is_contested));
        let user = (&self.principal, self.has_contested_ids);
        let request = access_request(self.now, user, client).with_scheme(self.scheme);
        match &self.trail {
            Some(trail) => trail.add_to(request),
            None => request,
        }
    }

    /// Returns where the request came from, or `None` if the gate has no
    /// [`Proxies`](crate::gate::GateBuilder::proxies).
    pub fn origin(&self) -> Option<Origin> {
        self.trail.as_ref()?.origin()
    }

    /// Gives back what the request was charged by limits and quotas, once, for a service that does
    /// not count its own failures.
    pub fn refund(&self) {
        if let Some(trail) = &self.trail {
            trail.refund();
        }
    }

    /// Returns the header fields that tell the client its limits, including those that
    /// [`Gate::authorize`](crate::gate::Gate::authorize) has asked;
    /// [`RateFields`](crate::http_response::RateFields) says which. The service adds them to its
    /// response.
    pub fn rate_headers(&self, challenge: &ResponseConfig) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(trail) = &self.trail {
            trail.add_rate_fields(challenge, &mut headers);
        }
        headers
    }

    pub(super) fn admitted(mut self, decision: Decision) -> Admitted {
        if let Some(obligations) = decision.obligations() {
            for (name, value) in obligations.headers() {
                self.headers.append(name, value.clone());
            }
        }
        Admitted {
            caller: self,
            decision,
            charges: Charges::default(),
            record: None,
        }
    }
}

/// Makes the access request of accepted principals, each with whether its ids are contested.
pub(super) const fn access_request<'a>(
    now: UnixTime,
    (user, has_contested_ids): (&'a Principal, bool),
    client: Option<(&'a Principal, bool)>,
) -> AccessRequest<'a> {
    let mut request = AccessRequest::new(user, now);
    if has_contested_ids {
        request = request.with_contested_ids();
    }
    match client {
        Some((client, true)) => request.with_contested_client_ids().with_client(client),
        Some((client, false)) => request.with_client(client),
        None => request,
    }
}

// RFC 6750 section 2.3.
const PRIVATE: HeaderValue = HeaderValue::from_static("private");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A caller whose credentials were accepted and whose request is allowed.
///
/// [`Gate::check`](crate::gate::Gate::check) returns it.
#[derive(Clone, Debug)]
pub struct Admitted {
    caller: Authenticated,
    decision: Decision,
    charges: Charges,
    record: Option<DecisionRecord>,
}

/// The audit record of a decision.
#[derive(Clone, Debug)]
pub(super) struct DecisionRecord {
    pub(super) id: u128,
    pub(super) millis: u64,
    pub(super) audit: Audit,
}

impl Admitted {
    /// Returns the caller: the principal that the validator of the first slot returned, and that
    /// the authorizer allowed this request.
    pub const fn principal(&self) -> &Principal {
        self.caller.principal()
    }

    /// Returns the application that calls on behalf of the caller. It is always `Some` if the gate
    /// has a second slot
    /// ([`GateBuilder::client_validator`](crate::gate::GateBuilder::client_validator)).
    pub const fn client(&self) -> Option<&Principal> {
        self.caller.client()
    }

    /// Returns the decision, which is an allow, with its reasons and its
    /// [obligations](Decision::obligations). The gate has asked the limits of their class and recorded
    /// the decision, as far as it has limits and an audit trail; the headers among them are in
    /// [`headers`](Self::headers).
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Returns headers that the service has to add to its response: those of
    /// [`Authenticated::headers`], and those of the decision's
    /// [obligations](Decision::obligations).
    pub const fn headers(&self) -> &HeaderMap {
        self.caller.headers()
    }

    /// Returns what says that the proof of possession of the caller's key is fresh, or `None` if no
    /// proof was checked.
    pub const fn freshness(&self) -> Option<Freshness> {
        self.caller.freshness()
    }

    /// Returns what the request was signed with, or `None` if the gate does not require
    /// [signed requests](crate::gate::GateBuilder::signed_requests).
    pub const fn signed(&self) -> Option<&Signed> {
        self.caller.signed()
    }

    /// Returns the time of the request, read once from the gate's clock. The credentials and the
    /// decision are of this time.
    pub const fn now(&self) -> UnixTime {
        self.caller.now()
    }

    /// Returns what the request was charged by the [limits](crate::gate::GateBuilder::limits) of the
    /// gate; nothing without limits. A service that does not count its own failures gives it back
    /// with [`Charges::refund`].
    ///
    /// It holds the permits of concurrent limits: keep it until the response was sent.
    pub const fn charges(&self) -> &Charges {
        &self.charges
    }

    /// Adds a record to the [audit trail](crate::gate::GateBuilder::audit) that says with which
    /// status the request was answered. Without it the trail has the decision only.
    pub fn complete(&self, status: StatusCode) {
        if let Some(record) = &self.record {
            let event = AuditEvent::new(What::Completed, record.millis)
                .with_id(record.id)
                .with_status(status.as_u16())
                .with_principal(self.principal());
            // A completed record is never what an answer waits for.
            let _ = record.audit.record(&event);
        }
    }

    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.caller.headers
    }

    pub(super) fn with_enforced(
        mut self,
        charges: Charges,
        record: Option<DecisionRecord>,
    ) -> Self {
        self.charges = charges;
        self.record = record;
        self
    }
}
