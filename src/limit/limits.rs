//! Limits, as gates ask them.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::ask::Ask;
use super::builder::LimitsBuilder;
use super::charges::Charges;
use super::exceeded::Exceeded;
use super::rules::Rules;
use super::stage::Stage;
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
    #[inline]
    pub fn ask<'a>(&'a self, ask: &Ask<'a>) -> NowOrLater<'a, Result<Charges, Exceeded>> {
        let charges = Charges::new(Some(self.0.load_full()), ask.elapsed);
        charges.ask(ask, Stage::All)
    }

    /// Returns the text that chooses the plan of a caller: the limit class of its API key, or the
    /// claim of [`plan_claim`](LimitsBuilder::plan_claim).
    pub fn plan_of<'p>(&self, principal: &'p Principal) -> Option<Cow<'p, str>> {
        self.0.load().plan_text(principal)
    }

    /// Returns whether a limit has this class.
    pub(crate) fn has_class(&self, class: &str) -> bool {
        self.0.load().has_class(class)
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
        ask: &Ask<'a>,
        charges: &'a mut Charges,
    ) -> NowOrLater<'a, Result<(), Box<Exceeded>>> {
        charges.begin(|| self.0.load_full(), ask.elapsed);
        charges.ask_more(ask, Stage::Before)
    }

    /// Asks the limits without a class, once the caller is verified.
    pub(crate) fn ask_caller<'a>(
        &'a self,
        ask: &Ask<'a>,
        charges: &'a mut Charges,
    ) -> NowOrLater<'a, Result<(), Box<Exceeded>>> {
        charges.begin(|| self.0.load_full(), ask.elapsed);
        charges.ask_more(ask, Stage::Caller)
    }

    /// Asks the limits of the class, and then the quotas, once the policy has allowed.
    pub(crate) fn ask_class<'a>(
        &'a self,
        ask: &Ask<'a>,
        charges: &'a mut Charges,
    ) -> NowOrLater<'a, Result<(), Box<Exceeded>>> {
        charges.begin(|| self.0.load_full(), ask.elapsed);
        charges.ask_more(ask, Stage::Class)
    }

    /// Does the same, and returns the charges of this stage.
    pub(crate) fn ask_class_of<'a>(
        &'a self,
        ask: &Ask<'a>,
        mut charges: Charges,
    ) -> NowOrLater<'a, Result<Charges, Exceeded>> {
        charges.begin(|| self.0.load_full(), ask.elapsed);
        charges.ask(ask, Stage::Class)
    }

    /// Charges the limits of the class as far as there is room, once the policy has denied.
    pub(crate) fn charge_denied(&self, ask: &Ask<'_>, charges: &mut Charges) {
        charges.begin(|| self.0.load_full(), ask.elapsed);
        charges.charge_denied(ask);
    }
}

impl LimitsBuilder {
    /// Builds the limits.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the limit and what to do.
    pub fn build(self) -> Result<Limits, ConfigError> {
        Rules::first(&self).map(Limits::new)
    }
}

impl Counted for Limits {
    fn samples(&self, add: &mut dyn FnMut(Sample<'_>)) {
        self.0.load().samples(add);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::pin::Pin;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use super::*;
    use crate::limit::{By, Limit, Rate, RateKey, RateStore, Taken};
    use crate::principal::PrincipalKind;

    const SECOND: Duration = Duration::from_secs(1);

    fn alice() -> Principal {
        let builder = Principal::builder(PrincipalKind::AccessToken, "idp");
        builder.subject("alice").build()
    }

    fn at(secs: u32) -> Ask<'static> {
        Ask::new(SECOND * secs, UnixTime::from_secs(1_760_000_000))
    }

    fn limits() -> Limits {
        let builder = Limits::builder().tables(1_024, 1_024);
        let rate = |text: &str| text.parse().unwrap();
        let builder = builder.limit(Limit::rate("source", rate("10/m")).by(By::Source));
        let builder = builder.limit(Limit::rate("all", rate("20/m")).by(By::Everyone));
        let builder = builder.limit(Limit::rate("caller", rate("5/m")));
        let builder = builder.limit(Limit::rate("writes", rate("4/m")).class("writes").cost(3));
        let builder = builder.limit(Limit::rate("try", rate("1/h")).shadow());
        builder.build().unwrap()
    }

    fn now<T: Send>(answer: NowOrLater<'_, T>) -> T {
        answer.try_now().unwrap()
    }

    fn samples(limits: &Limits) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        limits.samples(&mut |sample| {
            let labels: Vec<_> = sample.labels.iter().map(|(_, value)| *value).collect();
            let name = sample.name.strip_prefix("bearergate_limit_").unwrap();
            if sample.value > 0 {
                all.insert(format!("{name} {}", labels.join(" ")), sample.value);
            }
        });
        all
    }

