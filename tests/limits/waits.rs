//! Waits are exact, and costs cannot overflow.

use std::time::Duration;

use bearergate::RejectionKind;
use bearergate::limit::{Limit, Rate};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};

use crate::common::{NANO, SECOND, alice, at, one, only, pass, passes, rate, refused};

/// Rates of all sizes, with a cost that the burst allows.
fn rates() -> impl Strategy<Value = (Rate, u32)> {
    let periods = prop_oneof![
        (1_u64..100_000).prop_map(Duration::from_millis),
        (1_u64..86_400).prop_map(Duration::from_secs),
        Just(Duration::from_secs(7)),
    ];
    (1_u32..500, periods, 1_u32..500, 1_u32..1_000).prop_filter_map(
        "the rate is within its ranges",
        |(quota, period, burst, cost)| {
            let rate = Rate::new(quota, period).ok()?.burst(burst).ok()?;
            Some((rate, 1 + cost % burst))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn after_exactly_its_wait_a_request_passes_and_a_nanosecond_earlier_it_does_not(
        (rate, cost) in rates(),
        start in 0_u64..1_000_000_000_000,
    ) {
        let limits = only(Limit::rate("one", rate).cost(cost));
        let (principal, start) = (alice(), Duration::from_nanos(start));
        let wanted = |now| at(now).with_principal(&principal);
        assert_eq!(passes(&limits, wanted(start)), rate.burst_cells() / cost);
        let over = pass(&limits, wanted(start)).unwrap_err();
        let wait = over.wait().unwrap();
        assert!(over.retry_after().unwrap() >= wait.max(SECOND));
        assert!(pass(&limits, wanted(start + wait - NANO)).is_err());
        assert!(pass(&limits, wanted(start + wait)).is_ok());
    }

    #[test]
    fn a_rate_is_never_above_its_quota_in_a_period(
        (rate, _) in rates(),
    ) {
        let limits = only(Limit::rate("one", rate.burst(1).unwrap()));
        let principal = alice();
        let (mut now, mut passed) = (Duration::ZERO, 0_u32);
        while now < rate.period() && passed < 2_000 {
            match pass(&limits, at(now).with_principal(&principal)) {
                Ok(()) => passed += 1,
                Err(over) => now += over.wait().unwrap(),
            }
        }
        assert!(passed <= rate.quota(), "{passed} of {rate:?}");
    }
}

#[test]
fn a_wait_of_200_ms_is_a_retry_after_of_1_second() {
    let limits = one("5/s");
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal);
    assert_eq!(passes(&limits, wanted), 5);
    let over = pass(&limits, wanted).unwrap_err();
    assert_eq!(over.wait(), Some(Duration::from_millis(200)));
    assert_eq!(over.retry_after(), Some(SECOND));
    assert!(pass(&limits, at(SECOND * 2).with_principal(&principal)).is_ok());
}

#[test]
fn retry_after_is_the_true_wait_of_each_rate() {
    for (text, secs) in [
        ("1/s", 1),
        ("1/2s", 2),
        ("1/5s", 5),
        ("2/10s", 5),
        ("12/m", 5),
        ("1/9s", 9),
    ] {
        let limits = one(text);
        let principal = alice();
        let wanted = at(SECOND).with_principal(&principal);
        passes(&limits, wanted);
        let over = pass(&limits, wanted).unwrap_err();
        assert_eq!(over.retry_after(), Some(SECOND * secs), "{text}");
    }
}

#[test]
fn long_waits_are_spread_by_key_and_never_shortened() {
    for (text, secs, most) in [
        ("1/10s", 10, 11),
        ("1/100s", 100, 110),
        ("1/h", 3_600, 3_630),
    ] {
        let limits = one(text);
        let mut seen: Vec<_> = (0..200)
            .map(|number| {
                let principal = crate::common::caller("idp", &number.to_string());
                let wanted = at(SECOND).with_principal(&principal);
                passes(&limits, wanted);
                let over = pass(&limits, wanted).unwrap_err();
                let again = pass(&limits, wanted).unwrap_err();
                assert_eq!(over.retry_after(), again.retry_after());
                over.retry_after().unwrap().as_secs()
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(
            (seen.first(), seen.last()),
            (Some(&secs), Some(&most)),
            "{text}"
        );
    }
}

#[test]
fn a_cost_above_the_burst_waits_one_span_and_takes_nothing() {
    let limits = only(Limit::rate("one", rate("60/m burst 10")).class("heavy"));
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal).with_class("heavy");
    for cost in [11, 1 << 31, u32::MAX] {
        let span = Some(SECOND * 10);
        let expected = (RejectionKind::RateLimited, "one".to_owned(), span);
        assert_eq!(refused(&limits, wanted.with_cost(cost)), expected, "{cost}");
    }
    assert!(pass(&limits, wanted.with_cost(10)).is_ok());
    assert!(pass(&limits, wanted).is_err());
}

#[test]
fn no_cost_and_step_wrap() {
    // A step of 2^33 nanoseconds, about 8.6 seconds: 2^31 cells are 2^64 nanoseconds.
    let step = Duration::from_nanos(1 << 33);
    let slow = Rate::new(1, step).unwrap().burst(5).unwrap();
    let limits = only(Limit::rate("one", slow).class("heavy"));
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal).with_class("heavy");
    for cost in [(1 << 31) + 1, 1 << 31, (1 << 31) - 1] {
        assert!(pass(&limits, wanted.with_cost(cost)).is_err(), "{cost}");
    }
    assert!(pass(&limits, wanted.with_cost(5)).is_ok());
    assert!(pass(&limits, wanted.with_cost(1)).is_err());
}

#[test]
fn a_rule_without_cost_takes_that_of_the_limit_and_a_limit_without_class_its_own() {
    let limits = crate::common::small();
    let limits = limits.limit(Limit::rate("all", rate("60/m")).cost(2));
    let limits = limits.limit(Limit::rate("writes", rate("60/m")).class("writes").cost(3));
    let limits = limits.build().unwrap();
    let principal = alice();
    let wanted = at(SECOND).with_principal(&principal).with_class("writes");
    let left = |wanted| {
        let charges = crate::common::ask(&limits, wanted).unwrap();
        let left = charges.standings().map(|standing| standing.left());
        left.collect::<Vec<_>>()
    };
    assert_eq!(left(wanted), [58, 57]);
    assert_eq!(left(wanted.with_cost(5)), [58, 55]);
    assert_eq!(left(wanted.with_cost(0)), [58, 60]);
}

#[test]
fn seven_a_second_is_seven_a_second_for_a_million_requests() {
    let limits = one("7/s burst 1");
    let principal = alice();
    let count = if cfg!(debug_assertions) {
        100_000
    } else {
        1_000_000
    };
    let (mut now, mut passed) = (Duration::ZERO, 0_u32);
    while passed < count {
        match pass(&limits, at(now).with_principal(&principal)) {
            Ok(()) => passed += 1,
            Err(over) => now += over.wait().unwrap(),
        }
    }
    let ideal = SECOND * (count - 1) / 7;
    assert!(now >= ideal, "{now:?} of {ideal:?}");
    assert!(now - ideal <= NANO * count, "{now:?} of {ideal:?}");
}
