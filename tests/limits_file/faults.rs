//! Errors of bad files, each with its place.

use bearergate::configuration::LimitsLoader;
use bearergate::error::ConfigErrorKind;
use serde_json::{Value, json};

use crate::{load, loader, refused, with};

/// A file that is right, in which each test changes one member.
fn whole() -> Value {
    with(json!({
        "proxies": {"trust": ["10.0.0.0/8"], "header": "x-forwarded-for", "hops": 1},
        "addresses": {"allow": ["192.0.2.0/24"], "deny": ["192.0.2.66"]},
        "lock_out": {"budget": 30, "refill": "3/m", "weights": {"token_revoked": 2}, "first": "1m",
            "most": "15m", "forget": "1h", "spare_known": true, "sources": 1024},
        "limits": [
            {"name": "a", "rate": "600/m", "burst": 50, "by": "caller", "cost": 1, "shadow": false},
            {"name": "b", "concurrent": 4, "by": {"claim": "tenant"}, "class": "slow"},
            {"name": "c", "rate": "5/30s", "by": "source"}
        ],
        "plans": {"gold": [{"name": "d", "rate": "5/s", "class": "slow", "per_action": true}]},
        "otherwise": [{"name": "e", "rate": "5/s"}],
        "quotas": [{"name": "f", "amount": 10, "window": "month", "zone": "+01:00",
            "by": "credential"}],
        "exceptions": [{"limit": "a", "authority": "x", "subject": "y", "rate": "5/s burst 2"}],
    }))
}

/// Puts a value at a pointer, or removes what is there.
fn changed(pointer: &str, value: Option<Value>) -> Value {
    let mut file = whole();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match (file.pointer_mut(parent).unwrap(), value) {
        (Value::Object(members), Some(value)) => drop(members.insert(name.to_owned(), value)),
        (Value::Object(members), None) => drop(members.remove(name)),
        (Value::Array(elements), Some(value)) => {
            elements[name.parse::<usize>().unwrap()] = value;
        }
        _ => panic!("{pointer}"),
    }
    file
}

#[test]
fn a_whole_file_is_right() {
    load(&whole());
}

#[test]
fn wrong_values_are_reported_at_their_place() {
    for (pointer, value, expected) in [
        ("/version", json!(2), "expected `1`, found `2`"),
        ("/proxies/trust/0", json!("10.0.0.1/8"), "without host bits"),
        ("/proxies/trust", json!([]), "at least one element"),
        ("/proxies/trust", json!("nobdy"), "did you mean `nobody`?"),
        ("/proxies/header", json!("a b"), "the name of a header"),
        ("/proxies/hops", json!(9), "between 1 and 8"),
        (
            "/proxies/translated",
            json!("64:ff9b::/64"),
            "prefix length of 96",
        ),
        ("/addresses/allow", json!([]), "would refuse every request"),
        ("/addresses/deny/0", json!("192.0.2.x"), "192.0.2.x"),
        ("/lock_out/budget", json!(0), "between 1 and 1000000"),
        ("/lock_out/refill", json!("3 per m"), "expected `N/U`"),
        ("/lock_out/first", json!("1w"), "a span such as"),
        ("/lock_out/most", json!("1s"), "between"),
        ("/lock_out/spare_known", json!(1), "`true` or `false`"),
        ("/lock_out/sources", json!(7), "1024"),
        (
            "/lock_out/weights/token_revoked",
            json!(31),
            "between 0 and 30",
        ),
        (
            "/lock_out/weights/token_revokd",
            json!(1),
            "did you mean `token_revoked`?",
        ),
        ("/limits/0/name", json!("A"), "expected 1 to 64 characters"),
        ("/limits/1/name", json!("a"), "two limits are named `a`"),
        ("/limits/0/rate", json!("0/m"), "between 1 and"),
        ("/limits/0/rate", json!("10 per sec"), "expected `N/U`"),
        ("/limits/0/burst", json!(0), "between 1 and"),
        ("/limits/0/cost", json!(51), "a cost between 1 and 50"),
        ("/limits/0/by", json!("calller"), "did you mean `caller`?"),
        (
            "/limits/0/on_outage",
            json!("refuse"),
            "is not a shared rate",
        ),
        ("/limits/0/shared", json!(true), "a store that nodes share"),
        ("/limits/1/concurrent", json!(0), "between 1 and 65536"),
        ("/limits/1/burst", json!(2), "expected no burst"),
        ("/limits/1/cost", json!(1), "is not a rate"),
        ("/limits/1/by", json!({"claim": 1}), "/limits/1/by/claim"),
        (
            "/limits/1/by",
            json!("source"),
            "counts by source and has the class",
        ),
        ("/plans/gold/0/name", json!("a"), "two limits are named `a`"),
        (
            "/plans/gold/0/class",
            json!("own"),
            "only plans limit the class `own`",
        ),
        (
            "/otherwise/0/by",
            json!("source"),
            "of a plan counts by source",
        ),
        ("/otherwise/0/name", json!("d"), "/plans/gold/0/name"),
        ("/quotas/0/amount", json!(0), "at least 1"),
        (
            "/quotas/0/window",
            json!("week"),
            "one of `day` and `month`",
        ),
        ("/quotas/0/zone", json!("Europe/Paris"), "an offset like"),
        (
            "/quotas/0/by",
            json!("source"),
            "one of `caller` and `credential`",
        ),
        ("/quotas/0/name", json!("c"), "two limits are named `c`"),
        ("/exceptions/0/limit", json!("zz"), "/exceptions/0"),
        (
            "/exceptions/0/limit",
            json!("b"),
            "only those have exceptions",
        ),
        ("/exceptions/0/rate", json!("x"), "/exceptions/0/rate"),
    ] {
        let errors = refused(&changed(pointer, Some(value.clone())));
        let (_, first) = errors.split_once('\n').unwrap();
        assert!(errors.starts_with("1 error"), "{pointer} {value}: {errors}");
        assert!(first.contains(expected), "{pointer} {value}: {errors}");
        assert!(first.contains(" (line 1, column "), "{errors}");
        if !expected.starts_with('/') && !expected.contains("exceptions") {
            assert!(first.starts_with(pointer), "{pointer} {value}: {errors}");
        }
    }
}

