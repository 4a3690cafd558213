//! Permits of concurrent limits.

use std::sync::Arc;

use super::in_flight::{self, Flight};
use super::limit_state::LimitState;

/// A request in flight at one concurrent limit, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    /// Is dropped with it.
    _held: Held,
    /// The permit of another limit.
    next: Option<Arc<Self>>,
}

/// Where it is counted.
#[derive(Debug)]
#[expect(dead_code, reason = "the counts are only dropped")]
pub(super) enum Held {
    /// At a limit for everyone.
    Everyone(EveryoneFlight),
    /// By key.
    Key(Flight),
}

/// A request in flight at a limit for everyone, until it is dropped.
#[derive(Debug)]
pub(super) struct EveryoneFlight(Arc<LimitState>);

impl Permit {
    pub(super) const fn new(held: Held, next: Option<Arc<Self>>) -> Self {
        Self { _held: held, next }
    }
}

impl EveryoneFlight {
    /// Counts one more request if fewer than `most` are in flight; returns how many there are then.
    pub(super) fn enter(state: &Arc<LimitState>, most: u32) -> Option<(Self, u32)> {
        let count = in_flight::enter(&state.in_flight, most)?;
        Some((Self(Arc::clone(state)), count))
    }
}

impl Drop for EveryoneFlight {
    fn drop(&mut self) {
        in_flight::leave(&self.0.in_flight);
    }
}

impl Permit {
    /// Puts permits that nobody else holds in front of others.
    pub(super) fn join(mut first: Arc<Self>, rest: Arc<Self>) -> Arc<Self> {
        if let Some(own) = Arc::get_mut(&mut first) {
            own.next = Some(match own.next.take() {
                Some(next) => Self::join(next, rest),
                None => rest,
            });
        }
        first
    }
}
