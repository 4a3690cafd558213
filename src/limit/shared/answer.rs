//! The answer of a shared rate.

use std::time::Duration;

/// What a shared rate answers to a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SharedAnswer {
    /// The cells are paid. `left` is what the store had left when it was last asked, and what this
    /// node has leased.
    Pass { left: u32 },
    /// The cells are not there before `wait` has passed.
    Over { wait: Duration, left: u32 },
    /// The store does not answer: the limit's `Outage` decides.
    Down,
}
