//! Gates of single routes, which share everything but the authorizer.

use std::sync::Arc;

use super::core::GateCore;
use super::supply::check_authorizer;
use super::{Gate, Inner};
use crate::error::ConfigError;
use crate::now_or_later::NowOrLater;
use crate::policy::{AccessRequest, Authorizer, Condition, Decision, Needs, Trace};

impl Gate {
    /// Returns a gate with another authorizer, for a route or a group of routes.
    ///
    /// It shares the validators with their caches and keys, the places, revocation lists, clock,
    /// observer and form of refusals; so it costs nothing but the authorizer. The authorizer of this
    /// gate has no part in its decisions; [`require`](Self::require) adds to it.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::error::ConfigErrorKind::Conflict) for an authorizer that denies every
    /// request of [`check`](Self::check), unless the gate
    /// [authorizes per route](crate::gate::GateBuilder::authorizes_per_route); the faults of a
    /// condition, as [`GateBuilder::build`](crate::gate::GateBuilder::build) has them.
    ///
    /// ```
    /// use bearergate::policy::role;
    /// use bearergate::{ConfigError, Gate, require_scope};
    ///
    /// fn gates(gate: &Gate) -> Result<[Gate; 2], ConfigError> {
    ///     let reports = gate.with_authorizer(require_scope("reports:read"))?;
    ///     // What the gate asks for, and the role.
    ///     let admin = gate.require(role("admin"))?;
    ///     Ok([reports, admin])
    /// }
    /// # let _ = gates;
    /// ```
    pub fn with_authorizer(
        &self,
        authorizer: impl Authorizer + 'static,
    ) -> Result<Self, ConfigError> {
        self.derived(Arc::new(authorizer))
    }

    /// Returns a gate that also requires a condition, for a route or a group of routes.
    ///
    /// It allows a request only if this gate allows it **and** the condition is true, so it never
    /// allows more than this gate. Everything else is shared, as by
    /// [`with_authorizer`](Self::with_authorizer). The obligations of an allow are those of this
    /// gate's authorizer. If both lack scopes, the challenge names all of them.
    ///
    /// # Errors
    ///
    /// Those of [`with_authorizer`](Self::with_authorizer).
    pub fn require(&self, condition: Condition) -> Result<Self, ConfigError> {
        let base = Arc::clone(&self.0.core.authorizer);
        self.derived(Arc::new(Restricted { base, condition }))
    }

    fn derived(&self, authorizer: Arc<dyn Authorizer>) -> Result<Self, ConfigError> {
        check_authorizer(&*authorizer, self.0.per_route)?;
        let shared = Inner::clone(&self.0);
        Ok(Self(Arc::new(Inner {
            core: GateCore {
                authorizer,
                ..shared.core
            },
            ..shared
        })))
    }
}

/// An authorizer, and a condition that also has to hold.
#[derive(Debug)]
struct Restricted {
    base: Arc<dyn Authorizer>,
    condition: Condition,
}

impl Restricted {
    /// Returns the decision of both; an allow only if both allow.
    fn join(&self, base: Decision, request: &AccessRequest<'_>) -> Decision {
        if !base.is_allowed() && !base.lacks_scopes() {
            return base;
        }
        let own = self.condition.decide(request);
        match (base.is_allowed(), own.is_allowed()) {
            (true, true) | (false, true) => base,
            (true, false) => own,
            (false, false) if own.lacks_scopes() => base.and_lacking(&own),
            (false, false) => base,
        }
    }
}

impl Authorizer for Restricted {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        let base = self.base.authorize(request);
        base.map(move |base| self.join(base, request))
    }

    fn trace<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Option<Trace>> {
        let base = self.base.trace(request);
        base.map(move |base| {
            let base = base?;
            let decision = self.join(base.decision().clone(), request);
            Some(base.joined(self.condition.explain(request), decision))
        })
    }

    fn needs(&self) -> Needs {
        self.base.needs().and(self.condition.needs())
    }
}
