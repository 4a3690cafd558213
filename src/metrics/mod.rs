//! Counters of what a gate, its limits, its lock-out and its audit trail have done.
//!
//! Each component counts by itself, with one atomic addition, and returns its numbers when it is
//! asked: nothing is looked up on the path of a request. Labels are words of this crate and names of
//! the configuration, never a text of a request.
//!
//! [`Metrics`] is what a gate returns; the [guide](crate::guide::metrics) describes each number.

mod counter;
mod families;
mod histogram;
mod names;
mod prometheus;
mod request_counts;
mod values;

pub(crate) use counter::{Counted, Counter, Sample};
pub(crate) use histogram::{Stage, StageTimes};
pub use names::MetricKind;
pub(crate) use request_counts::RequestCounts;
pub use values::{MetricValue, Metrics};

#[cfg(test)]
mod test_text;
