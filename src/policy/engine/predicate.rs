//! Predicates over one fact of the caller or the request.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};

use crate::json::Value;
use crate::limits;
use crate::network::Networks;
use crate::policy::engine::calendar::{Hours, Weekdays};
use crate::policy::engine::claim_path::ClaimPath;
use crate::policy::engine::claim_predicate::{ClaimPredicate, is_recent};
use crate::policy::engine::owner::OwnerSource;
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;
use crate::principal::{Authority, ClaimValue, PrincipalKind};

/// A predicate over one fact; a fact that is missing or has another type makes it unknown.
pub(in crate::policy) enum Predicate {
    /// There is no claim at this path.
    Absent(ClaimPath),
    /// The action has this name.
    Action(Arc<str>),
    /// The address of the client is in one of these networks.
    Address(Networks),
    /// The attribute of the resource has this value.
    Attribute(Arc<str>, ClaimValue),
    /// The credential was validated by this authority.
    Authority(Authority),
    /// The claim at this path satisfies a predicate.
    Claim(ClaimPath, ClaimPredicate),
    /// The credential was issued to this client; always inside of [`Id`](Self::Id).
    Client(Arc<str>),
    /// A closure of the user.
    Custom(Arc<Custom>),
    /// The request was sent over TLS.
    Encrypted,
    /// There is exactly one header of this name, with this value.
    Header(HeaderName, Arc<str>),
    /// The time of day is in this range.
    Hours(Hours),
    /// A predicate over an id, which means something under its authority only: this one, or the
    /// only one that could assert it.
    Id(Option<Authority>, Arc<Self>),
    /// The credential is of this kind.
    Kind(PrincipalKind),
    /// The request has this method.
    Method(Method),
    /// The resource belongs to the caller.
    Owner(OwnerSource),
    /// The route parameter has this value.
    Param(Arc<str>, Arc<str>),
    /// The matched route has this name.
    Route(Arc<str>),
    /// The caller has this scope.
    Scope(Arc<str>),
    /// The credential is bound to a key, and its possession was proved.
    SenderConstrained,
    /// The credential was issued at most this long ago.
    TokenAge(Duration),
    /// The day of the week is one of these.
    Weekdays(Weekdays),
}

