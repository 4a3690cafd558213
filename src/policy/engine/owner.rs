//! Owners of resources.

use std::sync::Arc;

use crate::policy::attribute::Attribute;
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;
use crate::principal::{Authority, Principal, PrincipalKind};

/// Where a request names the owner of the resource.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) enum OwnerSource {
    /// The attribute of this name.
    Attribute(Arc<str>),
    /// The route parameter of this name, which is the id of a subject of this authority.
    Param(Arc<str>, Authority),
}

impl OwnerSource {
    /// Returns whether the caller is the owner.
    pub(in crate::policy) fn evaluate(&self, request: &AccessRequest<'_>) -> Truth {
        let caller = request.principal();
        let Some(subject) = user(caller) else {
            return Truth::Unknown;
        };
        let (authority, id) = match self {
            Self::Attribute(name) => match request.attribute(name) {
                Some(Attribute::Subject(authority, id)) => (authority, id),
                _ => return Truth::Unknown,
            },
            Self::Param(name, authority) => match request.param(name) {
                Some(id) => (authority, id),
                None => return Truth::Unknown,
            },
        };
        (caller.authority() == authority && subject == id).into()
    }
}

/// Returns the subject, unless it is empty or may be a name that a client chose for itself.
pub(crate) fn user(caller: &Principal) -> Option<&str> {
    let is_user = match caller.kind() {
        // A client that acts for itself is the subject (RFC 9068 section 2.2) and may have the name
        // of a user. Without a `client_id` the two cannot be told apart.
        PrincipalKind::AccessToken | PrincipalKind::OpaqueToken => caller
            .client()
            .is_some_and(|client| caller.subject() != Some(client)),
        _ => true,
    };
    caller
        .subject()
        .filter(|subject| is_user && !subject.is_empty())
}
