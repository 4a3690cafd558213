//! Single conditions over the facts of the caller.

use std::sync::Arc;

use crate::policy::condition::Condition;
use crate::policy::request::AccessRequest;
use crate::policy::verdict::Verdict;
use crate::principal::ClaimValue;

/// Holds only if the caller has exactly this scope, byte for byte.
///
/// A caller whose credential says nothing about scopes makes it
/// [`Unknown`](Verdict::Unknown). A deny for want of it is
/// [`ScopeInsufficient`](crate::RejectionKind::ScopeInsufficient). It asks for one scope: a name
/// that is empty or has a space is one that nobody has.
///
/// ```
/// use bearergate::claim;
/// use bearergate::require_scope;
///
/// let policy = require_scope("orders:read").and(claim("tenant").is("acme"));
/// # let _ = policy;
/// ```
pub fn require_scope(name: impl Into<Arc<str>>) -> Condition {
    let scope = name.into();
    let name = format!("scope {scope}");
    Condition::leaf(name, Test::Scope(scope))
}

/// Begins a condition over the top-level claim of this name.
///
/// A claim that is missing or of another type makes the condition
/// [`Unknown`](Verdict::Unknown), which denies, under [`not`](Condition::not) too.
///
/// ```
/// use bearergate::claim;
///
/// let policy = claim("tenant").is("acme").and(claim("suspended").absent());
/// # let _ = policy;
/// ```
pub fn claim(name: impl Into<Arc<str>>) -> ClaimTest {
    ClaimTest(name.into())
}

/// A claim that waits for what to ask about it; made by [`claim`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClaimTest(Arc<str>);

impl ClaimTest {
    /// Holds only if the claim has this value; nothing is coerced.
    ///
    /// A number with a fraction, an exponent or more than 64 bits is not an integer.
    pub fn is(self, value: impl Into<ClaimValue>) -> Condition {
        let name = format!("claim {}", self.0);
        Condition::leaf(name, Test::Is(self.0, value.into()))
    }

    /// Holds only if there is no claim of this name; one that is `null` is there.
    pub fn absent(self) -> Condition {
        let name = format!("no claim {}", self.0);
        Condition::leaf(name, Test::Absent(self.0))
    }
}

/// What one condition asks.
#[derive(Clone)]
pub(super) enum Test {
    Absent(Arc<str>),
    Custom(Arc<Custom>),
    Is(Arc<str>, ClaimValue),
    Scope(Arc<str>),
}

/// A question of the user's own.
pub(super) type Custom = dyn Fn(&AccessRequest<'_>) -> Verdict + Send + Sync;

impl Test {
    pub(super) fn ask(&self, request: &AccessRequest<'_>) -> Verdict {
        let principal = request.principal();
        match self {
            Self::Absent(name) => principal.claims().value(name).is_none().into(),
            Self::Custom(ask) => ask(request),
            Self::Is(name, wanted) => match principal.claims().value(name) {
                Some(claim) => wanted.is(claim).into(),
                None => Verdict::Unknown,
            },
            Self::Scope(name) => principal.scopes().map(|own| own.contains(name)).into(),
        }
    }
}
