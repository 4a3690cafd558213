//! One route and what decides about it.

use std::sync::Arc;

use http::Method;

use crate::policy::condition::condition::Condition;
use crate::policy::decision::Decision;
use crate::policy::policy::Policy;
use crate::policy::request::AccessRequest;
use crate::policy::route::pattern::PathPattern;

/// One route of a [`RouteTable`](crate::policy::RouteTable).
#[derive(Clone, Debug)]
pub struct Route {
    pub(super) method: Option<Method>,
    pub(super) pattern: Arc<str>,
    pub(super) guard: Guard,
    pub(super) path: Option<PathPattern>,
}

/// What decides about a route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Guard {
    /// One condition.
    Condition(Condition),
    /// Rules.
    Policy(Policy),
}

impl Route {
    /// Returns the method, or `None` if the route is for every one.
    pub const fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }

    /// Returns the pattern as it was given.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Returns what decides.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Says whether there is a request that both match.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let methods = (&self.method, &other.method);
        let is_apart = matches!(methods, (Some(own), Some(other)) if own != other);
        !is_apart
            && match (&self.path, &other.path) {
                (Some(own), Some(other)) => own.overlaps(other),
                _ => self.pattern == other.pattern,
            }
    }

    /// Says, of a route that overlaps, whether this one is at least as specific in everything.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        let is_path_within = match (&self.path, &other.path) {
            (Some(own), Some(other)) => own.is_within(other),
            _ => true,
        };
        is_path_within && (self.method.is_some() || other.method.is_none())
    }
}

impl Guard {
    pub(super) fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        match self {
            Self::Condition(condition) => condition.decide(request),
            Self::Policy(policy) => policy.decide(request),
        }
    }
}

impl From<Condition> for Guard {
    fn from(condition: Condition) -> Self {
        Self::Condition(condition)
    }
}

impl From<Policy> for Guard {
    fn from(policy: Policy) -> Self {
        Self::Policy(policy)
    }
}
