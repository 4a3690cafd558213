//! Sets of numbers, with one bit for each.

use std::iter;

/// A set of the numbers below a bound that is fixed when the set is created.
pub(in crate::policy) type BitSet = Box<[u64]>;

/// Creates an empty set of numbers below this bound.
pub(in crate::policy) fn empty(bound: usize) -> BitSet {
    vec![0; bound.div_ceil(64)].into()
}

#[inline]
pub(in crate::policy) fn insert(set: &mut [u64], number: usize) {
    if let Some(word) = set.get_mut(number / 64) {
        *word |= 1 << (number % 64);
    }
}

#[inline]
pub(in crate::policy) fn contains(set: &[u64], number: usize) -> bool {
    let word = set.get(number / 64);
    word.is_some_and(|word| word >> (number % 64) & 1 == 1)
}

pub(in crate::policy) fn unite(set: &mut [u64], other: &[u64]) {
    for (word, other) in set.iter_mut().zip(other) {
        *word |= other;
    }
}

pub(in crate::policy) fn intersect(set: &mut [u64], other: &[u64]) {
    let other = other.iter().copied().chain(iter::repeat(0));
    set.iter_mut()
        .zip(other)
        .for_each(|(word, other)| *word &= other);
}

/// Returns the smallest number.
pub(in crate::policy) fn first(set: &[u64]) -> Option<usize> {
    let (at, word) = set.iter().enumerate().find(|(_, word)| **word != 0)?;
    Some(at * 64 + word.trailing_zeros() as usize)
}

/// The numbers in one word of a set, in ascending order.
pub(in crate::policy) struct Bits(pub(in crate::policy) u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}
