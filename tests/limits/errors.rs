//! Limits that do not build, and what the errors say.

use bearergate::error::ConfigErrorKind;
use bearergate::limit::{By, Limit, Limits, LimitsBuilder, Outage, Quota, Rate};
use bearergate::stores::MemoryUsageStore;
use std::time::Duration;

use crate::common::{rate, small};

fn error(builder: LimitsBuilder) -> (ConfigErrorKind, &'static str, String) {
    let error = builder.build().unwrap_err();
    (error.kind(), error.field(), error.to_string())
}

fn limit(name: &str) -> Limit {
    Limit::rate(name, rate("10/m"))
}

#[track_caller]
fn refuse(builder: LimitsBuilder, kind: ConfigErrorKind, field: &str, text: &str) {
    let (found, name, message) = error(builder);
    assert_eq!((found, name), (kind, field), "{message}");
    assert!(message.contains(text), "{message}");
}

#[test]
fn rates_out_of_range_name_the_field_and_the_range() {
    for (text, expected) in [
        ("0/s", "`quota` is 0; it must be between 1 and 1000000"),
        (
            "2000000/s",
            "`quota` is 2000000; it must be between 1 and 1000000",
        ),
        (
            "99999999999/d",
            "`quota` is 4294967295; it must be between 1 and 1000000",
        ),
        (
            "5/0s",
            "`period` is 0 seconds; it must be between 1ms and 400 days",
        ),
        (
            "5/401d",
            "`period` is 401 days; it must be between 1ms and 400 days",
        ),
        (
            "5/s burst 0",
            "`burst` is 0; it must be between 1 and 1000000",
        ),
        (
            "1/d burst 401",
            "`burst` is 401; it must be between 1 and 400",
        ),
    ] {
        let error = text.parse::<Rate>().unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::OutOfRange, "{text}");
        assert_eq!(error.to_string(), expected);
    }
    let error = Rate::new(1_001, Duration::from_millis(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`quota` is 1001; it must be between 1 and 1000"
    );
    assert!(Rate::new(1_000, Duration::from_millis(1)).is_ok());
    assert!("1/d burst 400".parse::<Rate>().is_ok());
    assert!("1000000/s".parse::<Rate>().is_ok());
    assert!("1/400d".parse::<Rate>().is_ok());
}

#[test]
fn texts_that_are_no_rate_are_shown_with_the_forms_that_are() {
    for text in [
        "",
        "10 per sec",
        "10",
        "10/",
        "/s",
        "10/x",
        "10/ms",
        "+10/s",
        "10/s ",
        " 10/s",
        "10 /s",
        "1.5/s",
        "10/-1s",
        "10/s burst",
        "10/s burst x",
        "10/s  burst 5",
        "10/s burst 5 ",
        "10/s/s",
        "10/S",
        "10/é",
    ] {
        let error = text.parse::<Rate>().unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ConfigErrorKind::ValueMalformed, "rate"),
            "{text}"
        );
        let message = error.to_string();
        assert!(message.contains("expected `N/U` or `N/KU`"), "{message}");
        assert!(
            message.contains("`600/m`, `5/30s` or `600/m burst 50`"),
            "{message}"
        );
    }
    for (text, quota, secs, burst) in [
        ("10/s", 10, 1, 10),
        ("600/m", 600, 60, 600),
        ("7/h", 7, 3_600, 7),
        ("3/d", 3, 86_400, 3),
        ("5/30s", 5, 30, 5),
        ("100/15m burst 7", 100, 900, 7),
    ] {
        let rate = rate(text);
        let expected = (quota, Duration::from_secs(secs), burst);
        assert_eq!(
            (rate.quota(), rate.period(), rate.burst_cells()),
            expected,
            "{text}"
        );
    }
}

#[test]
fn names_are_distinct_labels() {
    use ConfigErrorKind::{Conflict, Empty, OutOfRange, ValueMalformed};
    refuse(
        small(),
        Empty,
        "limits",
        "add one with `LimitsBuilder::limit`",
    );
    for name in ["", "Default", "a b", "a\"b", "ä", &"a".repeat(65)] {
        refuse(
            small().limit(limit(name)),
            ValueMalformed,
            "name",
            "expected 1 to 64 characters",
        );
    }
    let longest = "a".repeat(64);
    assert!(
        small()
            .limit(limit(&longest))
            .limit(limit("a_b.c-9"))
            .build()
            .is_ok()
    );
    let twice = small().limit(limit("a")).otherwise([limit("a")]);
    refuse(twice, Conflict, "name", "two limits are named `a`");
    let many = (0..65).fold(small(), |all, number| all.limit(limit(&number.to_string())));
    refuse(
        many,
        OutOfRange,
        "limits",
        "`limits` is 65; it must be at most 64",
    );
}

#[test]
fn tables_have_bounds() {
    for (sources, callers, field) in [(1_023, 1_024, "sources"), (1_024, 16_777_217, "callers")] {
        let builder = Limits::builder().tables(sources, callers).limit(limit("a"));
        refuse(
            builder,
            ConfigErrorKind::OutOfRange,
            field,
            "between 1024 and 16777216",
        );
    }
}

