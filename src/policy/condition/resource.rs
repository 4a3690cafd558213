//! Conditions over what is asked for: action, route, parameters, attributes, owner.

use std::sync::Arc;

use crate::policy::attribute::Attribute;
use crate::policy::condition::condition::Condition;
use crate::policy::engine::predicate::Test;
use crate::policy::request::AccessRequest;
use crate::policy::verdict::Verdict;
use crate::principal::Authority;
use crate::principal::ClaimValue;
use crate::principal::Principal;
use crate::principal::PrincipalKind;

/// Holds only if the request has this [action](AccessRequest::with_action), byte for byte.
pub fn action(name: impl Into<Arc<str>>) -> Condition {
    let name = name.into();
    Condition::leaf(format!("action {name}"), Test::Action(name))
}

/// Holds only if the matched route is this one, as the router writes it
/// ([`AccessRequest::with_resource`]).
pub fn route(pattern: impl Into<Arc<str>>) -> Condition {
    let pattern = pattern.into();
    Condition::leaf(format!("route {pattern}"), Test::Route(pattern))
}

/// Holds only if the request has this method.
pub fn method(method: http::Method) -> Condition {
    Condition::leaf(format!("method {method}"), Test::Method(method))
}

/// Begins a condition over the parameter of the route of this name.
pub fn param(name: impl Into<Arc<str>>) -> Param {
    Param(name.into())
}

/// Begins a condition over the attribute of the resource of this name.
pub fn attribute(name: impl Into<Arc<str>>) -> ResourceAttribute {
    ResourceAttribute(name.into())
}

/// Holds only if the resource belongs to the caller.
///
/// Either an attribute of the resource is the caller's pair of authority and subject
/// ([`Attribute::Subject`]), or a parameter of the route is the caller's subject and the caller
/// is vouched for by the authority that [`Param::of`] names. A caller without a subject owns
/// nothing, nor does one with an access token whose client is the subject, or is not told: a
/// client may have chosen the name of a user. The condition is [`Unknown`](Verdict::Unknown) then.
///
/// ```
/// use bearergate::require_scope;
/// use bearergate::policy::{attribute, owner, param, role};
///
/// let own = owner(param("user").of("https://idp.example.com"));
/// let policy = require_scope("orders:read").and(role("clerk").or(own));
/// let mine = owner(attribute("created_by"));
/// # let _ = (policy, mine);
/// ```
pub fn owner(of: impl Into<Owner>) -> Condition {
    let owner = of.into();
    let name = match &owner.0 {
        Source::Attribute(name) => format!("owner by attribute {name}"),
        Source::Param(name, _) => format!("owner by parameter {name}"),
    };
    Condition::leaf(name, Test::Owner(owner))
}

/// A parameter that waits for what to ask about it; made by [`param`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Param(Arc<str>);

impl Param {
    /// Holds only if the parameter has this value, byte for byte.
    pub fn is(self, value: impl Into<Arc<str>>) -> Condition {
        let name = format!("parameter {}", self.0);
        Condition::leaf(name, Test::Param(self.0, value.into()))
    }

    /// Says that the parameter names a subject of this authority, for [`owner`].
    pub fn of(self, authority: impl Into<Authority>) -> Owner {
        Owner(Source::Param(self.0, authority.into()))
    }
}

/// An attribute that waits for what to ask about it; made by [`attribute`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ResourceAttribute(Arc<str>);

impl ResourceAttribute {
    /// Holds only if the attribute has this value; nothing is coerced.
    pub fn is(self, value: impl Into<ClaimValue>) -> Condition {
        let name = format!("attribute {}", self.0);
        Condition::leaf(name, Test::Attribute(self.0, value.into()))
    }
}

/// What says whose a resource is; made by [`Param::of`] and [`attribute`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Owner(pub(in crate::policy) Source);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Source {
    Attribute(Arc<str>),
    Param(Arc<str>, Authority),
}

impl From<ResourceAttribute> for Owner {
    fn from(attribute: ResourceAttribute) -> Self {
        Self(Source::Attribute(attribute.0))
    }
}

impl Owner {
    pub(in crate::policy) fn ask(&self, request: &AccessRequest<'_>) -> Verdict {
        let caller = request.principal();
        let Some(subject) = user(caller) else {
            return Verdict::Unknown;
        };
        let (authority, id) = match &self.0 {
            Source::Attribute(name) => match request.attribute(name) {
                Some(Attribute::Subject(authority, id)) => (authority, id),
                _ => return Verdict::Unknown,
            },
            Source::Param(name, authority) => match request.param(name) {
                Some(id) => (authority, id),
                None => return Verdict::Unknown,
            },
        };
        (caller.authority() == authority && subject == id).into()
    }
}

/// Returns the subject, unless it is empty or may be one that a client chose for itself.
pub(crate) fn user(caller: &Principal) -> Option<&str> {
    let is_known = match caller.kind() {
        // A client that acts for itself is the subject (RFC 9068 section 2.2) and may bear the
        // name of a user; where the client is not told, this cannot be told apart.
        PrincipalKind::AccessToken | PrincipalKind::OpaqueToken => caller
            .client()
            .is_some_and(|client| caller.subject() != Some(client)),
        _ => true,
    };
    caller
        .subject()
        .filter(|subject| is_known && !subject.is_empty())
}
