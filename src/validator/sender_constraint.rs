//! The interface of sender constraints.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::proofs::Proofs;
use crate::clock::UnixTime;
use crate::credential::PresentedCredential;
use crate::error::Rejection;
use crate::now_or_later::NowOrLater;
use crate::principal::Confirmation;

/// Checks that the sender of a bound token holds the key to which the token is bound.
///
/// [`Binding`](crate::binding::Binding) checks DPoP proofs and client certificates. Implement it only
/// for another method.
///
/// It is called for each token with a confirmation (`cnf`, RFC 7800) that is accepted otherwise, on
/// every request and after any cache. A [`Gate`](crate::gate::Gate) calls it after all validators,
/// revocation lists and the authorizer; a validator that is called without a gate calls it itself.
/// Without a sender constraint such a token is rejected as
/// [`BindingRequired`](crate::error::RejectionKind::BindingRequired).
///
/// A token under the scheme `DPoP` that is bound to no key of a proof is rejected as
/// [`BindingMismatch`](crate::error::RejectionKind::BindingMismatch) before the constraint is called
/// (RFC 9449 section 7.1).
///
/// # Contract
///
/// - Return `Ok(())` only if the request itself proves possession of every key that the
///   confirmation names. A method that the constraint does not know is not met. (A `cnf` claim
///   with a method that this crate does not know is rejected before the constraint is called.)
/// - Report an outage, for example of a replay store, as
///   [`Unavailable`](crate::error::RejectionKind::Unavailable).
/// - Have no side effect before a result that is not ready is first polled: it may be dropped
///   unpolled and asked for a second time. A result that is ready may have used up the proof: the
///   constraint is then not called again for this request, and nothing else is waited for.
///
/// ```
/// use bearergate::{NowOrLater, Rejection, RejectionKind};
/// use bearergate::credential::PresentedCredential;
/// use bearergate::principal::Confirmation;
/// use bearergate::request::RequestFacts;
/// use bearergate::validator::SenderConstraint;
///
/// /// Compares the client certificate of the connection (RFC 8705 section 3).
/// #[derive(Debug)]
/// struct ClientCertificateBinding;
///
/// impl SenderConstraint for ClientCertificateBinding {
///     fn check<'a>(
///         &'a self,
///         confirmation: &'a Confirmation,
///         presented: &'a PresentedCredential<'a>,
///     ) -> NowOrLater<'a, Result<(), Rejection>> {
///         let found = presented.facts().and_then(RequestFacts::certificate_sha256);
///         NowOrLater::now(match (confirmation.certificate(), found) {
///             // A token that is bound to a DPoP key too needs a proof of that key.
///             _ if confirmation.jkt().is_some() => Err(RejectionKind::BindingMismatch.into()),
///             (Some(expected), Some(found)) if found == expected => Ok(()),
///             _ => Err(RejectionKind::BindingMismatch.into()),
///         })
///     }
/// }
/// ```
pub trait SenderConstraint: fmt::Debug + Send + Sync {
    /// Returns `Ok(())` only if the request proves possession of the keys that `confirmation`
    /// names.
    ///
    /// `confirmation` is from a token whose signature and claims are valid; what the request
    /// presents is untrusted.
    ///
    /// # Errors
    ///
    /// [`BindingRequired`](crate::error::RejectionKind::BindingRequired),
    /// [`BindingMismatch`](crate::error::RejectionKind::BindingMismatch),
    /// [`ProofInvalid`](crate::error::RejectionKind::ProofInvalid),
    /// [`ProofReplayed`](crate::error::RejectionKind::ProofReplayed),
    /// [`NonceRequired`](crate::error::RejectionKind::NonceRequired), or
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable).
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>>;

    /// Returns `Ok(())` only if a token that is bound to nothing may pass; by default it may. Under
    /// the scheme `DPoP` it never does, whatever this returns.
    ///
    /// # Errors
    ///
    /// [`BindingRequired`](crate::error::RejectionKind::BindingRequired).
    fn check_unbound(&self, presented: &PresentedCredential<'_>) -> Result<(), Rejection> {
        let _ = presented;
        Ok(())
    }

    /// Returns what it can check, for challenges and metadata; by default it does not say.
    fn proofs(&self) -> Proofs {
        Proofs::NONE
    }

    /// Returns a nonce for the next DPoP proof of a client, if proofs need one; by default they do
    /// not. A gate sends it to clients that have presented no credential.
    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        let _ = now;
        None
    }

    /// Returns the constraint that its clones share, so that validators which have the same one can
    /// be [joined](crate::jwt::JwtValidator::join); by default it has no clones.
    fn shared(&self) -> Option<Arc<dyn SenderConstraint>> {
        None
    }
}

impl<C: SenderConstraint + 'static> SenderConstraint for Arc<C> {
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        (**self).check(confirmation, presented)
    }

    fn check_unbound(&self, presented: &PresentedCredential<'_>) -> Result<(), Rejection> {
        (**self).check_unbound(presented)
    }

    fn proofs(&self) -> Proofs {
        (**self).proofs()
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        (**self).nonce(now)
    }

    fn shared(&self) -> Option<Arc<dyn SenderConstraint>> {
        Some(Self::clone(self))
    }
}

impl SenderConstraint for Arc<dyn SenderConstraint> {
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        (**self).check(confirmation, presented)
    }

    fn check_unbound(&self, presented: &PresentedCredential<'_>) -> Result<(), Rejection> {
        (**self).check_unbound(presented)
    }

    fn proofs(&self) -> Proofs {
        (**self).proofs()
    }

    fn nonce(&self, now: UnixTime) -> Option<HeaderValue> {
        (**self).nonce(now)
    }

    fn shared(&self) -> Option<Arc<dyn SenderConstraint>> {
        Some(Self::clone(self))
    }
}

const _: Option<&dyn SenderConstraint> = None;

/// Returns the constraint as its clones share it.
pub(crate) fn shared(constraint: impl SenderConstraint + 'static) -> Arc<dyn SenderConstraint> {
    constraint.shared().unwrap_or_else(|| Arc::new(constraint))
}
