//! What a token says about itself before anything vouches for it.

use std::fmt;

/// A value read from a token that nothing has verified yet.
///
/// It may choose which issuer is asked, by exact match against what is configured, and nothing
/// else. The only way to it is the method whose name says what it gives, and `Debug` does not show
/// the value.
#[derive(Clone, Copy)]
pub(crate) struct Unverified<T>(T);

impl<T> Unverified<T> {
    /// Marks a value as unverified.
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value, which is whatever the sender wrote.
    pub(crate) const fn as_unverified(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Unverified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unverified(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_value() {
        assert_eq!(format!("{:?}", Unverified::new("s3cret")), "Unverified(..)");
    }
}
