//! A store that did not do what it was asked.

use super::kind::RejectionKind;
use super::kinds::kind_error;
use super::{Rejection, kinds};

kind_error! {
    /// A store did not do what it was asked; what it holds is as it was before, except for
    /// [`AuthorityUnknown`](StoreErrorKind::AuthorityUnknown).
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
    pub struct StoreError(StoreErrorKind);
    made in pub
}

kinds! {
    /// Why a store did not do what it was asked, as a stable code. Towards a client every kind is
    /// the same: a 503. Only [`Conflict`](Self::Conflict) is part of normal operation.
    pub enum StoreErrorKind {
        /// The one error with which something was done: the revocation is kept, in memory and in
        /// the store. Revoke under the authority that the principals have.
        AuthorityUnknown = "authority_unknown", "the revocation is kept, but no validator has its authority";
        /// Read the record again and decide again.
        Conflict = "conflict", "the record exists already, is gone, or was changed by someone else";
        /// Nothing of it is used. Repair or delete the record, or read it with the version that
        /// wrote it.
        Corrupt = "corrupt", "what is stored cannot be read, or what should be stored is malformed";
        /// A store never makes room by dropping records that are still needed.
        Full = "full", "the store is full";
        /// Only where the [limit](crate::grant::store::SubjectLimit) refuses a new one, and does
        /// not end the oldest.
        SubjectFull = "subject_full", "the subject has as many records as it may have";
        /// Try again later. Towards a client it is a 503, never a refusal of the credential.
        Unavailable = "unavailable", "the store cannot be reached or did not answer in time";
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self::new(RejectionKind::Unavailable).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn every_kind_is_unavailable_to_a_client_and_keeps_its_source() {
        for kind in StoreErrorKind::ALL {
            let rejection = Rejection::from(StoreError::new(*kind).with_source("disk"));
            assert_eq!(rejection.kind(), RejectionKind::Unavailable);
            let below = rejection.source().unwrap();
            assert_eq!(below.to_string(), kind.to_string());
            assert_eq!(below.source().unwrap().to_string(), "disk");
        }
    }
}
