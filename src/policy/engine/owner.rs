//! Owners of resources.

use std::sync::Arc;

use crate::policy::attribute::Attribute;
use crate::policy::request::AccessRequest;
use crate::policy::truth::Truth;
use crate::principal::Authority;
use crate::principal::Principal;
use crate::principal::PrincipalKind;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::policy) enum Source {
    Attribute(Arc<str>),
    Param(Arc<str>, Authority),
}

impl Source {
    pub(in crate::policy) fn ask(&self, request: &AccessRequest<'_>) -> Truth {
        let caller = request.principal();
        let Some(subject) = user(caller) else {
            return Truth::Unknown;
        };
        let (authority, id) = match self {
            Source::Attribute(name) => match request.attribute(name) {
                Some(Attribute::Subject(authority, id)) => (authority, id),
                _ => return Truth::Unknown,
            },
            Source::Param(name, authority) => match request.param(name) {
                Some(id) => (authority, id),
                None => return Truth::Unknown,
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
