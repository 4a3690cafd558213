//! The error of changes to API keys.

use crate::error::{StoreError, StoreErrorKind, kind_error, kinds};

kind_error! {
    /// A change to an API key was not made: everything is as it was before.
    ///
    /// Where the store did not report whether it made the change (because its connection broke,
    /// for example), the kind is [`Unavailable`](ApiKeyErrorKind::Unavailable): read the key
    /// before you try again.
    pub struct ApiKeyError(ApiKeyErrorKind);
    made in pub(crate)
}

kinds! {
    /// Why a change to an API key was not made, as a stable code.
    ///
    /// Each but [`Unavailable`](Self::Unavailable) means that the store did not make the change.
    pub enum ApiKeyErrorKind {
        /// Read the key again, and decide again whether to change it.
        Conflict = "conflict", "the key exists already, or it was changed by someone else";
        /// [Purge](crate::api_key::ApiKeyManager::purge) ended keys, or give the store more room.
        Full = "full", "the store is full";
        /// The values and lengths that a record allows are listed at
        /// [`ApiKeyRecord::from_row`](crate::api_key::ApiKeyRecord::from_row).
        Malformed = "malformed", "a value of the key is malformed or too long";
        /// Only a key that is valid or will be can be rotated, and only once.
        NotCurrent = "not_current", "the key is disabled, expired or already rotated";
        /// The change may have been made: read the key before you try again.
        Unavailable = "unavailable", "the store, the clock or the random source cannot answer";
        /// A key whose record has another authority is unknown to the manager too.
        Unknown = "unknown", "no such key exists";
    }
}

impl ApiKeyError {
    /// Wraps the error of a record with malformed values, which it does not show.
    pub(crate) fn malformed(error: StoreError) -> Self {
        Self::new(ApiKeyErrorKind::Malformed).with_source(error)
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
