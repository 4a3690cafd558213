//! Choices that the fuzzer makes.

/// Reads choices from a recipe; one that is used up makes the first choice for ever.
pub(crate) struct Random(Vec<u8>);

impl Random {
    pub(crate) fn new(recipe: &[u8]) -> Self {
        Self(recipe.iter().rev().copied().collect())
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
