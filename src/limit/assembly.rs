//! Making limits of their configuration.

use std::collections::HashMap;
use std::sync::Arc;

use ring::hmac;

use super::builder::{Exception, LimitsBuilder};
use super::by::{By, Outage};
use super::config::{Limit, Sharing, What};
use super::config_check;
use super::gcra::Pace;
use super::limit_state::LimitState;
use super::quota::Quota;
use super::rate_store::RateStore;
use super::rule::{Bound, CountedRate, QuotaBound, RateBound, Rule, SharedBound};
use super::rule_key::{KeySeed, SharedSeed};
use super::rules::{Rules, Stages, Tables};
use super::shared::SharedRate;
use super::usage::{QuotaCounter, UsageStore};
use crate::error::ConfigError;
use crate::limits;
use crate::rate::Rate;
use crate::secret_source::SecretSource;

impl Rules {
    /// Makes the first limits, with new tables.
    pub(super) fn first(config: &LimitsBuilder) -> Result<Self, ConfigError> {
        config_check::check(config)?;
        let tables = Arc::new(Tables::new(config.sources, config.callers));
        Assembly::new(config, tables, None).rules()
    }

    /// Makes the next limits, with the tables of these.
    pub(super) fn next(&self, config: &LimitsBuilder) -> Result<Self, ConfigError> {
        config_check::check(config)?;
        Assembly::new(config, Arc::clone(&self.tables), Some(self)).rules()
    }
}

struct Assembly<'c> {
    config: &'c LimitsBuilder,
    tables: Arc<Tables>,
    previous: Option<&'c Rules>,
    rules: Vec<Rule>,
    rates: Vec<CountedRate>,
    before: Vec<u16>,
    /// Of the keys in stores that several nodes share.
    shared_key: hmac::Key,
}

/// The limits of one list of the configuration, by index, as they are asked once the caller is known.
#[derive(Default)]
struct Lists {
    caller: Vec<u16>,
    class: Vec<u16>,
    quotas: Vec<u16>,
}

impl<'c> Assembly<'c> {
    fn new(config: &'c LimitsBuilder, tables: Arc<Tables>, previous: Option<&'c Rules>) -> Self {
        Self {
            config,
            tables,
            previous,
            rules: Vec::new(),
            rates: Vec::new(),
            before: Vec::new(),
            shared_key: SharedSeed::public_key(),
        }
    }

    fn rules(mut self) -> Result<Rules, ConfigError> {
        let config = self.config;
        if let Some(source) = &config.shared_key {
            self.shared_key = shared_key(source)?;
        }
        let all = self.lists(&config.limits, true)?;
        let otherwise = self.lists(config.otherwise.as_deref().unwrap_or_default(), false)?;
        let mut plans = Vec::new();
        for (name, limits) in &config.plans {
            let lists = self.lists(limits, false)?;
            plans.push((Arc::clone(name), self.stages(&all, &lists)));
        }
        let otherwise = self.stages(&all, &otherwise);
        Ok(Rules {
            tables: self.tables,
            rules: self.rules.into(),
            rates: self.rates.into(),
            before: self.before.into(),
            plans: plans.into(),
            otherwise,
            plan_claim: config.plan_claim.clone(),
            classes: config_check::classes(config).into(),
            observer: config.observer.clone(),
        })
    }

    /// Makes the limits of one list. Those for all requests that need no caller are asked before the
    /// credential is read.
    fn lists(&mut self, limits: &[Limit], is_for_all: bool) -> Result<Lists, ConfigError> {
        let mut lists = Lists::default();
        for limit in limits {
            let index = u16::try_from(self.rules.len()).unwrap_or(u16::MAX);
            let rule = self.rule(limit)?;
            let needs_no_caller = matches!(rule.by, By::Everyone | By::Source);
            let list = match &rule.bound {
                Bound::Quota(_) => &mut lists.quotas,
                Bound::Concurrent { open: Some(_), .. } => &mut lists.class,
                // A gate learns the action of a caller from the access request.
                _ if rule.class.is_some() || (rule.is_per_action && !needs_no_caller) => {
                    &mut lists.class
                }
                Bound::Rate(_) if is_for_all && needs_no_caller => &mut self.before,
                Bound::Rate(_) | Bound::Concurrent { .. } => &mut lists.caller,
            };
            list.push(index);
            self.rules.push(rule);
        }
        Ok(lists)
    }

