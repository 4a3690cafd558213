//! What failed below an error.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// What failed below an error, shared by the error's clones.
///
/// As a `source` it is the error itself, so that a caller can downcast it; an `Arc` as a source
/// would be the `Arc`.
#[derive(Clone)]
pub(crate) struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl Deref for Cause {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A kind and, where something failed below it, a source.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub(crate) struct Caused<K: fmt::Debug + fmt::Display> {
    pub(crate) kind: K,
    pub(crate) source: Option<Cause>,
}

/// The end of an error's text: the claim to blame, if there is one.
pub(crate) struct InClaim<'a>(pub(crate) Option<&'a str>);

impl fmt::Display for InClaim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, " (claim `{name}`)"),
            None => Ok(()),
        }
    }
}
