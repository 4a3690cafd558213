//! Permits of concurrent limits.

use std::sync::Arc;

/// A request in flight at one concurrent limit.
#[derive(Debug)]
pub(super) struct Permit {
    next: Option<Arc<Permit>>,
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
