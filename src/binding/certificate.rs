//! The check of the client certificate of a connection (RFC 8705 section 3).

use subtle::ConstantTimeEq;

use crate::credential::PresentedCredential;
use crate::error::{Rejection, RejectionKind};
use crate::principal::Confirmation;
use crate::request::RequestFacts;

/// Returns `Ok(())` only if the connection has the certificate that the confirmation names. Its chain,
/// its validity and its names are not checked: the authorization server has bound the key, and the
/// handshake has proved possession of it.
pub(super) fn check(
    confirmation: &Confirmation,
    presented: &PresentedCredential<'_>,
) -> Result<(), Rejection> {
    let Some(found) = presented.facts().and_then(RequestFacts::certificate_sha256) else {
        return Err(RejectionKind::BindingRequired.into());
    };
    match confirmation.certificate() {
        Some(expected) if bool::from(expected.ct_eq(found)) => Ok(()),
        _ => Err(RejectionKind::BindingMismatch.into()),
    }
}
