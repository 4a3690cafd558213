//! Policies: rules that permit and forbid, their obligations, and what does not build.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod policy_helpers;

use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::error::ConfigErrorKind;
use bearergate::policy::{
    AccessRequest, Attribute, AuditLevel, Combining, Condition, Decision, Obligations, ReasonCode,
    RouteTable, Rule, Truth, acr_at_least, action, address_in, attribute, client, max_auth_age,
    max_token_age, owner, param, role, sender_constrained, time_between, weekdays,
};
use bearergate::principal::{Authority, PrincipalKind};
use bearergate::{ConfigError, Policy, Principal, RejectionKind, claim, limits, require_scope};
use policy_helpers::{NOW, TRUTHS, caller, fixed, scoped};

fn truth(condition: &Condition, claims: &str) -> Truth {
    condition.evaluate(&AccessRequest::new(&caller(claims), NOW))
}

fn permit(truth: Truth) -> Rule {
    Rule::permit("permit", fixed(truth))
}

fn forbid(truth: Truth) -> Rule {
    Rule::forbid("forbid", fixed(truth))
}

fn combined<const N: usize>(combining: Combining, rules: [Rule; N]) -> Decision {
    let builder = Policy::builder().combining(combining);
    let builder = rules
        .into_iter()
        .fold(builder, |builder, rule| builder.rule(rule));
    let nobody = caller("{}");
    builder
        .build()
        .unwrap()
        .decide(&AccessRequest::new(&nobody, NOW))
}

fn of<const N: usize>(rules: [Rule; N]) -> Result<Policy, ConfigError> {
    let rules = rules.into_iter();
    rules
        .fold(Policy::builder(), |builder, rule| builder.rule(rule))
        .build()
}

#[test]
fn a_true_or_unknown_forbid_overrides_every_permit() {
    for forbids in TRUTHS {
        for permits in TRUTHS {
            for rules in [
                [forbid(forbids), permit(permits)],
                [permit(permits), forbid(forbids)],
            ] {
                let decision = combined(Combining::DenyOverrides, rules);
                let expected = forbids == Truth::False && permits == Truth::True;
                assert_eq!(decision.is_allowed(), expected, "{forbids:?} {permits:?}");
            }
        }
    }
}

#[test]
fn the_first_applicable_rule_decides_and_an_unknown_one_denies() {
    let decide = |rules: [Rule; 2]| combined(Combining::FirstApplicable, rules);
    for later in TRUTHS {
        assert!(decide([permit(Truth::True), forbid(later)]).is_allowed());
        assert!(!decide([permit(Truth::Unknown), forbid(later)]).is_allowed());
        assert!(!decide([forbid(Truth::True), permit(later)]).is_allowed());
        assert!(!decide([forbid(Truth::Unknown), permit(later)]).is_allowed());
        let last = decide([forbid(Truth::False), permit(later)]);
        assert_eq!(last.is_allowed(), later == Truth::True);
    }
    let unknown = decide([
        Rule::permit("unsure", fixed(Truth::Unknown)),
        permit(Truth::True),
    ]);
    assert_eq!(unknown.to_string(), "denied: unknown (unsure)");
}

#[test]
fn the_rule_that_decided_is_named() {
    let forbidden = combined(
        Combining::DenyOverrides,
        [permit(Truth::True), forbid(Truth::True)],
    );
    assert_eq!(forbidden.to_string(), "denied: forbidden (forbid)");
    let unknown = combined(
        Combining::DenyOverrides,
        [permit(Truth::True), forbid(Truth::Unknown)],
    );
    assert_eq!(unknown.to_string(), "denied: unknown (forbid)");
    let allowed = combined(Combining::DenyOverrides, [permit(Truth::True)]);
    assert_eq!(allowed.to_string(), "allowed: met (permit)");
    let denied = combined(Combining::DenyOverrides, [permit(Truth::False)]);
    assert_eq!(denied.to_string(), "denied: not_met (False)");
}

#[test]
fn a_request_without_an_applicable_rule_is_denied_as_unmatched() {
    let policy = of([
        Rule::permit("read", action("read") & require_scope("r")),
        Rule::permit("write", action("write") & require_scope("w")),
    ])
    .unwrap();
    let nobody = scoped(&[]);
    let request = AccessRequest::new(&nobody, NOW);
    let denied = policy.decide(&request.with_action("delete"));
    assert_eq!(denied.to_string(), "denied: unmatched (no rule)");
    assert_eq!(denied.kind(), Some(RejectionKind::AccessDenied));
    let denied = policy.decide(&request.with_action("write"));
    assert_eq!(denied.missing_scopes().collect::<Vec<_>>(), ["w"]);
    assert!(!policy.decide(&request).is_allowed());
}

