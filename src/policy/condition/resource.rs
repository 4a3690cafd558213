//! Conditions over the action and the resource.

use std::sync::Arc;

use crate::policy::condition::condition::Condition;
use crate::policy::engine::owner::OwnerSource;
use crate::policy::engine::predicate::Predicate;
use crate::principal::{Authority, ClaimValue};

/// Returns a condition that is true only if the request has this action, byte for byte.
///
/// The action is that of [`AccessRequest::with_action`](crate::policy::AccessRequest::with_action); without
/// one the condition is [`Unknown`](crate::policy::Truth::Unknown).
pub fn action(name: impl Into<Arc<str>>) -> Condition {
    let name = name.into();
    Condition::leaf(format!("action {name}"), Predicate::Action(name))
}

/// Returns a condition that is true only if the matched route is this one, as the router spells it.
///
/// The route is that of [`AccessRequest::with_resource`](crate::policy::AccessRequest::with_resource);
/// without one the condition is [`Unknown`](crate::policy::Truth::Unknown).
pub fn route(pattern: impl Into<Arc<str>>) -> Condition {
    let pattern = pattern.into();
    Condition::leaf(format!("route {pattern}"), Predicate::Route(pattern))
}

/// Returns a condition that is true only if the request has this method.
///
/// It is [`Unknown`](crate::policy::Truth::Unknown) for a request without
/// [facts](crate::policy::AccessRequest::with_facts). It compares one method: `method(Method::GET)`
/// is false for `HEAD`, so name both where both are meant. Only a route of a
/// [`RouteTable`](crate::policy::RouteTable) for `GET` is for `HEAD` too.
pub fn method(method: http::Method) -> Condition {
    Condition::leaf(format!("method {method}"), Predicate::Method(method))
}

/// Starts a condition over the route parameter of this name.
///
/// Parameters are those of [`AccessRequest::with_params`](crate::policy::AccessRequest::with_params), or of
/// the path pattern of a [`RouteTable`](crate::policy::RouteTable).
pub fn param(name: impl Into<Arc<str>>) -> Param {
    Param(name.into())
}

/// Starts a condition over the attribute of the resource with this name.
///
/// Attributes are the service's own records of the resource, given by
/// [`AccessRequest::with_attributes`](crate::policy::AccessRequest::with_attributes).
pub fn attribute(name: impl Into<Arc<str>>) -> ResourceAttribute {
    ResourceAttribute(name.into())
}

/// Returns a condition that is true only if the resource belongs to the caller.
///
/// The owner is an attribute of the resource that is a pair of authority and subject
/// ([`Attribute::Subject`](crate::policy::Attribute::Subject)), or a route parameter that is the
/// subject's id under the authority that [`Param::of`] names. Both parts of the pair have to be
/// equal.
///
/// A caller without a subject owns nothing. Neither does a caller with an access token whose client
/// is the subject or is not named, because a client may have chosen the name of a user. For these
/// callers, and for a request without the attribute or parameter, the condition is
/// [`Unknown`](crate::policy::Truth::Unknown).
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
        OwnerSource::Attribute(name) => format!("owner by attribute {name}"),
        OwnerSource::Param(name, _) => format!("owner by parameter {name}"),
    };
    Condition::leaf(name, Predicate::Owner(owner.0))
}

/// A route parameter to which one of these methods adds a test; created by [`param`].
///
/// A parameter that is not given, or given twice, makes the condition
/// [`Unknown`](crate::policy::Truth::Unknown).
#[derive(Clone, Debug)]
#[must_use]
pub struct Param(Arc<str>);

impl Param {
    /// Tests that the parameter has this value, byte for byte.
    ///
    /// The value is the one that the router decoded, or the one in the path of a
    /// [`RouteTable`](crate::policy::RouteTable), whose percent escapes are decoded once.
    pub fn is(self, value: impl Into<Arc<str>>) -> Condition {
        let name = format!("parameter {}", self.0);
        Condition::leaf(name, Predicate::Param(self.0, value.into()))
    }

    /// Declares that the parameter is the id of a subject of this authority, for [`owner`].
    ///
    /// An id by itself does not identify a user, because another authority may use the same one.
    pub fn of(self, authority: impl Into<Authority>) -> Owner {
        Owner(OwnerSource::Param(self.0, authority.into()))
    }
}

/// An attribute of the resource to which one of these methods adds a test; created by
/// [`attribute`].
///
/// An attribute that is not given, given twice, or of another type makes the condition
/// [`Unknown`](crate::policy::Truth::Unknown).
#[derive(Clone, Debug)]
#[must_use]
pub struct ResourceAttribute(Arc<str>);

impl ResourceAttribute {
    /// Tests that the attribute has this value; nothing is coerced.
    ///
    /// It is [`Unknown`](crate::policy::Truth::Unknown) if the attribute has another type, such as a string
    /// that is compared with an integer.
    pub fn is(self, value: impl Into<ClaimValue>) -> Condition {
        let name = format!("attribute {}", self.0);
        Condition::leaf(name, Predicate::Attribute(self.0, value.into()))
    }
}

/// Where a request names the owner of the resource, for [`owner`]; created by [`Param::of`] and
/// [`attribute`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Owner(OwnerSource);

impl From<ResourceAttribute> for Owner {
    fn from(attribute: ResourceAttribute) -> Self {
        Self(OwnerSource::Attribute(attribute.0))
    }
}
