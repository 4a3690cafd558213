//! What a gate knows of one request while it enforces.

use std::time::{Duration, Instant};

use crate::address::Origin;
use crate::clock::UnixTime;
use crate::limit::Charges;

/// What is known of one request.
///
/// Dropped before it is settled, it gives every charge back.
#[derive(Debug)]
pub(in crate::gate) struct RequestState {
    pub(in crate::gate) now: Option<UnixTime>,
    pub(super) millis: u64,
    /// The time of limits and lock-outs.
    pub(super) at: Duration,
    pub(in crate::gate) origin: Origin,
    pub(super) port: Option<u16>,
    pub(in crate::gate) is_encrypted: Option<bool>,
    /// Of limits by source and everyone, which are the first stage, then of limits by the caller, of
    /// classes and of quotas.
    pub(super) charges: Charges,
    /// When the last stage ended, if stages are measured.
    pub(super) since: Option<Instant>,
    /// A decision was taken, so what the request was charged until then stays.
    is_decided: bool,
    /// Everything was given back, so a further decision is charged like a new request.
    is_given_back: bool,
}

impl RequestState {
    pub(super) fn new(now: Option<UnixTime>, millis: u64, at: Duration) -> Self {
        Self {
            now,
            millis,
            at,
            origin: Origin::default(),
            port: None,
            is_encrypted: None,
            charges: Charges::default(),
            since: None,
            is_decided: false,
            is_given_back: false,
        }
    }

    /// Keeps the charges of a request that is answered as it is: allowed, or denied by the policy.
    pub(super) fn keep_all(&mut self) {
        self.charges.keep();
    }

    /// Keeps the charges of a request whose credential was rejected: nobody is charged who has not
    /// been verified.
    pub(super) fn keep_source(&mut self) {
        self.charges.keep_first();
    }

    /// Gives everything back, for a request that ends without a result of its own. After a decision
    /// nothing is: the service has acted on it.
    pub(super) fn give_back(&mut self) {
        if self.is_decided {
            return;
        }
        self.charges.refund();
        self.charges = self.charges.successor();
        self.is_given_back = true;
    }

    pub(super) const fn is_given_back(&self) -> bool {
        self.is_given_back
    }

    /// Takes the time of a later step of the same request.
    pub(super) const fn renew(&mut self, later: &Self) {
        self.now = later.now;
        self.millis = later.millis;
        self.at = later.at;
    }

    /// Adds what a decision was charged, and keeps it.
    pub(super) fn decided(&mut self, charges: Charges) {
        self.charges.append(charges);
        self.keep_all();
        self.is_decided = true;
        self.is_given_back = false;
    }
}
