//! The configuration of a set of limits.

use std::fmt;
use std::sync::Arc;

use super::by::By;
use super::config::Limit;
use super::usage::UsageStore;
use crate::environment::Environment;
use crate::event::Observer;
use crate::limits;
use crate::principal::Authority;
use crate::rate::Rate;
use crate::secret_source::SecretSource;

/// Builds [`Limits`](crate::limit::Limits).
///
/// Nothing is checked before `build`.
#[derive(Clone)]
#[must_use]
pub struct LimitsBuilder {
    pub(super) limits: Vec<Limit>,
    pub(super) plans: Vec<(Arc<str>, Vec<Limit>)>,
    pub(super) otherwise: Option<Vec<Limit>>,
    pub(super) plan_claim: Option<Arc<str>>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) sources: usize,
    pub(super) callers: usize,
    pub(super) may_be_empty: bool,
    pub(super) usage: Option<Arc<dyn UsageStore>>,
    pub(super) shared_key: Option<SecretSource>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

/// Another rate of one caller.
#[derive(Clone, Debug)]
pub(super) struct Exception {
    pub(super) limit: String,
    pub(super) authority: Authority,
    pub(super) subject: String,
    pub(super) rate: Rate,
}

impl LimitsBuilder {
    pub(super) const fn new() -> Self {
        Self {
            limits: Vec::new(),
            plans: Vec::new(),
            otherwise: None,
            plan_claim: None,
            exceptions: Vec::new(),
            sources: limits::SOURCES,
            callers: limits::CALLERS,
            may_be_empty: false,
            usage: None,
            shared_key: None,
            observer: None,
        }
    }

    /// Adds a limit for all requests that it matches.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limits.push(limit);
        self
    }

    /// Adds a plan: limits that apply in addition to callers of this plan only. The plan of a caller
    /// is the limit class of its API key ([`NewApiKey::limit_class`](crate::api_key::NewApiKey::limit_class)),
    /// or the claim of [`plan_claim`](Self::plan_claim). Limits of all plans have different names.
    pub fn plan(
        mut self,
        name: impl Into<Arc<str>>,
        limits: impl IntoIterator<Item = Limit>,
    ) -> Self {
        self.plans.push((name.into(), limits.into_iter().collect()));
        self
    }

    /// Sets the limits of callers whose plan is unknown or absent. It is required once there are
    /// plans.
    pub fn otherwise(mut self, limits: impl IntoIterator<Item = Limit>) -> Self {
        self.otherwise = Some(limits.into_iter().collect());
        self
    }

    /// Reads the plan of callers without an API key from this claim, which has to be a text; by
    /// default they have none.
    pub fn plan_claim(mut self, name: impl Into<Arc<str>>) -> Self {
        self.plan_claim = Some(name.into());
        self
    }

    /// Gives one subject of one authority another rate at a limit by caller or credential.
    pub fn exception(
        mut self,
        limit: &str,
        who: (impl Into<Authority>, impl Into<String>),
        rate: Rate,
    ) -> Self {
        self.exceptions.push(Exception {
            limit: limit.to_owned(),
            authority: who.0.into(),
            subject: who.1.into(),
            rate,
        });
        self
    }

    /// Sets how many sources and how many callers have a bucket of their own, 1 024 to 16 777 216
    /// each, rounded up to a power of two; by default 131 072 and 65 536. Each takes 20 bytes, now.
    pub const fn tables(mut self, sources: usize, callers: usize) -> Self {
        self.sources = sources;
        self.callers = callers;
        self
    }

    /// Builds also without a limit, for a service that gets its limits later by
    /// [`Limits::replace`](crate::limit::Limits::replace). By default that is an error, because such limits refuse nothing.
    pub const fn allow_empty(mut self) -> Self {
        self.may_be_empty = true;
        self
    }

    /// Sets the store of the quotas, which is required once there is one.
    pub fn usage(self, store: impl UsageStore + 'static) -> Self {
        self.usage_by(Arc::new(store))
    }

    /// Like [`usage`](Self::usage), for a store that others use too.
    pub fn usage_by(mut self, store: Arc<dyn UsageStore>) -> Self {
        self.usage = Some(store);
        self
    }

    /// Sets the secret under which the callers and sources of [shared](Limit::shared) limits are
    /// hashed, at least 32 bytes, and the same for all nodes; it is read by `build`. By default they
    /// are hashed under a key that everybody knows: everybody who can read the store can then find out
    /// whether a caller that he can name has a bucket, and how full it is.
    ///
    /// After a change all buckets in the store are full.
    pub fn shared_key(mut self, source: SecretSource) -> Self {
        self.shared_key = Some(source);
        self
    }

    /// Sets the observer of [`LimiterSaturated`](crate::event::Event::LimiterSaturated) and
    /// [`UnknownLimitClass`](crate::event::Event::UnknownLimitClass); by default nobody observes.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the observer of the environment.
    pub fn env(mut self, environment: &Environment) -> Self {
        environment.set_observer(&mut self.observer);
        self
    }

    /// Returns whether a limit counts by source, so that the gate has to know the address.
    pub fn needs_source(&self) -> bool {
        self.limits.iter().any(|limit| limit.by == By::Source)
    }
}

/// What the reader of limits files asks.
#[cfg(feature = "config-file")]
impl LimitsBuilder {
    /// Returns whether a quota can be counted.
    pub(crate) const fn has_usage(&self) -> bool {
        self.usage.is_some()
    }

    /// Returns whether there is nothing to build, and this is not allowed.
    pub(crate) fn is_missing(&self) -> bool {
        !self.may_be_empty && self.number_of_limits() == [0, 0, 0]
    }

    /// Returns the number of limits for all requests, of `otherwise` and of plans.
    pub(crate) fn number_of_limits(&self) -> [usize; 3] {
        let of_plans = self.plans.iter().map(|(_, limits)| limits.len()).sum();
        let otherwise = self.otherwise.iter().flatten().count();
        [self.limits.len(), otherwise, of_plans]
    }

    /// Returns the number of exceptions.
    pub(crate) fn number_of_exceptions(&self) -> usize {
        self.exceptions.len()
    }
}

impl fmt::Debug for LimitsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |limits: &[Limit]| -> Vec<_> {
            limits.iter().map(|limit| Arc::clone(&limit.name)).collect()
        };
        f.debug_struct("LimitsBuilder")
            .field("limits", &names(&self.limits))
            .field(
                "plans",
                &self.plans.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            )
            .field("exceptions", &self.exceptions.len())
            .finish_non_exhaustive()
    }
}