    /// Joins the limits for all and those of a plan.
    fn stages(&self, all: &Lists, plan: &Lists) -> Stages {
        let caller = [&*all.caller, &*plan.caller].concat();
        let class = [&*all.class, &*plan.class, &*all.quotas, &*plan.quotas].concat();
        Stages {
            all: [&*self.before, &*caller, &*class].concat().into(),
            caller: caller.into(),
            class: class.into(),
        }
    }

    fn rule(&mut self, limit: &Limit) -> Result<Rule, ConfigError> {
        let bound = match &limit.what {
            What::Rate(rate) => Bound::Rate(self.rate_bound(limit, *rate)?),
            What::Concurrent(most) => Bound::Concurrent {
                most: *most,
                open: limit.kept.as_ref().map(|(percent, class)| {
                    let kept = u64::from(*most) * u64::from(*percent);
                    let kept = u32::try_from(kept.div_ceil(100)).unwrap_or(*most);
                    (most.saturating_sub(kept), Arc::clone(class))
                }),
            },
            What::Quota(quota) => Bound::Quota(self.quota_bound(limit, quota)?),
        };
        let seeds = match limit.by {
            By::Source => &self.tables.source_seeds,
            _ => &self.tables.caller_seeds,
        };
        let previous = self.previous_rule(&limit.name);
        let state = previous.map(|previous| Arc::clone(&previous.state));
        Ok(Rule {
            name: Arc::clone(&limit.name),
            by: limit.by.clone(),
            is_per_action: limit.is_per_action,
            class: limit.class.clone(),
            is_shadow: limit.is_shadow,
            outage: limit.on_outage.unwrap_or_default(),
            seed: KeySeed::new(seeds, &limit.name, &limit.by, limit.is_per_action),
            state: state.unwrap_or_else(|| Arc::new(LimitState::new())),
            bound,
        })
    }

