//! Values read from a token before its signature is verified.

use std::fmt;

/// A value read from a token that is not verified.
///
/// It may select one of the configured issuers by an exact match and must not be used for anything
/// else. [`as_unverified`](Self::as_unverified) is the only access; `Debug` does not show the value.
#[derive(Clone, Copy)]
pub(crate) struct Unverified<T>(T);

impl<T> Unverified<T> {
    /// Marks a value as unverified.
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value, which the sender chose.
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
