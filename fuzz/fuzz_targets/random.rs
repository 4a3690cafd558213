//! Choices made from fuzzer input.

/// A source of choices read from fuzzer input; after its end, every choice is the first one.
pub(crate) struct Random(Vec<u8>);

impl Random {
    pub(crate) fn new(input: &[u8]) -> Self {
        Self(input.iter().rev().copied().collect())
    }

    fn byte(&mut self) -> usize {
        self.0.pop().unwrap_or_default().into()
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        let mut all = self.byte();
        if end > 256 {
            all = all << 16 | self.byte() << 8 | self.byte();
        }
        all % end
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    pub(crate) fn maybe<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!self.one_in(6)).then(|| self.of(all))
    }
}
