//! Policies that are replaced while they decide.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::decision::Decision;
use crate::policy::policy::Policy;
use crate::policy::request::AccessRequest;
use crate::policy::route::route_table::RouteTable;

/// A [`Policy`], or a [`RouteTable`], that can be replaced by another version at once; cheap to
/// clone, and all clones are one.
///
/// A request is decided by one version as a whole, and never waits for another.
///
/// ```
/// use bearergate::Policy;
/// use bearergate::policy::{action, PolicyHandle, Rule};
///
/// let policy = |verb: &str| Policy::builder().rule(Rule::permit(verb, action(verb))).build();
/// let handle = PolicyHandle::new(policy("read")?);
/// let in_gate = handle.clone();
/// handle.swap(policy("write")?);
/// assert_eq!(in_gate.current().rules()[0].name(), "write");
/// # Ok::<(), bearergate::ConfigError>(())
/// ```
pub struct PolicyHandle<P = Policy>(Arc<ArcSwap<P>>);

impl<P> PolicyHandle<P> {
    /// Starts with this version.
    pub fn new(policy: P) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(policy)))
    }

    /// Puts another version in force, and returns the one before.
    pub fn swap(&self, policy: P) -> Arc<P> {
        self.0.swap(Arc::new(policy))
    }

    /// Returns the version in force.
    pub fn current(&self) -> Arc<P> {
        self.0.load_full()
    }
}

impl PolicyHandle<Policy> {
    /// Decides by the version in force; an allow costs no allocation.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        self.0.load().decide(request)
    }
}

impl PolicyHandle<RouteTable> {
    /// Decides by the version in force; an allow costs no allocation.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        self.0.load().decide(request)
    }
}

impl Authorizer for PolicyHandle<Policy> {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }
}

impl Authorizer for PolicyHandle<RouteTable> {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }
}

impl<P> Clone for PolicyHandle<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P: fmt::Debug> fmt::Debug for PolicyHandle<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyHandle").field(&self.0.load()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use crate::policy::Rule;
    use crate::policy::action;
    use crate::principal::Principal;
    use crate::principal::PrincipalKind;

    fn policy(name: &str) -> Policy {
        let rule = Rule::permit(name, action(name));
        Policy::builder().rule(rule).build().unwrap()
    }

    #[test]
    fn every_decision_is_of_one_version() {
        let handle = PolicyHandle::new(policy("a"));
        let alice = Principal::builder(PrincipalKind::Other, "house").build();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for at in 0..1_000 {
                    handle.swap(policy(if at % 2 == 0 { "b" } else { "a" }));
                }
            });
            let request = AccessRequest::new(&alice, UnixTime::from_secs(0)).with_action("a");
            while !writer.is_finished() {
                let decision = handle.decide(&request);
                let name = decision.reasons()[0].name();
                assert!(decision.is_allowed() == (name == "a"));
            }
        });
    }
}
