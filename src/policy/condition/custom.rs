//! Closures as conditions and authorizers, each under a name.

use std::fmt;
use std::sync::Arc;

use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::condition::condition::Condition;
use crate::policy::decision::Decision;
use crate::policy::engine::predicate::Test;
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;

/// Makes a condition of a closure; `name` stands for it in reasons.
///
/// The closure answers with a `bool`, an `Option<bool>` (`None`: it cannot be told) or a
/// [`Truth`]. It must be cheap and without side effects: it may be asked more than once for one
/// request. Answer `None` when a fact is missing, so that the negation denies too.
///
/// ```
/// use bearergate::policy::{AccessRequest, condition_fn};
///
/// let own_orders = condition_fn("own orders", |request: &AccessRequest<'_>| {
///     Some(request.principal().subject()? == request.resource()?)
/// });
/// # let _ = own_orders;
/// ```
pub fn condition_fn<F, V>(name: impl Into<Arc<str>>, ask: F) -> Condition
where
    F: Fn(&AccessRequest<'_>) -> V + Send + Sync + 'static,
    V: Into<Truth>,
{
    let ask = move |request: &AccessRequest<'_>| ask(request).into();
    Condition::leaf(name, Test::Custom(Arc::new(ask)))
}

/// Makes an authorizer of a closure; `name` stands for it in reasons.
///
/// ```
/// use bearergate::policy::{authorize_fn, Decision};
///
/// let weekday_shift = authorize_fn("day shift", |request| {
///     match request.now().as_secs() / 3_600 % 24 {
///         8..=17 => Decision::allow(),
///         _ => Decision::deny(),
///     }
/// });
/// # let _ = weekday_shift;
/// ```
pub fn authorize_fn<F>(name: impl Into<Arc<str>>, decide: F) -> impl Authorizer
where
    F: Fn(&AccessRequest<'_>) -> Decision + Send + Sync,
{
    let name = name.into();
    Named { name, decide }
}

struct Named<F> {
    name: Arc<str>,
    decide: F,
}

impl<F> Authorizer for Named<F>
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

impl<F> fmt::Debug for Named<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorizer").field(&self.name).finish()
    }
}
