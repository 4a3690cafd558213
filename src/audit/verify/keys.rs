//! The keys of all starts and epochs that lines name.

use std::collections::HashMap;

use crate::audit::chain::{ChainKey, MAC_DIGITS, Member, StartKey};

/// Derives keys as lines need them.
#[derive(Debug)]
pub(super) struct Keys<'k> {
    key: &'k ChainKey,
    /// The key of each start, in the epoch that was reached.
    starts: HashMap<(u32, u64, u64), StartKey>,
    /// How many more steps may be made: a line that was forged can name any epoch.
    steps: u64,
}

impl<'k> Keys<'k> {
    pub(super) fn new(key: &'k ChainKey) -> Self {
        Self {
            key,
            starts: HashMap::new(),
            steps: STEPS,
        }
    }

    /// Returns whether a line was written under the key, wherever it is now.
    pub(super) fn is_true(&mut self, member: &Member, line: &[u8]) -> bool {
        let (Some(before), Some(after)) = (
            line.get(..member.mac_at),
            line.get(member.mac_at + MAC_DIGITS..),
        ) else {
            return false;
        };
        let is_mac = |key: &StartKey| key.mac(&member.previous, before, after) == member.mac;
        let start = (member.trail, member.starts, member.boot);
        if let Some(known) = self.starts.get_mut(&start) {
            let ahead = member.epoch.checked_sub(known.epoch());
            match ahead {
                Some(0) => return is_mac(known),
                Some(ahead) => {
                    let Some(mut key) = advance(known.clone(), ahead, &mut self.steps) else {
                        return false;
                    };
                    let is_true = is_mac(&key);
                    // A line that was moved here from a later epoch does not move the key.
                    if is_true && ahead == 1 {
                        std::mem::swap(known, &mut key);
                    }
                    return is_true;
                }
                None => {}
            }
        }
        let first = StartKey::new(self.key, member.trail, member.starts, member.boot);
        let Some(key) = advance(first, member.epoch, &mut self.steps) else {
            return false;
        };
        let is_true = is_mac(&key);
        if is_true && self.starts.len() < STARTS {
            self.starts.entry(start).or_insert(key);
        }
        is_true
    }

    /// Forgets the epochs that were reached, before the lines are read again.
    pub(super) fn begin_again(&mut self) {
        self.starts.clear();
    }

    pub(super) fn is_of_other_key(&self, member: &Member) -> bool {
        !self.key.is_of(member.trail)
    }
}

fn advance(mut key: StartKey, epochs: u64, steps: &mut u64) -> Option<StartKey> {
    *steps = steps.checked_sub(epochs)?;
    for _ in 0..epochs {
        key.ratchet();
    }
    Some(key)
}

/// Half a minute of work, and more epochs than a trail has.
const STEPS: u64 = 1 << 26;
const STARTS: usize = 100_000;
