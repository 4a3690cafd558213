//! Whose word a judge takes.

/// How many outside authorities a judge trusts, and how many of them may assert anything.
///
/// An authority is outside if somebody else runs it: an issuer, an introspection endpoint. Tokens
/// of one must not grant what only another may grant, so a [`Gate`](crate::gate::Gate) that trusts two
/// or more demands that each is bounded, or that all are declared equal.
///
/// ```
/// use bearergate::validator::Authorities;
///
/// let three = Authorities::OWN.with(Authorities::BOUNDED).with(Authorities::BOUNDED).with(Authorities::OUTSIDE);
/// assert_eq!((three.outside(), three.unbounded()), (3, 1));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Authorities {
    outside: usize,
    unbounded: usize,
}

impl Authorities {
    /// None outside: the service's own keys, sessions or tokens.
    pub const OWN: Self = Self {
        outside: 0,
        unbounded: 0,
    };

    /// One that may assert what its configuration grants it alone.
    pub const BOUNDED: Self = Self {
        outside: 1,
        unbounded: 0,
    };

    /// One that may assert anything.
    pub const OUTSIDE: Self = Self {
        outside: 1,
        unbounded: 1,
    };

    /// Adds the authorities of `other`.
    pub const fn with(self, other: Self) -> Self {
        Self {
            outside: self.outside.saturating_add(other.outside),
            unbounded: self.unbounded.saturating_add(other.unbounded),
        }
    }

    /// Returns how many there are.
    pub const fn outside(self) -> usize {
        self.outside
    }

    /// Returns how many of them may assert anything.
    pub const fn unbounded(self) -> usize {
        self.unbounded
    }

    /// Returns true if one of several may assert what only another should.
    pub(crate) const fn is_open(self) -> bool {
        self.outside > 1 && self.unbounded > 0
    }
}
