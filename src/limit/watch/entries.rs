//! What is counted for one source, identity, caller or key.

use super::distinct::{Networks, Recent};
use super::quiet::Quiet;
use super::signal::Signal;
use super::tally::Ring;
use super::thresholds::Threshold;

/// A source and the identities that it claims, or a claimed identity and the sources that claim it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Suspect {
    others: Recent,
    quiet: Quiet,
    ended: Quiet,
}

/// What a source or an identity was seen with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspicion {
    /// The signal that many others raise.
    pub(super) signal: Signal,
    pub(super) other: Option<u64>,
    /// The credential was ended before its time.
    pub(super) is_ended: bool,
    pub(super) millis: u64,
}

/// A verified caller that the policy denied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Denied {
    denials: Ring<u32>,
    quiet: Quiet,
}

/// An API key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    networks: Networks,
    quiet: Quiet,
}

impl Suspect {
    /// Counts the other one. Returns true if a signal is due because there are many.
    pub(super) fn add(&mut self, seen: &Suspicion, threshold: Threshold) -> bool {
        let tick = threshold.tick(seen.millis);
        let count = seen.other.map(|other| self.others.add(other, tick));
        count >= Some(threshold.count) && self.quiet.pass(seen.millis, threshold.per)
    }

    /// Returns true if a signal is due because the credential was ended.
    pub(super) const fn note_end(&mut self, seen: &Suspicion, threshold: Threshold) -> bool {
        seen.is_ended && self.ended.pass(seen.millis, threshold.per)
    }
}

impl Denied {
    /// Counts a denial. Returns true if a signal is due.
    pub(super) fn add(&mut self, millis: u64, threshold: Threshold) -> bool {
        let add = |count: &mut u32| *count = count.saturating_add(1);
        self.denials.at(threshold.tick(millis), 0, add);
        let buckets = self.denials.buckets().iter();
        let count = buckets.fold(0_u32, |sum, count| sum.saturating_add(*count));
        count >= threshold.count && self.quiet.pass(millis, threshold.per)
    }
}

impl Default for Denied {
    fn default() -> Self {
        Self {
            denials: Ring::new(0),
            quiet: Quiet::default(),
        }
    }
}

impl Known {
    /// Adds the network of a request. Returns true if a signal is due.
    pub(super) fn add(&mut self, network: u64, millis: u64, threshold: Threshold) -> bool {
        self.networks.add(network) && self.quiet.pass(millis, threshold.per)
    }
}
