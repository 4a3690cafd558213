//! What a request was charged, and how it is given back.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::charge_list::{Charge, ChargeList};
use super::permit::Permit;
use super::rules::Rules;
use super::standing::Standing;
use super::usage::QuotaTaken;
use crate::error::RejectionKind;
use crate::limits;

/// Most charges of one request that can be given back. Only a caller about which is decided again and
/// again, such as that of a long connection, has more: the earlier ones then stay charged.
const MOST: usize = 2 * limits::LIMITS;

/// What one request was charged at all limits, and its permits of concurrent limits.
///
/// A value that is dropped before it is kept gives everything back, exactly: so a request that a
/// later limit refuses, or that ends without an answer of its own, is charged nowhere.
/// [`Limits::ask`](crate::limit::Limits::ask) returns it not kept.
///
/// A clone shares the permits, which are returned when the last clone is dropped; it cannot give
/// anything back.
#[must_use = "dropping the charges gives them back; call `keep` once the request is accepted"]
pub struct Charges {
    rules: Option<Arc<Rules>>,
    at: Duration,
    list: ChargeList,
    /// By the index of the limit.
    quotas: Mutex<Vec<(u16, QuotaTaken)>>,
    permits: Option<Arc<Permit>>,
    is_kept: bool,
    /// Whether nothing is left to give back: it was given back, or this is a clone.
    is_spent: AtomicBool,
}

impl Charges {
    /// Returns charges of a request that no limit was asked about.
    pub(crate) const fn none() -> Self {
        Self::new(None, Duration::ZERO)
    }

    pub(super) const fn new(rules: Option<Arc<Rules>>, at: Duration) -> Self {
        Self {
            rules,
            at,
            list: ChargeList::new(),
            quotas: Mutex::new(Vec::new()),
            permits: None,
            is_kept: false,
            is_spent: AtomicBool::new(false),
        }
    }

    /// Keeps the charges when this value is dropped, because the request was accepted.
    pub fn keep(&mut self) {
        self.is_kept = true;
    }

    /// Gives back what was charged at rate limits and quotas, once; further calls do nothing. For
    /// services that do not bill their own failures. Permits are not returned by it.
    ///
    /// Exact while the bucket has not been full since the charge: a bucket that was full in between
    /// has got the cells back by itself, and may let so many more pass.
    pub fn refund(&self) {
        if !self.is_spent.swap(true, Ordering::AcqRel) {
            self.give_back();
        }
    }

    /// Returns what each rate limit that was asked has left, in the order in which they were asked.
    /// Shadow limits are not among them.
    pub fn standings(&self) -> impl Iterator<Item = Standing<'_>> + Clone {
        let rules = self.rules.as_deref();
        self.list
            .iter()
            .filter_map(move |charge| rules?.standing(charge))
    }

    /// Returns charges for the next stage of the same request, which are asked under the same rules.
    pub(crate) fn successor(&self) -> Self {
        Self::new(self.rules.clone(), self.at)
    }

    /// Adds the charges of a later stage of the same request.
    pub(crate) fn append(&mut self, mut later: Self) {
        if self.list.len() + later.list.len() > MOST {
            self.forget();
        }
        self.rules = self.rules.take().or_else(|| later.rules.clone());
        for charge in later.list.iter() {
            self.list.push(*charge);
        }
        let own = self
            .quotas
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let quotas = later.quotas.get_mut();
        own.append(quotas.unwrap_or_else(PoisonError::into_inner));
        self.permits = match (later.permits.take(), self.permits.take()) {
            (Some(first), Some(rest)) => Some(Permit::join(first, rest)),
            (first, rest) => first.or(rest),
        };
        // It is given back by this value only.
        later.is_spent = AtomicBool::new(true);
    }

    /// Keeps what was charged until now for good. Permits stay.
    fn forget(&mut self) {
        self.list = ChargeList::new();
        self.quotas().clear();
    }

    /// Returns whether nothing was charged and no permit is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.permits.is_none()
    }

    fn give_back(&self) {
        let Some(rules) = &self.rules else { return };
        for charge in self.list.iter() {
            rules.give_back(charge, self.at);
        }
        let mut quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, taken) in quotas.drain(..) {
            taken.give_back();
        }
    }

    pub(super) fn rules(&self) -> Option<&Arc<Rules>> {
        self.rules.as_ref()
    }

    pub(super) fn push(&mut self, charge: Charge) {
        self.list.push(charge);
    }

    /// Adds what was taken at the quota of this index.
    pub(super) fn push_quota(&mut self, limit: u16, taken: QuotaTaken) {
        self.quotas().push((limit, taken));
    }

    /// Returns whether something was taken at a quota whose index is wanted.
    pub(super) fn has_quota(&mut self, is_wanted: impl Fn(u16) -> bool) -> bool {
        self.quotas().iter().any(|(limit, _)| is_wanted(*limit))
    }

    fn quotas(&mut self) -> &mut Vec<(u16, QuotaTaken)> {
        let quotas = self.quotas.get_mut();
        quotas.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the permits, to put another one in front of them.
    pub(super) fn take_permits(&mut self) -> Option<Arc<Permit>> {
        self.permits.take()
    }

    pub(super) fn set_permits(&mut self, permits: Arc<Permit>) {
        self.permits = Some(permits);
    }

    /// Gives everything back, permits too, and keeps only the standings.
    pub(super) fn release(&mut self) {
        self.refund();
        self.permits = None;
    }
}

