//! Permits of concurrent limits.

use std::sync::Arc;

/// A request in flight at one concurrent limit.
#[derive(Debug)]
pub(super) struct Permit {
    next: Option<Arc<Permit>>,
}
