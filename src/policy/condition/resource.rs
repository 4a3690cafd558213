//! Conditions over what is asked for: action, route, parameters, attributes, owner.

use std::sync::Arc;

use crate::policy::condition::condition::Condition;
use crate::policy::engine::owner::Source;
use crate::policy::engine::predicate::Test;
use crate::principal::Authority;
use crate::principal::ClaimValue;

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
/// ([`Attribute::Subject`](crate::policy::Attribute::Subject)), or a parameter of the route is the caller's subject and the caller
/// is vouched for by the authority that [`Param::of`] names. A caller without a subject owns
/// nothing, nor does one with an access token whose client is the subject, or is not told: a
/// client may have chosen the name of a user. The condition is [`Unknown`](crate::Truth::Unknown) then.
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
    Condition::leaf(name, Test::Owner(owner.0))
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
pub struct Owner(Source);

impl From<ResourceAttribute> for Owner {
    fn from(attribute: ResourceAttribute) -> Self {
        Self(Source::Attribute(attribute.0))
    }
}
