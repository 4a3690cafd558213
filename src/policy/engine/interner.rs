//! Words of a policy by number, found in constant time.

use std::sync::Arc;

/// Different words, numbered in the order in which they came.
///
/// All words come from the configuration and are there before the first question, so nobody
/// outside can fill the table.
#[derive(Clone, Debug, Default)]
pub(in crate::policy) struct Words {
    words: Vec<Arc<str>>,
    // INVARIANT: at most half full; 0 is a free place, else the number of a word and 1.
    places: Vec<u32>,
}

impl Words {
    pub(in crate::policy) fn len(&self) -> usize {
        self.words.len()
    }

    /// Returns the number of a word, which is new if it was not there.
    pub(in crate::policy) fn add(&mut self, word: &Arc<str>) -> usize {
        if let Some(number) = self.find(word.as_bytes()) {
            return number;
        }
        self.words.push(Arc::clone(word));
        if self.words.len() * 2 > self.places.len() {
            self.grow();
        } else {
            self.place(self.words.len() - 1);
        }
        self.words.len() - 1
    }

    /// Returns the number of a word that is there.
    #[inline]
    pub(in crate::policy) fn find(&self, word: &[u8]) -> Option<usize> {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = hash(word) & mask;
        loop {
            let number = (*self.places.get(at)? as usize).checked_sub(1)?;
            if self
                .words
                .get(number)
                .is_some_and(|own| own.as_bytes() == word)
            {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        self.places = vec![0; (self.words.len() * 4).next_power_of_two()];
        for number in 0..self.words.len() {
            self.place(number);
        }
    }

    fn place(&mut self, number: usize) {
        let Some(word) = self.words.get(number) else {
            return;
        };
        let mask = self.places.len().wrapping_sub(1);
        let mut at = hash(word.as_bytes()) & mask;
        while let Some(place) = self.places.get_mut(at) {
            if *place == 0 {
                *place = u32::try_from(number + 1).unwrap_or_default();
                return;
            }
            at = (at + 1) & mask;
        }
    }
}

/// A fast hash of short words; it need not withstand anybody.
#[inline]
fn hash(word: &[u8]) -> usize {
    let mut all = word.len() as u64;
    let (blocks, rest) = word.as_chunks();
    for block in blocks {
        all = mixed(all, u64::from_le_bytes(*block));
    }
    let tail = match (word.last_chunk(), rest.first_chunk(), rest.last_chunk()) {
        // The last eight bytes hold all that is left.
        (Some(tail), ..) => u64::from_le_bytes(*tail),
        (None, Some(first), Some(last)) => {
            let [first, last] = [*first, *last].map(u32::from_le_bytes).map(u64::from);
            first << 32 | last
        }
        _ => rest
            .iter()
            .fold(0, |tail, byte| tail << 8 | u64::from(*byte)),
    };
    (mixed(all, tail) >> 16) as usize
}

/// Folds the whole product, so that every bit bears on every other one.
const fn mixed(all: u64, block: u64) -> u64 {
    const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15;
    let product = (all ^ block) as u128 * FACTOR;
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_that_differ_anywhere_are_spread() {
        for make in [
            |n: usize| format!("orders:scope-{n}"),
            |n| format!("{n}-orders:scope"),
            |n| format!("s{n}"),
            |n| format!("/orders/{n}/items"),
        ] {
            let places: HashSet<_> = (0..256).map(|n| hash(make(n).as_bytes()) % 1_024).collect();
            assert!(places.len() > 200, "{} {}", make(0), places.len());
        }
    }

    #[test]
    fn every_word_has_its_number_and_no_other_word_has() {
        let mut words = Words::default();
        assert_eq!(words.find(b""), None);
        let all: Vec<Arc<str>> = (0..1_000)
            .map(|n| "x".repeat(n % 40) + &n.to_string())
            .map(Arc::from)
            .collect();
        for (number, word) in all.iter().enumerate() {
            assert_eq!(words.find(word.as_bytes()), None);
            assert_eq!(words.add(word), number);
            assert_eq!(words.add(word), number);
        }
        for (number, word) in all.iter().enumerate() {
            assert_eq!(words.find(word.as_bytes()), Some(number));
        }
        for other in ["", "x", "1000", "xx40"] {
            assert_eq!(words.find(other.as_bytes()), None, "{other}");
        }
        assert_eq!(words.len(), 1_000);
    }
}
