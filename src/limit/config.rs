//! One limit, as it is configured.

use std::fmt;
use std::sync::Arc;

use super::by::{By, Outage};
use super::quota::Quota;
use super::rate_store::RateStore;
use crate::rate::Rate;

/// One limit: a rate, a number of requests in flight, or a quota; by default
/// [by caller](By::Caller).
///
/// Nothing is checked before [`LimitsBuilder::build`](crate::limit::LimitsBuilder::build).
///
/// ```
/// use bearergate::limit::{By, Limit, Rate};
///
/// # fn limits() -> Result<[Limit; 3], bearergate::ConfigError> {
/// let limits = [
///     Limit::rate("default", Rate::per_minute(600)?),
///     Limit::rate("writes", "30/m burst 5".parse()?).class("writes"),
///     Limit::concurrent("reports", 4).by(By::claim("tenant")).class("reports"),
/// ];
/// # Ok(limits)
/// # }
/// # assert!(limits().is_ok());
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Limit {
    pub(super) name: Arc<str>,
    pub(super) what: What,
    pub(super) by: By,
    pub(super) is_per_action: bool,
    pub(super) class: Option<Arc<str>>,
    pub(super) cost: Option<u32>,
    pub(super) is_shadow: bool,
    pub(super) shared: Option<Sharing>,
    pub(super) on_outage: Option<Outage>,
    pub(super) kept: Option<(u32, Arc<str>)>,
}

/// What a limit bounds.
#[derive(Clone, Debug)]
pub(super) enum What {
    Rate(Rate),
    Concurrent(u32),
    Quota(Quota),
}

/// The store of a limit that several nodes share.
#[derive(Clone)]
pub(super) struct Sharing {
    pub(super) store: Arc<dyn RateStore>,
    pub(super) nodes: u32,
}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sharing({} nodes)", self.nodes)
    }
}

impl Limit {
    /// Limits how often: at most burst + s / step cells in any span s (see [`Rate`]).
    pub fn rate(name: impl Into<Arc<str>>, rate: Rate) -> Self {
        Self::new(name.into(), What::Rate(rate))
    }

    /// Limits how many requests of one bucket are in flight in this process at once, 1 to 65 536.
    ///
    /// A request is in flight until every clone of its [`Charges`](crate::limit::Charges) is dropped.
    /// Other processes count for themselves: a count that several nodes share would not go down when
    /// a node dies.
    pub fn concurrent(name: impl Into<Arc<str>>, most: u32) -> Self {
        Self::new(name.into(), What::Concurrent(most))
    }

    /// Limits how much: each allowed request takes one unit of the quota, whatever it costs at rate
    /// limits. It needs a store ([`LimitsBuilder::usage`](crate::limit::LimitsBuilder::usage)).
    pub fn quota(name: impl Into<Arc<str>>, quota: Quota) -> Self {
        Self::new(name.into(), What::Quota(quota))
    }

    const fn new(name: Arc<str>, what: What) -> Self {
        Self {
            name,
            what,
            by: By::Caller,
            is_per_action: false,
            class: None,
            cost: None,
            is_shadow: false,
            shared: None,
            on_outage: None,
            kept: None,
        }
    }

    /// Sets what has a bucket of its own; by default [`By::Caller`].
    pub fn by(mut self, by: By) -> Self {
        self.by = by;
        self
    }

    /// Counts each action by itself, or each matched resource where there is no action: words of the
    /// service, never of the client. By default all of them share a bucket.
    ///
    /// A gate learns the action from the access request, so such a limit of callers is asked after
    /// the policy, also without a class: it then never refuses what the policy denies, and is charged
    /// for it.
    pub const fn per_action(mut self) -> Self {
        self.is_per_action = true;
        self
    }

    /// Asks this limit only for requests whose rule names this class
    /// ([`Obligations::with_rate_class`](crate::policy::Obligations::with_rate_class)); by default for
    /// all.
    pub fn class(mut self, name: impl Into<Arc<str>>) -> Self {
        self.class = Some(name.into());
        self
    }

    /// Sets how many cells a request takes; by default 1, at most the burst. At a limit with a class,
    /// the cost of the rule comes first.
    pub const fn cost(mut self, cells: u32) -> Self {
        self.cost = Some(cells);
        self
    }

    /// Only counts and reports what it would refuse, and refuses nothing: to try a limit before it is
    /// in force. By default a limit refuses.
    pub const fn shadow(mut self) -> Self {
        self.is_shadow = true;
        self
    }

    /// Counts in a store that so many nodes share; by default in this process. Give them a
    /// [`shared_key`](crate::limit::LimitsBuilder::shared_key) where others can read the store.
    ///
    /// In any span s at most burst + s / step + nodes x lease cells pass, where a lease is at most 20
    /// cells and a quarter of the burst for all nodes together.
    pub fn shared(self, store: impl RateStore + 'static, nodes: u32) -> Self {
        self.shared_by(Arc::new(store), nodes)
    }

    /// Like [`shared`](Self::shared), for a store that other limits use too.
    pub fn shared_by(mut self, store: Arc<dyn RateStore>, nodes: u32) -> Self {
        self.shared = Some(Sharing { store, nodes });
        self
    }

    /// Sets what happens while the store of a shared limit or a quota does not answer; by default
    /// [`Outage::Local`].
    pub const fn on_outage(mut self, what: Outage) -> Self {
        self.on_outage = Some(what);
        self
    }

    /// Keeps the last `percent` of a concurrent limit for requests of this class: the others are
    /// refused with [`Unavailable`](crate::RejectionKind::Unavailable), so that what matters most
    /// still passes under overload. By default all classes are equal.
    pub fn kept_for(mut self, percent: u32, class: impl Into<Arc<str>>) -> Self {
        self.kept = Some((percent, class.into()));
        self
    }

    /// Returns the configured name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
