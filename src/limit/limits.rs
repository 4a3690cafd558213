//! Limits, as gates ask them.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::ask::Ask;
use super::asking::{Asking, Stage};
use super::builder::LimitsBuilder;
use super::charges::{Charges, Exceeded};
use super::rules::Rules;
use crate::clock::UnixTime;
use crate::error::{ConfigError, StoreError};
use crate::metrics::{Counted, Sample};
use crate::now_or_later::NowOrLater;
use crate::principal::Principal;

/// Rate limits, concurrent limits and quotas in fixed memory; a cheap handle that several gates
/// share.
#[derive(Clone, Debug)]
pub struct Limits(Arc<ArcSwap<Rules>>);

impl Limits {
    /// Starts the configuration of limits.
    pub const fn builder() -> LimitsBuilder {
        LimitsBuilder::new()
    }

    pub(super) fn new(rules: Rules) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(rules)))
    }

    /// Replaces all limits while serving. Tables and debts stay, also those of limits whose rate was
    /// changed; the sizes of the tables do not change.
    ///
    /// # Errors
    ///
    /// Those of [`LimitsBuilder::build`]; the limits then stay as they were.
    pub fn replace(&self, rules: &LimitsBuilder) -> Result<(), ConfigError> {
        let next = self.0.load().next(rules)?;
        self.0.store(Arc::new(next));
        Ok(())
    }

    /// Asks all limits that the request matches, in the order in which a gate does.
    pub fn ask<'a>(&'a self, ask: &Ask<'a>) -> NowOrLater<'a, Result<Charges, Exceeded>> {
        let ask = *ask;
        self.ask_before(ask)
            .and_then(move |charges| self.ask_caller(ask, charges))
            .and_then(move |charges| self.ask_class(ask, charges))
    }

    /// Returns the text that chooses the plan of a caller: the limit class of its API key, or the
    /// claim of [`plan_claim`](LimitsBuilder::plan_claim).
    pub fn plan_of<'p>(&self, principal: &'p Principal) -> Option<Cow<'p, str>> {
        self.0.load().plan_text(principal)
    }

    /// Sends what the store of the quotas did not take yet: units to give back, and units that were
    /// counted here. Call it now and then, and before the process ends.
    ///
    /// # Errors
    ///
    /// The [`StoreError`] of the first quota whose store does not take it; it is kept and sent again.
    pub fn flush(&self, now: UnixTime) -> NowOrLater<'static, Result<(), StoreError>> {
        let rules = self.0.load_full();
        if rules.quotas().next().is_none() {
            return NowOrLater::now(Ok(()));
        }
        NowOrLater::later(async move {
            let mut flushed = Ok(());
            for quota in rules.quotas() {
                flushed = flushed.and(quota.flush(now).await);
            }
            flushed
        })
    }

    /// Returns whether a limit counts by source.
    pub(crate) fn needs_source(&self) -> bool {
        self.0.load().needs_source()
    }

    /// Asks the limits by source and for everyone, before the credential is read.
    pub(crate) fn ask_before<'a>(
        &'a self,
        ask: Ask<'a>,
    ) -> NowOrLater<'a, Result<Charges, Exceeded>> {
        let rules = self.0.load_full();
        let charges = Charges::new(Some(Arc::clone(&rules)), ask.elapsed);
        Asking::new(ask, charges, &rules, Stage::Before).run(rules)
    }

    /// Asks the limits without a class, once the caller is verified.
    pub(crate) fn ask_caller<'a>(
        &'a self,
        ask: Ask<'a>,
        charges: Charges,
    ) -> NowOrLater<'a, Result<Charges, Exceeded>> {
        let (charges, rules) = self.continued(&ask, charges);
        Asking::new(ask, charges, &rules, Stage::Caller).run(rules)
    }

    /// Asks the limits of the class, and then the quotas, once the policy has allowed.
    pub(crate) fn ask_class<'a>(
        &'a self,
        ask: Ask<'a>,
        charges: Charges,
    ) -> NowOrLater<'a, Result<Charges, Exceeded>> {
        let (charges, rules) = self.continued(&ask, charges);
        Asking::new(ask, charges, &rules, Stage::Class).run(rules)
    }

    /// Charges the limits of the class as far as there is room, once the policy has denied.
    pub(crate) fn charge_denied(&self, ask: Ask<'_>, charges: &mut Charges) {
        let (own, rules) = self.continued(&ask, std::mem::take(charges));
        let mut asking = Asking::new(ask, own, &rules, Stage::Class);
        asking.charge_all(&rules);
        *charges = asking.charges;
    }

    /// Returns the rules under which a request was asked first: they may have been replaced since.
    fn continued(&self, ask: &Ask<'_>, charges: Charges) -> (Charges, Arc<Rules>) {
        match charges.rules().cloned() {
            Some(rules) => (charges, rules),
            None => {
                let rules = self.0.load_full();
                let charges = Charges::new(Some(Arc::clone(&rules)), ask.elapsed);
                (charges, rules)
            }
        }
    }
}

impl Counted for Limits {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        self.0.load().samples(add);
    }
}
