//! Three-valued truth.

/// Whether a condition holds, in Kleene's strong logic of indeterminacy.
///
/// Only [`True`](Self::True) allows: what cannot be told does not, and neither does its negation.
///
/// ```
/// use bearergate::policy::Truth;
///
/// assert_eq!(Truth::Unknown.not(), Truth::Unknown);
/// assert_eq!(Truth::Unknown.or(Truth::True), Truth::True);
/// assert_eq!(Truth::from(None::<bool>), Truth::Unknown);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a three-valued logic has three values"
)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It holds.
    True,
    /// It cannot be told: a fact is missing or of another type.
    Unknown,
}

impl Truth {
    /// Returns true for [`True`](Self::True) alone.
    pub const fn is_true(self) -> bool {
        matches!(self, Self::True)
    }

    /// Returns true if both hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }

    /// Returns true if one of both holds.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }

    /// Returns the opposite; of what cannot be told that cannot be told either.
    #[must_use]
    pub const fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Truth {
    /// Takes `None` for [`Unknown`](Self::Unknown).
    fn from(holds: Option<bool>) -> Self {
        holds.map_or(Self::Unknown, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::False as F;
    use super::Truth::True as T;
    use super::Truth::Unknown as U;
    use super::*;

    #[test]
    fn truth_tables_are_kleenes() {
        let and = [[F, F, F], [F, T, U], [F, U, U]];
        let or = [[F, T, U], [T, T, T], [U, T, U]];
        for (i, a) in [F, T, U].into_iter().enumerate() {
            for (j, b) in [F, T, U].into_iter().enumerate() {
                assert_eq!(a.and(b), and[i][j], "{a:?} and {b:?}");
                assert_eq!(a.or(b), or[i][j], "{a:?} or {b:?}");
            }
        }
        assert_eq!([F, T, U].map(Truth::not), [T, F, U]);
    }

    #[test]
    fn only_true_is_true() {
        assert_eq!([F, T, U].map(Truth::is_true), [false, true, false]);
        assert_eq!(Truth::from(Some(false)), F);
        assert_eq!(Truth::from(true), T);
    }
}
