//! The limits in force.

use std::borrow::Cow;
use std::hash::RandomState;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::ask::Ask;
use super::charge_list::{Charge, Charged, Left};
use super::gcra::Pace;
use super::in_flight::InFlight;
use super::rule::{Bound, CountedRate, Rule};
use super::stage::Stage;
use super::standing::Standing;
use super::table::Table;
use super::usage::QuotaCounter;
use crate::event::{Event, EventThrottle, Observer};
use crate::limits;
use crate::metrics::{Counted, Sample};
use crate::principal::Principal;

#[cfg(feature = "api-key")]
use crate::api_key::store::ApiKeyDetails;

/// The limits in force: what a builder has described, checked.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) tables: Arc<Tables>,
    pub(super) rules: Box<[Rule]>,
    pub(super) rates: Box<[CountedRate]>,
    /// The limits that are asked before the credential is read.
    pub(super) before: Box<[u16]>,
    pub(super) plans: Box<[(Arc<str>, Stages)]>,
    /// Of callers without a plan.
    pub(super) otherwise: Stages,
    pub(super) plan_claim: Option<Arc<str>>,
    pub(super) classes: Box<[Arc<str>]>,
    pub(super) observer: Option<Arc<dyn Observer>>,
}

/// The limits that callers of one plan are asked at each stage, by index: those for all, those of
/// the plan, and those of unknown classes, unless they are those of the plan.
#[derive(Debug, Default)]
pub(super) struct Stages {
    pub(super) caller: Box<[u16]>,
    pub(super) class: Box<[u16]>,
    pub(super) unknown_class: Box<[u16]>,
    /// All stages in one.
    pub(super) all: Box<[u16]>,
    pub(super) all_unknown: Box<[u16]>,
}

/// What stays when limits are replaced.
#[derive(Debug)]
pub(super) struct Tables {
    /// Of what anybody can make up.
    pub(super) sources: Table,
    /// Of what was verified.
    pub(super) callers: Table,
    pub(super) source_seeds: RandomState,
    pub(super) caller_seeds: RandomState,
    /// Made for the first limit that needs them.
    in_flight: [OnceLock<Arc<InFlight>>; 2],
    unknown_class: EventThrottle,
}

impl Tables {
    pub(super) fn new(sources: usize, callers: usize) -> Self {
        Self {
            sources: Table::new(sources),
            callers: Table::new(callers),
            source_seeds: RandomState::new(),
            caller_seeds: RandomState::new(),
            in_flight: Default::default(),
            unknown_class: EventThrottle::new(),
        }
    }

    pub(super) fn of(&self, rule: &Rule) -> (&Table, &'static str) {
        match rule.counts_sources() {
            true => (&self.sources, "sources"),
            false => (&self.callers, "callers"),
        }
    }

    pub(super) fn in_flight(&self, rule: &Rule) -> &Arc<InFlight> {
        let [sources, callers] = &self.in_flight;
        let counts = if rule.counts_sources() {
            sources
        } else {
            callers
        };
        counts.get_or_init(|| Arc::new(InFlight::new(limits::IN_FLIGHT as usize)))
    }
}

impl Rules {
    pub(super) fn rule(&self, index: u16) -> Option<&Rule> {
        self.rules.get(usize::from(index))
    }

    pub(super) fn rate(&self, index: u16) -> Option<CountedRate> {
        self.rates.get(usize::from(index)).copied()
    }

    /// Returns whether a limit has this class.
    pub(super) fn has_class(&self, class: &str) -> bool {
        self.classes.iter().any(|known| **known == *class)
    }

    pub(super) fn needs_source(&self) -> bool {
        self.rules.iter().any(Rule::counts_sources)
    }

    pub(super) fn name(&self, index: u16) -> &str {
        self.rule(index).map_or("", |rule| &rule.name)
    }

    /// Returns the limits of a stage.
    #[inline]
    pub(super) fn list(&self, ask: &Ask<'_>, stage: Stage, is_unknown_class: bool) -> &[u16] {
        if stage == Stage::Before {
            return &self.before;
        }
        let plan = match self.plans.is_empty() {
            true => &self.otherwise,
            false => self.plan(ask),
        };
        match (stage, is_unknown_class) {
            (Stage::Before, _) => &self.before,
            (Stage::Caller, _) => &plan.caller,
            (Stage::Class, false) => &plan.class,
            (Stage::Class, true) => &plan.unknown_class,
            (Stage::All, false) => &plan.all,
            (Stage::All, true) => &plan.all_unknown,
        }
    }

