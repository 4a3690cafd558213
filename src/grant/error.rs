//! The error of changes to sessions and refresh tokens.

use std::error::Error;

use crate::error::{ChangeFault, ConfigError, StoreError, StoreErrorKind, kinds};

/// A change to a session or a family of refresh tokens was not made: everything is as it was
/// before.
///
/// `Display` says why; of a [`Malformed`](GrantErrorKind::Malformed) value it names the
/// [field](Self::field), the bound and what was found, without the value.
///
/// Where the store did not report whether it made the change (because its connection broke,
/// for example), the kind is [`Unavailable`](GrantErrorKind::Unavailable). A revocation can
/// then be repeated as it is.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct GrantError(Box<ChangeFault<GrantErrorKind>>);

kinds! {
    /// Why a change was not made, as a stable code. A service decides by it whether to read again,
    /// to try again or to report a bug.
    pub enum GrantErrorKind {
        /// Read the session again and decide again; a late write never restores a session.
        Conflict = "conflict", "the session was changed or has ended since it was read";
        /// [Purge](crate::session::SessionManager::purge) it at an interval, or raise its limit. No
        /// record that is still needed is dropped.
        Full = "full", "the store is full";
        /// Only if the manager was built to refuse a new one
        /// ([`refuse_at_subject_limit`](crate::session::SessionManagerBuilder::refuse_at_subject_limit)).
        /// Let the subject end one, or revoke all of them.
        SubjectFull = "subject_full", "the subject has as many sessions or refresh tokens as it may";
        /// [`GrantError::field`] is its name, and the text says what is allowed. The same call fails
        /// again.
        Malformed = "malformed", "a value to grant or store is malformed or too long";
        /// Try again. If the change may have been made, read the session before.
        Unavailable = "unavailable", "the store, the clock or the random source cannot answer";
    }
}

impl GrantError {
    /// Makes an error of this kind.
    pub(crate) fn new(kind: GrantErrorKind) -> Self {
        Self(Box::new(ChangeFault::new(kind, None)))
    }

    /// Names the field with a malformed value.
    pub(crate) fn malformed(flaw: ConfigError) -> Self {
        let kind = GrantErrorKind::Malformed;
        Self(Box::new(ChangeFault::new(kind, Some(flaw))))
    }

    /// Adds what failed below, for the operator. It must not hold a record or a secret.
    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.set_source(source);
        self
    }

    /// Returns why, as a stable code.
    pub fn kind(&self) -> GrantErrorKind {
        self.0.kind()
    }

    /// Returns the name of the malformed field: that of the method of
    /// [`NewSession`](crate::session::NewSession) or
    /// [`NewRefreshToken`](crate::refresh::NewRefreshToken) that set it, or of the argument. `None`
    /// unless the kind is [`Malformed`](GrantErrorKind::Malformed).
    pub fn field(&self) -> Option<&'static str> {
        self.0.field()
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
            StoreErrorKind::SubjectFull => GrantErrorKind::SubjectFull,
            StoreErrorKind::Corrupt
            | StoreErrorKind::AuthorityUnknown
            | StoreErrorKind::Unavailable => GrantErrorKind::Unavailable,
        };
        Self::new(kind).with_source(error)
    }
}
