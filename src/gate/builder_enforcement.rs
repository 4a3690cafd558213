//! The settings of what a gate enforces around credentials and policy.

use std::sync::Arc;

use super::builder::GateBuilder;
use crate::address::{AddressRules, Proxies};
use crate::audit::Audit;
use crate::limit::{Limits, LockOut, Watch};
use crate::metrics::StageTimes;

impl GateBuilder {
    /// Sets who stands between the client and this service, so that the gate knows the address of
    /// the client: [`Proxies::none`] if nobody.
    ///
    /// Policies, the address lists of API keys, [`addresses`](Self::addresses),
    /// [`lock_out`](Self::lock_out) and limits by source then use this address, in place of
    /// [`ClientAddress`](crate::request::ClientAddress). The service has to set
    /// [`PeerAddress`](crate::request::PeerAddress).
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.enforcement.proxies = Some(proxies);
        self
    }

    /// Sets the addresses that requests may come from. Others are refused as
    /// [`AddressDenied`](crate::error::RejectionKind::AddressDenied) before anything of the request
    /// is parsed, and so is a client whose address is unknown. It needs [`proxies`](Self::proxies).
    pub fn addresses(mut self, rules: AddressRules) -> Self {
        self.enforcement.addresses = Some(rules);
        self
    }

    /// Refuses requests of clients whose connection is not encrypted, or of which this is not known,
    /// as [`TlsRequired`](crate::error::RejectionKind::TlsRequired). Behind a proxy it is what the
    /// proxy reports. It needs [`proxies`](Self::proxies).
    pub fn require_tls(mut self) -> Self {
        self.enforcement.requires_tls = true;
        self
    }

    /// Locks a source out for a time after too many of its credentials were refused. By default
    /// nobody is. It needs [`proxies`](Self::proxies).
    pub fn lock_out(mut self, lock_out: LockOut) -> Self {
        self.enforcement.lock_out = Some(lock_out);
        self
    }

    /// Watches for signs of attacks. They are reported and recorded, and refuse nothing. Signals
    /// that compare sources need [`proxies`](Self::proxies).
    pub fn watch(mut self, watch: Watch) -> Self {
        self.enforcement.watch = Some(watch);
        self
    }

    /// Sets the limits and quotas of callers. By default there are none. Limits by source need
    /// [`proxies`](Self::proxies).
    pub fn limits(mut self, limits: Limits) -> Self {
        self.enforcement.limits = Some(limits);
        self
    }

    /// Records each request in an audit trail. By default nothing is recorded.
    pub fn audit(mut self, audit: Audit) -> Self {
        self.enforcement.audit = Some(audit);
        self
    }

    /// Counts requests for [`Gate::metrics`](crate::Gate::metrics), also without limits, lists and audit trail. Without
    /// this, a gate that has none of them counts nothing.
    pub fn count_requests(mut self) -> Self {
        self.counts_requests = true;
        self
    }

    /// Measures how long each stage of a request takes, for [`Gate::metrics`](crate::Gate::metrics). By default it does
    /// not, because reading the clock between the stages costs more than counting.
    pub fn time_stages(mut self) -> Self {
        self.enforcement.stages = Some(Arc::new(StageTimes::new()));
        self
    }
}
