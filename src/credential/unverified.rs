//! What a token says about itself before anything vouches for it.

use std::fmt;

/// A value read from a token that nothing has verified yet.
///
/// It may choose which issuer or key is asked, by exact match against what is configured, and
/// nothing else. There is no conversion but the two methods whose names say what they do, and
/// `Debug` does not show the value.
///
/// ```
/// use bearergate::Unverified;
///
/// let issuer = Unverified::new("https://idp.example.com");
/// assert_eq!(issuer.as_unverified().len(), 23);
/// assert_eq!(format!("{issuer:?}"), "Unverified(..)");
/// ```
#[derive(Clone, Copy)]
pub struct Unverified<T>(T);

impl<T> Unverified<T> {
    /// Marks a value as unverified.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value, which is whatever the sender wrote.
    pub const fn as_unverified(&self) -> &T {
        &self.0
    }

    /// Takes the value out, which is whatever the sender wrote.
    pub fn into_unverified(self) -> T {
        self.0
    }

    /// Applies `f` to the value; the result is no more verified than before.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Unverified<U> {
        Unverified(f(self.0))
    }
}

impl<T> fmt::Debug for Unverified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unverified(..)")
    }
}
