//! The state of the audit trail.

use std::sync::Arc;

use super::lane::{Lane, PerLane};

/// The state of an [`Audit`](super::Audit) and of each of its sinks.
#[derive(Clone, Debug)]
pub struct AuditHealth {
    pub(super) sinks: Vec<SinkHealth>,
}

impl AuditHealth {
    /// Returns the sinks in the order of the builder, anchors last.
    pub fn sinks(&self) -> &[SinkHealth] {
        &self.sinks
    }

    /// Returns true only if every sink has taken what it was last given.
    pub fn is_working(&self) -> bool {
        self.sinks.iter().all(|s| s.state == SinkState::Working)
    }

    /// Returns how many records were lost, in all sinks together.
    pub fn lost(&self) -> Lost {
        let mut sum = Lost::default();
        for sink in &self.sinks {
            for (lane, lost) in sink.lost.0.iter() {
                let sum = sum.0.get_mut(lane);
                *sum = sum.saturating_add(*lost);
            }
        }
        sum
    }

    /// Returns how many bytes wait, in all sinks together.
    pub fn queued_bytes(&self) -> usize {
        self.sinks.iter().map(SinkHealth::queued_bytes).sum()
    }
}

/// The state of one sink.
#[derive(Clone, Debug)]
pub struct SinkHealth {
    pub(super) name: Arc<str>,
    pub(super) state: SinkState,
    pub(super) lost: Lost,
    pub(super) queued_bytes: usize,
    pub(super) written: u64,
    pub(super) errors: u64,
}

impl SinkHealth {
    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether it can be written to.
    pub const fn state(&self) -> SinkState {
        self.state
    }

    /// Returns how many records it has lost since the start, because there was no room.
    pub const fn lost(&self) -> Lost {
        self.lost
    }

    /// Returns how many bytes of packed records wait for it.
    pub const fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// Returns how many lines it has taken.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Returns how often writing or syncing has failed.
    pub const fn errors(&self) -> u64 {
        self.errors
    }
}

/// Whether a sink can be written to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SinkState {
    /// It has taken what it was last given.
    Working,
    /// It has failed and is tried again, after 100 ms at first and every 5 s at last.
    Broken,
    /// It was closed.
    Closed,
}

/// Numbers of records that were lost, by lane.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Lost(pub(super) PerLane<u64>);

impl Lost {
    /// Returns how many allows were lost.
    pub const fn allowed(&self) -> u64 {
        *self.0.get(Lane::Allowed)
    }

    /// Returns how many refusals were lost.
    pub const fn refused(&self) -> u64 {
        *self.0.get(Lane::Refused)
    }

    /// Returns how many locks, signals and other records were lost.
    pub const fn notable(&self) -> u64 {
        *self.0.get(Lane::Notable)
    }

    /// Returns the sum.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, (_, n)| sum.saturating_add(*n))
    }
}

/// The outcome of [`Audit::close`](super::Audit::close).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Closed {
    pub(super) unwritten: u64,
}

impl Closed {
    /// Returns true only if every sink has taken all records that it had room for.
    pub const fn is_complete(&self) -> bool {
        self.unwritten == 0
    }

    /// Returns how many records were not written in time, in all sinks together. They are not in the
    /// trail, unless a sink that hangs takes them after all.
    pub const fn unwritten(&self) -> u64 {
        self.unwritten
    }
}
