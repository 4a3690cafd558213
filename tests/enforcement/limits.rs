//! Steps 5, 7 and 9: limits, and what is charged and given back.

use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::error::StoreError;
use bearergate::limit::{
    By, Charges, Credit, Limit, Limits, Quota, Rate, Spend, SpendId, Spent, UsageBatch, UsageQuery,
    UsageRow, UsageStore, Watch,
};
use bearergate::policy::{AccessRequest, Authorizer, Decision, Obligations, Policy, Rule, action};
use bearergate::{NowOrLater, RejectionKind, require_scope};

use crate::helpers::{Service, check, kind, request};

fn per_minute(quota: u32) -> Rate {
    Rate::per_minute(quota).unwrap()
}

fn left(charges: &Charges, limit: &str) -> Option<u32> {
    let mut standings = charges.standings();
    let standing = standings.find(|standing| standing.limit() == limit)?;
    Some(standing.left())
}

fn limits(all: impl IntoIterator<Item = Limit>) -> Limits {
    let builder = all
        .into_iter()
        .fold(Limits::builder(), |all, limit| all.limit(limit));
    builder.build().unwrap()
}

#[test]
fn a_caller_beyond_its_limit_is_refused_and_no_other_caller() {
    let service = Service::new();
    let gate = service
        .gate()
        .limits(limits([Limit::rate("default", per_minute(2))]));
    let gate = gate.allow_any_authenticated().build().unwrap();
    assert_eq!(kind(&gate, "good-a", "192.0.2.7"), None);
    assert_eq!(kind(&gate, "good-a", "192.0.2.7"), None);
    let refusal = check(&gate, "good-a", "192.0.2.7").unwrap_err();
    assert_eq!(refusal.kind(), RejectionKind::RateLimited);
    assert_eq!(refusal.limit(), Some("default"));
    let headers = refusal.headers();
    // Half a minute gives one cell back; from 10 s on up to a tenth is added.
    let wait: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((30..=33).contains(&wait), "{wait}");
    assert_eq!(headers["ratelimit"], format!("\"default\";r=0;t={wait}"));
    assert_eq!(headers["ratelimit-policy"], "\"default\";q=2;w=60");
    assert!(!headers.contains_key("www-authenticate"));
    assert_eq!(kind(&gate, "good-b", "192.0.2.7"), None);
    service.clock.advance(Duration::from_secs(30));
    assert_eq!(kind(&gate, "good-a", "192.0.2.7"), None);
}

#[test]
fn forged_credentials_charge_nobody_but_their_source() {
    let service = Service::new();
    let gate = service.gate().limits(limits([
        Limit::rate("sources", per_minute(100)).by(By::Source),
        Limit::rate("default", per_minute(2)),
    ]));
    let gate = gate.allow_any_authenticated().build().unwrap();
    for _ in 0..50 {
        assert_eq!(
            kind(&gate, "forged-a", "192.0.2.7"),
            Some(RejectionKind::SignatureInvalid)
        );
    }
    let admitted = check(&gate, "good-a", "192.0.2.7").unwrap();
    assert_eq!(left(admitted.charges(), "default"), Some(1));
    assert_eq!(left(admitted.charges(), "sources"), Some(49));
}

#[test]
fn a_refusal_by_a_later_limit_gives_back_what_was_charged_before() {
    let service = Service::new();
    let gate = service.gate().limits(limits([
        Limit::rate("sources", per_minute(100)).by(By::Source),
        Limit::rate("wide", per_minute(10)),
        Limit::rate("narrow", per_minute(1)),
    ]));
    let gate = gate.allow_any_authenticated().build().unwrap();
    assert_eq!(kind(&gate, "good-a", "192.0.2.7"), None);
    for _ in 0..5 {
        assert_eq!(
            kind(&gate, "good-a", "192.0.2.7"),
            Some(RejectionKind::RateLimited)
        );
    }
    service.clock.advance(Duration::from_secs(60));
    let admitted = check(&gate, "good-a", "192.0.2.7").unwrap();
    assert_eq!(left(admitted.charges(), "wide"), Some(9));
    assert_eq!(left(admitted.charges(), "sources"), Some(99));
}

#[test]
fn an_outage_gives_every_charge_back() {
    let service = Service::new();
    let gate = service.gate().limits(limits([
        Limit::rate("sources", per_minute(100)).by(By::Source)
    ]));
    let gate = gate.allow_any_authenticated().build().unwrap();
    for _ in 0..5 {
        assert_eq!(
            kind(&gate, "down-a", "192.0.2.7"),
            Some(RejectionKind::Unavailable)
        );
    }
    let admitted = check(&gate, "good-a", "192.0.2.7").unwrap();
    assert_eq!(left(admitted.charges(), "sources"), Some(99));
}

