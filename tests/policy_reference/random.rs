//! Random numbers that are the same in every run.

/// `SplitMix64`.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut all = self.0;
        all = (all ^ all >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        all = (all ^ all >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        all ^ all >> 31
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap();
        usize::try_from(self.next() % end).unwrap()
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Returns one of these, in most cases.
    pub(crate) fn maybe<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!self.one_in(6)).then(|| self.of(all))
    }
}