impl Default for Charges {
    fn default() -> Self {
        Self::none()
    }
}

impl Drop for Charges {
    fn drop(&mut self) {
        if !self.is_kept {
            self.refund();
        }
    }
}

impl Clone for Charges {
    fn clone(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            at: self.at,
            list: self.list.clone(),
            quotas: Mutex::new(Vec::new()),
            permits: self.permits.clone(),
            is_kept: true,
            is_spent: AtomicBool::new(true),
        }
    }
}

impl fmt::Debug for Charges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charges")
            .field(
                "limits",
                &self
                    .standings()
                    .map(|standing| standing.limit())
                    .collect::<Vec<_>>(),
            )
            .field("has_permits", &self.permits.is_some())
            .finish_non_exhaustive()
    }
}

/// A limit has refused a request. Everything that the request was charged before is given back.
pub struct Exceeded {
    asked: Charges,
    pub(super) limit: u16,
    pub(super) kind: RejectionKind,
    pub(super) wait: Option<Duration>,
    /// Decides how the waits of different callers are spread.
    pub(super) spread: u64,
}

impl Exceeded {
    pub(super) fn new(mut asked: Charges, refused: Refused) -> Self {
        asked.release();
        Self {
            asked,
            limit: refused.limit,
            kind: refused.kind,
            wait: refused.wait,
            spread: refused.spread,
        }
    }

    /// Returns the reason: [`RateLimited`](RejectionKind::RateLimited),
    /// [`QuotaExhausted`](RejectionKind::QuotaExhausted),
    /// [`CreditsExhausted`](RejectionKind::CreditsExhausted), or
    /// [`Unavailable`](RejectionKind::Unavailable) where the rest is kept for another class or a store
    /// does not answer.
    pub const fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// Returns the configured name of the limit that refused.
    pub fn limit(&self) -> &str {
        let rules = self.asked.rules.as_deref();
        rules.map_or("", |rules| rules.name(self.limit))
    }

    /// Returns the exact time after which the same request passes, if nothing else is charged until
    /// then; `None` if waiting does not help, or nobody knows how long (a concurrent limit).
    pub const fn wait(&self) -> Option<Duration> {
        self.wait
    }

    /// Returns the value of `Retry-After` in whole seconds, at least 1 and never earlier than
    /// [`wait`](Self::wait); `None` if waiting does not help (credits).
    ///
    /// From ten seconds on, up to a tenth more is added, at most 30 s, by the key: so those who were
    /// refused together do not return together.
    pub fn retry_after(&self) -> Option<Duration> {
        if self.kind == RejectionKind::CreditsExhausted {
            return None;
        }
        let wait = self.wait.unwrap_or(Duration::from_secs(1));
        let rounded = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let most = match wait.as_secs() {
            0..10 => 0,
            secs => (secs / 10).min(30),
        };
        Some(Duration::from_secs(
            rounded.max(1) + self.spread % (most + 1),
        ))
    }

    /// Returns what each rate limit that was asked had left, in the order in which they were asked;
    /// the last one is the limit that refused, if it is a rate limit.
    pub fn standings(&self) -> impl Iterator<Item = Standing<'_>> {
        self.asked.standings()
    }

    /// Returns the standing of the limit that refused; `None` unless it is a rate limit.
    pub fn standing(&self) -> Option<Standing<'_>> {
        let rules = self.asked.rules.as_deref()?;
        let charge = self.asked.list.iter().last()?;
        (charge.limit == self.limit).then(|| rules.standing(charge))?
    }
}

impl fmt::Debug for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exceeded")
            .field("limit", &self.limit())
            .field("kind", &self.kind)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the limit `{}` refused the request: {}",
            self.limit(),
            self.kind
        )
    }
}

impl std::error::Error for Exceeded {}

/// Why a limit refuses.
pub(super) struct Refused {
    pub(super) limit: u16,
    pub(super) kind: RejectionKind,
    pub(super) wait: Option<Duration>,
    pub(super) spread: u64,
}