/// A policy that cannot decide.
#[derive(Debug)]
struct Down;

impl Authorizer for Down {
    fn authorize<'a>(&'a self, request: &'a AccessRequest<'a>) -> NowOrLater<'a, Decision> {
        NowOrLater::now(match request.principal().subject() {
            Some("down") => Decision::unavailable(),
            _ => Decision::deny(),
        })
    }
}

#[test]
fn an_outage_of_the_policy_gives_every_charge_back_and_a_denial_does_not() {
    for (token, is_kept) in [("good-down", false), ("good-a", true)] {
        let service = Service::new();
        let limits = limits([
            Limit::rate("sources", per_minute(5)).by(By::Source),
            Limit::rate("default", per_minute(5)),
        ]);
        let signals = Watch::default();
        let gate = service.gate().limits(limits).watch(signals);
        let gate = gate.authorizer(Down).build().unwrap();
        let kinds: Vec<_> = (0..30)
            .map(|_| kind(&gate, token, "192.0.2.7").unwrap())
            .collect();
        let limited = kinds
            .iter()
            .filter(|kind| **kind == RejectionKind::RateLimited);
        assert_eq!(limited.count(), if is_kept { 25 } else { 0 }, "{token}");
    }
}

#[tokio::test]
async fn an_answer_that_was_not_waited_for_leaves_no_charge() {
    let service = Service::new();
    service.tokens.wait();
    let gate = service.gate().limits(limits([
        Limit::rate("sources", per_minute(100)).by(By::Source),
        Limit::rate("default", per_minute(10)),
    ]));
    let gate = gate.allow_any_authenticated().build().unwrap();
    let request = request(Some("good-a"), "192.0.2.7");
    for _ in 0..5 {
        assert!(gate.try_check_now(&request).is_none());
        drop(gate.check(&request));
    }
    let admitted = gate.check(&request).await.unwrap();
    assert_eq!(left(admitted.charges(), "sources"), Some(99));
    assert_eq!(left(admitted.charges(), "default"), Some(9));
    assert_eq!(service.tokens.calls(), 1);
}

#[test]
fn a_refund_gives_back_once() {
    let service = Service::new();
    let gate = service
        .gate()
        .limits(limits([Limit::rate("default", per_minute(10))]));
    let gate = gate.allow_any_authenticated().build().unwrap();
    let admitted = check(&gate, "good-a", "192.0.2.7").unwrap();
    let kept = check(&gate, "good-a", "192.0.2.7").unwrap();
    assert_eq!(left(kept.charges(), "default"), Some(8));
    admitted.charges().refund();
    admitted.charges().refund();
    let next = check(&gate, "good-a", "192.0.2.7").unwrap();
    assert_eq!(left(next.charges(), "default"), Some(8));
}

#[test]
fn an_allowed_answer_has_rate_fields_only_where_a_limit_is_near() {
    let service = Service::new();
    let gate = service.gate().limits(limits([
        Limit::rate("wide", per_minute(600)),
        Limit::rate("narrow", per_minute(5)),
    ]));
    let gate = gate.allow_any_authenticated().build().unwrap();
    for _ in 0..3 {
        let admitted = check(&gate, "good-a", "192.0.2.7").unwrap();
        assert!(!admitted.headers().contains_key("ratelimit"));
    }
    let admitted = check(&gate, "good-a", "192.0.2.7").unwrap();
    let headers = admitted.headers();
    assert_eq!(
        headers["ratelimit"],
        "\"narrow\";r=1;t=12, \"wide\";r=596;t=1"
    );
    assert_eq!(
        headers["ratelimit-policy"],
        "\"narrow\";q=5;w=60, \"wide\";q=600;w=60"
    );
}