#[test]
fn options_that_have_no_meaning_are_refused() {
    use ConfigErrorKind::{Conflict, Empty, OutOfRange};
    let crowd = |most| Limit::concurrent("a", most);
    let quota = || Limit::quota("a", Quota::per_day(10));
    let store = || MemoryUsageStore::new(100).unwrap();
    for (wrong, kind, field, text) in [
        (
            limit("a").by(By::Source).class("b"),
            Conflict,
            "by",
            "the limit `a` counts by source",
        ),
        (limit("a").cost(11), OutOfRange, "cost", "between 1 and 10"),
        (limit("a").cost(0), OutOfRange, "cost", "between 1 and 10"),
        (
            limit("a").class(""),
            OutOfRange,
            "class",
            "between 1 and 64",
        ),
        (
            limit("a").by(By::claim("")),
            OutOfRange,
            "claim",
            "between 1 and 64",
        ),
        (
            limit("a").on_outage(Outage::Refuse),
            Conflict,
            "on_outage",
            "not a shared rate or a quota",
        ),
        (
            limit("a").kept_for(20, "b"),
            Conflict,
            "kept_for",
            "not a concurrent limit",
        ),
        (crowd(0), OutOfRange, "concurrent", "between 1 and 65536"),
        (
            crowd(65_537),
            OutOfRange,
            "concurrent",
            "between 1 and 65536",
        ),
        (crowd(5).cost(2), Conflict, "cost", "not a rate"),
        (
            crowd(5).kept_for(0, "b"),
            OutOfRange,
            "kept_for",
            "between 1 and 99",
        ),
        (
            crowd(5).kept_for(100, "b"),
            OutOfRange,
            "kept_for",
            "between 1 and 99",
        ),
        (quota(), Empty, "usage", "`LimitsBuilder::usage`"),
    ] {
        refuse(small().limit(wrong), kind, field, text);
    }
    for (wrong, field) in [
        (quota().by(By::Everyone), "by"),
        (quota().by(By::Client), "by"),
        (quota().per_action(), "per_action"),
        (quota().cost(2), "cost"),
    ] {
        refuse(small().usage(store()).limit(wrong), Conflict, field, "`a`");
    }
    let built = small()
        .usage(store())
        .limit(quota().by(By::Credential))
        .build();
    assert!(built.is_ok());
    assert!(small().limit(limit("a").cost(10)).build().is_ok());
    assert!(small().limit(crowd(65_536)).build().is_ok());
}

#[test]
fn plans_need_limits_for_everybody_else() {
    use ConfigErrorKind::{Conflict, Empty, OutOfRange};
    let gold = |limits: Vec<Limit>| small().plan("gold", limits);
    refuse(
        gold(vec![limit("a")]),
        Empty,
        "otherwise",
        "everybody who has no plan is unlimited",
    );
    assert!(gold(vec![limit("a")]).otherwise([]).build().is_ok());
    refuse(
        gold(vec![limit("a")])
            .plan("gold", [limit("b")])
            .otherwise([]),
        Conflict,
        "plan",
        "`gold`",
    );
    refuse(
        small().plan("", [limit("a")]).otherwise([]),
        OutOfRange,
        "plan",
        "between 1 and 64",
    );
    let by_source = gold(vec![limit("a").by(By::Source)]).otherwise([]);
    refuse(
        by_source,
        Conflict,
        "by",
        "before the caller and its plan are known",
    );
    let lone = || gold(vec![limit("a").class("writes")]);
    refuse(
        lone().otherwise([]),
        Empty,
        "class",
        "only plans limit the class `writes`",
    );
    assert!(
        lone()
            .otherwise([limit("b").class("writes")])
            .build()
            .is_ok()
    );
    assert!(
        lone()
            .otherwise([])
            .limit(limit("b").class("writes"))
            .build()
            .is_ok()
    );
}

#[test]
fn exceptions_name_a_rate_by_caller() {
    use ConfigErrorKind::{Conflict, Empty, OutOfRange, ValueMalformed};
    let with = |limit: Limit, name: &str, who: (&str, &str)| {
        let builder = small().limit(limit);
        builder.exception(name, (who.0, who.1), rate("5/m"))
    };
    let alice = ("idp", "alice");
    refuse(
        with(limit("a"), "b", alice),
        ValueMalformed,
        "exception",
        "found `b`",
    );
    refuse(
        with(limit("a").by(By::Client), "a", alice),
        Conflict,
        "exception",
        "`a`",
    );
    refuse(
        with(Limit::concurrent("a", 5), "a", alice),
        Conflict,
        "exception",
        "`a`",
    );
    refuse(
        with(limit("a"), "a", ("idp", "")),
        Empty,
        "exception",
        "authority and the subject",
    );
    refuse(
        with(limit("a").cost(6), "a", alice),
        OutOfRange,
        "cost",
        "between 1 and 5",
    );
    let twice = with(limit("a"), "a", alice).exception("a", alice, rate("6/m"));
    refuse(
        twice,
        Conflict,
        "exception",
        "two exceptions for one subject",
    );
    let other = with(limit("a"), "a", alice).exception("a", ("other", "alice"), rate("6/m"));
    assert!(other.build().is_ok());
    let many = (0..10_001).fold(small().limit(limit("a")), |all, number| {
        all.exception("a", ("idp", number.to_string()), rate("5/m"))
    });
    refuse(many, OutOfRange, "exceptions", "at most 10000");
}
