//! What a gate remembers of a caller that was authenticated, until it is decided about.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, Method};

use super::state::RequestState;
use crate::address::Origin;
use crate::http_response::ResponseConfig;
use crate::policy::AccessRequest;
use crate::principal::Principal;
use crate::request::RequestFacts;

/// What is remembered of a caller that was authenticated.
///
/// If it is dropped before a decision, it is recorded that a caller was authenticated and nothing
/// was asked.
pub(in crate::gate) struct Trail {
    /// What records it if nothing is decided.
    recorder: Arc<dyn RecordUndecided>,
    /// Whether the gate locates its clients.
    is_located: bool,
    state: Mutex<RequestState>,
    request: RecordedRequest,
    principal: Principal,
    client: Option<Principal>,
    is_decided: AtomicBool,
}

/// Records a caller that was authenticated and of whom nothing was decided.
pub(super) trait RecordUndecided: Send + Sync {
    fn record_undecided(
        &self,
        request: &RecordedRequest,
        state: &RequestState,
        principal: &Principal,
        client: Option<&Principal>,
    );

    /// Returns whether the gate has proxies configured.
    fn locates_clients(&self) -> bool;
}

/// The facts of a request that records have.
#[derive(Clone, Debug)]
pub(super) struct RecordedRequest {
    pub(super) method: Method,
    pub(super) path: Box<str>,
    pub(super) user_agent: Option<Box<[u8]>>,
}

impl Trail {
    pub(super) fn new(
        recorder: Arc<dyn RecordUndecided>,
        facts: RequestFacts<'_>,
        state: RequestState,
        (principal, client): (&Principal, Option<&Principal>),
    ) -> Self {
        let user_agent = facts.headers().get(http::header::USER_AGENT);
        Self {
            is_located: recorder.locates_clients(),
            recorder,
            state: Mutex::new(state),
            request: RecordedRequest {
                method: facts.method().clone(),
                path: facts.uri().path().into(),
                user_agent: user_agent.map(|value| value.as_bytes().into()),
            },
            principal: principal.clone(),
            client: client.cloned(),
            is_decided: AtomicBool::new(false),
        }
    }

    pub(in crate::gate) fn state(&self) -> MutexGuard<'_, RequestState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the address of the client and whether its connection is encrypted.
    pub(in crate::gate) fn add_to<'a>(&'a self, request: AccessRequest<'a>) -> AccessRequest<'a> {
        let state = self.state();
        let mut request = request.with_trail(self);
        if let Some(address) = state.origin.address() {
            request = request.with_address(address);
        }
        if let Some(is_encrypted) = state.is_encrypted {
            request = request.with_tls(is_encrypted);
        }
        request
    }

    pub(in crate::gate) fn origin(&self) -> Option<Origin> {
        self.is_located.then(|| self.state().origin)
    }

    pub(in crate::gate) fn refund(&self) {
        self.state().charges.refund();
    }

    pub(in crate::gate) fn add_rate_fields(
        &self,
        challenge: &ResponseConfig,
        headers: &mut HeaderMap,
    ) {
        let state = self.state();
        challenge.add_rate_fields([&state.charges], headers);
    }

    pub(super) const fn request(&self) -> &RecordedRequest {
        &self.request
    }

    pub(super) fn set_decided(&self) {
        self.is_decided.store(true, Ordering::Relaxed);
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        if !*self.is_decided.get_mut() {
            let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
            let client = self.client.as_ref();
            self.recorder
                .record_undecided(&self.request, state, &self.principal, client);
        }
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trail")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