    fn left(charges: &Charges) -> Vec<(&str, u32)> {
        let standings = charges.standings();
        standings.map(|own| (own.limit(), own.left())).collect()
    }

    #[test]
    fn each_stage_asks_its_own_limits() {
        let (limits, principal) = (limits(), alice());
        assert!(limits.needs_source());
        let mut charges = Charges::none();
        now(limits.ask_before(&at(1), &mut charges)).unwrap();
        assert_eq!(left(&charges), [("source", 9), ("all", 19)]);
        let ask = at(1).with_principal(&principal).with_class("writes");
        now(limits.ask_caller(&ask, &mut charges)).unwrap();
        now(limits.ask_class(&ask, &mut charges)).unwrap();
        let expected = [("source", 9), ("all", 19), ("caller", 4), ("writes", 1)];
        assert_eq!(left(&charges), expected);
    }

    #[test]
    fn of_a_rejected_credential_only_the_first_stage_is_kept() {
        let (limits, principal) = (limits(), alice());
        let ask = at(1).with_principal(&principal).with_class("writes");
        let mut charges = Charges::none();
        now(limits.ask_before(&at(1), &mut charges)).unwrap();
        now(limits.ask_caller(&ask, &mut charges)).unwrap();
        now(limits.ask_class(&ask, &mut charges)).unwrap();
        charges.keep_first();
        assert_eq!(left(&charges), [("source", 9), ("all", 19)]);
        drop(charges);
        let charges = now(limits.ask(&ask)).unwrap();
        let expected = [("source", 8), ("all", 18), ("caller", 4), ("writes", 1)];
        assert_eq!(left(&charges), expected);
    }

    #[test]
    fn a_refusal_of_a_later_stage_gives_back_that_stage_and_shows_its_standings() {
        let (limits, principal) = (limits(), alice());
        let ask = at(1).with_principal(&principal).with_class("writes");
        let mut charges = Charges::none();
        now(limits.ask_before(&at(1), &mut charges)).unwrap();
        now(limits.ask_caller(&ask, &mut charges)).unwrap();
        let over = now(limits.ask_class(&ask.with_cost(5), &mut charges)).unwrap_err();
        let standings = over.standings().map(|own| (own.limit(), own.left()));
        assert_eq!(standings.collect::<Vec<_>>(), [("writes", 4)]);
        let expected = [("source", 9), ("all", 19), ("caller", 4)];
        assert_eq!(left(&charges), expected);
    }

    /// Answers when it is polled.
    #[derive(Debug)]
    struct Waits;

