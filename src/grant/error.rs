//! The error of changes to sessions and refresh tokens.

use std::error::Error;

use crate::error::{StoreError, StoreErrorKind, kind_error, kinds};

kind_error! {
    /// A change to a session or a family of refresh tokens was not made: everything is as it was
    /// before.
    ///
    /// Where the store did not report whether it made the change (because its connection broke,
    /// for example), the kind is [`Unavailable`](GrantErrorKind::Unavailable). A revocation can
    /// then be repeated as it is.
    pub struct GrantError(GrantErrorKind);
    made in pub(crate)
}

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
        /// [`source`](Error::source) says which value it is, never its content. The same call fails
        /// again.
        Malformed = "malformed", "a value to grant or store is malformed or too long";
        /// Try again. If the change may have been made, read the session before.
        Unavailable = "unavailable", "the store, the clock or the random source cannot answer";
    }
}

impl GrantError {
    /// Says what is malformed, never its value.
    pub(crate) fn malformed(what: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(GrantErrorKind::Malformed).with_source(what)
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
