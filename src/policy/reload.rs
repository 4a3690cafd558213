//! Policies that are replaced while they decide.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::now_or_later::NowOrLater;
use crate::policy::Authorizer;
use crate::policy::decision::Decision;
use crate::policy::file::LoadError;
use crate::policy::file::PolicyLoader;
use crate::policy::policy::Policy;
use crate::policy::request::AccessRequest;
use crate::policy::route::route_table::RouteTable;

/// A [`Policy`], or a [`RouteTable`], that can be replaced by another version at once; cheap to
/// clone, and all clones are one.
///
/// A request is decided by one version as a whole, and never waits for another. A file that does
/// not load leaves the version in force as it is.
///
/// ```
/// use bearergate::Policy;
/// use bearergate::policy::{PolicyHandle, PolicyLoader};
///
/// let text = r#"{"rules": [{"name": "read", "effect": "permit", "if": {"scope": "read"}}]}"#;
/// let handle = PolicyHandle::new(Policy::from_json(text.as_bytes())?);
/// let in_gate = handle.clone();
/// handle.load(&PolicyLoader::new(), text.replace("read", "see").as_bytes())?;
/// assert_eq!(in_gate.current().rules()[0].name(), "see");
///
/// let error = handle.load(&PolicyLoader::new(), b"{}").unwrap_err();
/// assert!(error.to_string().ends_with("; the version in force stays"));
/// assert_eq!(in_gate.current().rules()[0].name(), "see");
/// # Ok::<(), bearergate::policy::LoadError>(())
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

    fn replace(&self, read: Result<P, LoadError>) -> Result<(), LoadError> {
        let policy = read.map_err(LoadError::in_force)?;
        self.0.store(Arc::new(policy));
        Ok(())
    }
}

impl PolicyHandle<Policy> {
    /// Reads a version from JSON and puts it in force.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for a text that does not load; the version in force stays.
    pub fn load(&self, loader: &PolicyLoader, text: &[u8]) -> Result<(), LoadError> {
        self.replace(loader.policy(text))
    }

    /// Decides by the version in force; an allow costs no allocation.
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        self.0.load().decide(request)
    }
}

impl PolicyHandle<RouteTable> {
    /// Reads a version from JSON and puts it in force.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] for a text that does not load; the version in force stays.
    pub fn load(&self, loader: &PolicyLoader, text: &[u8]) -> Result<(), LoadError> {
        self.replace(loader.routes(text))
    }

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
    fn a_version_that_does_not_load_leaves_the_old_one_in_force() {
        let handle = PolicyHandle::new(policy("old"));
        let alice = Principal::builder(PrincipalKind::Other, "house").build();
        let request = AccessRequest::new(&alice, UnixTime::from_secs(0));
        let allows = |action| handle.decide(&request.with_action(action)).is_allowed();
        let text = policy("new").to_json().unwrap();
        let broken = text.replace("permit", "allow");
        let loader = PolicyLoader::new();
        assert!(handle.load(&loader, broken.as_bytes()).is_err());
        assert!(allows("old") && !allows("new"));
        handle.load(&loader, text.as_bytes()).unwrap();
        assert!(allows("new") && !allows("old"));
        assert_eq!(handle.swap(policy("third")).rules()[0].name(), "new");
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
