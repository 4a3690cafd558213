//! Policies that are replaced while requests are decided.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::now_or_later::NowOrLater;
use crate::policy::authorizer::Authorizer;
use crate::policy::decision::Decision;
use crate::policy::needs::Needs;
use crate::policy::policy::Policy;
use crate::policy::request::AccessRequest;
use crate::policy::route::route_table::RouteTable;
use crate::policy::trace::record::Trace;

/// A shared [`Policy`] or [`RouteTable`] that can be replaced while requests are decided.
///
/// Give a clone to the gate and keep one: all clones share the current version, and cloning is
/// cheap. Each request is decided by one version as a whole, and never waits for a replacement.
/// With the feature `policy-file` a version is read from JSON by `load`, which keeps the current
/// version if the file does not load.
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
    /// Creates a handle whose current version is this policy.
    ///
    /// Give a clone to the gate as its authorizer, and keep the handle to replace the policy.
    pub fn new(policy: P) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(policy)))
    }

    /// Replaces the current version, and returns the previous one. The next decision uses the new
    /// version; decisions that are under way finish with the old one.
    pub fn swap(&self, policy: P) -> Arc<P> {
        self.0.swap(Arc::new(policy))
    }

    /// Returns the current version, for example to [explain](Policy::explain) a decision.
    ///
    /// It stays as it is if the handle is [swapped](Self::swap) afterwards.
    pub fn current(&self) -> Arc<P> {
        self.0.load_full()
    }
}

impl PolicyHandle<Policy> {
    /// Decides about a request by the current version, as [`Policy::decide`] does. An allow does not
    /// allocate.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        self.0.load().decide(request)
    }
}

impl PolicyHandle<RouteTable> {
    /// Decides about a request by the current version, as [`RouteTable::decide`] does. An allow does
    /// not allocate.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        self.0.load().decide(request)
    }
}

impl Authorizer for PolicyHandle<Policy> {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }

    fn needs(&self) -> Needs {
        self.current().needs()
    }

    fn trace<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Option<Trace>> {
        NowOrLater::now(Some(self.current().explain(request)))
    }
}

impl Authorizer for PolicyHandle<RouteTable> {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(self.decide(request))
    }

    fn needs(&self) -> Needs {
        self.current().needs()
    }

    fn trace<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Option<Trace>> {
        NowOrLater::now(Some(self.current().explain(request)))
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
    use crate::policy::{Rule, action};
    use crate::principal::{Principal, PrincipalKind};

    fn policy(name: &str) -> Policy {
        let rule = Rule::permit(name, action(name));
        Policy::builder().rule(rule).build().unwrap()
    }

    #[test]
    fn a_decision_uses_one_version() {
        let handle = PolicyHandle::new(policy("a"));
        let alice = Principal::builder(PrincipalKind::Other, "https://idp.example.com").build();
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
