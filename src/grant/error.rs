//! A step in the life of a session or of refresh tokens that was not taken.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::error::StoreError;
use crate::error::StoreErrorKind;

/// A step in the life of a session or a family of refresh tokens was not taken: everything is as
/// it was before.
///
/// Where the store did not say whether it took the step (its connection broke, say), the kind is
/// [`Unavailable`](GrantErrorKind::Unavailable). A revocation can then be repeated as it is.
#[derive(Clone)]
pub struct GrantError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: GrantErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Why a step was not taken, as a stable code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum GrantErrorKind {
    /// The session was changed or has ended since it was read: `conflict`.
    Conflict,
    /// The store is full: `full`.
    Full,
    /// What shall be granted or kept is malformed or too long: `malformed`.
    Malformed,
    /// The store, the clock or the system's random source cannot answer: `unavailable`.
    Unavailable,
}

impl GrantErrorKind {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Full => "full",
            Self::Malformed => "malformed",
            Self::Unavailable => "unavailable",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Conflict => "the session was changed or has ended since it was read",
            Self::Full => "the store is full",
            Self::Malformed => "what shall be granted or kept is malformed or too long",
            Self::Unavailable => "nothing can be granted or ended now",
        }
    }
}

impl GrantError {
    pub(crate) fn new(kind: GrantErrorKind) -> Self {
        Self(Box::new(Inner { kind, source: None }))
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Says what is malformed, never its value.
    pub(crate) fn malformed(what: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(GrantErrorKind::Malformed).with_source(what)
    }

    /// Returns why, as a stable code.
    pub fn kind(&self) -> GrantErrorKind {
        self.0.kind
    }
}

impl From<GrantErrorKind> for GrantError {
    fn from(kind: GrantErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<StoreError> for GrantError {
    fn from(error: StoreError) -> Self {
        let kind = match error.kind() {
            StoreErrorKind::Conflict => GrantErrorKind::Conflict,
            StoreErrorKind::Full => GrantErrorKind::Full,
            StoreErrorKind::Corrupt | StoreErrorKind::Unavailable => GrantErrorKind::Unavailable,
        };
        Self::new(kind).with_source(error)
    }
}

impl fmt::Display for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.text())
    }
}

impl fmt::Debug for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantError")
            .field("kind", &self.0.kind)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for GrantError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}