#[test]
fn values_of_another_type_are_reported_at_their_place() {
    for pointer in [
        "/version",
        "/proxies",
        "/proxies/trust",
        "/proxies/header",
        "/proxies/hops",
        "/proxies/translated",
        "/addresses",
        "/addresses/allow",
        "/addresses/allow/0",
        "/addresses/deny",
        "/lock_out",
        "/lock_out/budget",
        "/lock_out/refill",
        "/lock_out/weights",
        "/lock_out/weights/token_revoked",
        "/lock_out/first",
        "/lock_out/most",
        "/lock_out/forget",
        "/lock_out/spare_known",
        "/lock_out/sources",
        "/limits",
        "/limits/0",
        "/limits/0/name",
        "/limits/0/rate",
        "/limits/0/burst",
        "/limits/0/by",
        "/limits/0/cost",
        "/limits/0/shadow",
        "/limits/0/per_action",
        "/limits/0/shared",
        "/limits/0/on_outage",
        "/limits/1/concurrent",
        "/limits/1/class",
        "/plans",
        "/plans/gold",
        "/plans/gold/0",
        "/otherwise",
        "/otherwise/0",
        "/quotas",
        "/quotas/0",
        "/quotas/0/name",
        "/quotas/0/amount",
        "/quotas/0/window",
        "/quotas/0/zone",
        "/quotas/0/by",
        "/exceptions",
        "/exceptions/0",
        "/exceptions/0/limit",
        "/exceptions/0/authority",
        "/exceptions/0/subject",
        "/exceptions/0/rate",
    ] {
        for value in [json!(null), json!(1.5)] {
            let errors = refused(&changed(pointer, Some(value.clone())));
            assert!(
                errors.contains(&format!("\n{pointer} (line 1, ")),
                "{value}: {errors}"
            );
        }
    }
}

#[test]
fn required_members_are_missed_where_they_should_be() {
    for (pointer, place, name) in [
        ("/version", "configuration", "`version`"),
        ("/proxies/trust", "/proxies", "`trust`"),
        ("/limits/0/name", "/limits/0", "`name`"),
        ("/limits/2/rate", "/limits/2", "`rate` and `concurrent`"),
        (
            "/otherwise",
            "configuration",
            "callers without a known plan",
        ),
        ("/quotas/0/name", "/quotas/0", "`name`"),
        ("/quotas/0/amount", "/quotas/0", "`amount`"),
        ("/quotas/0/window", "/quotas/0", "`window`"),
        ("/exceptions/0/limit", "/exceptions/0", "`limit`"),
        ("/exceptions/0/authority", "/exceptions/0", "`authority`"),
        ("/exceptions/0/subject", "/exceptions/0", "`subject`"),
        ("/exceptions/0/rate", "/exceptions/0", "`rate`"),
    ] {
        let errors = refused(&changed(pointer, None));
        assert!(
            errors.contains(&format!("\n{place} (line ")),
            "{pointer}: {errors}"
        );
        assert!(errors.contains(name), "{pointer}: {errors}");
    }
}

