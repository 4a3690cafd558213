//! The interface of everything that authorizes.

use std::fmt;
use std::sync::Arc;

use crate::now_or_later::NowOrLater;
use crate::policy::decision::Decision;
use crate::policy::needs::Needs;
use crate::policy::request::AccessRequest;
use crate::policy::trace::record::Trace;

/// Decides whether an authenticated caller may do what a request asks for.
///
/// A [`Gate`](crate::gate::Gate) asks its authorizer after the credential was validated. [`Condition`],
/// [`Policy`], [`RouteTable`] and [`PolicyHandle`] implement it; [`authorize_fn`] makes one of a
/// closure. Implement it for a decision that needs more than the request, such as a permission
/// service.
///
/// Contract:
///
/// - Return an allow **only if** every fact that the decision needs was there and says so. In doubt
///   deny, and name the reason with [`Decision::because`].
/// - Be total: do not panic, and return a decision for every request. If a service that you depend
///   on does not answer, return [`Decision::unavailable`], never an allow.
/// - Trust the [principals](AccessRequest::principal) of the request, which were validated. Its
///   [facts](AccessRequest::facts), parameters and headers are written by the client.
/// - Have no side effect before the answer is first polled: an answer that is not ready at once may
///   be asked for twice, and one of the two is dropped without being polled.
///
/// ```
/// use bearergate::{Authorizer, NowOrLater, Principal};
/// use bearergate::clock::UnixTime;
/// use bearergate::policy::{AccessRequest, Decision};
/// use bearergate::principal::PrincipalKind;
///
/// /// Allows a caller to read the orders of the tenant that its token names.
/// #[derive(Debug)]
/// struct SameTenant;
///
/// impl Authorizer for SameTenant {
///     fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
///         let tenant = request.principal().claims().value("tenant").and_then(|v| v.as_str());
///         NowOrLater::now(match (tenant, request.param("tenant")) {
///             (Some(own), Some(asked)) if own == asked => {
///                 Decision::allow().because("same tenant")
///             }
///             // Another tenant, no claim or no parameter.
///             _ => Decision::deny().because("same tenant"),
///         })
///     }
/// }
///
/// let clerk = Principal::builder(PrincipalKind::Session, "https://idp.example.com")
///     .claims(r#"{"tenant": "acme"}"#)?
///     .build();
/// let request = AccessRequest::new(&clerk, UnixTime::from_secs(0));
/// let decide = |request: &AccessRequest<'_>| SameTenant.authorize(request).try_now().ok();
/// assert!(decide(&request.with_params(&[("tenant", "acme")])).is_some_and(|d| d.is_allowed()));
/// assert!(decide(&request).is_some_and(|d| !d.is_allowed()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`Condition`]: crate::policy::Condition
/// [`Policy`]: crate::policy::Policy
/// [`PolicyHandle`]: crate::policy::PolicyHandle
/// [`RouteTable`]: crate::policy::RouteTable
/// [`authorize_fn`]: crate::policy::authorize_fn
pub trait Authorizer: fmt::Debug + Send + Sync {
    /// Decides about one request of an authenticated caller; an allow only if it is permitted.
    ///
    /// The answer is [`now`](NowOrLater::now) if nothing has to be waited for. The contract of
    /// [`Authorizer`] says what else holds.
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision>;

    /// Returns the decision about a request with the result of every condition, for
    /// [`Gate::explain`](crate::gate::Gate::explain) and the operator; `None` if only the decision
    /// itself is known, which is the default.
    ///
    /// The decision must be that of [`authorize`](Self::authorize). It may be slow.
    fn trace<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Option<Trace>> {
        let _ = request;
        NowOrLater::now(None)
    }

    /// Returns what the authorizer needs that only the service knows, such as an action. A gate is
    /// not built with an authorizer that can allow no request of
    /// [`Gate::check`](crate::gate::Gate::check).
    ///
    /// The default says that it is [not known](Needs::unknown).
    fn needs(&self) -> Needs {
        Needs::unknown()
    }
}

const _: Option<&dyn Authorizer> = None;

impl<A: Authorizer + ?Sized> Authorizer for Arc<A> {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        (**self).authorize(request)
    }

    fn trace<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Option<Trace>> {
        (**self).trace(request)
    }

    fn needs(&self) -> Needs {
        (**self).needs()
    }
}