/// One class of limits for writing, with a cost, named by the rule that decides.
fn writes() -> Policy {
    let writes = Obligations::new()
        .with_rate_class("writes")
        .with_rate_cost(5);
    Policy::builder()
        .rule(Rule::permit("write", action("write")).with_obligations(writes.clone()))
        .rule(Rule::permit("read", action("read")))
        .rule(Rule::forbid("never", action("never")).with_obligations(writes))
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_class_and_the_cost_of_the_rule_that_decides_are_charged() {
    let service = Service::new();
    let gate = service.gate().limits(limits([
        Limit::rate("default", per_minute(100)),
        Limit::rate("writes", per_minute(12)).class("writes"),
    ]));
    let gate = gate
        .authorizer(writes())
        .authorizes_per_route()
        .build()
        .unwrap();
    let act = async |action: &str| {
        let request = request(Some("good-a"), "192.0.2.7");
        let caller = gate.authenticate(&request).await.unwrap();
        let access = caller.request().with_action(action);
        let decided = gate.authorize(&access).await;
        decided.err().map(|refusal| refusal.kind())
    };
    assert_eq!(act("write").await, None);
    assert_eq!(act("write").await, None);
    // Two cells are left of twelve, and a write takes five.
    assert_eq!(act("write").await, Some(RejectionKind::RateLimited));
    assert_eq!(act("read").await, None);
    // A denial stays a denial, whatever its class has left.
    assert_eq!(act("never").await, Some(RejectionKind::AccessDenied));
}

#[tokio::test]
async fn a_denial_is_charged_at_its_class_and_stays_a_denial() {
    let service = Service::new();
    let gate = service.gate().limits(limits([
        Limit::rate("default", per_minute(3)),
        Limit::rate("writes", per_minute(10)).class("writes"),
    ]));
    let gate = gate
        .authorizer(writes())
        .authorizes_per_route()
        .build()
        .unwrap();
    let act = async |action: &str| {
        let request = request(Some("good-a"), "192.0.2.7");
        let caller = gate
            .authenticate(&request)
            .await
            .map_err(|refusal| refusal.kind())?;
        let access = caller.request().with_action(action);
        gate.authorize(&access)
            .await
            .map(drop)
            .map_err(|refusal| refusal.kind())
    };
    // The denial takes five of ten cells, a write the other five.
    assert_eq!(act("never").await, Err(RejectionKind::AccessDenied));
    assert_eq!(act("write").await, Ok(()));
    assert_eq!(act("write").await, Err(RejectionKind::RateLimited));
    // Guessing costs: the limit without a class has counted the denial and the write; what the class
    // refused was given back.
    assert_eq!(act("read").await, Ok(()));
    assert_eq!(act("read").await, Err(RejectionKind::RateLimited));
}

#[test]
fn limits_of_anonymous_callers_are_those_of_their_source() {
    let service = Service::new();
    let gate = service.gate().limits(limits([
        Limit::rate("sources", per_minute(2)).by(By::Source),
        Limit::rate("default", per_minute(1)),
    ]));
    let gate = gate
        .authorizer(require_scope("orders:read"))
        .build()
        .unwrap();
    let anonymous = request(None, "192.0.2.7");
    for _ in 0..2 {
        let caller = gate.authenticate_optional(&anonymous).try_now().unwrap();
        assert!(caller.unwrap().is_none());
    }
    let refused = gate.authenticate_optional(&anonymous).try_now().unwrap();
    assert_eq!(refused.unwrap_err().kind(), RejectionKind::RateLimited);
}

/// A store of usage whose answers have to be waited for.
#[derive(Debug)]
struct WaitingStore(bearergate::stores::MemoryUsageStore);

impl UsageStore for WaitingStore {
    fn add<'a>(&'a self, batch: &'a UsageBatch) -> NowOrLater<'a, Result<(), StoreError>> {
        NowOrLater::later(self.0.add(batch))
    }

    fn spend<'a>(&'a self, spend: &'a Spend) -> NowOrLater<'a, Result<Spent, StoreError>> {
        NowOrLater::later(self.0.spend(spend))
    }

    fn give_back<'a>(&'a self, id: SpendId, units: u64) -> NowOrLater<'a, Result<(), StoreError>> {
        NowOrLater::later(self.0.give_back(id, units))
    }

    fn credit<'a>(&'a self, credit: &'a Credit) -> NowOrLater<'a, Result<u64, StoreError>> {
        NowOrLater::later(self.0.credit(credit))
    }

    fn purge(&self, before: UnixTime) -> NowOrLater<'_, Result<usize, StoreError>> {
        NowOrLater::later(self.0.purge(before))
    }

    fn usage<'a>(
        &'a self,
        query: &'a UsageQuery,
    ) -> NowOrLater<'a, Result<Vec<UsageRow>, StoreError>> {
        NowOrLater::later(self.0.usage(query))
    }
}

#[tokio::test]
async fn a_limit_before_one_that_waits_is_counted_once() {
    let service = Service::new();
    let store = WaitingStore(bearergate::stores::MemoryUsageStore::new(100).unwrap());
    let limits = Limits::builder()
        .limit(Limit::rate("writes", per_minute(100)).class("writes"))
        .limit(Limit::quota("monthly", Quota::per_month(100)))
        .usage(store);
    let gate = service.gate().limits(limits.build().unwrap());
    let gate = gate
        .authorizer(writes())
        .authorizes_per_route()
        .build()
        .unwrap();
    for _ in 0..3 {
        let request = request(Some("good-a"), "192.0.2.7");
        let caller = gate.authenticate(&request).await.unwrap();
        let access = caller.request().with_action("write");
        assert!(gate.authorize(&access).await.is_ok());
    }
    let text = gate.metrics().prometheus();
    for limit in ["writes", "monthly"] {
        let line = format!("bearergate_limit_total{{limit=\"{limit}\",result=\"pass\"}} 3");
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
}
