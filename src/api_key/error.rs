//! The error of changes to API keys.

use std::error::Error;

use crate::error::{ChangeFault, ConfigError, StoreError, StoreErrorKind, kinds};

/// A change to an API key was not made: everything is as it was before.
///
/// `Display` says why; of a [`Malformed`](ApiKeyErrorKind::Malformed) value it names the
/// [field](Self::field), what was expected and what was found, without the value.
///
/// Where the store did not report whether it made the change (because its connection broke, for
/// example), the kind is [`Unavailable`](ApiKeyErrorKind::Unavailable): read the key before you try
/// again.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct ApiKeyError(Box<ChangeFault<ApiKeyErrorKind>>);

kinds! {
    /// Why a change to an API key was not made, as a stable code.
    ///
    /// Each but [`Unavailable`](Self::Unavailable) means that the store did not make the change.
    pub enum ApiKeyErrorKind {
        /// Read the key again, and decide again whether to change it.
        Conflict = "conflict", "the key exists already, or it was changed by someone else";
        /// [Purge](crate::api_key::ApiKeyManager::purge) ended keys, or give the store more room.
        Full = "full", "the store is full";
        /// [`ApiKeyError::field`] is its name, and the text says what is allowed. All bounds are
        /// listed at [`ApiKeyRecord::from_row`](crate::api_key::ApiKeyRecord::from_row).
        Malformed = "malformed", "a value of the key is malformed or too long";
        /// Only a key that is valid or will be can be updated or rotated, and rotated only once.
        NotCurrent = "not_current", "the key is disabled, expired or already rotated";
        /// Give the version its former bytes, and a new pepper the next version; the
        /// [source](std::error::Error::source) names the version. A key made with another pepper
        /// would never be valid.
        PepperSwapped = "pepper_swapped", "a pepper is another one than before under its version";
        /// The change may have been made: read the key before you try again.
        Unavailable = "unavailable", "the store, the clock or the random source cannot answer";
        /// A key whose record has another authority is unknown to the manager too.
        Unknown = "unknown", "no such key exists";
    }
}

impl ApiKeyError {
    pub(crate) fn new(kind: ApiKeyErrorKind) -> Self {
        Self(Box::new(ChangeFault::new(kind, None)))
    }

    /// Names the field with a malformed value.
    pub(crate) fn malformed(flaw: ConfigError) -> Self {
        let kind = ApiKeyErrorKind::Malformed;
        Self(Box::new(ChangeFault::new(kind, Some(flaw))))
    }

    /// Adds what failed below, for the operator. It must not hold a record or a secret.
    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.set_source(source);
        self
    }

    /// Returns why, as a stable code.
    pub fn kind(&self) -> ApiKeyErrorKind {
        self.0.kind()
    }

    /// Returns the name of the malformed field: that of the method of
    /// [`NewApiKey`](crate::api_key::NewApiKey) or [`ApiKeyUpdate`](crate::api_key::ApiKeyUpdate)
    /// that set it, or of the argument. `None` unless the kind is
    /// [`Malformed`](ApiKeyErrorKind::Malformed).
    pub fn field(&self) -> Option<&'static str> {
        self.0.field()
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
            StoreErrorKind::Full | StoreErrorKind::SubjectFull => ApiKeyErrorKind::Full,
            StoreErrorKind::Corrupt
            | StoreErrorKind::AuthorityUnknown
            | StoreErrorKind::Unavailable => ApiKeyErrorKind::Unavailable,
        };
        Self::new(kind).with_source(error)
    }
}
