//! Member names of open objects that have many.

use super::names::{HashedName, NameStore};
use crate::limits;

/// Space for the names of every accepted text. Names with similar hashes are chained, so that one
/// more name costs the same in an object of a thousand.
///
/// Its initialization takes time, so it is used only if few names are not enough.
pub(super) struct ManyNames {
    /// For each group of hashes the number of the last name in it; zero if there is none.
    heads: [u32; HEADS],
    inline: [ChainedName; INLINE],
    spill: Vec<ChainedName>,
    len: usize,
}

const HEADS: usize = 256;

/// Names that are stored without allocation.
const INLINE: usize = limits::JSON_MEMBERS;

#[derive(Clone, Copy, Default)]
struct ChainedName {
    name: HashedName,
    /// The number of the name before it in its group.
    before: u32,
}

impl ManyNames {
    fn head(&mut self, name: HashedName) -> Option<&mut u32> {
        self.heads.get_mut((name.hash >> 24) as usize)
    }

    fn get(&self, index: usize) -> Option<ChainedName> {
        let spilled = || self.spill.get(index.wrapping_sub(INLINE));
        self.inline.get(index).or_else(spilled).copied()
    }
}

impl NameStore for ManyNames {
    const IS_COMPLETE: bool = true;

    fn new() -> Self {
        Self {
            heads: [0; HEADS],
            inline: [ChainedName::default(); INLINE],
            spill: Vec::new(),
            len: 0,
        }
    }

    fn contains(&self, text: &[u8], (first, _): (usize, usize), name: HashedName) -> bool {
        let head = self.heads.get((name.hash >> 24) as usize);
        let mut number = head.copied().unwrap_or_default() as usize;
        // Names of the objects around it have smaller numbers.
        while number > first {
            let Some(chained) = self.get(number - 1) else {
                return false;
            };
            if chained.name.hash == name.hash && chained.name.is(text, name) {
                return true;
            }
            number = chained.before as usize;
        }
        false
    }

    fn put(&mut self, text: &[u8], len: usize, name: HashedName) -> bool {
        let before = match self.head(name) {
            Some(head) => std::mem::replace(head, len as u32 + 1),
            None => 0,
        };
        let chained = ChainedName { name, before };
        match self.inline.get_mut(len) {
            Some(slot) => *slot = chained,
            None => {
                if self.spill.capacity() == 0 {
                    // The shortest member has five bytes (`"":0,`): one allocation is enough.
                    self.spill.reserve_exact(text.len() / 5 + 1);
                }
                self.spill.push(chained);
            }
        }
        self.len = len + 1;
        true
    }

    fn truncate(&mut self, len: usize) {
        while self.len > len {
            self.len -= 1;
            if let Some(removed) = self.get(self.len)
                && let Some(head) = self.head(removed.name)
            {
                *head = removed.before;
            }
        }
        self.spill.truncate(len.saturating_sub(INLINE));
    }
}
