//! One call of the endpoint, from its start to the record of its result.

use std::sync::Arc;

use super::breaker::CallOutcome;
use super::cache::Validated;
use super::in_flight::{CallPermit, CallResult};
use super::shared::{Shared, TokenQuery};
use crate::event::Event;

/// A call in progress. If it is dropped, those that wait for it get the result of an abandoned
/// call.
pub(super) struct Call {
    shared: Arc<Shared>,
    query: Arc<TokenQuery>,
    permit: Option<CallPermit>,
}

impl Call {
    pub(super) fn new(shared: Arc<Shared>, query: Arc<TokenQuery>, permit: CallPermit) -> Self {
        Self {
            shared,
            query,
            permit: Some(permit),
        }
    }

    /// Makes the call and records its result.
    pub(super) async fn run(mut self) {
        let (validated, outcome) = self.shared.validate(&self.query).await;
        if let Some(permit) = self.permit.take() {
            self.complete(permit, validated, outcome);
        }
    }

    /// Records the result before the next call for the token can start.
    fn complete(&self, permit: CallPermit, validated: Validated, outcome: CallOutcome) {
        let shared = &*self.shared;
        let now = shared.clock.now().unwrap_or(self.query.now);
        let mut calls = shared.lock();
        let is_current = calls.finish(&self.query.digest, &permit);
        let opens = calls.record(&permit, outcome, now);
        if is_current {
            shared
                .cache
                .store(self.query.digest, &validated, self.query.now);
        }
        drop(calls);
        if opens {
            let authority = shared.rules.authority.as_str();
            shared.observe(&Event::CircuitOpened { authority });
        }
        permit.settle(match is_current {
            true => CallResult::Done(validated.result),
            false => CallResult::Invalidated,
        });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else {
            return;
        };
        let mut calls = self.shared.lock();
        calls.finish(&self.query.digest, &permit);
        calls.record(&permit, CallOutcome::Unknown, self.query.now);
        // The permit reports the call as abandoned when it is dropped, after the lock is released.
        drop(calls);
    }
}
