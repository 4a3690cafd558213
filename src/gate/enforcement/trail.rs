//! What a gate remembers of a caller that was authenticated, until it is decided about.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;

use super::enforced::Enforcement;
use super::state::RequestState;
use crate::gate::admitted::Authenticated;
use crate::principal::Principal;
use crate::request::RequestFacts;

/// What is remembered of a caller that was authenticated.
///
/// If it is dropped before a decision, it is recorded that a caller was authenticated and nothing
/// was asked.
pub(in crate::gate) struct Trail {
    enforcement: Arc<Enforcement>,
    state: Mutex<RequestState>,
    request: RecordedRequest,
    principal: Principal,
    client: Option<Principal>,
    is_decided: AtomicBool,
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
        enforcement: Arc<Enforcement>,
        facts: RequestFacts<'_>,
        state: RequestState,
        caller: &Authenticated,
    ) -> Self {
        let user_agent = facts.headers().get(http::header::USER_AGENT);
        Self {
            enforcement,
            state: Mutex::new(state),
            request: RecordedRequest {
                method: facts.method().clone(),
                path: facts.uri().path().into(),
                user_agent: user_agent.map(|value| value.as_bytes().into()),
            },
            principal: caller.principal().clone(),
            client: caller.client().cloned(),
            is_decided: AtomicBool::new(false),
        }
    }

    pub(in crate::gate) fn state(&self) -> MutexGuard<'_, RequestState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
            self.enforcement
                .record_authenticated(&self.request, state, &self.principal, client);
        }
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trail").field("request", &self.request).finish_non_exhaustive()
    }
}
