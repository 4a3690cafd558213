//! What a ring answers to requests, to its writer and to reports.

use super::lane::PerLane;
use super::tally::{Loss, Tally};

/// How far a ring has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Phase {
    #[default]
    Open,
    /// Nothing is put any more; the writer empties it.
    Closing,
    /// The writer is not waited for any longer.
    Abandoned,
    /// The writer has ended.
    Ended,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Put {
    Taken(u64),
    Lost,
    Closed,
}

/// What the writer is given.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) losses: PerLane<Loss>,
    /// The number of the last entry or marker in it.
    pub(super) last: u64,
    /// Whether somebody waits for it to be synced.
    pub(super) is_awaited: bool,
    pub(super) phase: Phase,
}

/// The state of a ring for reports.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub(super) tallies: PerLane<Tally>,
    pub(super) phase: Phase,
    pub(super) is_broken: bool,
    pub(super) written: u64,
    pub(super) errors: u64,
}

/// Whether a number is settled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Settled {
    Yes,
    NotYet,
    /// The writer ended before.
    Never,
    /// The deadline has passed.
    Late {
        is_broken: bool,
    },
}
