//! Policies written in Cedar, decided by its own engine.
//!
//! A [`CedarAuthorizer`] stands where a [`Policy`](crate::policy::Policy) stands, and denies where that
//! would deny: what is not known of a request is not given to Cedar, so a policy that asks for it
//! fails, and a `forbid` that fails denies.
//!
//! | Cedar | comes from |
//! |---|---|
//! | `principal` | `User::"authority\|subject"`; a caller who is no user is `Client::"authority\|client"` |
//! | `principal.authority`, `.kind`, `.subject`, `.client`, `.scopes` | the [`Principal`](crate::principal::Principal), `scopes` as a set |
//! | `principal.issued_at`, `.expires_at` | seconds since 1970 |
//! | `principal.sender_constrained` | `true`, or not there |
//! | `principal.claims` | the claims that [`CedarBuilder::claims`] names |
//! | `action` | `Action::"name"`: the [action](crate::policy::AccessRequest::with_action), else the method |
//! | `resource` | `Resource::"name"`: the [resource](crate::policy::AccessRequest::with_resource), such as the route |
//! | `resource.NAME` | the [attributes](crate::policy::AccessRequest::with_attributes); a subject is a `User` |
//! | `context.now` | seconds since 1970 |
//! | `context.params`, `.headers` | the parameters of the route and the headers that are let in, by name, untrusted |
//! | `context.method`, `.address`, `.tls` | the request's, `address` as an `ip` |
//! | `context.client` | the application in the second slot, with what a principal has |
//!
//! In an id `%` and `|` within the authority are written `%25` and `%7C`, so that the first `|`
//! ends it. A caller with an access token of which the subject may be the client's own name is no
//! `User`, as with [`owner`](crate::policy::owner): write `principal is User` where a `forbid` is
//! about the owner.
//!
//! Cedar knows two values where [`Truth`](crate::policy::Truth) has three. `==` between values of two
//! types is `false`, not an error: give a schema, and a request that does not fit it is denied. And
//! `a || b` fails where `a` fails, though `b` may hold.

mod bounds;
mod builder;
mod decide;
mod question;

pub use builder::CedarBuilder;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cedar_policy::Effect;
use cedar_policy::Entities;
use cedar_policy::EntityTypeName;
use cedar_policy::PolicyId;
use cedar_policy::PolicySet;
use cedar_policy::Schema;

use crate::now_or_later::NowOrLater;
use crate::policy::AccessRequest;
use crate::policy::Authorizer;
use crate::policy::Decision;

/// Cedar policies, as an [`Authorizer`]; cheap to clone.
///
/// It allows only if a `permit` holds, no `forbid` holds and none failed. A `permit` that fails
/// does not apply: it is named among the reasons of a deny, and bears on nothing if another one
/// permits. A deny names policies by their annotation `@id("...")`; it is
/// [`AccessDenied`](crate::error::RejectionKind::AccessDenied), also for want of a scope, which Cedar does
/// not tell. A decision takes some ten microseconds and allocates.
///
/// ```
/// use bearergate::Principal;
/// use bearergate::clock::UnixTime;
/// use bearergate::integrations::cedar::CedarAuthorizer;
/// use bearergate::policy::AccessRequest;
/// use bearergate::principal::PrincipalKind;
///
/// let cedar = CedarAuthorizer::builder(r#"
///     @id("suspended")
///     forbid (principal, action, resource)
///     when { principal.claims has suspended && principal.claims.suspended != false };
///     @id("read")
///     permit (principal, action == Action::"read", resource)
///     when { principal.scopes.contains("orders:read") };
/// "#)
/// .claims(["suspended"])
/// .build()?;
///
/// let alice = Principal::builder(PrincipalKind::Other, "house").scopes(["orders:read"]).build();
/// let request = AccessRequest::new(&alice, UnixTime::from_secs(0))
///     .with_action("read")
///     .with_resource("/orders/{id}");
/// assert!(cedar.decide(&request).is_allowed());
/// assert!(!cedar.decide(&request.with_action("write")).is_allowed());
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct CedarAuthorizer(Arc<Inner>);

struct Inner {
    policies: PolicySet,
    /// What is known of each policy.
    notes: HashMap<PolicyId, Note>,
    schema: Option<Schema>,
    /// What is known beside the request.
    entities: Entities,
    types: Types,
    /// Claims that are given to Cedar.
    claims: Vec<Arc<str>>,
    default_resource: Option<Arc<str>>,
}

struct Note {
    name: Arc<str>,
    effect: Effect,
}

struct Types {
    action: EntityTypeName,
    client: EntityTypeName,
    resource: EntityTypeName,
    user: EntityTypeName,
}

impl CedarAuthorizer {
    /// Starts with policies in Cedar's syntax.
    pub fn builder(policies: impl Into<String>) -> CedarBuilder {
        CedarBuilder::new(policies.into())
    }

    /// Decides about a request.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        decide::decide(&self.0, request)
    }
}

impl Authorizer for CedarAuthorizer {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }
}

impl fmt::Debug for CedarAuthorizer {
    /// Shows the names of the policies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.0.notes.values().map(|note| &note.name).collect();
        names.sort();
        f.write_str("CedarAuthorizer")?;
        f.debug_list().entries(names).finish()
    }
}
