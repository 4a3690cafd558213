//! About how many different sources there were, by linear counting.

use super::tally::Ring;

const BITS: usize = 4_096;
const WORDS: usize = BITS / 64;

type Map = [u64; WORDS];

/// A bitmap for each bucket of the span. Each source sets a bit.
#[derive(Debug)]
pub(super) struct Spread {
    maps: Ring<Map>,
    /// The bits that so many sources set on average as are looked for.
    enough: u32,
}

impl Spread {
    pub(super) fn new(sources: u32) -> Self {
        Self {
            maps: Ring::new([0; WORDS]),
            enough: expected_bits(sources),
        }
    }

    /// Counts a source. Returns true if it is a new one of its bucket, and the sources of the span
    /// are enough.
    pub(super) fn add(&mut self, hash: u64, tick: u64) -> bool {
        let bit = hash as usize % BITS;
        let mut is_new = false;
        self.maps.at(tick, [0; WORDS], |map| {
            if let Some(word) = map.get_mut(bit / 64) {
                let mask = 1 << (bit % 64);
                is_new = *word & mask == 0;
                *word |= mask;
            }
        });
        is_new && self.bits() >= self.enough
    }

    /// The bits that are set in any bucket.
    fn bits(&self) -> u32 {
        let mut all = [0; WORDS];
        for map in self.maps.buckets() {
            for (word, more) in all.iter_mut().zip(map) {
                *word |= more;
            }
        }
        all.iter().map(|word: &u64| word.count_ones()).sum()
    }
}

/// Returns how many of the bits `count` different hashes set on average, rounded to the nearest.
fn expected_bits(count: u32) -> u32 {
    let bits = BITS as f64;
    let expected = bits * (1.0 - (-f64::from(count) / bits).exp());
    (expected.round() as u32).max(1)
}