#[test]
fn everything_else_may_be_absent() {
    for pointer in [
        "/proxies",
        "/proxies/header",
        "/proxies/hops",
        "/addresses",
        "/addresses/allow",
        "/addresses/deny",
        "/lock_out",
        "/lock_out/budget",
        "/lock_out/refill",
        "/lock_out/weights",
        "/lock_out/first",
        "/lock_out/most",
        "/lock_out/forget",
        "/lock_out/spare_known",
        "/lock_out/sources",
        "/limits/0/burst",
        "/limits/0/by",
        "/limits/0/cost",
        "/limits/0/shadow",
        "/plans",
        "/quotas",
        "/quotas/0/zone",
        "/quotas/0/by",
        "/exceptions",
    ] {
        load(&changed(pointer, None));
    }
}

#[test]
fn unknown_and_doubled_members_are_refused() {
    for place in [
        "",
        "/proxies",
        "/addresses",
        "/lock_out",
        "/limits/0",
        "/limits/1/by",
        "/plans/gold/0",
        "/otherwise/0",
        "/quotas/0",
        "/exceptions/0",
    ] {
        let pointer = format!("{place}/zzzzzz");
        let errors = refused(&changed(&pointer, Some(json!(1))));
        assert!(
            errors.contains(&format!("\n{pointer} (line ")),
            "{place}: {errors}"
        );
    }
    let near = refused(&changed("/limits/0/brust", Some(json!(1))));
    assert!(
        near.contains("/limits/0/brust") && near.contains("did you mean `burst`?"),
        "{near}"
    );
    let text = "{\"version\": 1,\n \"limits\": [{\"name\": \"a\",\n \"name\": \"b\"}]}";
    let errors = loader().from_json(text).unwrap_err().to_string();
    assert!(
        errors.contains("(line 3, column 2)") && errors.contains("`name` twice"),
        "{errors}"
    );
}

#[test]
fn a_limit_has_one_of_rate_and_concurrent() {
    let errors = refused(&changed("/limits/0/concurrent", Some(json!(1))));
    assert!(
        errors.contains("/limits/0 (line 1, ") && errors.contains("only one of"),
        "{errors}"
    );
    let twice = refused(&changed("/limits/0/rate", Some(json!("600/m burst 5"))));
    assert!(twice.contains("\n/limits/0/burst (line 1, "), "{twice}");
}

#[test]
fn quotas_need_a_store() {
    let file = json!({"version": 1, "quotas": [{"name": "a", "amount": 1, "window": "day"}]});
    load(&file);
    let errors = LimitsLoader::new().from_json(file.to_string()).unwrap_err();
    let error = errors.iter().next().unwrap();
    assert_eq!(
        (error.path(), error.kind()),
        ("/quotas/0", ConfigErrorKind::Empty)
    );
}

#[test]
fn all_errors_are_reported_at_once_and_lines_are_those_of_the_file() {
    let text = "{\n \"version\": 1,\n \"limits\": [\n  {\"name\": \"a\", \"rate\": \"x\"},\n  \
                {\"name\": \"b\", \"rat\": \"1/s\"}\n ]\n}";
    let errors = loader().from_json(text).unwrap_err();
    let text = errors.to_string();
    assert!(
        text.contains("/limits/0/rate (line 4, column 25): "),
        "{text}"
    );
    assert!(
        text.contains("/limits/1/rat (line 5, column 24): "),
        "{text}"
    );
    assert!(text.contains("/limits/1 (line 5, column 3): "), "{text}");
}

#[test]
fn a_file_that_does_not_exist_is_named() {
    let errors = loader().from_file("/nonexistent/limits.json").unwrap_err();
    let error = errors.iter().next().unwrap();
    assert_eq!(error.kind(), ConfigErrorKind::Unreadable);
    assert!(error.to_string().contains("/nonexistent/limits.json"));
}

#[test]
fn a_text_that_is_changed_anywhere_is_loaded_or_refused_with_a_place() {
    let text = whole().to_string();
    for at in 0..text.len() {
        for change in ["", "\"", "{", "0", "null", "\u{0}"] {
            let mut bytes = text.clone().into_bytes();
            bytes.splice(at..=at, change.bytes());
            let Err(errors) = loader().from_json(&bytes) else {
                continue;
            };
            for error in &errors {
                assert!(error.to_string().contains("(line 1, column "), "{error}");
            }
        }
    }
}
