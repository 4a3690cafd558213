//! What a request was charged, and how it is given back.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::charge_list::{Charge, ChargeList};
use super::permit::{Held, Permit};
use super::rules::Rules;
use super::standing::Standing;
use super::usage::QuotaTaken;
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
    account: Account,
    /// How many charges are of the first stage.
    first: usize,
    is_kept: bool,
    /// Whether nothing is left to give back: it was given back, or this is a clone.
    is_spent: AtomicBool,
}

/// What was charged and is held.
pub(super) struct Account {
    list: ChargeList,
    /// By the index of the limit.
    quotas: Mutex<Vec<(u16, QuotaTaken)>>,
    permits: Option<Arc<Permit>>,
}

/// What a request was charged and held before a stage.
pub(super) struct Mark {
    charges: usize,
    quotas: usize,
    permits: Option<Arc<Permit>>,
}

impl Charges {
    /// Returns charges of a request that no limit was asked about.
    #[inline]
    pub(crate) const fn none() -> Self {
        Self::new(None, Duration::ZERO)
    }

    #[inline]
    pub(super) const fn new(rules: Option<Arc<Rules>>, at: Duration) -> Self {
        Self {
            rules,
            at,
            account: Account {
                list: ChargeList::new(),
                quotas: Mutex::new(Vec::new()),
                permits: None,
            },
            first: 0,
            is_kept: false,
            is_spent: AtomicBool::new(false),
        }
    }

    /// Keeps the charges when this value is dropped, because the request was accepted.
    pub fn keep(&mut self) {
        self.is_kept = true;
    }

    /// Keeps the charges of the first stage when this value is dropped, and gives back the others
    /// now, permits too.
    pub(crate) fn keep_first(&mut self) {
        self.roll_back(&Mark {
            charges: self.first,
            quotas: 0,
            permits: None,
        });
        self.keep();
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
        self.account
            .list
            .iter()
            .filter_map(move |charge| rules?.standing(charge))
    }

    /// Returns charges for the next stage of the same request, which are asked under the same rules.
    pub(crate) fn successor(&self) -> Self {
        Self::new(self.rules.clone(), self.at)
    }

    /// Adds the charges of a later stage of the same request.
    pub(crate) fn append(&mut self, mut later: Self) {
        if self.account.list.len() + later.account.list.len() > MOST {
            self.forget();
        }
        self.rules = self.rules.take().or_else(|| later.rules.clone());
        for charge in later.account.list.iter() {
            self.account.list.push(*charge);
        }
        self.account.quotas().append(later.account.quotas());
        self.account.permits = match (later.account.permits.take(), self.account.permits.take()) {
            (Some(first), Some(rest)) => Some(Permit::join(first, rest)),
            (first, rest) => first.or(rest),
        };
        // It is given back by this value only.
        later.is_spent = AtomicBool::new(true);
    }

    /// Keeps what was charged until now for good. Permits stay.
    fn forget(&mut self) {
        self.account.list = ChargeList::new();
        self.account.quotas().clear();
        self.first = 0;
    }

    /// Returns whether nothing was charged and no permit is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.account.list.len() == 0 && self.account.permits.is_none()
    }

    fn give_back(&self) {
        let Some(rules) = &self.rules else { return };
        for charge in self.account.list.iter() {
            rules.give_back(charge, self.at);
        }
        let quotas = self.account.quotas.lock();
        let mut quotas = quotas.unwrap_or_else(PoisonError::into_inner);
        for (_, taken) in quotas.drain(..) {
            taken.give_back();
        }
    }

    /// Sets the rules under which all stages of the request are asked, unless there are some.
    pub(super) fn begin(&mut self, rules: impl FnOnce() -> Arc<Rules>, at: Duration) {
        if self.rules.is_none() {
            self.rules = Some(rules());
            self.at = at;
        }
    }

    /// Ends the first stage, whose charges [`keep_first`](Self::keep_first) keeps.
    pub(super) const fn end_first(&mut self) {
        self.first = self.account.list.len();
    }

    /// Returns the rules and what is charged under them.
    #[inline]
    pub(super) fn parts(&mut self) -> Option<(&Rules, &mut Account)> {
        Some((self.rules.as_deref()?, &mut self.account))
    }

    #[inline]
    pub(super) fn mark(&mut self) -> Mark {
        Mark {
            charges: self.account.list.len(),
            quotas: self.account.quotas().len(),
            permits: self.account.permits.clone(),
        }
    }

    /// Gives back everything since the mark, permits too.
    pub(super) fn roll_back(&mut self, mark: &Mark) {
        if let Some(rules) = &self.rules {
            for charge in self.account.list.iter().skip(mark.charges) {
                rules.give_back(charge, self.at);
            }
        }
        self.account.list.truncate(mark.charges);
        let quotas = self.account.quotas();
        let since = quotas.len().min(mark.quotas);
        for (_, taken) in quotas.drain(since..) {
            taken.give_back();
        }
        self.account.permits.clone_from(&mark.permits);
    }

    /// Returns the standings since the mark, for a refusal. Nothing can be given back by it.
    pub(super) fn standings_since(&self, mark: &Mark) -> Self {
        let mut since = self.successor();
        since.is_kept = true;
        since.is_spent = AtomicBool::new(true);
        for charge in self.account.list.iter().skip(mark.charges) {
            since.account.list.push(*charge);
        }
        since
    }

    pub(super) fn rules(&self) -> Option<&Rules> {
        self.rules.as_deref()
    }

    /// Returns the last charge.
    pub(super) fn last(&self) -> Option<&Charge> {
        self.account.list.iter().last()
    }

    /// Gives everything back, permits too, and keeps only the standings.
    pub(super) fn release(&mut self) {
        self.refund();
        self.account.permits = None;
    }
}

impl Account {
    #[inline]
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

    /// Puts a permit in front of the others.
    pub(super) fn push_permit(&mut self, held: Held) {
        let next = self.permits.take();
        self.permits = Some(Arc::new(Permit::new(held, next)));
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
            account: Account {
                list: self.account.list.clone(),
                quotas: Mutex::new(Vec::new()),
                permits: self.account.permits.clone(),
            },
            first: self.first,
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
            .field("has_permits", &self.account.permits.is_some())
            .finish_non_exhaustive()
    }
}
