//! Routes and their guards.

use std::sync::Arc;

use http::Method;

use crate::policy::condition::condition::Condition;
use crate::policy::decision::Decision;
use crate::policy::engine::supply::Supply;
use crate::policy::needs::Needs;
use crate::policy::policy::Policy;
use crate::policy::request::AccessRequest;
use crate::policy::route::pattern::PathPattern;

/// One route of a [`RouteTable`](crate::policy::RouteTable): a method, a pattern and the guard that
/// decides about requests to it.
#[derive(Clone, Debug)]
pub struct Route {
    pub(super) method: Option<Method>,
    pub(super) pattern: Arc<str>,
    pub(super) guard: Guard,
    pub(super) path: Option<PathPattern>,
    /// Whether it is for `HEAD` too, because it is for `GET` and nothing else is for `HEAD`.
    pub(super) covers_head: bool,
}

/// The condition or policy that decides about requests to a [`Route`].
///
/// Both convert into a guard, so a table takes either:
///
/// ```
/// use bearergate::require_scope;
/// use bearergate::policy::Guard;
///
/// let guard = Guard::from(require_scope("orders:read"));
/// # let _ = guard;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Guard {
    /// A single condition, which has to be true. If it is false or unknown, the request is denied.
    Condition(Condition),
    /// A policy of several rules, which has to permit the request. Its decision is passed on, with
    /// its obligations.
    Policy(Policy),
}

impl Route {
    /// Returns the method of the route, or `None` if it is for every method.
    ///
    /// A route for `GET` matches `HEAD` too, unless the same pattern has a route for `HEAD`.
    pub const fn method(&self) -> Option<&Method> {
        self.method.as_ref()
    }

    /// Returns the pattern, as it was given to the builder.
    ///
    /// It is a path pattern, or the name of a route if the table is [by
    /// route](crate::policy::RouteTable::by_route).
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Returns what decides about requests to the route.
    ///
    /// It gets the parameters of the pattern in addition to the facts of the request.
    pub const fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Returns what its guard needs that only the service knows.
    pub(super) fn needs(&self) -> Needs {
        let segments = self.path.iter().flat_map(|path| &path.segments);
        let params: Vec<_> = segments
            .filter_map(|own| own.name().map(|name| &**name))
            .collect();
        let supply = Supply {
            has_resource: true,
            params: &params,
        };
        let method = self.method.as_ref().map_or("*", Method::as_str);
        let name = format!("route `{method} {}`", self.pattern);
        self.guard.needs_with(&supply, &name)
    }

    /// Returns the methods of the requests that the route matches; `None` for all.
    pub(super) fn method_names(&self) -> Option<impl Iterator<Item = &str>> {
        let own = self.method.as_ref()?;
        let head = self.covers_head.then_some("HEAD");
        Some([own.as_str()].into_iter().chain(head))
    }

    /// Returns whether both patterns match the same paths or names.
    pub(super) fn has_pattern_of(&self, other: &Self) -> bool {
        match (&self.path, &other.path) {
            (Some(path), Some(other)) => path.is_equivalent(other),
            _ => self.pattern == other.pattern,
        }
    }

    /// Returns whether there is a request that both routes match.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let shares_method = match (self.method_names(), other.method_names()) {
            (Some(mut own), Some(others)) => {
                let others: Vec<_> = others.collect();
                own.any(|name| others.contains(&name))
            }
            _ => true,
        };
        shares_method
            && match (&self.path, &other.path) {
                (Some(path), Some(other)) => path.overlaps(other),
                _ => self.pattern == other.pattern,
            }
    }

    /// Returns whether this route is at least as specific as one that it overlaps, in each segment
    /// and in the method.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        let is_path_within = match (&self.path, &other.path) {
            (Some(path), Some(other)) => path.is_within(other),
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

    /// Returns what the guard needs in addition to these facts.
    pub(super) fn needs_with(&self, supply: &Supply<'_>, route: &str) -> Needs {
        match self {
            Self::Condition(condition) => condition.needs_with(supply, Some(route)),
            Self::Policy(policy) => policy.needs_with(supply, &format!(" of {route}")),
        }
    }

    /// Returns whether a condition depends on the parameter of this name, or may.
    pub(super) fn reads_param(&self, name: &str) -> bool {
        let reads = |condition: &Condition| {
            let mut leaves = condition.leaves();
            leaves.any(|leaf| leaf.predicate.reads_param(name))
        };
        match self {
            Self::Condition(condition) => reads(condition),
            Self::Policy(policy) => policy.rules().iter().any(|rule| reads(rule.condition())),
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
