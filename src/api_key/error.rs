//! A step in the life of a key that was not taken.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::error::StoreError;
use crate::error::StoreErrorKind;

/// A step in the life of an API key was not taken: everything is as it was before.
///
/// Where the store did not say whether it took the step (its connection broke, say), the kind is
/// [`Unavailable`](ApiKeyErrorKind::Unavailable): look before you take it again.
#[derive(Clone)]
pub struct ApiKeyError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ApiKeyErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Why a step was not taken, as a stable code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ApiKeyErrorKind {
    /// Somebody else changed the key again and again, or there is such a key already: `conflict`.
    Conflict,
    /// The store is full: `full`.
    Full,
    /// What the key should be is malformed: `malformed`.
    Malformed,
    /// The key is disabled, expired or rotated already: `not_current`.
    NotCurrent,
    /// The store, the clock or the system's random source cannot answer: `unavailable`.
    Unavailable,
    /// There is no such key: `unknown`.
    Unknown,
}

impl ApiKeyErrorKind {
    /// Returns the stable snake-case code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Full => "full",
            Self::Malformed => "malformed",
            Self::NotCurrent => "not_current",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Conflict => "the key is there already, or somebody else is changing it",
            Self::Full => "the store of keys is full",
            Self::Malformed => "the key cannot be of this form",
            Self::NotCurrent => "the key is disabled, expired or rotated already",
            Self::Unavailable => "the key cannot be changed now",
            Self::Unknown => "there is no such key",
        }
    }
}

impl ApiKeyError {
    pub(crate) fn new(kind: ApiKeyErrorKind) -> Self {
        Self(Box::new(Inner { kind, source: None }))
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// What cannot be stored was malformed when it came.
    pub(crate) fn malformed(error: StoreError) -> Self {
        Self::new(ApiKeyErrorKind::Malformed).with_source(error)
    }

    /// Returns why, as a stable code.
    pub fn kind(&self) -> ApiKeyErrorKind {
        self.0.kind
    }
}

impl From<ApiKeyErrorKind> for ApiKeyError {
    fn from(kind: ApiKeyErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<StoreError> for ApiKeyError {
    fn from(error: StoreError) -> Self {
        let kind = match error.kind() {
            StoreErrorKind::Conflict => ApiKeyErrorKind::Conflict,
            StoreErrorKind::Full => ApiKeyErrorKind::Full,
            StoreErrorKind::Corrupt | StoreErrorKind::Unavailable => ApiKeyErrorKind::Unavailable,
        };
        Self::new(kind).with_source(error)
    }
}

impl fmt::Display for ApiKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.text())
    }
}

impl fmt::Debug for ApiKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyError")
            .field("kind", &self.0.kind)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for ApiKeyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}
