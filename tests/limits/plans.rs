//! Classes, plans and events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearergate::Principal;
use bearergate::event::{Event, Observer};
use bearergate::limit::{Charges, Limit, Limits, LimitsBuilder};
use bearergate::principal::PrincipalKind;

use crate::common::{SECOND, alice, ask, at, by_source, pass, rate, small, v4};

fn limit(name: &str) -> Limit {
    Limit::rate(name, rate("10/m"))
}

fn names(charges: &Charges) -> Vec<&str> {
    charges
        .standings()
        .map(|standing| standing.limit())
        .collect()
}

fn builder() -> LimitsBuilder {
    small()
        .limit(limit("all"))
        .limit(limit("all-writes").class("writes"))
        .plan(
            "gold",
            [limit("gold"), limit("gold-writes").class("writes")],
        )
        .otherwise([limit("other"), limit("other-reads").class("reads")])
        .plan_claim("plan")
}

fn of_plan(claims: &str) -> Principal {
    let builder = Principal::builder(PrincipalKind::AccessToken, "idp").subject("alice");
    builder.claims(claims).unwrap().build()
}

#[test]
fn limits_of_the_class_and_of_the_plan_apply_together() {
    let limits = builder().build().unwrap();
    for (claims, class, expected) in [
        (r#"{"plan":"gold"}"#, None, &["all", "gold"][..]),
        (
            r#"{"plan":"gold"}"#,
            Some("writes"),
            &["all", "gold", "all-writes", "gold-writes"],
        ),
        (r#"{"plan":"gold"}"#, Some("reads"), &["all", "gold"]),
        ("{}", None, &["all", "other"]),
        ("{}", Some("reads"), &["all", "other", "other-reads"]),
        (
            r#"{"plan":"Gold"}"#,
            Some("writes"),
            &["all", "other", "all-writes"],
        ),
        (r#"{"plan":["gold"]}"#, None, &["all", "other"]),
        // A class that nobody has: who has a plan is limited by it.
        (r#"{"plan":"gold"}"#, Some("unknown"), &["all", "gold"]),
        ("{}", Some("unknown"), &["all", "other"]),
    ] {
        let principal = of_plan(claims);
        let wanted = at(SECOND).with_principal(&principal);
        let wanted = class.map_or(wanted, |class| wanted.with_class(class));
        assert_eq!(
            names(&ask(&limits, wanted).unwrap()),
            expected,
            "{claims} {class:?}"
        );
    }
}

#[test]
fn the_plan_that_is_given_comes_before_the_claim() {
    let limits = builder().build().unwrap();
    let principal = of_plan(r#"{"plan":"gold"}"#);
    let wanted = at(SECOND).with_principal(&principal).with_plan("silver");
    assert_eq!(names(&ask(&limits, wanted).unwrap()), ["all", "other"]);
    assert_eq!(limits.plan_of(&principal).as_deref(), Some("gold"));
    assert_eq!(limits.plan_of(&alice()), None);
}

#[cfg(feature = "api-key")]
#[test]
fn the_plan_of_an_api_key_is_its_limit_class() {
    use bearergate::api_key::{ApiKeyFormat, ApiKeyManager, ApiKeyScheme, NewApiKey, PepperSet};
    use bearergate::limit::By;
    use bearergate::secret::Secret;
    use bearergate::secret_source::SecretSource;
    use bearergate::stores::MemoryApiKeyStore;

    let pepper = || Ok::<_, std::io::Error>(Secret::new(vec![7; 32]));
    let pepper = SecretSource::from_fn("test pepper", pepper);
    let peppers = PepperSet::new(1, &pepper).unwrap();
    let format = ApiKeyFormat::new("acme").unwrap();
    let scheme = ApiKeyScheme::new("keys", format, peppers).unwrap();
    let store = Arc::new(MemoryApiKeyStore::new(10).unwrap());
    let manager = ApiKeyManager::builder(scheme, store).build().unwrap();
    let issue = |draft: NewApiKey| {
        let issued = crate::shared::run(manager.create(draft)).unwrap();
        issued.record.principal()
    };
    let draft = || NewApiKey::new("alice").expires_in(SECOND * 86_400);
    let gold = issue(draft().limit_class("gold"));
    let plain = issue(draft());
    let limits = builder().limit(Limit::rate("key", rate("10/m")).by(By::Credential));
    let limits = limits.build().unwrap();
    let left = |principal| {
        let charges = ask(&limits, at(SECOND).with_principal(principal)).unwrap();
        let standings = charges.standings();
        standings
            .map(|own| (own.limit().to_owned(), own.left()))
            .collect::<Vec<_>>()
    };
    assert_eq!(limits.plan_of(&gold).as_deref(), Some("gold"));
    pass(&limits, at(SECOND).with_principal(&gold)).unwrap();
    let expected = |key, plan: &str, plan_left| {
        [
            ("all".to_owned(), 8),
            ("key".to_owned(), key),
            (plan.to_owned(), plan_left),
        ]
    };
    assert_eq!(left(&gold), expected(8, "gold", 8));
    // The other key of the same subject has a bucket of its own by credential.
    assert_eq!(left(&plain), expected(9, "other", 9));
}

#[derive(Clone, Debug, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Observer for Seen {
    fn observe(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

#[test]
fn an_unknown_class_is_reported_at_most_once_a_second() {
    let seen = Seen::default();
    let limits = builder().observer(seen.clone()).build().unwrap();
    let principal = alice();
    for millis in [0, 10, 20, 999, 1_000] {
        let now = SECOND + Duration::from_millis(millis);
        let wanted = at(now).with_principal(&principal).with_class("bulk");
        drop(ask(&limits, wanted));
        drop(ask(&limits, wanted.with_class("writes")));
    }
    let expected =
        [1, 4].map(|count| format!(r#"UnknownLimitClass {{ class: "bulk", count: {count} }}"#));
    assert_eq!(*seen.0.lock().unwrap(), expected);
}

#[test]
fn a_full_table_is_reported_at_most_once_a_second() {
    let seen = Seen::default();
    let limits = Limits::builder()
        .tables(1_024, 1_024)
        .observer(seen.clone());
    let limits = limits.limit(by_source("10/h")).build().unwrap();
    for number in 0..1_400 {
        let _ = pass(&limits, at(SECOND).with_source(v4(number << 8)));
    }
    // Each of them finds its window full, unless the seeds of the table left a slot there.
    for number in 5_000..5_100 {
        let _ = pass(&limits, at(SECOND * 2).with_source(v4(number << 8)));
    }
    let seen = seen.0.lock().unwrap();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(
        seen[0],
        r#"LimiterSaturated { table: "sources", count: 1 }"#
    );
}