    impl RateStore for Waits {
        fn take<'a>(
            &'a self,
            _: &'a RateKey,
            rate: Rate,
            want: u32,
            _: u32,
        ) -> NowOrLater<'a, Result<Taken, StoreError>> {
            let left = rate.burst_cells() - want;
            NowOrLater::later(async move { Ok(Taken::new(want, Duration::ZERO, left)) })
        }
    }

    #[test]
    fn a_stage_whose_answer_is_dropped_unready_is_given_back() {
        let rate = |text: &str| text.parse().unwrap();
        let builder = Limits::builder().tables(1_024, 1_024);
        let builder = builder
            .limit(Limit::rate("own", rate("5/m")))
            .limit(Limit::concurrent("crowd", 1))
            .limit(Limit::rate("shared", rate("9/m")).shared(Waits, 1));
        let (limits, principal) = (builder.build().unwrap(), alice());
        let ask = at(1).with_principal(&principal);
        let mut charges = Charges::none();
        for _ in 0..3 {
            assert!(limits.ask_caller(&ask, &mut charges).try_now().is_err());
            assert!(charges.is_empty());
            assert!(limits.ask(&ask).try_now().is_err());
        }
        // The positive twin: it is polled, and charges once.
        let mut answer = limits.ask_caller(&ask, &mut charges);
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut answer).poll(&mut context).is_ready());
        drop(answer);
        assert_eq!(left(&charges), [("own", 4), ("shared", 8)]);
    }

    #[test]
    fn a_denial_is_charged_as_far_as_there_is_room_and_never_refused() {
        let (limits, principal) = (limits(), alice());
        let ask = at(1).with_principal(&principal).with_class("writes");
        for expected in [1, 0, 0] {
            let mut charges = Charges::none();
            limits.charge_denied(&ask, &mut charges);
            charges.keep();
            assert_eq!(left(&charges), [("writes", expected)]);
        }
        let over = now(limits.ask_class_of(&ask, Charges::none())).unwrap_err();
        assert_eq!((over.limit(), over.wait()), ("writes", Some(SECOND * 45)));
        // Another class is not charged.
        let mut charges = Charges::none();
        limits.charge_denied(&ask.with_class("reads"), &mut charges);
        assert_eq!(left(&charges), []);
    }

    #[test]
    fn what_a_denial_took_is_given_back_exactly() {
        let (limits, principal) = (limits(), alice());
        let ask = at(1).with_principal(&principal).with_class("writes");
        let mut first = Charges::none();
        limits.charge_denied(&ask, &mut first);
        let mut second = Charges::none();
        limits.charge_denied(&ask, &mut second);
        // The second found room for one cell only.
        drop(second);
        let charges = now(limits.ask_class_of(&ask.with_cost(1), Charges::none())).unwrap();
        assert_eq!(left(&charges), [("writes", 0)]);
        drop((charges, first));
        let charges = now(limits.ask_class_of(&ask.with_cost(4), Charges::none())).unwrap();
        assert_eq!(left(&charges), [("writes", 0)]);
    }

    #[test]
    fn each_limit_that_is_asked_counts_one_result() {
        let (limits, principal) = (limits(), alice());
        let ask = at(1).with_principal(&principal);
        for _ in 0..7 {
            let _ = now(limits.ask(&ask)).map(|mut charges| charges.keep());
        }
        let expected = [
            ("keys callers", 1 + 1),
            ("keys sources", 1),
            ("total all pass", 7),
            ("total caller near", 2 - 1 + 1),
            ("total caller over", 2),
            ("total caller pass", 3),
            ("total source near", 0),
            ("total source pass", 7),
            ("total try near", 1),
            ("total try shadow", 4),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        let expected: BTreeMap<_, _> = expected
            .into_iter()
            .filter(|(_, value)| *value > 0)
            .collect();
        assert_eq!(samples(&limits), expected);
    }

    #[test]
    fn a_key_without_a_slot_is_counted_as_shared() {
        let builder = Limits::builder().tables(1_024, 1_024);
        let rate = "10/m".parse().unwrap();
        let limits = builder.limit(Limit::rate("source", rate).by(By::Source));
        let limits = limits.build().unwrap();
        for number in 0..3_000_u32 {
            let address = std::net::Ipv4Addr::from_bits(number << 8);
            let ask = at(1).with_source(crate::address::Source::of(address.into()));
            let _ = now(limits.ask(&ask)).map(|mut charges| charges.keep());
        }
        let samples = samples(&limits);
        assert_eq!(samples["keys sources"], 1_024);
        let saturated = samples["saturated_total sources"];
        assert!(saturated >= 3_000 - 1_024, "{saturated}");
        assert!(samples["total source shared"] > 0);
    }
}
