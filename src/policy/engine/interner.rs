//! Names of a policy by number.

use std::sync::Arc;

/// Distinct names, numbered in the order in which they were added, and found in constant time.
///
/// All names come from the configuration and are added before the first request, so a client cannot
/// fill the table.
#[derive(Clone, Debug, Default)]
pub(in crate::policy) struct Interner {
    names: Vec<Arc<str>>,
    // INVARIANT: at most half full; 0 is a free slot, otherwise the number of a name plus 1.
    slots: Vec<u32>,
}

impl Interner {
    pub(in crate::policy) fn len(&self) -> usize {
        self.names.len()
    }

    pub(in crate::policy) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.names.iter()
    }

    /// Returns the number of a name, and adds the name if it is new.
    pub(in crate::policy) fn add(&mut self, name: &Arc<str>) -> usize {
        if let Some(number) = self.find(name.as_bytes()) {
            return number;
        }
        self.names.push(Arc::clone(name));
        if self.names.len() * 2 > self.slots.len() {
            self.slots = vec![0; (self.names.len() * 4).next_power_of_two()];
            for number in 0..self.names.len() {
                self.insert(number);
            }
        } else {
            self.insert(self.names.len() - 1);
        }
        self.names.len() - 1
    }

    /// Returns the number of a name that was added.
    #[inline]
    pub(in crate::policy) fn find(&self, name: &[u8]) -> Option<usize> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash(name) & mask;
        loop {
            let number = (*self.slots.get(at)? as usize).checked_sub(1)?;
            if self
                .names
                .get(number)
                .is_some_and(|known| known.as_bytes() == name)
            {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    fn insert(&mut self, number: usize) {
        let Some(name) = self.names.get(number) else {
            return;
        };
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash(name.as_bytes()) & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == 0 {
                *slot = u32::try_from(number + 1).unwrap_or_default();
                return;
            }
            at = (at + 1) & mask;
        }
    }
}

/// Returns a fast hash of a short string; collisions cannot be provoked, since all names come from
/// the configuration.
#[inline]
fn hash(text: &[u8]) -> usize {
    let mut hash = text.len() as u64;
    let (blocks, rest) = text.as_chunks();
    for block in blocks {
        hash = mix(hash, u64::from_le_bytes(*block));
    }
    let tail = match (text.last_chunk(), rest.first_chunk(), rest.last_chunk()) {
        // The last eight bytes contain the rest.
        (Some(tail), ..) => u64::from_le_bytes(*tail),
        (None, Some(first), Some(last)) => {
            let [first, last] = [*first, *last].map(u32::from_le_bytes).map(u64::from);
            first << 32 | last
        }
        _ => rest
            .iter()
            .fold(0, |tail, byte| tail << 8 | u64::from(*byte)),
    };
    (mix(hash, tail) >> 16) as usize
}

/// Multiplies and folds the product, so that every bit affects every other one.
const fn mix(hash: u64, block: u64) -> u64 {
    const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15;
    let product = (hash ^ block) as u128 * FACTOR;
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn similar_names_have_different_hashes() {
        for make in [
            |n: usize| format!("orders:scope-{n}"),
            |n| format!("{n}-orders:scope"),
            |n| format!("s{n}"),
            |n| format!("/orders/{n}/items"),
        ] {
            let slots: HashSet<_> = (0..256).map(|n| hash(make(n).as_bytes()) % 1_024).collect();
            assert!(slots.len() > 200, "{} {}", make(0), slots.len());
        }
    }

    #[test]
    fn a_name_has_the_number_of_its_addition() {
        let mut interner = Interner::default();
        assert_eq!(interner.find(b""), None);
        let all: Vec<Arc<str>> = (0..1_000)
            .map(|n| "x".repeat(n % 40) + &n.to_string())
            .map(Arc::from)
            .collect();
        for (number, name) in all.iter().enumerate() {
            assert_eq!(interner.find(name.as_bytes()), None);
            assert_eq!(interner.add(name), number);
            assert_eq!(interner.add(name), number);
        }
        for (number, name) in all.iter().enumerate() {
            assert_eq!(interner.find(name.as_bytes()), Some(number));
        }
        for other in ["", "x", "1000", "xx40"] {
            assert_eq!(interner.find(other.as_bytes()), None, "{other}");
        }
        assert_eq!(interner.len(), 1_000);
    }
}
