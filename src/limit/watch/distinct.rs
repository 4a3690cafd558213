//! The different things that one subject was seen with.

use super::tally::{BUCKETS, Turn, turn};

/// Most different things of one subject.
pub(super) const RECENT: usize = 32;

/// Most networks of one API key.
const NETWORKS: usize = 64;

/// The different things of the last span, each with the tick at which it was last seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recent {
    last: u64,
    /// Part of the hash of each, 0 for none.
    hashes: [u32; RECENT],
    /// The lower half of its tick. All are within one span of the last.
    ticks: [u16; RECENT],
}

impl Recent {
    /// Adds a thing, and returns the number of different ones in the span.
    pub(super) fn add(&mut self, hash: u64, tick: u64) -> u32 {
        let Turn { now, cleared } = turn(self.last, tick);
        if cleared == BUCKETS {
            self.hashes = [0; RECENT];
        }
        self.last = now;
        let (hash, now) = (short(hash), now as u16);
        let age = |tick: u16| usize::from(now.wrapping_sub(tick));
        let mut count = 0;
        // Where it goes: its own place, else a free one, else that of the oldest.
        let mut place = (0, 0);
        for (index, (found, seen)) in self.hashes.iter_mut().zip(&self.ticks).enumerate() {
            if age(*seen) >= BUCKETS {
                *found = 0;
            }
            let is_own = *found == hash;
            count += u32::from(*found != 0 && !is_own);
            let rank = match *found {
                0 => BUCKETS + 1,
                _ if is_own => BUCKETS + 2,
                _ => age(*seen),
            };
            if rank > place.1 {
                place = (index, rank);
            }
        }
        if let Some(found) = self.hashes.get_mut(place.0) {
            *found = hash;
        }
        if let Some(seen) = self.ticks.get_mut(place.0) {
            *seen = now;
        }
        (count + 1).min(RECENT as u32)
    }
}

/// The last networks of an API key, the latest one first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Networks([u32; NETWORKS]);

impl Default for Networks {
    fn default() -> Self {
        Self([0; NETWORKS])
    }
}

impl Networks {
    /// Adds a network. Returns true if it is a new one, and not the first.
    pub(super) fn add(&mut self, hash: u64) -> bool {
        let hash = short(hash);
        let is_first = self.0.first() == Some(&0);
        let found = self.0.iter().position(|network| *network == hash);
        let moved = found.unwrap_or(NETWORKS - 1);
        if let Some(networks) = self.0.get_mut(..=moved) {
            networks.rotate_right(1);
        }
        if let Some(latest) = self.0.first_mut() {
            *latest = hash;
        }
        found.is_none() && !is_first
    }
}

/// A part of a hash that is not 0.
fn short(hash: u64) -> u32 {
    ((hash >> 32) as u32).max(1)
}
