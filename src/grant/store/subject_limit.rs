//! The bound on the grants of one subject.

use super::digest::TokenDigest;
use super::sequence::Sequence;
use crate::limits;

/// How many sessions, or families of refresh tokens, one subject may have in a store, and what
/// happens to one more.
///
/// Only those count that are neither expired nor revoked when the new one is
/// [made](crate::grant::Grant::created). A store receives it from a manager with each new record.
///
/// ```
/// use bearergate::grant::store::SubjectLimit;
///
/// let limit = SubjectLimit::ending_oldest(100);
/// assert!(limit.most() == 100 && !limit.refuses());
/// assert!(SubjectLimit::refusing(1).refuses());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SubjectLimit {
    most: usize,
    refuses: bool,
}

impl SubjectLimit {
    /// Ends those that were used longest ago, until the new one is one of `most`.
    pub const fn ending_oldest(most: usize) -> Self {
        Self {
            most,
            refuses: false,
        }
    }

    /// Refuses the new one with
    /// [`SubjectFull`](crate::error::StoreErrorKind::SubjectFull) if there are `most`.
    pub const fn refusing(most: usize) -> Self {
        Self {
            most,
            refuses: true,
        }
    }

    /// Returns a limit of `most` that refuses only if the one before did.
    pub(crate) const fn with_most(before: Option<Self>, most: usize) -> Self {
        let refuses = matches!(before, Some(Self { refuses: true, .. }));
        Self { most, refuses }
    }

    /// Returns the limit before, or else the default one, that refuses.
    pub(crate) fn made_refusing(before: Option<Self>) -> Self {
        Self::refusing(before.map_or(limits::GRANTS_PER_SUBJECT, |limit| limit.most))
    }

    /// Returns how many there may be, the new one included.
    pub const fn most(&self) -> usize {
        self.most
    }

    /// Returns true if one more is refused. Otherwise the one that was used longest ago ends.
    pub const fn refuses(&self) -> bool {
        self.refuses
    }
}

/// What a store did to add a record under a [`SubjectLimit`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Created {
    /// The sequence number of the new record.
    pub sequence: Sequence,
    /// The digests of the records that were ended to make room for it: for a cache in front of the
    /// store, and for the log of the service.
    pub ended: Vec<TokenDigest>,
}

impl Created {
    /// Makes the answer of a store that ended nothing.
    pub const fn new(sequence: Sequence) -> Self {
        Self {
            sequence,
            ended: Vec::new(),
        }
    }
}