#[test]
fn a_forbid_reports_a_missing_scope_only_if_it_suffices() {
    let shop = Rule::permit("shop", fixed(Truth::True));
    let policy = of([
        shop.clone(),
        Rule::forbid("no writer", action("write") & !require_scope("w")),
    ])
    .unwrap();
    let decide = |policy: &Policy, caller: Principal| {
        policy.decide(&AccessRequest::new(&caller, NOW).with_action("write"))
    };
    let denied = decide(&policy, scoped(&["r"]));
    assert_eq!(denied.kind(), Some(RejectionKind::ScopeInsufficient));
    assert_eq!(denied.missing_scopes().collect::<Vec<_>>(), ["w"]);
    let denied = decide(&policy, caller("{}"));
    assert_eq!(denied.kind(), Some(RejectionKind::ScopeInsufficient));
    assert!(decide(&policy, scoped(&["w"])).is_allowed());

    let suspended = Rule::forbid("suspended", claim("suspended").absent_or_is(false).not());
    let policy = of([shop, suspended]).unwrap();
    let denied = decide(&policy, caller(r#"{"suspended":true}"#));
    assert_eq!(denied.kind(), Some(RejectionKind::AccessDenied));
    assert_eq!(
        denied.reasons().first().unwrap().code(),
        ReasonCode::Forbidden
    );
    assert!(decide(&policy, caller("{}")).is_allowed());
    let doubtful = decide(&policy, caller(r#"{"suspended":"no"}"#));
    assert_eq!(doubtful.to_string(), "denied: unknown (suspended)");
}

#[test]
fn a_decision_has_the_obligations_of_its_rule() {
    let cache = http::header::CACHE_CONTROL;
    let obligations = Obligations::new()
        .with_rate_class("bulk")
        .with_audit(AuditLevel::Full)
        .with_header(cache.clone(), http::HeaderValue::from_static("no-store"));
    let policy = of([
        Rule::forbid("banned", role("banned"))
            .with_obligations(Obligations::new().with_audit(AuditLevel::Full)),
        Rule::permit("bulk", action("export") & role("clerk"))
            .with_obligations(obligations.clone()),
        Rule::permit("read", role("clerk")),
    ])
    .unwrap();
    let decide = |claims: &str, verb: &str| {
        let caller = caller(claims);
        policy.decide(&AccessRequest::new(&caller, NOW).with_action(verb))
    };
    let clerk = r#"{"roles":["clerk"]}"#;
    assert_eq!(decide(clerk, "export").obligations(), Some(&obligations));
    assert_eq!(decide(clerk, "read").obligations(), None);
    let banned = decide(r#"{"roles":["clerk","banned"]}"#, "read");
    let banned_obligations = banned.obligations().unwrap();
    assert_eq!(banned_obligations.audit(), Some(AuditLevel::Full));
    assert_eq!(banned_obligations.rate_class(), None);
    assert!(!banned.is_allowed() && !banned_obligations.is_empty());
    assert_eq!(obligations.headers().get(cache).unwrap(), "no-store");
}

#[test]
fn a_weak_or_old_authentication_requires_a_step_up() {
    let levels = ["bronze", "silver", "gold"];
    let strong = acr_at_least("silver", levels).unwrap();
    let fresh = max_auth_age(Duration::from_secs(300));
    let policy = of([Rule::permit("pay", role("clerk") & strong & fresh)]).unwrap();
    let decide = |claims: &str| policy.decide(&AccessRequest::new(&caller(claims), NOW));

    let weak = decide(r#"{"roles":["clerk"],"acr":"bronze","auth_time":1699999900}"#);
    assert_eq!(weak.kind(), Some(RejectionKind::StepUpRequired));
    assert_eq!(weak.acr_values(), Some("silver gold"));
    assert_eq!(weak.max_age(), None);
    let old = decide(r#"{"roles":["clerk"],"acr":"gold","auth_time":1699999699}"#);
    assert_eq!(old.kind(), Some(RejectionKind::StepUpRequired));
    assert_eq!(old.acr_values(), None);
    assert_eq!(old.max_age(), Some(Duration::from_secs(300)));
    let untold = decide(r#"{"roles":["clerk"]}"#);
    assert_eq!(untold.kind(), Some(RejectionKind::StepUpRequired));
    assert_eq!(untold.acr_values(), Some("silver gold"));
    let other = decide(r#"{"roles":["guest"],"acr":"bronze"}"#);
    assert_eq!(other.kind(), Some(RejectionKind::AccessDenied));
    assert!(decide(r#"{"roles":["clerk"],"acr":"gold","auth_time":1699999700}"#).is_allowed());
}

// Defect L01 (empty condition allows): docs/defects.md
#[test]
fn empty_lists_do_not_build() {
    let empty = |result: Result<_, ConfigError>| {
        assert_eq!(
            result.map(|_: Condition| ()).unwrap_err().kind(),
            ConfigErrorKind::Empty
        );
    };
    empty(Condition::all([]));
    empty(Condition::any([]));
    empty(claim("a").one_of([""; 0]));
    empty(address_in([""; 0]));
    empty(weekdays([""; 0], "Z"));
    for rules in [vec![], vec![forbid(Truth::False)]] {
        let builder = rules
            .into_iter()
            .fold(Policy::builder(), |b, rule| b.rule(rule));
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Empty);
        assert_eq!(error.field(), "rule");
    }
    assert!(of([permit(Truth::True)]).is_ok());
}

// Defect L01 (empty condition allows): docs/defects.md
#[test]
fn an_empty_prefix_is_unknown() {
    let prefix = claim("tenant").starts_with("");
    for policy in [prefix.clone(), prefix.not()] {
        assert_eq!(truth(&policy, r#"{"tenant":"acme"}"#), Truth::Unknown);
    }
    let prefix = claim("tenant").starts_with("ac");
    assert_eq!(truth(&prefix, r#"{"tenant":"acme"}"#), Truth::True);
    assert_eq!(truth(&prefix, r#"{"tenant":"\u0061cme"}"#), Truth::True);
    assert_eq!(truth(&prefix, r#"{"tenant":"a"}"#), Truth::False);
    assert_eq!(truth(&prefix, r#"{"tenant":["acme"]}"#), Truth::Unknown);
}

#[test]
fn rules_with_one_name_or_without_a_name_do_not_build() {
    let rule = |name: &str| Rule::permit(name, fixed(Truth::True));
    let kind = |rules: [Rule; 2]| of(rules).unwrap_err().kind();
    assert_eq!(kind([rule("a"), rule("a")]), ConfigErrorKind::Conflict);
    assert_eq!(kind([rule("a"), rule("")]), ConfigErrorKind::Empty);
    assert!(of([rule("a"), rule("b")]).is_ok());
}

// Defects L02 (negation of a missing claim allows), L03 (scope compared by a part of it):
// docs/defects.md
#[test]
fn a_role_is_one_exact_element_of_a_list() {
    let clerk = role("clerk");
    assert_eq!(truth(&clerk, r#"{"roles":["boss","clerk"]}"#), Truth::True);
    for (claims, expected) in [
        (r#"{"roles":["clerks"]}"#, Truth::False),
        (r#"{"roles":[]}"#, Truth::False),
        (r#"{"roles":["boss",7]}"#, Truth::Unknown),
        (r#"{"roles":"clerk"}"#, Truth::Unknown),
        (r#"{"roles":{"clerk":true}}"#, Truth::Unknown),
        (r#"{"roles":null}"#, Truth::Unknown),
        ("{}", Truth::Unknown),
    ] {
        assert_eq!(truth(&clerk, claims), expected, "{claims}");
        assert_eq!(
            truth(&clerk.clone().not(), claims),
            expected.not(),
            "{claims}"
        );
    }
    let nested = claim("realm").at("roles").contains("clerk");
    assert_eq!(
        truth(&nested, r#"{"realm":{"roles":["clerk"]}}"#),
        Truth::True
    );
    for claims in ["{}", r#"{"realm":{}}"#, r#"{"realm":["roles"]}"#] {
        assert_eq!(
            truth(&nested.clone().not(), claims),
            Truth::Unknown,
            "{claims}"
        );
    }
}

// Defect L02 (negation of a missing claim allows): docs/defects.md
#[test]
fn absence_is_true_only_if_required_by_name() {
    let present = claim("mark").present();
    assert_eq!(truth(&present, r#"{"mark":null}"#), Truth::True);
    assert_eq!(truth(&present, "{}"), Truth::Unknown);
    assert_eq!(truth(&present.not(), "{}"), Truth::Unknown);
    let inner = claim("a").at("b").absent();
    assert_eq!(truth(&inner, "{}"), Truth::True);
    assert_eq!(truth(&inner, r#"{"a":{}}"#), Truth::True);
    assert_eq!(truth(&inner, r#"{"a":{"b":null}}"#), Truth::False);
    assert_eq!(truth(&inner, r#"{"a":"b"}"#), Truth::Unknown);
}

// Defect L02 (negation of a missing claim allows): docs/defects.md
#[test]
fn an_absent_confirmation_or_age_is_unknown() {
    for condition in [
        sender_constrained(),
        max_token_age(Duration::MAX),
        max_auth_age(Duration::MAX),
        client("shop"),
    ] {
        assert_eq!(truth(&condition, "{}"), Truth::Unknown, "{condition:?}");
        assert_eq!(truth(&condition.not(), "{}"), Truth::Unknown);
    }
}

// Defect L03 (scope compared by a part of it): docs/defects.md
#[test]
fn a_scope_name_with_a_space_denies_among_many_rules() {
    let policy = |names: &[&str]| {
        let rule = |name: &&str| Rule::permit(format!("rule {name}"), require_scope(*name));
        let rules = names.iter().map(rule);
        rules
            .fold(Policy::builder(), |b, rule| b.rule(rule))
            .build()
    };
    let names = ["a", "b", "c", "d", "e"];
    let good = policy(&names).unwrap();
    let decide = |scopes: &[&str]| {
        let caller = scoped(scopes);
        good.decide(&AccessRequest::new(&caller, NOW)).is_allowed()
    };
    assert!(!decide(&["read", "write", "", " "]));
    assert!(!decide(&["x", "ab"]));
    assert!(decide(&["x", "b"]));
    for (name, kind) in [
        ("", ConfigErrorKind::Empty),
        (" ", ConfigErrorKind::ValueMalformed),
        ("a b", ConfigErrorKind::ValueMalformed),
        ("a\tb", ConfigErrorKind::ValueMalformed),
        ("a\u{a0}b", ConfigErrorKind::ValueMalformed),
    ] {
        let refused = policy(&[&names[..], &[name]].concat()).unwrap_err();
        assert_eq!(
            (refused.kind(), refused.field()),
            (kind, "rule"),
            "{name:?}"
        );
        assert!(refused.to_string().contains("`require_scope`"), "{refused}");
        // Whatever is not built with it, denies.
        for condition in [require_scope(name), !require_scope(name)] {
            let caller = scoped(&["", " ", "a", "a b", "a\tb"]);
            let request = AccessRequest::new(&caller, NOW);
            assert_eq!(condition.evaluate(&request), Truth::Unknown, "{name:?}");
            assert!(!condition.decide(&request).is_allowed(), "{name:?}");
        }
        let joined = || [require_scope("a"), require_scope(name)];
        assert_eq!(Condition::all(joined()).unwrap_err().kind(), kind);
        assert_eq!(Condition::any(joined()).unwrap_err().kind(), kind);
        let table = RouteTable::by_path().any_method("/a", !require_scope(name));
        assert_eq!(table.build().map(|_| ()).unwrap_err().kind(), kind);
    }
}

// Defect L04 (names folded by case or Unicode): docs/defects.md
#[test]
fn strings_are_compared_byte_for_byte() {
    let admin = require_scope("admin");
    let cafe = claim("role").is("caf\u{e9}");
    assert!(
        admin
            .decide(&AccessRequest::new(&scoped(&["admin"]), NOW))
            .is_allowed()
    );
    for other in [
        "Admin",
        "\u{ff41}dmin",
        "adm\u{130}n",
        "admin\u{200d}",
        "adm\u{131}n",
    ] {
        let caller = scoped(&[other]);
        let request = AccessRequest::new(&caller, NOW);
        assert_eq!(admin.evaluate(&request), Truth::False, "{other}");
        let verb = action("admin").evaluate(&request.with_action(other));
        assert_eq!(verb, Truth::False, "{other}");
        let user = param("user")
            .is("admin")
            .evaluate(&request.with_params(&[("user", other)]));
        assert_eq!(user, Truth::False, "{other}");
    }
    assert_eq!(truth(&cafe, "{\"role\":\"caf\u{e9}\"}"), Truth::True);
    assert_eq!(truth(&cafe, r#"{"role":"caf\u00e9"}"#), Truth::True);
    assert_eq!(truth(&cafe, "{\"role\":\"cafe\u{301}\"}"), Truth::False);
    assert_eq!(truth(&cafe, "{\"role\":\"CAF\u{c9}\"}"), Truth::False);
}

// Defect L05 (unanchored or exponential pattern): docs/defects.md
#[test]
fn a_pattern_matches_as_a_whole() {
    let matches = |pattern: &str, text: &str| {
        let condition = claim("tenant").matches(pattern).unwrap();
        truth(&condition, &format!(r#"{{"tenant":"{text}"}}"#))
    };
    assert_eq!(matches("api", "api"), Truth::True);
    for text in ["xapi", "apix", "api\\n", "\\napi", "x\\napi\\ny"] {
        assert_eq!(matches("api", text), Truth::False, "{text}");
        assert_eq!(matches("^api", text), Truth::False, "{text}");
        assert_eq!(matches("(?m)^api$", text), Truth::False, "{text}");
        assert_eq!(matches("api|x", text), Truth::False, "{text}");
    }
    assert_eq!(matches("a|ab", "ab"), Truth::True);
    assert_eq!(matches("[a-z]{2,4}-[0-9]+", "ab-7"), Truth::True);
    assert_eq!(
        truth(&claim("n").matches("7").unwrap(), r#"{"n":7}"#),
        Truth::Unknown
    );
    for broken in [
        "a)|(?:b",
        "(",
        "(?=a)",
        r"(a)\1",
        "a{1,999}{1,999}",
        "",
        &"a".repeat(257),
    ] {
        assert!(claim("tenant").matches(broken).is_err(), "{broken}");
    }
}

// Defect L05 (unanchored or exponential pattern): docs/defects.md
#[test]
fn a_pattern_takes_linear_time() {
    let bomb = claim("tenant").matches("(a+)+$").unwrap();
    // A pattern is matched with texts of at most 512 bytes.
    let text = "a".repeat(512 - 1);
    assert_eq!(
        truth(&bomb, &format!(r#"{{"tenant":"{text}!"}}"#)),
        Truth::False
    );
    assert_eq!(
        truth(&bomb, &format!(r#"{{"tenant":"{text}a"}}"#)),
        Truth::True
    );
    assert_eq!(
        truth(&bomb, &format!(r#"{{"tenant":"{text}aa"}}"#)),
        Truth::Unknown
    );
}

// Defect L07 (oversize policy): docs/defects.md
#[test]
fn a_policy_that_is_too_large_does_not_build() {
    let many = |count: usize| {
        let rules = (0..count).map(|at| Rule::permit(format!("{at}"), fixed(Truth::False)));
        rules
            .fold(Policy::builder(), |builder, rule| builder.rule(rule))
            .build()
    };
    assert!(many(limits::POLICY_RULES).is_ok());
    let error = many(limits::POLICY_RULES + 1).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
    assert_eq!(
        error.to_string(),
        "`rule`: expected at most 1024 rules, found 1025; split the policy"
    );

    let wide = |steps: usize| {
        let values = (0..steps).map(|n| i64::try_from(n).unwrap());
        of([Rule::permit("wide", claim("n").one_of(values).unwrap())])
    };
    assert!(wide(limits::POLICY_STEPS).is_ok());
    let error = wide(limits::POLICY_STEPS + 1).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);

    let scopes = |count: usize| {
        let scopes = (0..count).map(|at| require_scope(format!("s{at}")));
        of([Rule::permit("any", scopes.reduce(Condition::or).unwrap())])
    };
    assert!(scopes(limits::POLICY_SCOPES).is_ok());
    let error = scopes(limits::POLICY_SCOPES + 1).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);

    let claims = |count: usize| {
        let own = |at: usize| claim(format!("c{at}")).is(1) | claim(format!("c{at}")).is(2);
        let any = (0..count).map(own).reduce(Condition::or).unwrap();
        of([Rule::permit("any", any)])
    };
    assert!(claims(limits::POLICY_CLAIMS).is_ok());
    let error = claims(limits::POLICY_CLAIMS + 1).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
}

/// Conditions that are exactly at a limit, and one over it, of which the last part holds.
fn at_limits(over: usize) -> [(&'static str, Vec<Condition>); 3] {
    let last = || claim("tenant").is("acme");
    let scopes = (0..limits::POLICY_SCOPES + over).map(|at| require_scope(format!("s{at}")));
    let claims = (0..limits::POLICY_CLAIMS + over).flat_map(|at| {
        let own = move || claim(format!("c{at}"));
        [own().is(1), own().is(2)]
    });
    let values = (1..limits::POLICY_STEPS + over).map(|n| i64::try_from(n).unwrap());
    let wide = claim("n").one_of(values).unwrap();
    [
        ("different scopes", scopes.chain([last()]).collect()),
        (
            "claims with several conditions",
            claims.chain([last()]).collect(),
        ),
        ("steps", vec![wide, last()]),
    ]
}

// Defect L07 (oversize policy): docs/defects.md
#[test]
fn a_condition_has_the_limits_of_a_policy() {
    let claims = r#"{"tenant":"acme"}"#;
    for (what, parts) in at_limits(0) {
        let any = Condition::any(parts.clone()).unwrap();
        assert_eq!(truth(&any, claims), Truth::True, "{what}");
        let chained = parts.into_iter().reduce(Condition::or).unwrap();
        assert_eq!(truth(&chained, claims), Truth::True, "{what}");
        let table = RouteTable::by_route().any_method("r", chained);
        assert!(table.build().is_ok(), "{what}");
    }
    for (what, parts) in at_limits(1) {
        for error in [
            Condition::any(parts.clone()).unwrap_err(),
            Condition::all(parts.clone()).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ConfigErrorKind::OutOfRange, "{what}");
            assert!(error.to_string().contains(what), "{error}");
        }
        let chained = parts.into_iter().reduce(Condition::or).unwrap();
        let table = RouteTable::by_route().any_method("r", chained.clone());
        let error = table.build().unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::OutOfRange, "{what}");
        assert_eq!(error.field(), "route");
        let caller = caller(claims);
        let request = AccessRequest::new(&caller, NOW);
        let denied = chained.decide(&request);
        let reason = denied.reasons().first().unwrap();
        assert_eq!(reason.code(), ReasonCode::Unknown, "{what}");
        assert!(reason.name().contains(what), "{denied}");
        for condition in [chained.clone(), !chained] {
            assert_eq!(condition.evaluate(&request), Truth::Unknown, "{what}");
        }
    }
}

#[test]
fn a_denial_for_a_contested_id_says_that_its_authority_is_not_named() {
    let alice = caller(r#"{"sub":"alice"}"#);
    let condition = claim("sub").is("alice") & claim("tenant").is("acme");
    let request = || AccessRequest::new(&alice, NOW);
    let names = |request: AccessRequest<'_>| {
        let denied = condition.decide(&request);
        let names = denied
            .reasons()
            .iter()
            .map(|reason| reason.name().to_owned());
        names.collect::<Vec<_>>()
    };
    let wanted = "of an authority that is not named";
    let plain = names(request());
    assert!(!plain.is_empty() && plain.iter().all(|name| !name.contains(wanted)));
    let contested = names(request().with_contested_ids());
    assert!(
        contested.iter().any(|name| name.ends_with(wanted)),
        "{contested:?}"
    );
}

#[test]
fn of_an_authority_is_false_for_callers_of_another() {
    let alice = caller(r#"{"sub":"alice","act":{"sub":"bot"},"tenant":"acme"}"#);
    let request = AccessRequest::new(&alice, NOW).with_contested_ids();
    let sub = || claim("sub").is("alice");
    let tenant = || claim("tenant").is("acme");
    let act = || claim("act").at("sub").is("bot");
    for (condition, bare) in [
        (sub(), Truth::Unknown),
        (!sub(), Truth::Unknown),
        (act(), Truth::Unknown),
        (sub() & tenant(), Truth::Unknown),
        (sub() | tenant(), Truth::True),
        (tenant(), Truth::True),
        (claim("sub").present(), Truth::True),
        (claim("jti").absent(), Truth::True),
        (claim("jti").absent_or_is("x"), Truth::True),
        (claim("sub").absent_or_is("alice"), Truth::Unknown),
        (claim("missing").is("x"), Truth::Unknown),
    ] {
        assert_eq!(condition.evaluate(&request), bare, "{condition:?}");
        let alone = condition.evaluate(&AccessRequest::new(&alice, NOW));
        let own = condition.clone().of("idp");
        assert_eq!(own.evaluate(&request), alone, "{own:?}");
        let other = condition.clone().of("partner");
        assert_eq!(other.evaluate(&request), Truth::False, "{other:?}");
        assert_eq!(other.not().evaluate(&request), Truth::True);
        // The first authority that is named stays.
        let twice = own.of("partner");
        assert_eq!(twice.evaluate(&request), Truth::False, "{twice:?}");
    }
}

#[test]
fn a_name_does_not_change_a_condition() {
    let part = claim("tenant").is("acme") | role("clerk");
    assert_eq!(part.name(), None);
    let named = part.clone().named("staff");
    assert_eq!(named.name(), Some("staff"));
    for claims in [
        "{}",
        r#"{"tenant":"acme"}"#,
        r#"{"tenant":"zeta","roles":[]}"#,
    ] {
        assert_eq!(truth(&named, claims), truth(&part, claims));
        let more = named.clone() & require_scope("a").not() | named.clone();
        assert_eq!(
            truth(&more, claims),
            truth(&(part.clone() | named.clone()), claims)
        );
    }
}

// Defect L07 (oversize policy): docs/defects.md
#[test]
fn a_deep_rule_does_not_overflow_the_stack() {
    let mut deep = fixed(Truth::True);
    for _ in 0..10_000 {
        deep = !(!deep).named("part") & fixed(Truth::True);
    }
    let policy = of([Rule::permit("deep", deep)]).unwrap();
    assert!(
        policy
            .decide(&AccessRequest::new(&caller("{}"), NOW))
            .is_allowed()
    );
}

// Defect L08 (missing claim widens access): docs/defects.md
#[test]
fn a_missing_claim_never_allows_more() {
    let forbids = of([
        Rule::permit("all", fixed(Truth::True)),
        Rule::forbid("third parties", client("shop").not()),
    ])
    .unwrap();
    let shop = Principal::builder(PrincipalKind::Other, "idp")
        .client("shop")
        .build();
    let till = Principal::builder(PrincipalKind::Other, "idp")
        .client("till")
        .build();
    assert!(forbids.decide(&AccessRequest::new(&shop, NOW)).is_allowed());
    assert!(!forbids.decide(&AccessRequest::new(&till, NOW)).is_allowed());
    assert!(
        !forbids
            .decide(&AccessRequest::new(&caller("{}"), NOW))
            .is_allowed()
    );
    let restricted = of([
        Rule::permit("all", fixed(Truth::True)),
        Rule::forbid("restricted", require_scope("restricted")),
    ])
    .unwrap();
    assert!(
        restricted
            .decide(&AccessRequest::new(&scoped(&[]), NOW))
            .is_allowed()
    );
    assert!(
        !restricted
            .decide(&AccessRequest::new(&scoped(&["restricted"]), NOW))
            .is_allowed()
    );
    assert!(
        !restricted
            .decide(&AccessRequest::new(&caller("{}"), NOW))
            .is_allowed()
    );
}

// Defect B13 (empty or foreign subject): docs/defects.md
#[test]
fn an_owner_is_a_pair_of_authority_and_subject() {
    let idp = Authority::from("idp");
    let guest = Authority::from("guest");
    let user = |authority: &str, subject: &str| {
        let builder = Principal::builder(PrincipalKind::Session, authority);
        builder.subject(subject).build()
    };
    let by_param = owner(param("user").of("idp"));
    let by_attribute = owner(attribute("owner"));
    let ownership = |caller: &Principal, of: &Authority, id: &str| {
        let attributes = [("owner", Attribute::Subject(of, id))];
        let request = AccessRequest::new(caller, NOW);
        let param = by_param.evaluate(&request.with_params(&[("user", id)]));
        (
            param,
            by_attribute.evaluate(&request.with_attributes(&attributes)),
        )
    };
    let alice = user("idp", "alice");
    assert_eq!(ownership(&alice, &idp, "alice"), (Truth::True, Truth::True));
    assert_eq!(ownership(&alice, &idp, "bob"), (Truth::False, Truth::False));
    assert_eq!(ownership(&alice, &guest, "alice").1, Truth::False);
    let other = user("guest", "alice");
    assert_eq!(
        ownership(&other, &idp, "alice"),
        (Truth::False, Truth::False)
    );
    assert_eq!(
        ownership(&user("idp", ""), &idp, ""),
        (Truth::Unknown, Truth::Unknown)
    );
    assert_eq!(
        ownership(&caller("{}"), &idp, ""),
        (Truth::Unknown, Truth::Unknown)
    );

    let request = AccessRequest::new(&alice, NOW);
    assert_eq!(by_param.evaluate(&request), Truth::Unknown);
    let twice = [("user", "alice"), ("user", "bob")];
    assert_eq!(
        by_param.evaluate(&request.with_params(&twice)),
        Truth::Unknown
    );
    let text = [("owner", Attribute::Text("alice"))];
    assert_eq!(
        by_attribute.evaluate(&request.with_attributes(&text)),
        Truth::Unknown
    );
}

// Defect B13 (empty or foreign subject): docs/defects.md
#[test]
fn a_client_that_acts_for_itself_owns_nothing() {
    let token = |client: Option<&str>| {
        let builder = Principal::builder(PrincipalKind::AccessToken, "idp").subject("alice");
        client
            .into_iter()
            .fold(builder, |builder, client| builder.client(client))
            .build()
    };
    let own = owner(param("user").of("idp"));
    let ownership = |caller: &Principal| {
        own.evaluate(&AccessRequest::new(caller, NOW).with_params(&[("user", "alice")]))
    };
    assert_eq!(ownership(&token(Some("shop"))), Truth::True);
    assert_eq!(ownership(&token(Some("alice"))), Truth::Unknown);
    assert_eq!(ownership(&token(None)), Truth::Unknown);
}

// Defect B14 (claim coerced to another type): docs/defects.md
#[test]
fn numbers_and_times_are_compared_without_coercion() {
    let adult = claim("age").at_least(18);
    assert_eq!(truth(&adult, r#"{"age":18}"#), Truth::True);
    assert_eq!(truth(&adult, r#"{"age":17}"#), Truth::False);
    let minor = claim("age").at_most(17);
    assert_eq!(truth(&minor, r#"{"age":17}"#), Truth::True);
    let ends = claim("ends").in_future();
    assert_eq!(truth(&ends, r#"{"ends":1700000001}"#), Truth::True);
    assert_eq!(truth(&ends, r#"{"ends":1700000000}"#), Truth::False);
    let over = claim("ends").in_past();
    assert_eq!(truth(&over, r#"{"ends":1700000000}"#), Truth::True);
    for value in [
        "\"18\"",
        "18.5",
        "1e3",
        "true",
        "[18]",
        "null",
        "99999999999999999999",
    ] {
        for (condition, name) in [(&adult, "age"), (&minor, "age")] {
            let claims = format!(r#"{{"{name}":{value}}}"#);
            assert_eq!(truth(condition, &claims), Truth::Unknown, "{claims}");
        }
    }
    for value in [
        "\"1700000001\"",
        "-1",
        "true",
        "[1]",
        "null",
        "253402300800",
    ] {
        let claims = format!(r#"{{"ends":{value}}}"#);
        assert_eq!(truth(&ends, &claims), Truth::Unknown, "{claims}");
        assert_eq!(truth(&over, &claims), Truth::Unknown, "{claims}");
    }
}

#[test]
fn a_mapped_address_is_an_ipv4_address() {
    let inside = |networks: &[&str], address: &str| {
        let caller = caller("{}");
        let request = AccessRequest::new(&caller, NOW).with_address(address.parse().unwrap());
        address_in(networks).unwrap().evaluate(&request)
    };
    for networks in [&["10.0.0.0/8"][..], &["::ffff:10.0.0.0/104"]] {
        for (address, expected) in [
            ("10.9.8.7", Truth::True),
            ("::ffff:10.9.8.7", Truth::True),
            ("11.0.0.1", Truth::False),
            ("::a09:807", Truth::False),
        ] {
            assert_eq!(inside(networks, address), expected, "{address}");
        }
    }
    assert_eq!(
        inside(&["2001:db8::/32", "192.0.2.7"], "192.0.2.7"),
        Truth::True
    );
    assert_eq!(inside(&["::/0"], "192.0.2.7"), Truth::False);
    let unsaid = address_in(["0.0.0.0/0"]).unwrap();
    assert_eq!(truth(&unsaid, "{}"), Truth::Unknown);
    assert_eq!(truth(&unsaid.not(), "{}"), Truth::Unknown);
    for broken in [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0",
        "::/64",
        "host",
        "",
        "::ffff:0:0/95",
    ] {
        let error = address_in([broken]).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::ValueMalformed, "{broken}");
    }
}

#[test]
fn hours_and_days_are_evaluated_in_their_zone() {
    let at = |condition: &Condition, secs: u64| {
        let caller = caller("{}");
        condition.evaluate(&AccessRequest::new(&caller, UnixTime::from_secs(secs)))
    };
    // 2023-11-14 was a Tuesday; this is its 08:00 UTC.
    let eight = 1_699_948_800;
    let day = time_between("08:00", "18:00", "Z").unwrap();
    assert_eq!(at(&day, eight - 1), Truth::False);
    assert_eq!(at(&day, eight), Truth::True);
    assert_eq!(at(&day, eight + 10 * 3_600 - 1), Truth::True);
    assert_eq!(at(&day, eight + 10 * 3_600), Truth::False);
    let east = time_between("08:00", "18:00", "+05:30").unwrap();
    assert_eq!(at(&east, eight - 19_800), Truth::True);
    assert_eq!(at(&east, eight - 19_801), Truth::False);
    let night = time_between("22:00", "06:00", "-01:00").unwrap();
    assert_eq!(at(&night, eight - 3_600), Truth::False);
    assert_eq!(at(&night, eight - 3_601), Truth::True);
    assert_eq!(at(&night, eight + 15 * 3_600), Truth::True);
    let tuesday = |zone| weekdays(["tue"], zone).unwrap();
    assert_eq!(at(&tuesday("Z"), eight - 8 * 3_600), Truth::True);
    assert_eq!(at(&tuesday("Z"), eight - 8 * 3_600 - 1), Truth::False);
    assert_eq!(at(&tuesday("+01:00"), eight - 9 * 3_600), Truth::True);
    assert_eq!(at(&tuesday("-14:00"), eight), Truth::False);
    assert_eq!(at(&tuesday("-14:00"), 0), Truth::False);
    assert_eq!(
        at(&tuesday("Z"), u64::MAX / 60),
        at(&tuesday("Z"), u64::MAX / 60)
    );
    for (from, to, zone) in [
        ("8:00", "18:00", "Z"),
        ("08:00", "24:00", "Z"),
        ("08:60", "18:00", "Z"),
        ("08:00", "18:00", "+14:01"),
        ("08:00", "18:00", "CET"),
        ("08:00", "18:00", ""),
        ("08:00", "08:00", "Z"),
        ("+8:00", "18:00", "Z"),
    ] {
        assert!(time_between(from, to, zone).is_err(), "{from} {to} {zone}");
    }
    assert!(weekdays(["Tuesday"], "Z").is_err());
}

#[test]
fn levels_of_authentication_are_ordered() {
    let levels = ["bronze", "silver", "gold"];
    let silver = acr_at_least("silver", levels).unwrap();
    for (acr, expected) in [
        ("\"gold\"", Truth::True),
        ("\"silver\"", Truth::True),
        ("\"bronze\"", Truth::False),
        ("\"platinum\"", Truth::Unknown),
        ("3", Truth::Unknown),
        ("[\"gold\"]", Truth::Unknown),
    ] {
        assert_eq!(
            truth(&silver, &format!(r#"{{"acr":{acr}}}"#)),
            expected,
            "{acr}"
        );
    }
    assert!(acr_at_least("gold", ["bronze", "gold", "gold"]).is_err());
    assert!(acr_at_least("gold", [""; 0]).is_err());
}

#[test]
fn an_authentication_in_the_future_is_unknown() {
    let fresh = max_auth_age(Duration::from_secs(60));
    let at = |time: u64| truth(&fresh, &format!(r#"{{"auth_time":{time}}}"#));
    assert_eq!(at(1_699_999_940), Truth::True);
    assert_eq!(at(1_699_999_939), Truth::False);
    assert_eq!(at(1_700_000_030), Truth::True);
    assert_eq!(at(1_700_000_031), Truth::Unknown);
}

#[test]
fn values_of_rules_and_requests_are_not_shown() {
    let policy = of([Rule::permit(
        "own",
        claim("tenant").is("s3cret") & param("user").is("s3cret") & attribute("a").is("s3cret"),
    )
    .with_obligations(Obligations::new().with_rate_class("bulk"))])
    .unwrap();
    let caller = caller(r#"{"tenant":"s3cret"}"#);
    let attributes = [("a", Attribute::Text("s3cret too"))];
    let request = AccessRequest::new(&caller, NOW)
        .with_params(&[("user", "s3cret too")])
        .with_attributes(&attributes);
    let decision = policy.decide(&request);
    let shown = format!("{policy:?} {request:?} {decision:?} {decision} {attributes:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("parameter user"), "{shown}");
}
