//! Words of a policy by number, found in constant time.

use std::sync::Arc;

/// Different words, numbered in the order in which they came.
///
/// All words come from the configuration and are there before the first question, so nobody
/// outside can fill the table.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    words: Vec<Arc<str>>,
    // INVARIANT: at most half full; 0 is a free place, else the number of a word and 1.
    places: Vec<u32>,
}

impl Words {
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// Returns the number of a word, which is new if it was not there.
    pub(super) fn add(&mut self, word: &Arc<str>) -> usize {
        if let Some(number) = self.find(word) {
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
    pub(super) fn find(&self, word: &str) -> Option<usize> {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = hash(word.as_bytes()) & mask;
        loop {
            let number = (*self.places.get(at)? as usize).checked_sub(1)?;
            if self.words.get(number).is_some_and(|own| **own == *word) {
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
fn hash(word: &[u8]) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut all = word.len() as u64;
    let (blocks, rest) = word.as_chunks::<8>();
    for block in blocks {
        all = (all ^ u64::from_le_bytes(*block)).wrapping_mul(FACTOR);
        all ^= all >> 32;
    }
    let tail = rest
        .iter()
        .fold(0, |tail, byte| tail << 8 | u64::from(*byte));
    all = (all ^ tail).wrapping_mul(FACTOR);
    (all >> 32) as usize
}
