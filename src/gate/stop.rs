//! Why a request ends before it is admitted.

use std::time::Duration;

use crate::audit::AuditError;
use crate::error::{Rejection, RejectionKind};
use crate::limit::Exceeded;
use crate::policy::Decision;

/// Why a request ends before it is admitted.
pub(super) enum Stop {
    /// Before or by the credential, or by its proof.
    Rejected(Rejection),
    /// By the policy.
    Denied(Decision),
    /// By a limit or a quota.
    Limited(Box<Exceeded>),
    /// The source is locked out for this long.
    Locked(Duration),
}

impl Stop {
    pub(super) fn no_time() -> Self {
        Self::Rejected(RejectionKind::Unavailable.into())
    }

    /// The record of the request could not be written.
    pub(super) fn unrecorded(error: AuditError) -> Self {
        let rejection = Rejection::new(RejectionKind::Unavailable);
        Self::Rejected(rejection.with_source(error))
    }
}
