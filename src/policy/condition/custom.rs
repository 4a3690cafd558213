//! Closures as conditions and as authorizers.

use std::fmt;
use std::sync::Arc;

use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::condition::condition::Condition;
use crate::policy::decision::Decision;
use crate::policy::engine::predicate::Predicate;
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;

/// Returns a condition that evaluates a closure; `name` identifies it in reasons and traces.
///
/// The closure returns a `bool`, an `Option<bool>` or a [`Truth`]. Return `None` or
/// [`Unknown`](Truth::Unknown) if a fact is missing, so that the negation denies too. The closure
/// has to be cheap and free of side effects, because it may be called more than once for a request.
///
/// ```
/// use bearergate::policy::{AccessRequest, condition_fn};
///
/// let own_orders = condition_fn("own orders", |request: &AccessRequest<'_>| {
///     // A subject means something only under its authority.
///     let caller = request.principal();
///     let is_ours = caller.authority().as_str() == "https://idp.example.com";
///     Some(is_ours && caller.subject()? == request.resource()?)
/// });
/// # let _ = own_orders;
/// ```
pub fn condition_fn<F, V>(name: impl Into<Arc<str>>, closure: F) -> Condition
where
    F: Fn(&AccessRequest<'_>) -> V + Send + Sync + 'static,
    V: Into<Truth>,
{
    let closure = move |request: &AccessRequest<'_>| closure(request).into();
    Condition::leaf(name, Predicate::Custom(Arc::new(closure)))
}

/// Returns an [`Authorizer`] that calls a closure; `name` is the reason of decisions that have
/// none.
///
/// The closure decides at once; implement [`Authorizer`] for a decision that has to wait. Its
/// contract holds for the closure: return an allow only if the request is permitted.
///
/// ```
/// use bearergate::policy::{authorize_fn, Decision};
///
/// let day_shift = authorize_fn("day shift", |request| {
///     match request.now().as_secs() / 3_600 % 24 {
///         8..=17 => Decision::allow(),
///         _ => Decision::deny(),
///     }
/// });
/// # let _ = day_shift;
/// ```
pub fn authorize_fn<F>(name: impl Into<Arc<str>>, decide: F) -> impl Authorizer
where
    F: Fn(&AccessRequest<'_>) -> Decision + Send + Sync,
{
    let name = name.into();
    FnAuthorizer { name, decide }
}

struct FnAuthorizer<F> {
    name: Arc<str>,
    decide: F,
}

impl<F> Authorizer for FnAuthorizer<F>
where
    F: Fn(&AccessRequest<'_>) -> Decision + Send + Sync,
{
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        let decision = (self.decide)(request);
        NowOrLater::now(if decision.reasons().is_empty() {
            decision.because(Arc::clone(&self.name))
        } else {
            decision
        })
    }
}

impl<F> fmt::Debug for FnAuthorizer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorizer").field(&self.name).finish()
    }
}