    /// Returns the limits of the caller's plan.
    fn plan(&self, ask: &Ask<'_>) -> &Stages {
        let text = match ask.plan {
            Some(plan) => Some(Cow::Borrowed(plan)),
            None => ask.principal.and_then(|caller| self.plan_text(caller)),
        };
        let is_own = |(name, _): &&(Arc<str>, Stages)| text.as_deref() == Some(name);
        let own = self.plans.iter().find(is_own);
        own.map_or(&self.otherwise, |(_, stages)| stages)
    }

    /// Returns the text that chooses the plan of a caller.
    pub(super) fn plan_text<'p>(&self, principal: &'p Principal) -> Option<Cow<'p, str>> {
        #[cfg(feature = "api-key")]
        if let Some(details) = principal.extension::<ApiKeyDetails>()
            && let Some(class) = details.limit_class()
        {
            return Some(Cow::Borrowed(class));
        }
        principal
            .claims()
            .value(self.plan_claim.as_deref()?)?
            .as_str()
    }

    /// Returns whether no limit has this class, and reports it.
    pub(super) fn is_unknown_class(&self, class: &str, at: Duration) -> bool {
        if self.classes.iter().any(|known| **known == *class) {
            return false;
        }
        if let Some(observer) = &self.observer
            && let Some(count) = self.tables.unknown_class.admit(at, 1)
        {
            observer.observe(&Event::UnknownLimitClass { class, count });
        }
        true
    }

    /// Reports that a key has no slot of its own.
    pub(super) fn report_saturation(&self, rule: &Rule, at: Duration) {
        let (table, name) = self.tables.of(rule);
        let Some(observer) = &self.observer else {
            return;
        };
        if let Some(count) = table.saturation(at) {
            observer.observe(&Event::LimiterSaturated { table: name, count });
        }
    }

    /// Returns what a charge left; `None` for a shadow limit.
    pub(super) fn standing(&self, charge: &Charge) -> Option<Standing<'_>> {
        let rule = self.rule(charge.limit).filter(|rule| !rule.is_shadow)?;
        let CountedRate { rate, pace } = self.rate(charge.rate)?;
        let pace = match charge.is_of_share {
            true => Pace::from(rule.shared()?.rate(charge.rate)?.local_share()),
            false => pace,
        };
        let (left, next_cell) = match charge.left() {
            Left::Debt(debt) => pace.left(debt),
            Left::Cells(cells, next_cell) => (cells, next_cell),
            Left::Stepwise(cells) => (cells, pace.step),
        };
        Some(Standing {
            limit: &rule.name,
            rate,
            left,
            next_cell: Duration::from_nanos(next_cell),
            is_full: next_cell == 0,
        })
    }

    pub(super) fn give_back(&self, charge: &Charge, at: Duration) {
        let Some(rule) = self.rule(charge.limit) else {
            return;
        };
        let (table, _) = self.tables.of(rule);
        match charge.charged() {
            Charged::Nothing => {}
            Charged::Everyone(nanos) => rule.state.give_back(nanos),
            Charged::Slot(key, nanos) => table.give_back(key, nanos),
            Charged::Cell(index, nanos) => table.give_back_cell(index, nanos),
            Charged::Store(key, cells) => {
                let shared = rule.shared();
                if let Some(rate) = shared.and_then(|shared| shared.rate(charge.rate)) {
                    rate.give_back(key, cells, at);
                }
            }
        }
    }

    /// Returns the counters of the quotas.
    pub(super) fn quotas(&self) -> impl Iterator<Item = &QuotaCounter> {
        self.rules.iter().filter_map(|rule| match &rule.bound {
            Bound::Quota(quota) => Some(&quota.counter),
            _ => None,
        })
    }

    pub(super) fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        for rule in &self.rules {
            rule.state.samples(&rule.name, add);
            // The rates of exceptions share the counters of the first one.
            if let Some((_, shared)) = rule.shared().and_then(|shared| shared.rates.first()) {
                shared.samples(add);
            }
        }
        let tables = [
            ("sources", &self.tables.sources),
            ("callers", &self.tables.callers),
        ];
        for (name, table) in tables {
            let labels = &[("table", name)];
            let mut sample = |name, value| {
                add(Sample {
                    name,
                    labels,
                    value,
                });
            };
            sample("bearergate_limit_keys", table.live().0);
            sample("bearergate_limit_saturated_total", table.saturated.get());
        }
    }
}