    fn previous_rule(&self, name: &str) -> Option<&'c Rule> {
        let mut rules = self.previous?.rules.iter();
        rules.find(|rule| *rule.name == *name)
    }

    fn rate_bound(&mut self, limit: &Limit, rate: Rate) -> Result<RateBound, ConfigError> {
        let index = self.add_rate(limit, rate);
        let cost = limit.cost.unwrap_or(1);
        let mut bound = RateBound {
            rate: index,
            cost,
            price: Pace::from(rate).price(cost),
            exceptions: HashMap::new(),
            shared: None,
        };
        let mut rates = vec![(index, rate)];
        for exception in self.exceptions_of(limit) {
            let known = rates.iter().find(|(_, rate)| *rate == exception.rate);
            let index = match known {
                Some((index, _)) => *index,
                None => {
                    let index = self.add_rate(limit, exception.rate);
                    rates.push((index, exception.rate));
                    index
                }
            };
            let subjects = bound.exceptions.entry(exception.authority.as_str().into());
            let subjects = subjects.or_default();
            subjects.insert(exception.subject.as_str().into(), index);
        }
        if let Some(sharing) = &limit.shared {
            bound.shared = Some(self.shared_bound(limit, sharing, &rates)?);
        }
        Ok(bound)
    }

    fn exceptions_of(&self, limit: &Limit) -> impl Iterator<Item = &'c Exception> + use<'c> {
        let name = Arc::clone(&limit.name);
        let exceptions = self.config.exceptions.iter();
        exceptions.filter(move |exception| *exception.limit == *name)
    }

    fn add_rate(&mut self, limit: &Limit, rate: Rate) -> u16 {
        let pace = Pace::from(rate);
        match limit.by {
            By::Source => self.tables.sources.allow(pace.span),
            _ => self.tables.callers.allow(pace.span),
        }
        self.rates.push(CountedRate { rate, pace });
        u16::try_from(self.rates.len() - 1).unwrap_or(u16::MAX)
    }

    fn shared_bound(
        &self,
        limit: &Limit,
        sharing: &Sharing,
        rates: &[(u16, Rate)],
    ) -> Result<SharedBound, ConfigError> {
        let mut shared = SharedBound {
            store: Arc::clone(&sharing.store),
            seed: SharedSeed::new(
                &self.shared_key,
                &limit.name,
                &limit.by,
                limit.is_per_action,
            ),
            nodes: sharing.nodes,
            rates: Vec::new(),
        };
        for (index, rate) in rates {
            let rate = self.shared_rate(limit, sharing, *rate)?;
            shared.rates.push((*index, rate));
        }
        Ok(shared)
    }

    /// Makes a shared rate, or keeps the previous one if it is the same.
    fn shared_rate(
        &self,
        limit: &Limit,
        sharing: &Sharing,
        rate: Rate,
    ) -> Result<Arc<SharedRate>, ConfigError> {
        let nodes = sharing.nodes;
        if let Some((previous, rules)) = self.previous_shared(limit, &sharing.store) {
            let is_same = |(index, _): &&(u16, Arc<SharedRate>)| {
                previous.nodes == nodes && rules.rate(*index).is_some_and(|own| own.rate == rate)
            };
            if let Some((_, same)) = previous.rates.iter().find(is_same) {
                return Ok(Arc::clone(same));
            }
            if let Some((_, first)) = previous.rates.first() {
                return first.with_rate(rate, nodes).map(Arc::new);
            }
        }
        let (name, store) = (Arc::clone(&limit.name), Arc::clone(&sharing.store));
        let shared = SharedRate::new(name, store, rate, nodes)?;
        Ok(Arc::new(shared.observed_by(self.config.observer.clone())))
    }

    fn previous_shared(
        &self,
        limit: &Limit,
        store: &Arc<dyn RateStore>,
    ) -> Option<(&'c SharedBound, &'c Rules)> {
        let Bound::Rate(bound) = &self.previous_rule(&limit.name)?.bound else {
            return None;
        };
        let shared = bound.shared.as_ref();
        let shared = shared.filter(|shared| Arc::ptr_eq(&shared.store, store));
        Some((shared?, self.previous?))
    }

    /// Makes the counter of a quota, or keeps the previous one if it is the same.
    fn quota_bound(&self, limit: &Limit, quota: &Quota) -> Result<QuotaBound, ConfigError> {
        let Some(store) = &self.config.usage else {
            return Err(config_check::no_usage_store(limit));
        };
        let counter = match self.previous_quota(limit, quota, store) {
            Some(previous) => previous.counter.clone(),
            None => {
                let (name, quota) = (Arc::clone(&limit.name), quota.clone());
                let counter = QuotaCounter::new(name, quota, Arc::clone(store))?;
                match limit.on_outage {
                    Some(Outage::Refuse) => counter.refuse_on_outage(),
                    _ => counter,
                }
            }
        };
        Ok(QuotaBound {
            counter,
            quota: quota.clone(),
            store: Arc::clone(store),
        })
    }

    fn previous_quota(
        &self,
        limit: &Limit,
        quota: &Quota,
        store: &Arc<dyn UsageStore>,
    ) -> Option<&'c QuotaBound> {
        let rule = self.previous_rule(&limit.name)?;
        let Bound::Quota(previous) = &rule.bound else {
            return None;
        };
        let is_same = previous.quota == *quota
            && Arc::ptr_eq(&previous.store, store)
            && rule.outage == limit.on_outage.unwrap_or_default();
        is_same.then_some(previous)
    }
}

/// Reads the secret of the keys in shared stores.
fn shared_key(source: &SecretSource) -> Result<hmac::Key, ConfigError> {
    const FIELD: &str = "shared_key";
    let secret = source.read().map_err(|error| error.in_field(FIELD))?;
    let bytes = secret.expose();
    if bytes.len() < SHARED_KEY {
        let range = SHARED_KEY..=limits::SECRET_BYTES;
        return Err(ConfigError::size_out_of_range(
            FIELD,
            bytes.len(),
            "bytes",
            range,
        ));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, bytes))
}

/// Fewest bytes of that secret.
const SHARED_KEY: usize = 32;
