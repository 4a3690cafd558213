//! The key that a token asks for.

use crate::crypto::Algorithm;

/// The header members of an unverified token that concern its key: `kid` and `alg`.
///
/// Both are untrusted. A [`KeyStore`](crate::key::KeyStore) may use them to find a key faster or to
/// decide that a refresh is due, but never to decide what is trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct KeyHint<'a> {
    kid: Option<&'a str>,
    algorithm: Algorithm,
}

impl<'a> KeyHint<'a> {
    /// Makes a hint from the header's `kid` and `alg`.
    ///
    /// Nothing is checked. A validator makes it for each token; other code needs it only to call a
    /// store by hand, as a test does.
    pub const fn new(kid: Option<&'a str>, algorithm: Algorithm) -> Self {
        Self { kid, algorithm }
    }

    /// Returns the header's `kid`: an untrusted, opaque text of at most 256 bytes.
    ///
    /// Without a `kid` in the header it is `None`, and every key of the algorithm matches.
    pub const fn kid(&self) -> Option<&'a str> {
        self.kid
    }

    /// Returns the header's `alg`, untrusted as well.
    ///
    /// Only a key whose [algorithms](crate::key::Key::algorithms) contain it verifies the token.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
