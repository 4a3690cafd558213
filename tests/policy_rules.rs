//! Policies: rules that permit and forbid, what they oblige to, and what does not build.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::time::Duration;

use bearergate::clock::UnixTime;
use bearergate::error::ConfigErrorKind;
use bearergate::policy::{
    AccessRequest, Attribute, AuditLevel, Combining, Condition, Decision, Obligations, ReasonCode,
    Rule, Verdict, acr_at_least, action, address_in, attribute, auth_age_at_most, client,
    condition_fn, owner, param, role, sender_constrained, time_between, token_age_at_most,
    weekdays,
};
use bearergate::principal::{Authority, PrincipalKind};
use bearergate::{ConfigError, Policy, Principal, RejectionKind, claim, limits, require_scope};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn caller(claims: &str) -> Principal {
    let builder = Principal::builder(PrincipalKind::Other, "house");
    builder.claims(claims).unwrap().build()
}

fn scoped(scopes: &[&str]) -> Principal {
    let builder = Principal::builder(PrincipalKind::Other, "house");
    builder.scopes(scopes).build()
}

fn verdict(condition: &Condition, claims: &str) -> Verdict {
    condition.evaluate(&AccessRequest::new(&caller(claims), NOW))
}

fn fixed(verdict: Verdict) -> Condition {
    condition_fn(format!("{verdict:?}"), move |_| verdict)
}

fn permit(verdict: Verdict) -> Rule {
    Rule::permit("permit", fixed(verdict))
}

