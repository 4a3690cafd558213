//! A store that did not do what it was asked.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::Rejection;
use super::kind::RejectionKind;

/// A store did not do what it was asked; what it holds is as it was before.
///
/// Towards a client it is always [`Unavailable`](RejectionKind::Unavailable), never a refusal of
/// the credential and never a success. `Display` and `Debug` hold no part of a record.
///
/// ```
/// use bearergate::{Rejection, RejectionKind};
/// use bearergate::error::{StoreError, StoreErrorKind};
///
/// let error = StoreError::new(StoreErrorKind::Unavailable).with_source("disk is gone");
/// assert_eq!(error.kind(), StoreErrorKind::Unavailable);
/// assert_eq!(Rejection::from(error).kind(), RejectionKind::Unavailable);
/// ```
#[derive(Clone)]
pub struct StoreError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: StoreErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Why a store did not do what it was asked, as a stable code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A record is there already, is gone, or is of another version than the change expects:
    /// `conflict`. Read again and decide anew.
    Conflict,
    /// What is stored cannot be read, or what should be stored is malformed: `corrupt`.
    Corrupt,
    /// The store is full: `full`. It never makes room by forgetting.
    Full,
    /// The store cannot be reached or did not answer in time: `unavailable`.
    Unavailable,
}

impl StoreErrorKind {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Corrupt => "corrupt",
            Self::Full => "full",
            Self::Unavailable => "unavailable",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Conflict => "the record was changed by someone else",
            Self::Corrupt => "a record is malformed",
            Self::Full => "the store is full",
            Self::Unavailable => "the store cannot answer now",
        }
    }
}

impl StoreError {
    /// Makes an error of this kind.
    pub fn new(kind: StoreErrorKind) -> Self {
        Self(Box::new(Inner { kind, source: None }))
    }

    /// Adds what went wrong below, for the operator. It must not hold a record or a secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Returns why, as a stable code.
    pub fn kind(&self) -> StoreErrorKind {
        self.0.kind
    }
}

impl From<StoreErrorKind> for StoreError {
    fn from(kind: StoreErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self::new(RejectionKind::Unavailable).with_source(error)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.text())
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreError")
            .field("kind", &self.0.kind)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_unavailable_to_a_client_and_keeps_its_source() {
        for kind in [
            StoreErrorKind::Conflict,
            StoreErrorKind::Corrupt,
            StoreErrorKind::Full,
            StoreErrorKind::Unavailable,
        ] {
            let rejection = Rejection::from(StoreError::new(kind).with_source("disk"));
            assert_eq!(rejection.kind(), RejectionKind::Unavailable);
            let below = rejection.source().unwrap();
            assert_eq!(below.to_string(), kind.text());
            assert_eq!(below.source().unwrap().to_string(), "disk");
        }
    }
}
