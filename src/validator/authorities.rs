//! The authorities that a validator trusts.

/// The number of outside authorities that a validator trusts, and how many of them may assert
/// anything.
///
/// An authority is outside if it is not the service itself: an issuer, an introspection endpoint.
/// Tokens of one must not grant what only another may grant. So a [`Gate`](crate::gate::Gate) that
/// trusts two or more is built only if each of them is bounded, as by
/// [`JwtValidatorBuilder::grants`](crate::jwt::JwtValidatorBuilder::grants), or if all are declared
/// equal with [`all_authorities_equal`](crate::gate::GateBuilder::all_authorities_equal).
///
/// Bounded authorities still choose their own ids of subjects and clients. Where two or more are
/// trusted, conditions over an id have to name the authority
/// ([`Condition::of`](crate::policy::Condition::of)). The callers of a validator whose number is not
/// zero count as outside, so do not join own and outside authorities in one validator.
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
    /// No outside authority: the service issued the keys, sessions or tokens itself. It is the
    /// neutral value of [`with`](Self::with). A validator that trusts another party must not return
    /// it, because a [`Gate`](crate::gate::Gate) then cannot require bounds.
    pub const OWN: Self = Self {
        outside: 0,
        unbounded: 0,
    };

    /// One outside authority that may assert only the scopes and claims that its configuration
    /// grants it. The validator has to remove all others from the principal.
    pub const BOUNDED: Self = Self {
        outside: 1,
        unbounded: 0,
    };

    /// One outside authority that may assert any scope and any claim. A gate that trusts it
    /// and another outside authority needs
    /// [`all_authorities_equal`](crate::gate::GateBuilder::all_authorities_equal).
    pub const OUTSIDE: Self = Self {
        outside: 1,
        unbounded: 1,
    };

    /// Returns the sum of both, for a validator that trusts the authorities of several others, for
    /// example one that calls them in turn.
    pub const fn with(self, other: Self) -> Self {
        Self {
            outside: self.outside.saturating_add(other.outside),
            unbounded: self.unbounded.saturating_add(other.unbounded),
        }
    }

    /// Returns the number of outside authorities, bounded or not. With two or more, tokens of one
    /// could grant what only another may grant.
    pub const fn outside(self) -> usize {
        self.outside
    }

    /// Returns the number of outside authorities that may assert anything; it is at most
    /// [`outside`](Self::outside).
    pub const fn unbounded(self) -> usize {
        self.unbounded
    }

    /// Returns true if one of several authorities may assert what only another should.
    pub(crate) const fn is_open(self) -> bool {
        self.outside > 1 && self.unbounded > 0
    }
}