/// A closure of the user.
pub(in crate::policy) type Custom = dyn Fn(&AccessRequest<'_>) -> Truth + Send + Sync;

impl Predicate {
    pub(in crate::policy) fn evaluate(&self, request: &AccessRequest<'_>) -> Truth {
        match self {
            Self::Absent(path) => path.absent(request),
            Self::Action(name) => request.action().map(|action| action == &**name).into(),
            Self::Address(networks) => request
                .address()
                .map(|address| networks.contain(address))
                .into(),
            Self::Attribute(name, expected) => match request.attribute(name) {
                Some(value) => value.is(expected),
                None => Truth::Unknown,
            },
            Self::Custom(closure) => closure(request),
            Self::Encrypted => request.is_encrypted().into(),
            Self::Header(name, expected) => is_header(request, name, expected),
            Self::Hours(hours) => hours.evaluate(request.now()),
            Self::Id(authority, inner) => inner.evaluate_id(authority.as_ref(), None, request),
            Self::Method(method) => request.facts().map(|facts| facts.method() == method).into(),
            Self::Owner(owner) => owner.evaluate(request),
            Self::Param(name, expected) => {
                request.param(name).map(|value| value == &**expected).into()
            }
            Self::Route(name) => request.resource().map(|route| route == &**name).into(),
            Self::Weekdays(days) => days.evaluate(request.now()),
            _ => self.evaluate_caller(request),
        }
    }

    fn evaluate_caller(&self, request: &AccessRequest<'_>) -> Truth {
        let caller = request.principal();
        match self {
            Self::Authority(name) => (caller.authority() == name).into(),
            Self::Kind(kind) => (caller.kind() == *kind).into(),
            Self::Scope(name) => caller.scopes().map(|scopes| scopes.contains(name)).into(),
            Self::SenderConstrained => caller.is_confirmed().then_some(true).into(),
            Self::TokenAge(max) => match caller.issued_at() {
                Some(time) => is_recent(time, *max, request.now()),
                None => Truth::Unknown,
            },
            _ => self.evaluate_claim(self.path().and_then(|path| path.find(request)), request),
        }
    }

    /// Evaluates a predicate over the claim at [`path`](Self::path), whose value is given.
    pub(in crate::policy) fn evaluate_claim(
        &self,
        claim: Option<Value<'_>>,
        request: &AccessRequest<'_>,
    ) -> Truth {
        match (self, claim) {
            (Self::Claim(_, predicate), Some(claim)) => predicate.evaluate(claim, request.now()),
            (Self::Absent(path), _) if path.members.is_empty() => claim.is_none().into(),
            (Self::Id(authority, inner), _) => {
                inner.evaluate_id(authority.as_ref(), claim, request)
            }
            _ => Truth::Unknown,
        }
    }

    /// Evaluates a predicate inside of [`Id`](Self::Id), over a claim that may have been read.
    ///
    /// It is a function of its own, and calls none of the others, so that these can be inlined.
    #[inline(never)]
    fn evaluate_id(
        &self,
        authority: Option<&Authority>,
        claim: Option<Value<'_>>,
        request: &AccessRequest<'_>,
    ) -> Truth {
        match (id(authority, request), self) {
            (Truth::True, Self::Client(name)) => {
                let client = request.principal().client();
                client.map(|client| client == &**name).into()
            }
            (Truth::True, Self::Claim(path, predicate)) => {
                match claim.or_else(|| path.find(request)) {
                    Some(claim) => predicate.evaluate(claim, request.now()),
                    None => Truth::Unknown,
                }
            }
            (Truth::True, _) => Truth::Unknown,
            (other, _) => other,
        }
    }

    /// Returns the path of the claim that this depends on.
    pub(in crate::policy) fn path(&self) -> Option<&ClaimPath> {
        match self {
            Self::Absent(path) | Self::Claim(path, _) => Some(path),
            Self::Id(_, inner) => inner.path(),
            _ => None,
        }
    }

    /// Returns the path of the claim that this depends on, if its value is all that matters.
    ///
    /// The absence of a nested value also depends on the objects around it.
    pub(in crate::policy) fn value_path(&self) -> Option<&ClaimPath> {
        match self {
            Self::Absent(path) if !path.members.is_empty() => None,
            _ => self.path(),
        }
    }

    /// Returns whether this depends on the route parameter of a name; a closure may.
    pub(in crate::policy) fn reads_param(&self, name: &str) -> bool {
        match self {
            Self::Custom(_) => true,
            Self::Owner(OwnerSource::Param(own, _)) | Self::Param(own, _) => **own == *name,
            _ => false,
        }
    }

    /// Returns the maximum number of comparisons that an evaluation takes.
    pub(in crate::policy) fn cost(&self) -> usize {
        match self {
            Self::Address(networks) => networks.iter().len(),
            Self::Claim(_, ClaimPredicate::OneOf(values)) => values.len(),
            Self::Claim(_, ClaimPredicate::Level(levels)) => levels.order.len(),
            // Of each element that a token may have.
            Self::Claim(_, ClaimPredicate::Detail(detail)) => {
                let demands =
                    1 + detail.actions.len() + detail.locations.len() + detail.members.len();
                limits::AUTHORIZATION_DETAILS * demands
            }
            Self::Claim(_, ClaimPredicate::Matches(pattern)) => pattern.cost,
            Self::Id(_, inner) => inner.cost(),
            _ => 1,
        }
    }
}

/// Returns whether there is exactly one header of this name, with this value.
///
/// It is a function of its own, because its iterator takes more registers than all other
/// predicates.
#[inline(never)]
fn is_header(request: &AccessRequest<'_>, name: &HeaderName, expected: &str) -> Truth {
    let headers = request.headers();
    let mut values = headers.into_iter().flat_map(|all| all.get_all(name));
    match (values.next(), values.next()) {
        (Some(value), None) => (value.as_bytes() == expected.as_bytes()).into(),
        _ => Truth::Unknown,
    }
}

/// Returns whether the ids of a request can be compared with those of an authority: of the caller's
/// own if none is given, which is unknown where another authority may use the same ids.
fn id(authority: Option<&Authority>, request: &AccessRequest<'_>) -> Truth {
    match authority {
        Some(authority) => (request.principal().authority() == authority).into(),
        None if request.has_contested_ids() => Truth::Unknown,
        None => Truth::True,
    }
}

/// The claims with an id, which an issuer may assert whatever else it was granted.
pub(crate) const ID_CLAIMS: [&str; 6] = ["act", "azp", "client_id", "jti", "sid", "sub"];
