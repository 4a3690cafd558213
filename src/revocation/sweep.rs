//! Removal of expired revocations from a table, part by part.

use std::sync::PoisonError;

use super::pause::PAUSE_AFTER;
use super::table::Table;
use crate::limits;

impl Table {
    /// Purges a few parts if that makes room and so much was added since the last purge that the
    /// walk costs a constant for each addition. Returns true if every part was purged since it last
    /// returned true.
    ///
    /// The walk ends after [`PAUSE_AFTER`] revocations, unless the table is full.
    pub(super) fn tidy(&self, time: u64) -> bool {
        let (counts, is_over) = (&self.counts, self.first_end() < time);
        let mut sweep = self.sweep.lock().unwrap_or_else(PoisonError::into_inner);
        let crowded = sweep.crowded.max(limits::REVOCATIONS_TIDY);
        if !is_over || !(counts.is_full() || counts.len() >= crowded) {
            return false;
        }
        let (mut walked, mut is_complete) = (0, false);
        for _ in 0..self.parts() {
            if walked >= PAUSE_AFTER && !counts.is_full() {
                break;
            }
            walked += self.purge_part(sweep.next, time).walked;
            sweep.next += 1;
            if sweep.next >= self.parts() {
                sweep.next = 0;
                is_complete = true;
                self.end_sweep(&mut sweep.crowded);
                if !counts.is_full() {
                    break;
                }
            }
        }
        is_complete
    }

    /// Purges every part, and returns how many revocations were removed.
    pub(super) fn purge(&self, time: u64) -> usize {
        let removed = (0..self.parts()).map(|place| self.purge_part(place, time).removed);
        let removed = removed.sum();
        self.note_purge();
        removed
    }

    /// Notes that every part was purged.
    pub(super) fn note_purge(&self) {
        let mut sweep = self.sweep.lock().unwrap_or_else(PoisonError::into_inner);
        self.end_sweep(&mut sweep.crowded);
    }

    fn end_sweep(&self, crowded: &mut usize) {
        self.note_first_end();
        *crowded = self.counts.len().saturating_mul(2);
    }
}
