//! The authorizer for Cedar policies.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cedar_policy::{Effect, Entities, EntityTypeName, PolicyId, PolicySet, Schema};

use super::reads::PolicyReads;

/// An [`Authorizer`](crate::Authorizer) for Cedar policies; cheap to clone.
///
/// It allows a request only if a `permit` applies, no `forbid` applies, and no `forbid` fails. A
/// `permit` that fails does not apply; it is one of the reasons of a denial. Reasons have the name
/// of the policy's annotation `@id("...")`. Every denial is
/// [`AccessDenied`](crate::RejectionKind::AccessDenied), also if only a scope is missing, because
/// Cedar does not report why a policy did not apply. A decision takes about ten microseconds, and
/// allocates.
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
/// let alice = Principal::builder(PrincipalKind::Other, "orders-api")
///     .scopes(["orders:read"])
///     .build();
/// let request = AccessRequest::new(&alice, UnixTime::from_secs(0))
///     .with_action("read")
///     .with_resource("/orders/{id}");
/// assert!(cedar.decide(&request).is_allowed());
/// assert!(!cedar.decide(&request.with_action("write")).is_allowed());
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct CedarAuthorizer(pub(super) Arc<CedarPolicies>);

/// What clones of the authorizer share.
pub(super) struct CedarPolicies {
    pub(super) policies: PolicySet,
    /// The name and the effect of each policy.
    pub(super) labels: HashMap<PolicyId, PolicyLabel>,
    pub(super) schema: Option<Schema>,
    /// Entities of the configuration.
    pub(super) entities: Entities,
    pub(super) types: EntityTypes,
    /// The names of the claims that are given to Cedar.
    pub(super) claims: Vec<Arc<str>>,
    /// What the policies can read of a request.
    pub(super) reads: PolicyReads,
    pub(super) default_resource: Option<Arc<str>>,
}

pub(super) struct PolicyLabel {
    pub(super) name: Arc<str>,
    pub(super) effect: Effect,
}

pub(super) struct EntityTypes {
    pub(super) action: EntityTypeName,
    pub(super) client: EntityTypeName,
    pub(super) resource: EntityTypeName,
    pub(super) user: EntityTypeName,
}

impl fmt::Debug for CedarAuthorizer {
    /// Shows the names of the policies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.0.labels.values().map(|label| &label.name).collect();
        names.sort();
        f.write_str("CedarAuthorizer")?;
        f.debug_list().entries(names).finish()
    }
}
