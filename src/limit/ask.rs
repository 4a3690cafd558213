//! What limits are asked with.

use std::time::Duration;

use crate::address::Source;
use crate::clock::UnixTime;
use crate::principal::Principal;

/// One request, as [`Limits`](crate::limit::Limits) count it.
///
/// What is not set is not counted: without a principal, limits by caller are not asked. Everything
/// in it has to be a verified fact, the source of the connection, or a name of the service's own
/// configuration; never pass text that the client chose, such as an unverified user name or a path.
/// `Debug` shows no text of the caller.
///
/// ```
/// use std::net::IpAddr;
/// use std::time::Duration;
///
/// use bearergate::address::Source;
/// use bearergate::clock::UnixTime;
/// use bearergate::limit::Ask;
///
/// let address: IpAddr = "192.0.2.7".parse().expect("an address");
/// let ask = Ask::new(Duration::from_millis(250), UnixTime::from_secs(1_700_000_000))
///     .with_source(Source::of(address))
///     .with_action("orders:read");
/// # let _ = ask;
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Ask<'a> {
    pub(super) elapsed: Duration,
    pub(super) now: UnixTime,
    pub(super) source: Option<Source>,
    pub(super) principal: Option<&'a Principal>,
    pub(super) client: Option<&'a Principal>,
    pub(super) action: Option<&'a str>,
    pub(super) resource: Option<&'a str>,
    pub(super) class: Option<&'a str>,
    pub(super) plan: Option<&'a str>,
    pub(super) cost: Option<u32>,
}

impl<'a> Ask<'a> {
    /// Starts with the two times of a request: [`elapsed`](crate::clock::Clock::elapsed), by which
    /// buckets refill, and [`now`](crate::clock::Clock::now), by which the windows of quotas begin.
    pub const fn new(elapsed: Duration, now: UnixTime) -> Self {
        Self {
            elapsed,
            now,
            source: None,
            principal: None,
            client: None,
            action: None,
            resource: None,
            class: None,
            plan: None,
            cost: None,
        }
    }

    /// Sets the source, for [`By::Source`](crate::limit::By::Source). Without it, the request counts
    /// as one whose address is unknown.
    pub const fn with_source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// Sets the verified caller. Without it, only limits by source and for everyone are asked.
    pub const fn with_principal(mut self, principal: &'a Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Sets the verified client application, for [`By::Client`](crate::limit::By::Client); by default
    /// it is the one that the caller's credential names.
    pub const fn with_client(mut self, client: &'a Principal) -> Self {
        self.client = Some(client);
        self
    }

    /// Sets the action, for limits that count [per action](crate::limit::Limit::per_action).
    pub const fn with_action(mut self, action: &'a str) -> Self {
        self.action = Some(action);
        self
    }

    /// Sets the name of the matched resource or route, for limits that count
    /// [per action](crate::limit::Limit::per_action) where there is no action.
    pub const fn with_resource(mut self, resource: &'a str) -> Self {
        self.resource = Some(resource);
        self
    }

    /// Sets the rate class of the rule that decided. Limits of other classes are not asked.
    pub const fn with_class(mut self, class: &'a str) -> Self {
        self.class = Some(class);
        self
    }

    /// Sets the plan of the caller. By default it is the limit class of the API key, or else the
    /// claim of [`plan_claim`](crate::limit::LimitsBuilder::plan_claim).
    pub const fn with_plan(mut self, plan: &'a str) -> Self {
        self.plan = Some(plan);
        self
    }

    /// Sets how many cells the request takes at limits with a class, in place of the
    /// [cost](crate::limit::Limit::cost) of the limit. Limits without a class take their own cost.
    pub const fn with_cost(mut self, cells: u32) -> Self {
        self.cost = Some(cells);
        self
    }

    /// Returns what limits per action count by: the action, or else the resource.
    pub(super) fn operation(&self) -> Option<&'a str> {
        self.action.or(self.resource)
    }

    /// Returns the nanoseconds of elapsed time, at most 292 years: a span added to it does not wrap.
    pub(super) fn nanos(&self) -> u64 {
        let nanos = u64::try_from(self.elapsed.as_nanos());
        nanos.unwrap_or(u64::MAX).min(u64::MAX / 2)
    }
}
