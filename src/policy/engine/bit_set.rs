//! Sets of numbers, a bit for each.

use std::iter;

/// One bit for each rule.
pub(in crate::policy) type Mask = Box<[u64]>;

pub(in crate::policy) fn mask(rules: usize) -> Mask {
    vec![0; rules.div_ceil(64)].into()
}

pub(in crate::policy) fn set(mask: &mut [u64], rule: usize) {
    if let Some(word) = mask.get_mut(rule / 64) {
        *word |= 1 << (rule % 64);
    }
}

pub(in crate::policy) fn merge(all: &mut [u64], own: &[u64]) {
    for (all, own) in all.iter_mut().zip(own) {
        *all |= own;
    }
}

pub(in crate::policy) fn narrow(all: &mut [u64], own: &[u64]) {
    let own = own.iter().copied().chain(iter::repeat(0));
    all.iter_mut().zip(own).for_each(|(all, own)| *all &= own);
}

/// Returns the number of the first bit that is set.
pub(in crate::policy) fn first(all: &[u64]) -> Option<usize> {
    let (at, word) = all.iter().enumerate().find(|(_, word)| **word != 0)?;
    Some(at * 64 + word.trailing_zeros() as usize)
}

/// The numbers of the bits that are set, from the lowest on.
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
