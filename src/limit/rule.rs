//! One limit in force.

use std::collections::HashMap;
use std::sync::Arc;

use super::ask::Ask;
use super::by::{By, Outage};
use super::gcra::Pace;
use super::limit_state::LimitState;
use super::quota::Quota;
use super::rate_store::RateStore;
use super::rule_key::{KeySeed, SharedSeed};
use super::shared::SharedRate;
use super::usage::{QuotaCounter, UsageStore};
use crate::rate::Rate;

/// One limit in force.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: Arc<str>,
    pub(super) by: By,
    pub(super) is_per_action: bool,
    pub(super) class: Option<Arc<str>>,
    pub(super) is_shadow: bool,
    pub(super) outage: Outage,
    pub(super) seed: KeySeed,
    pub(super) state: Arc<LimitState>,
    pub(super) bound: Bound,
}

/// What a limit bounds.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most limits are rates, and each is read for every request"
)]
pub(super) enum Bound {
    Rate(RateBound),
    Concurrent {
        most: u32,
        /// What all classes but this one may use.
        open: Option<(u32, Arc<str>)>,
    },
    Quota(QuotaBound),
}

#[derive(Debug)]
pub(super) struct RateBound {
    /// The index of the rate.
    pub(super) rate: u16,
    pub(super) cost: u32,
    /// The cost at that rate.
    pub(super) price: Option<u64>,
    /// The indices of other rates, by authority and subject.
    pub(super) exceptions: HashMap<Box<str>, HashMap<Box<str>, u16>>,
    pub(super) shared: Option<SharedBound>,
}

#[derive(Debug)]
pub(super) struct QuotaBound {
    pub(super) counter: QuotaCounter,
    pub(super) quota: Quota,
    pub(super) store: Arc<dyn UsageStore>,
}

/// A rate that several nodes share.
#[derive(Debug)]
pub(super) struct SharedBound {
    pub(super) store: Arc<dyn RateStore>,
    pub(super) seed: SharedSeed,
    pub(super) nodes: u32,
    /// By the index of the rate; the first is that of the limit.
    pub(super) rates: Vec<(u16, Arc<SharedRate>)>,
}

/// A rate as it was configured, and as it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountedRate {
    pub(super) rate: Rate,
    pub(super) pace: Pace,
}

impl Rule {
    /// Returns whether one bucket is all there is.
    #[inline]
    pub(super) fn has_one_bucket(&self) -> bool {
        self.by == By::Everyone && !self.is_per_action
    }

    #[inline]
    pub(super) fn counts_sources(&self) -> bool {
        self.by == By::Source
    }

    /// Returns whether it counts requests of this class.
    #[inline]
    pub(super) fn has_class_of(&self, ask: &Ask<'_>) -> bool {
        match &self.class {
            Some(class) => ask.class == Some(class),
            None => true,
        }
    }

    /// Returns the store of a rate that several nodes share.
    pub(super) fn shared(&self) -> Option<&SharedBound> {
        match &self.bound {
            Bound::Rate(bound) => bound.shared.as_ref(),
            _ => None,
        }
    }

    /// Returns the key of a request, if this limit counts it.
    #[inline]
    pub(super) fn key(&self, ask: &Ask<'_>) -> Option<u64> {
        self.seed.key(&self.by, self.is_per_action, ask)
    }

    /// Returns what keys without a slot share by: the coarse network of a source, the hash of a
    /// caller.
    pub(super) fn coarse(&self, key: u64, ask: &Ask<'_>) -> u64 {
        match self.counts_sources() {
            true => self.seed.coarse(ask),
            false => key.rotate_left(32),
        }
    }
}

impl RateBound {
    /// Returns the index of the rate of a caller.
    #[inline]
    pub(super) fn rate_of(&self, ask: &Ask<'_>) -> u16 {
        if self.exceptions.is_empty() {
            return self.rate;
        }
        self.exception_of(ask).unwrap_or(self.rate)
    }

    fn exception_of(&self, ask: &Ask<'_>) -> Option<u16> {
        let principal = ask.principal?;
        let subjects = self.exceptions.get(principal.authority().as_str())?;
        subjects.get(principal.subject()?).copied()
    }
}

impl SharedBound {
    pub(super) fn rate(&self, index: u16) -> Option<&Arc<SharedRate>> {
        let found = self.rates.iter().find(|(own, _)| *own == index);
        found.map(|(_, rate)| rate)
    }
}
