//! Three-valued logic.

/// The result of evaluating a [`Condition`](crate::policy::Condition), in Kleene's strong
/// three-valued logic.
///
/// Only [`True`](Self::True) allows. A missing or wrong-typed fact gives
/// [`Unknown`](Self::Unknown), and so does the negation of [`Unknown`](Self::Unknown): leaving a
/// claim out of a token never turns a deny into an allow.
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
    /// The condition holds: all facts that it needs are present and satisfy it. It is the only
    /// value with which a rule can allow a request.
    True,
    /// The condition does not hold: the facts are present and contradict it. It is the only value
    /// with which a rule that forbids does not deny.
    False,
    /// The condition cannot be decided, because a fact is missing or has another type. It never
    /// allows, and neither does its negation, which is also unknown.
    Unknown,
}

impl Truth {
    /// Returns true only for [`True`](Self::True), the one value that allows a request.
    pub const fn is_true(self) -> bool {
        matches!(self, Self::True)
    }

    /// Returns the conjunction: [`False`](Self::False) if either is false, [`True`](Self::True)
    /// only if both are true, [`Unknown`](Self::Unknown) otherwise.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }

    /// Returns the disjunction: [`True`](Self::True) if either is true, [`False`](Self::False) only
    /// if both are false, [`Unknown`](Self::Unknown) otherwise.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }

    /// Returns the negation; that of [`Unknown`](Self::Unknown) is [`Unknown`](Self::Unknown), so
    /// that a missing fact satisfies neither a condition nor its negation.
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
    /// Converts `None` to [`Unknown`](Self::Unknown).
    fn from(holds: Option<bool>) -> Self {
        holds.map_or(Self::Unknown, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{False as F, True as T, Unknown as U};
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
