//! What an authorizer reads that only the service can supply.

use std::sync::Arc;

use crate::error::ConfigError;

/// A fact of a request that only the service knows, so that [`Gate::check`](crate::Gate::check) does
/// not give it to the authorizer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ServiceFact {
    /// The action, of [`with_action`](crate::policy::AccessRequest::with_action).
    Action,
    /// An attribute of the resource, of
    /// [`with_attributes`](crate::policy::AccessRequest::with_attributes).
    Attribute,
    /// A header, of [`with_headers`](crate::policy::AccessRequest::with_headers).
    Header,
    /// A route parameter, of [`with_params`](crate::policy::AccessRequest::with_params) or the
    /// pattern of a [`RouteTable`](crate::policy::RouteTable).
    Param,
    /// The matched route, of [`with_resource`](crate::policy::AccessRequest::with_resource).
    Resource,
    /// Whether the request was sent over TLS, of
    /// [`with_tls`](crate::policy::AccessRequest::with_tls).
    Tls,
}

impl ServiceFact {
    /// Returns the name of the method of [`AccessRequest`](crate::policy::AccessRequest) that adds
    /// the fact.
    pub const fn setter(self) -> &'static str {
        match self {
            Self::Action => "with_action",
            Self::Attribute => "with_attributes",
            Self::Header => "with_headers",
            Self::Param => "with_params",
            Self::Resource => "with_resource",
            Self::Tls => "with_tls",
        }
    }
}

/// What an [`Authorizer`](crate::Authorizer) needs that [`Gate::check`](crate::Gate::check) does not
/// give it.
///
/// A gate is not built with an authorizer that denies every request for it, unless the service says
/// that it calls [`Gate::authorize`](crate::Gate::authorize) with the facts
/// ([`authorizes_per_route`](crate::gate::GateBuilder::authorizes_per_route)). What some requests
/// need is a finding of [`Gate::doctor`](crate::Gate::doctor).
///
/// ```
/// use bearergate::policy::{Needs, ServiceFact};
///
/// // An authorizer that permits only requests with an action.
/// let needs = Needs::nothing().for_all("the action", ServiceFact::Action);
/// # let _ = needs;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Needs {
    facts: Vec<(Arc<str>, ServiceFact)>,
    is_known: bool,
    denies_all: bool,
    fault: Option<ConfigError>,
    rate_classes: Vec<Arc<str>>,
}

impl Needs {
    /// Returns that the facts of [`Gate::check`](crate::Gate::check) are all that the authorizer
    /// reads.
    pub const fn nothing() -> Self {
        Self {
            facts: Vec::new(),
            is_known: true,
            denies_all: false,
            fault: None,
            rate_classes: Vec::new(),
        }
    }

    /// Returns that it is not known what the authorizer reads.
    pub const fn unknown() -> Self {
        let mut needs = Self::nothing();
        needs.is_known = false;
        needs
    }

    /// Returns that the authorizer has a fault, for which a gate is not built with it.
    pub(in crate::policy) fn faulty(fault: ConfigError) -> Self {
        Self {
            fault: Some(fault),
            ..Self::nothing()
        }
    }

    /// Adds a fact without which every request is denied. `name` is that of the condition or rule
    /// that reads it, for the operator.
    pub fn for_all(mut self, name: impl Into<Arc<str>>, fact: ServiceFact) -> Self {
        self.denies_all = true;
        self.for_some(name, fact)
    }

    /// Adds a fact without which some requests are denied. `name` is that of the condition or rule
    /// that reads it, for the operator.
    pub fn for_some(mut self, name: impl Into<Arc<str>>, fact: ServiceFact) -> Self {
        let added = (name.into(), fact);
        if !self.facts.contains(&added) {
            self.facts.push(added);
        }
        self
    }

    /// Adds a rate class that decisions name
    /// ([`with_rate_class`](crate::policy::Obligations::with_rate_class)), so that
    /// [`Gate::doctor`](crate::Gate::doctor) finds one that no limit has.
    pub fn with_rate_class(mut self, class: impl Into<Arc<str>>) -> Self {
        let class = class.into();
        if !self.rate_classes.contains(&class) {
            self.rate_classes.push(class);
        }
        self
    }

    /// Returns the rate classes that decisions name.
    pub(crate) fn rate_classes(&self) -> &[Arc<str>] {
        &self.rate_classes
    }

    /// Adds what another authorizer needs, where both have to allow.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.denies_all |= other.denies_all;
        self.is_known &= other.is_known;
        self.fault = self.fault.or(other.fault);
        let classes = other.rate_classes.into_iter();
        let all = classes.fold(self, Self::with_rate_class);
        let facts = other.facts.into_iter();
        facts.fold(all, |all, (name, fact)| all.for_some(name, fact))
    }

    /// Sets that every request is denied without the facts.
    pub(in crate::policy) const fn denying_all(mut self, denies_all: bool) -> Self {
        self.denies_all = denies_all;
        self
    }

    /// Returns the names of what reads a fact, and the facts.
    pub(crate) fn facts(&self) -> &[(Arc<str>, ServiceFact)] {
        &self.facts
    }

    /// Returns whether every request is denied that has no facts of the service.
    pub(crate) const fn denies_all(&self) -> bool {
        self.denies_all
    }

    pub(crate) const fn is_known(&self) -> bool {
        self.is_known
    }

    pub(crate) fn into_fault(self) -> Option<ConfigError> {
        self.fault
    }
}