fn forbid(verdict: Verdict) -> Rule {
    Rule::forbid("forbid", fixed(verdict))
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

const ALL: [Verdict; 3] = [Verdict::False, Verdict::True, Verdict::Unknown];

#[test]
fn a_forbid_that_holds_or_cannot_be_told_overrides_every_permit() {
    for forbids in ALL {
        for permits in ALL {
            for rules in [
                [forbid(forbids), permit(permits)],
                [permit(permits), forbid(forbids)],
            ] {
                let decision = combined(Combining::DenyOverrides, rules);
                let expected = forbids == Verdict::False && permits == Verdict::True;
                assert_eq!(decision.is_allowed(), expected, "{forbids:?} {permits:?}");
            }
        }
    }
}

#[test]
fn the_first_applicable_rule_decides_and_an_unknown_one_denies() {
    let decide = |rules: [Rule; 2]| combined(Combining::FirstApplicable, rules);
    for later in ALL {
        assert!(decide([permit(Verdict::True), forbid(later)]).is_allowed());
        assert!(!decide([permit(Verdict::Unknown), forbid(later)]).is_allowed());
        assert!(!decide([forbid(Verdict::True), permit(later)]).is_allowed());
        assert!(!decide([forbid(Verdict::Unknown), permit(later)]).is_allowed());
        let last = decide([forbid(Verdict::False), permit(later)]);
        assert_eq!(last.is_allowed(), later == Verdict::True);
    }
    let unknown = decide([
        Rule::permit("unsure", fixed(Verdict::Unknown)),
        permit(Verdict::True),
    ]);
    assert_eq!(unknown.to_string(), "denied: unknown (unsure)");
}

#[test]
fn the_rule_that_decided_is_named() {
    let forbidden = combined(
        Combining::DenyOverrides,
        [permit(Verdict::True), forbid(Verdict::True)],
    );
    assert_eq!(forbidden.to_string(), "denied: forbidden (forbid)");
    let unknown = combined(
        Combining::DenyOverrides,
        [permit(Verdict::True), forbid(Verdict::Unknown)],
    );
    assert_eq!(unknown.to_string(), "denied: unknown (forbid)");
    let allowed = combined(Combining::DenyOverrides, [permit(Verdict::True)]);
    assert_eq!(allowed.to_string(), "allowed: met (permit)");
    let denied = combined(Combining::DenyOverrides, [permit(Verdict::False)]);
    assert_eq!(denied.to_string(), "denied: not_met (False)");
}

#[test]
fn a_request_that_no_rule_speaks_of_is_denied_as_such() {
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
fn a_forbid_asks_for_a_scope_only_if_that_would_do() {
    let shop = Rule::permit("shop", fixed(Verdict::True));
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

    let suspended = Rule::forbid("suspended", claim("suspended").absent_or(false).not());
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
fn a_decision_carries_what_its_rule_obliges_to() {
    let cache = http::header::CACHE_CONTROL;
    let duties = Obligations::new()
        .with_rate_class("bulk")
        .with_audit(AuditLevel::Full)
        .with_header(cache.clone(), http::HeaderValue::from_static("no-store"));
    let policy = of([
        Rule::forbid("banned", role("banned"))
            .with_obligations(Obligations::new().with_audit(AuditLevel::Full)),
        Rule::permit("bulk", action("export") & role("clerk")).with_obligations(duties.clone()),
        Rule::permit("read", role("clerk")),
    ])
    .unwrap();
    let decide = |claims: &str, verb: &str| {
        let caller = caller(claims);
        policy.decide(&AccessRequest::new(&caller, NOW).with_action(verb))
    };
    let clerk = r#"{"roles":["clerk"]}"#;
    assert_eq!(decide(clerk, "export").obligations(), Some(&duties));
    assert_eq!(decide(clerk, "read").obligations(), None);
    let banned = decide(r#"{"roles":["clerk","banned"]}"#, "read");
    let obligations = banned.obligations().unwrap();
    assert_eq!(obligations.audit(), Some(AuditLevel::Full));
    assert_eq!(obligations.rate_class(), None);
    assert!(!banned.is_allowed() && !obligations.is_empty());
    assert_eq!(duties.headers().get(cache).unwrap(), "no-store");
}

#[test]
fn a_weak_or_old_authentication_asks_for_a_step_up() {
    let levels = ["bronze", "silver", "gold"];
    let strong = acr_at_least("silver", levels).unwrap();
    let fresh = auth_age_at_most(Duration::from_secs(300));
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

// L01
#[test]
fn nothing_at_all_cannot_be_built() {
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
    for rules in [vec![], vec![forbid(Verdict::False)]] {
        let builder = rules
            .into_iter()
            .fold(Policy::builder(), |b, rule| b.rule(rule));
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Empty);
        assert_eq!(error.field(), "rule");
    }
    assert!(of([permit(Verdict::True)]).is_ok());
}

// L01
#[test]
fn what_holds_for_every_text_tells_nothing() {
    let prefix = claim("tenant").starts_with("");
    for policy in [prefix.clone(), prefix.not()] {
        assert_eq!(verdict(&policy, r#"{"tenant":"acme"}"#), Verdict::Unknown);
    }
    let prefix = claim("tenant").starts_with("ac");
    assert_eq!(verdict(&prefix, r#"{"tenant":"acme"}"#), Verdict::True);
    assert_eq!(verdict(&prefix, r#"{"tenant":"\u0061cme"}"#), Verdict::True);
    assert_eq!(verdict(&prefix, r#"{"tenant":"a"}"#), Verdict::False);
    assert_eq!(verdict(&prefix, r#"{"tenant":["acme"]}"#), Verdict::Unknown);
}

#[test]
fn two_rules_of_one_name_or_without_one_do_not_build() {
    let rule = |name: &str| Rule::permit(name, fixed(Verdict::True));
    let kind = |rules: [Rule; 2]| of(rules).unwrap_err().kind();
    assert_eq!(kind([rule("a"), rule("a")]), ConfigErrorKind::Conflict);
    assert_eq!(kind([rule("a"), rule("")]), ConfigErrorKind::Empty);
    assert!(of([rule("a"), rule("b")]).is_ok());
}

// L02, L03
#[test]
fn a_role_is_one_exact_element_of_a_list() {
    let clerk = role("clerk");
    assert_eq!(
        verdict(&clerk, r#"{"roles":["boss","clerk"]}"#),
        Verdict::True
    );
    for (claims, expected) in [
        (r#"{"roles":["clerks"]}"#, Verdict::False),
        (r#"{"roles":[]}"#, Verdict::False),
        (r#"{"roles":["boss",7]}"#, Verdict::Unknown),
        (r#"{"roles":"clerk"}"#, Verdict::Unknown),
        (r#"{"roles":{"clerk":true}}"#, Verdict::Unknown),
        (r#"{"roles":null}"#, Verdict::Unknown),
        ("{}", Verdict::Unknown),
    ] {
        assert_eq!(verdict(&clerk, claims), expected, "{claims}");
        assert_eq!(
            verdict(&clerk.clone().not(), claims),
            expected.not(),
            "{claims}"
        );
    }
    let nested = claim("realm").at("roles").contains("clerk");
    assert_eq!(
        verdict(&nested, r#"{"realm":{"roles":["clerk"]}}"#),
        Verdict::True
    );
    for claims in ["{}", r#"{"realm":{}}"#, r#"{"realm":["roles"]}"#] {
        assert_eq!(
            verdict(&nested.clone().not(), claims),
            Verdict::Unknown,
            "{claims}"
        );
    }
}

// L02
#[test]
fn presence_is_told_and_absence_only_by_name() {
    let present = claim("mark").present();
    assert_eq!(verdict(&present, r#"{"mark":null}"#), Verdict::True);
    assert_eq!(verdict(&present, "{}"), Verdict::Unknown);
    assert_eq!(verdict(&present.not(), "{}"), Verdict::Unknown);
    let inner = claim("a").at("b").absent();
    assert_eq!(verdict(&inner, "{}"), Verdict::True);
    assert_eq!(verdict(&inner, r#"{"a":{}}"#), Verdict::True);
    assert_eq!(verdict(&inner, r#"{"a":{"b":null}}"#), Verdict::False);
    assert_eq!(verdict(&inner, r#"{"a":"b"}"#), Verdict::Unknown);
}

// L02
#[test]
fn an_absent_confirmation_or_age_is_unknown() {
    for condition in [
        sender_constrained(),
        token_age_at_most(Duration::MAX),
        auth_age_at_most(Duration::MAX),
        client("shop"),
    ] {
        assert_eq!(verdict(&condition, "{}"), Verdict::Unknown, "{condition:?}");
        assert_eq!(verdict(&condition.not(), "{}"), Verdict::Unknown);
    }
}

// L03
#[test]
fn a_scope_that_nobody_can_have_denies_among_many_rules_too() {
    let names = ["", " ", "read write", "a", "b", "c", "d"];
    let rule = |name: &&str| Rule::permit(format!("rule {name}"), require_scope(*name));
    let builder = names
        .iter()
        .map(rule)
        .fold(Policy::builder(), |b, rule| b.rule(rule));
    let policy = builder.build().unwrap();
    let decide = |scopes: &[&str]| {
        let caller = scoped(scopes);
        policy
            .decide(&AccessRequest::new(&caller, NOW))
            .is_allowed()
    };
    assert!(!decide(&["read", "write", "", " "]));
    assert!(!decide(&["x", "ab"]));
    assert!(decide(&["x", "b"]));
}

// L04
#[test]
fn texts_are_compared_byte_for_byte() {
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
        assert_eq!(admin.evaluate(&request), Verdict::False, "{other}");
        let verb = action("admin").evaluate(&request.with_action(other));
        assert_eq!(verb, Verdict::False, "{other}");
        let user = param("user")
            .is("admin")
            .evaluate(&request.with_params(&[("user", other)]));
        assert_eq!(user, Verdict::False, "{other}");
    }
    assert_eq!(verdict(&cafe, "{\"role\":\"caf\u{e9}\"}"), Verdict::True);
    assert_eq!(verdict(&cafe, r#"{"role":"caf\u00e9"}"#), Verdict::True);
    assert_eq!(verdict(&cafe, "{\"role\":\"cafe\u{301}\"}"), Verdict::False);
    assert_eq!(verdict(&cafe, "{\"role\":\"CAF\u{c9}\"}"), Verdict::False);
}

// L05
#[test]
fn a_pattern_matches_as_a_whole() {
    let matches = |pattern: &str, text: &str| {
        let condition = claim("tenant").matches(pattern).unwrap();
        verdict(&condition, &format!(r#"{{"tenant":"{text}"}}"#))
    };
    assert_eq!(matches("api", "api"), Verdict::True);
    for text in ["xapi", "apix", "api\\n", "\\napi", "x\\napi\\ny"] {
        assert_eq!(matches("api", text), Verdict::False, "{text}");
        assert_eq!(matches("^api", text), Verdict::False, "{text}");
        assert_eq!(matches("(?m)^api$", text), Verdict::False, "{text}");
        assert_eq!(matches("api|x", text), Verdict::False, "{text}");
    }
    assert_eq!(matches("a|ab", "ab"), Verdict::True);
    assert_eq!(matches("[a-z]{2,4}-[0-9]+", "ab-7"), Verdict::True);
    assert_eq!(
        verdict(&claim("n").matches("7").unwrap(), r#"{"n":7}"#),
        Verdict::Unknown
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

// L05
#[test]
fn a_pattern_takes_time_in_proportion_to_the_text() {
    let bomb = claim("tenant").matches("(a+)+$").unwrap();
    // A pattern is matched with texts of at most 512 bytes.
    let text = "a".repeat(512 - 1);
    assert_eq!(
        verdict(&bomb, &format!(r#"{{"tenant":"{text}!"}}"#)),
        Verdict::False
    );
    assert_eq!(
        verdict(&bomb, &format!(r#"{{"tenant":"{text}a"}}"#)),
        Verdict::True
    );
    assert_eq!(
        verdict(&bomb, &format!(r#"{{"tenant":"{text}aa"}}"#)),
        Verdict::Unknown
    );
}

// L07
#[test]
fn a_policy_that_is_too_large_does_not_build() {
    let many = |count: usize| {
        let rules = (0..count).map(|at| Rule::permit(format!("{at}"), fixed(Verdict::False)));
        rules
            .fold(Policy::builder(), |builder, rule| builder.rule(rule))
            .build()
    };
    assert!(many(limits::POLICY_RULES).is_ok());
    let error = many(limits::POLICY_RULES + 1).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
    assert_eq!(
        error.to_string(),
        "`rule`: a policy of 1025 rules was given; give at most 1024, or split it"
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
        of([Rule::permit("any", Condition::any(scopes).unwrap())])
    };
    assert!(scopes(limits::POLICY_SCOPES).is_ok());
    let error = scopes(limits::POLICY_SCOPES + 1).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);

    let claims = |count: usize| {
        let own = |at: usize| claim(format!("c{at}")).is(1) | claim(format!("c{at}")).is(2);
        of([Rule::permit(
            "any",
            Condition::any((0..count).map(own)).unwrap(),
        )])
    };
    assert!(claims(limits::POLICY_CLAIMS).is_ok());
    let error = claims(limits::POLICY_CLAIMS + 1).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::OutOfRange);
}

#[test]
fn a_named_part_says_what_it_said_before() {
    let part = claim("tenant").is("acme") | role("clerk");
    assert_eq!(part.name(), None);
    let named = part.clone().named("staff");
    assert_eq!(named.name(), Some("staff"));
    for claims in [
        "{}",
        r#"{"tenant":"acme"}"#,
        r#"{"tenant":"zeta","roles":[]}"#,
    ] {
        assert_eq!(verdict(&named, claims), verdict(&part, claims));
        let more = named.clone() & require_scope("a").not() | named.clone();
        assert_eq!(
            verdict(&more, claims),
            verdict(&(part.clone() | named.clone()), claims)
        );
    }
}

// L07
#[test]
fn depth_of_a_rule_costs_no_stack() {
    let mut deep = fixed(Verdict::True);
    for _ in 0..10_000 {
        deep = !(!deep).named("part") & fixed(Verdict::True);
    }
    let policy = of([Rule::permit("deep", deep)]).unwrap();
    assert!(
        policy
            .decide(&AccessRequest::new(&caller("{}"), NOW))
            .is_allowed()
    );
}

// L08
#[test]
fn a_missing_claim_never_widens() {
    let forbids = of([
        Rule::permit("all", fixed(Verdict::True)),
        Rule::forbid("third parties", client("shop").not()),
    ])
    .unwrap();
    let shop = Principal::builder(PrincipalKind::Other, "house")
        .client("shop")
        .build();
    let till = Principal::builder(PrincipalKind::Other, "house")
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
        Rule::permit("all", fixed(Verdict::True)),
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

// B13
#[test]
fn an_owner_is_a_pair_of_authority_and_subject() {
    let house = Authority::from("house");
    let guest = Authority::from("guest");
    let user = |authority: &str, subject: &str| {
        let builder = Principal::builder(PrincipalKind::Session, authority);
        builder.subject(subject).build()
    };
    let by_param = owner(param("user").of("house"));
    let by_attribute = owner(attribute("owner"));
    let ask = |caller: &Principal, of: &Authority, id: &str| {
        let attributes = [("owner", Attribute::Subject(of, id))];
        let request = AccessRequest::new(caller, NOW);
        let param = by_param.evaluate(&request.with_params(&[("user", id)]));
        (
            param,
            by_attribute.evaluate(&request.with_attributes(&attributes)),
        )
    };
    let alice = user("house", "alice");
    assert_eq!(ask(&alice, &house, "alice"), (Verdict::True, Verdict::True));
    assert_eq!(ask(&alice, &house, "bob"), (Verdict::False, Verdict::False));
    assert_eq!(ask(&alice, &guest, "alice").1, Verdict::False);
    let other = user("guest", "alice");
    assert_eq!(
        ask(&other, &house, "alice"),
        (Verdict::False, Verdict::False)
    );
    assert_eq!(
        ask(&user("house", ""), &house, ""),
        (Verdict::Unknown, Verdict::Unknown)
    );
    assert_eq!(
        ask(&caller("{}"), &house, ""),
        (Verdict::Unknown, Verdict::Unknown)
    );

    let request = AccessRequest::new(&alice, NOW);
    assert_eq!(by_param.evaluate(&request), Verdict::Unknown);
    let twice = [("user", "alice"), ("user", "bob")];
    assert_eq!(
        by_param.evaluate(&request.with_params(&twice)),
        Verdict::Unknown
    );
    let text = [("owner", Attribute::Text("alice"))];
    assert_eq!(
        by_attribute.evaluate(&request.with_attributes(&text)),
        Verdict::Unknown
    );
}

// B13
#[test]
fn a_client_that_acts_for_itself_owns_nothing() {
    let token = |client: Option<&str>| {
        let builder = Principal::builder(PrincipalKind::AccessToken, "house").subject("alice");
        client
            .into_iter()
            .fold(builder, |builder, client| builder.client(client))
            .build()
    };
    let own = owner(param("user").of("house"));
    let ask = |caller: &Principal| {
        own.evaluate(&AccessRequest::new(caller, NOW).with_params(&[("user", "alice")]))
    };
    assert_eq!(ask(&token(Some("shop"))), Verdict::True);
    assert_eq!(ask(&token(Some("alice"))), Verdict::Unknown);
    assert_eq!(ask(&token(None)), Verdict::Unknown);
}

// B14
#[test]
fn numbers_and_times_are_compared_without_coercion() {
    let adult = claim("age").at_least(18);
    assert_eq!(verdict(&adult, r#"{"age":18}"#), Verdict::True);
    assert_eq!(verdict(&adult, r#"{"age":17}"#), Verdict::False);
    let minor = claim("age").at_most(17);
    assert_eq!(verdict(&minor, r#"{"age":17}"#), Verdict::True);
    let ends = claim("ends").is_ahead();
    assert_eq!(verdict(&ends, r#"{"ends":1700000001}"#), Verdict::True);
    assert_eq!(verdict(&ends, r#"{"ends":1700000000}"#), Verdict::False);
    let over = claim("ends").is_over();
    assert_eq!(verdict(&over, r#"{"ends":1700000000}"#), Verdict::True);
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
            assert_eq!(verdict(condition, &claims), Verdict::Unknown, "{claims}");
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
        assert_eq!(verdict(&ends, &claims), Verdict::Unknown, "{claims}");
        assert_eq!(verdict(&over, &claims), Verdict::Unknown, "{claims}");
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
            ("10.9.8.7", Verdict::True),
            ("::ffff:10.9.8.7", Verdict::True),
            ("11.0.0.1", Verdict::False),
            ("::a09:807", Verdict::False),
        ] {
            assert_eq!(inside(networks, address), expected, "{address}");
        }
    }
    assert_eq!(
        inside(&["2001:db8::/32", "192.0.2.7"], "192.0.2.7"),
        Verdict::True
    );
    assert_eq!(inside(&["::/0"], "192.0.2.7"), Verdict::False);
    let unsaid = address_in(["0.0.0.0/0"]).unwrap();
    assert_eq!(verdict(&unsaid, "{}"), Verdict::Unknown);
    assert_eq!(verdict(&unsaid.not(), "{}"), Verdict::Unknown);
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
fn hours_and_days_are_those_of_their_zone() {
    let at = |condition: &Condition, secs: u64| {
        let caller = caller("{}");
        condition.evaluate(&AccessRequest::new(&caller, UnixTime::from_secs(secs)))
    };
    // 2023-11-14 was a Tuesday; this is its 08:00 UTC.
    let eight = 1_699_948_800;
    let day = time_between("08:00", "18:00", "Z").unwrap();
    assert_eq!(at(&day, eight - 1), Verdict::False);
    assert_eq!(at(&day, eight), Verdict::True);
    assert_eq!(at(&day, eight + 10 * 3_600 - 1), Verdict::True);
    assert_eq!(at(&day, eight + 10 * 3_600), Verdict::False);
    let east = time_between("08:00", "18:00", "+05:30").unwrap();
    assert_eq!(at(&east, eight - 19_800), Verdict::True);
    assert_eq!(at(&east, eight - 19_801), Verdict::False);
    let night = time_between("22:00", "06:00", "-01:00").unwrap();
    assert_eq!(at(&night, eight - 3_600), Verdict::False);
    assert_eq!(at(&night, eight - 3_601), Verdict::True);
    assert_eq!(at(&night, eight + 15 * 3_600), Verdict::True);
    let tuesday = |zone| weekdays(["tue"], zone).unwrap();
    assert_eq!(at(&tuesday("Z"), eight - 8 * 3_600), Verdict::True);
    assert_eq!(at(&tuesday("Z"), eight - 8 * 3_600 - 1), Verdict::False);
    assert_eq!(at(&tuesday("+01:00"), eight - 9 * 3_600), Verdict::True);
    assert_eq!(at(&tuesday("-14:00"), eight), Verdict::False);
    assert_eq!(at(&tuesday("-14:00"), 0), Verdict::False);
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
        ("\"gold\"", Verdict::True),
        ("\"silver\"", Verdict::True),
        ("\"bronze\"", Verdict::False),
        ("\"platinum\"", Verdict::Unknown),
        ("3", Verdict::Unknown),
        ("[\"gold\"]", Verdict::Unknown),
    ] {
        assert_eq!(
            verdict(&silver, &format!(r#"{{"acr":{acr}}}"#)),
            expected,
            "{acr}"
        );
    }
    assert!(acr_at_least("gold", ["bronze", "gold", "gold"]).is_err());
    assert!(acr_at_least("gold", [""; 0]).is_err());
}

#[test]
fn an_authentication_in_the_future_tells_nothing() {
    let fresh = auth_age_at_most(Duration::from_secs(60));
    let at = |time: u64| verdict(&fresh, &format!(r#"{{"auth_time":{time}}}"#));
    assert_eq!(at(1_699_999_940), Verdict::True);
    assert_eq!(at(1_699_999_939), Verdict::False);
    assert_eq!(at(1_700_000_030), Verdict::True);
    assert_eq!(at(1_700_000_031), Verdict::Unknown);
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
