//! What a file sets is in force.

use std::time::Duration;

use bearergate::address::{AddressRules, Origin, Proxies, Source};
use bearergate::clock::UnixTime;
use bearergate::configuration::LimitsLoader;
use bearergate::error::RejectionKind;
use bearergate::limit::{Ask, Limit, Limits, LockStanding, Rate};
use bearergate::request::RequestFacts;
use serde_json::json;

use crate::{load, with};

fn source(text: &str) -> Source {
    Source::of(text.parse().unwrap())
}

/// How many requests of one source pass at once.
fn passing(limits: &Limits, class: Option<&str>, most: u32) -> u32 {
    let ask = Ask::new(Duration::from_secs(100), UnixTime::from_secs(100));
    let mut ask = ask.with_source(source("192.0.2.7"));
    if let Some(class) = class {
        ask = ask.with_class(class);
    }
    let pass = |_: &u32| {
        limits
            .ask(&ask)
            .try_now()
            .unwrap()
            .is_ok_and(|mut charges| {
                charges.keep();
                true
            })
    };
    (0..most).take_while(pass).count().try_into().unwrap()
}

#[test]
fn rates_have_their_quota_and_their_burst() {
    for (rate, passes) in [
        (json!({"rate": "7/m"}), 7),
        (json!({"rate": "5/30s"}), 5),
        (json!({"rate": "600/m burst 4"}), 4),
        (json!({"rate": "600/m", "burst": 3}), 3),
        (json!({"rate": "8/m", "cost": 4}), 2),
    ] {
        let mut limit = json!({"name": "a", "by": "source"});
        let members = rate.as_object().unwrap().clone();
        limit.as_object_mut().unwrap().extend(members);
        let limits = load(&with(json!({"limits": [limit]})));
        let limits = limits.limits().unwrap().clone().build().unwrap();
        assert_eq!(passing(&limits, None, 20), passes, "{rate}");
    }
}

#[test]
fn a_shadow_limit_refuses_nothing() {
    let file = |shadow: bool| {
        let limit = json!({"name": "a", "by": "source", "rate": "1/m", "shadow": shadow});
        let file = load(&with(json!({"limits": [limit]})));
        file.limits().unwrap().clone().build().unwrap()
    };
    assert_eq!(passing(&file(true), None, 5), 5);
    assert_eq!(passing(&file(false), None, 5), 1);
}

#[test]
fn limits_replace_those_in_force_and_debts_stay() {
    let file = |rate: &str| {
        load(&with(
            json!({"limits": [{"name": "a", "by": "source", "rate": rate}]}),
        ))
    };
    let limits = file("4/m").limits().unwrap().clone().build().unwrap();
    assert_eq!(passing(&limits, None, 4), 4);
    limits.replace(file("6/m").limits().unwrap()).unwrap();
    assert!(passing(&limits, None, 6) < 6);
}

#[test]
fn what_the_file_does_not_have_stays_with_rust() {
    let base = Limits::builder().limit(
        Limit::rate("of-rust", Rate::per_minute(2).unwrap()).by(bearergate::limit::By::Source),
    );
    let loader = LimitsLoader::new().limits(base);
    let file = loader.from_json(r#"{"version": 1}"#).unwrap();
    let limits = file.limits().unwrap().clone().build().unwrap();
    assert_eq!(passing(&limits, None, 5), 2);
    // A name of the file may not be one of Rust.
    let text = r#"{"version": 1, "limits": [{"name": "of-rust", "rate": "1/s"}]}"#;
    let errors = loader.from_json(text).unwrap_err();
    assert_eq!(errors.iter().next().unwrap().path(), "/limits/0/name");
}

#[test]
fn an_empty_file_has_nothing() {
    let file = load(&with(json!({})));
    assert!(file.limits().is_none() && file.proxies().is_none());
    assert!(file.addresses().is_none() && file.lock_out().is_none());
    let loader = LimitsLoader::new().limits(Limits::builder().allow_empty());
    let empty = loader.from_json(r#"{"version": 1, "limits": []}"#).unwrap();
    let limits = empty.limits().unwrap().clone().build().unwrap();
    assert_eq!(passing(&limits, None, 9), 9);
}

#[test]
fn proxies_and_addresses_are_those_of_the_file() {
    let file = load(&with(json!({
        "proxies": {"trust": ["10.0.0.0/8"], "header": "forwarded"},
        "addresses": {"allow": ["192.0.2.0/24"], "deny": ["192.0.2.66"]},
    })));
    let located = |proxies: &Proxies, header: &'static str, value: &'static str| -> Origin {
        let mut request = http::Request::get("/").body(()).unwrap();
        request.headers_mut().insert(header, value.parse().unwrap());
        let facts = RequestFacts::from(&request).with_peer("10.0.0.1:1".parse().unwrap());
        proxies.locate(&facts)
    };
    let proxies = file.proxies().unwrap();
    let found = located(proxies, "forwarded", "for=192.0.2.7");
    assert_eq!(found.address(), Some("192.0.2.7".parse().unwrap()));
    assert_eq!(
        located(proxies, "x-forwarded-for", "192.0.2.7").address(),
        None
    );
    let rules: AddressRules = file.addresses().unwrap().clone().build().unwrap();
    let admits = |text: &str| rules.admits(Some(text.parse().unwrap()));
    assert!(admits("192.0.2.7") && !admits("192.0.2.66") && !admits("198.51.100.7"));
    let nobody = load(&with(json!({"proxies": {"trust": "nobody"}})));
    let found = located(nobody.proxies().unwrap(), "x-forwarded-for", "192.0.2.7");
    assert_eq!(found.address(), Some("10.0.0.1".parse().unwrap()));
}

#[test]
fn the_lock_out_is_that_of_the_file() {
    let file = load(&with(json!({
        "lock_out": {"budget": 2, "refill": "1/h", "weights": {"token_revoked": 2}, "first": "7s"}
    })));
    let lock_out = file.lock_out().unwrap().clone().build().unwrap();
    let (at, client) = (Duration::from_secs(10), source("192.0.2.7"));
    lock_out.blame(client, RejectionKind::TokenRevoked, at);
    let LockStanding::Locked { ends_in } = lock_out.standing(client, at) else {
        panic!("not locked");
    };
    assert_eq!(ends_in, Duration::from_secs(7));
    let other = source("192.0.2.8");
    assert!(matches!(lock_out.standing(other, at), LockStanding::Free));
}

#[test]
fn sections_that_stay_until_a_restart_are_named() {
    let first = load(&with(json!({"proxies": {"trust": "nobody"}, "limits": []})));
    let same = load(&with(json!({"proxies": {"trust": "nobody"}})));
    assert_eq!(same.needs_restart(&first), None);
    let other = load(&with(json!({"proxies": {"trust": ["10.0.0.0/8"]}})));
    assert_eq!(other.needs_restart(&first), Some("proxies"));
    let locking = load(&with(
        json!({"proxies": {"trust": "nobody"}, "lock_out": {}}),
    ));
    assert_eq!(locking.needs_restart(&first), Some("lock_out"));
}
