//! Judges: who a credential belongs to, or why it is refused.

mod authorities;
mod cache;
mod router;

pub use authorities::Authorities;
pub(crate) use cache::Kept;
pub(crate) use cache::Share;
pub(crate) use cache::Slip;
pub use cache::TokenCache;
pub use cache::TokenCacheBuilder;
pub(crate) use router::Router;
pub(crate) use router::is_jwt_like;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::credential::Place;
use crate::credential::PresentedCredential;
use crate::diagnosis::Finding;
use crate::error::Rejection;
use crate::now_or_later::NowOrLater;
use crate::now_or_later::ask;
use crate::principal::Confirmation;
use crate::principal::Principal;

/// Judges one kind of credential.
pub trait TokenValidator: fmt::Debug + Send + Sync {
    /// Says which credentials this judge takes.
    fn shapes(&self) -> &[Shape];

    /// Says whose word this judge takes; unless it says otherwise, that of one outside authority
    /// which may assert anything.
    fn authorities(&self) -> Authorities {
        Authorities::OUTSIDE
    }

    /// Judges a credential. It is untrusted, whatever its shape.
    ///
    /// Nothing happens before the answer is taken or first polled.
    ///
    /// # Errors
    ///
    /// Everything but a principal is a [`Rejection`]; one that could not be judged is
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable).
    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>>;

    /// Fetches what would have to be waited for at the first credential.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::error::RejectionKind::Unavailable) if it does not come; the judge goes on
    /// trying as credentials come.
    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }

    /// Finds out what is wrong with what this judge depends on, for the operator.
    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        NowOrLater::now(Vec::new())
    }

    /// As [`diagnose`](Self::diagnose), where other judges take what has one of these shapes.
    fn diagnose_with(&self, others: &[Shape]) -> NowOrLater<'_, Vec<Finding>> {
        let _ = others;
        self.diagnose()
    }
}

const _: Option<&dyn TokenValidator> = None;

impl<V: TokenValidator + ?Sized> TokenValidator for Arc<V> {
    fn shapes(&self) -> &[Shape] {
        (**self).shapes()
    }

    fn authorities(&self) -> Authorities {
        (**self).authorities()
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        (**self).validate(presented)
    }

    fn warm_up(&self) -> NowOrLater<'_, Result<(), Rejection>> {
        (**self).warm_up()
    }

    fn diagnose(&self) -> NowOrLater<'_, Vec<Finding>> {
        (**self).diagnose()
    }

    fn diagnose_with(&self, others: &[Shape]) -> NowOrLater<'_, Vec<Finding>> {
        (**self).diagnose_with(others)
    }
}

/// Keeps what a builder was told.
pub(crate) fn names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Vec<Box<str>> {
    let names = names.into_iter().map(Into::into);
    names.map(String::into_boxed_str).collect()
}

/// Waits for all in turn; the last failure is what is told.
pub(crate) fn all<'a>(
    tasks: impl IntoIterator<Item = NowOrLater<'a, Result<(), Rejection>>>,
) -> NowOrLater<'a, Result<(), Rejection>> {
    let both = |done: NowOrLater<'a, _>, next: NowOrLater<'a, Result<(), Rejection>>| {
        done.then(move |done| next.map(move |next| next.and(done)))
    };
    tasks.into_iter().fold(NowOrLater::now(Ok(())), both)
}

/// The credentials that a judge takes.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// What has two or four dots and begins with a JSON object in base64.
    Jwt,
    /// What no other judge takes.
    Opaque,
    /// Everything found in this place.
    Place(Place),
    /// What begins with this text.
    Prefix(Cow<'static, str>),
}

/// Checks that whoever presents a bound token holds its key.
///
/// Asked on every request, after any cache.
pub trait SenderConstraint: fmt::Debug + Send + Sync {
    /// Returns `Ok(())` only if the request proves possession of a key that `confirmation` names.
    ///
    /// # Errors
    ///
    /// `binding_required`, `binding_mismatch`, `proof_invalid`, `proof_replayed`,
    /// `nonce_required`, or `unavailable`.
    fn check<'a>(
        &'a self,
        confirmation: &'a Confirmation,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>>;
}

const _: Option<&dyn SenderConstraint> = None;

/// Checks possession of the key that an accepted token is bound to, if it is bound.
pub(crate) fn constrain<'a>(
    constraint: Option<&'a Arc<dyn SenderConstraint>>,
    judged: Result<Principal, Rejection>,
    presented: &'a PresentedCredential<'a>,
) -> NowOrLater<'a, Result<Principal, Rejection>> {
    let Ok(principal) = &judged else {
        return NowOrLater::now(judged);
    };
    let (Some(cnf), Some(constraint)) = (principal.confirmation().copied(), constraint) else {
        return NowOrLater::now(judged);
    };
    ask!(constraint.check(&cnf, presented), |checked| {
        NowOrLater::now(checked.and(judged))
    })
}
