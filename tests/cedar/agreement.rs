//! Cedar and the engine of this crate make the same decisions about what both can express.
//!
//! That is: scopes, roles, claims that equal a value, action and route, in rules that permit and
//! rules that forbid, where a forbid takes precedence. If facts are missing, the logics differ
//! inside a condition (this crate's goes on, Cedar's stops), so there a permit joins its tests by
//! `and`, a forbid by `or`. If all facts are known, tests are joined in any way.

use bearergate::clock::UnixTime;
use bearergate::integrations::cedar::CedarAuthorizer;
use bearergate::policy::{AccessRequest, Condition, Effect, Rule, action, role, route};
use bearergate::principal::PrincipalKind;
use bearergate::{Policy, Principal, claim, require_scope};
use serde_json::json;

use crate::random::Random;

/// Each with this many requests makes 10 000 cases.
const POLICIES: usize = 500;
const REQUESTS: usize = 20;

const SCOPES: [&str; 4] = ["read", "write", "readwrite", "Read"];
const ROLES: [&str; 3] = ["clerk", "boss", "b\u{f6}ss \"\\"];
const TENANTS: [&str; 3] = ["acme", "zeta", "\u{e4}\"\\\n"];
const ACTIONS: [&str; 3] = ["read", "write", "GET"];
const ROUTES: [&str; 3] = ["/orders", "/orders/{id}", "/"];

/// A test that both engines can express.
#[derive(Clone, Copy, Debug)]
enum Test {
    Action(&'static str),
    Flag(bool),
    Level(i64),
    Role(&'static str),
    Route(&'static str),
    Scope(&'static str),
    Tenant(&'static str),
}

#[derive(Debug)]
enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

impl Test {
    fn random(random: &mut Random) -> Self {
        match random.below(7) {
            0 => Self::Action(random.of(&ACTIONS)),
            1 => Self::Flag(random.of(&[true, false])),
            2 => Self::Level(random.of(&[-1, 5])),
            3 => Self::Role(random.of(&ROLES)),
            4 => Self::Route(random.of(&ROUTES)),
            5 => Self::Scope(random.of(&SCOPES)),
            _ => Self::Tenant(random.of(&TENANTS)),
        }
    }

    fn condition(self) -> Condition {
        match self {
            Self::Action(name) => action(name),
            Self::Flag(value) => claim("flag").is(value),
            Self::Level(value) => claim("level").is(value),
            Self::Role(name) => role(name),
            Self::Route(name) => route(name),
            Self::Scope(name) => require_scope(name),
            Self::Tenant(name) => claim("tenant").is(name),
        }
    }

    fn cedar(self) -> String {
        match self {
            Self::Action(name) => format!("action == Action::{}", quoted(name)),
            Self::Flag(value) => format!("principal.claims.flag == {value}"),
            Self::Level(value) => format!("principal.claims.level == {value}"),
            Self::Role(name) => format!("principal.claims.roles.contains({})", quoted(name)),
            Self::Route(name) => format!("resource == Resource::{}", quoted(name)),
            Self::Scope(name) => format!("principal.scopes.contains({})", quoted(name)),
            Self::Tenant(name) => format!("principal.claims.tenant == {}", quoted(name)),
        }
    }
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n"))
}

impl Tree {
    fn random(random: &mut Random, depth: usize) -> Self {
        let parts = |random: &mut Random| {
            let count = 1 + random.below(3);
            (0..count)
                .map(|_| Self::random(random, depth - 1))
                .collect()
        };
        match if depth == 0 { 3 } else { random.below(4) } {
            0 => Self::All(parts(random)),
            1 => Self::Any(parts(random)),
            2 => Self::Not(Box::new(Self::random(random, depth - 1))),
            _ => Self::Test(Test::random(random)),
        }
    }

    /// Tests and negated tests, joined so that Cedar stops where the result is unknown here too.
    fn flat(random: &mut Random, effect: Effect) -> Self {
        let parts = (0..1 + random.below(3)).map(|_| {
            let own = Self::Test(Test::random(random));
            match random.one_in(3) {
                true => Self::Not(Box::new(own)),
                false => own,
            }
        });
        let parts = parts.collect();
        match effect {
            Effect::Forbid => Self::Any(parts),
            Effect::Permit => Self::All(parts),
        }
    }

    fn condition(&self) -> Condition {
        let all = |parts: &[Self]| parts.iter().map(Self::condition).collect::<Vec<_>>();
        match self {
            Self::All(parts) => Condition::all(all(parts)).unwrap(),
            Self::Any(parts) => Condition::any(all(parts)).unwrap(),
            Self::Not(part) => !part.condition(),
            Self::Test(test) => test.condition(),
        }
    }

    fn cedar(&self) -> String {
        let all = |parts: &[Self], join| {
            let parts: Vec<_> = parts.iter().map(Self::cedar).collect();
            format!("({})", parts.join(join))
        };
        match self {
            Self::All(parts) => all(parts, " && "),
            Self::Any(parts) => all(parts, " || "),
            Self::Not(part) => format!("!({})", part.cedar()),
            Self::Test(test) => format!("({})", test.cedar()),
        }
    }
}

/// The same rules in both languages.
fn both(random: &mut Random, is_full: bool) -> (Policy, CedarAuthorizer, String) {
    let (mut policy, mut text) = (Policy::builder(), String::new());
    for at in 0..1 + random.below(4) {
        let effect = match at == 0 || !random.one_in(3) {
            true => Effect::Permit,
            false => Effect::Forbid,
        };
        let tree = match is_full {
            true => Tree::random(random, 3),
            false => Tree::flat(random, effect),
        };
        let name = format!("rule {at}");
        text += &format!(
            "@id(\"{name}\") {} (principal, action, resource) when {{ {} }};\n",
            effect.as_str(),
            tree.cedar()
        );
        policy = policy.rule(match effect {
            Effect::Forbid => Rule::forbid(name, tree.condition()),
            Effect::Permit => Rule::permit(name, tree.condition()),
        });
    }
    let cedar =
        CedarAuthorizer::builder(text.as_str()).claims(["tenant", "level", "flag", "roles"]);
    (policy.build().unwrap(), cedar.build().unwrap(), text)
}

/// A caller about whom all facts are known, or only some.
fn caller(random: &mut Random, is_full: bool) -> Principal {
    let mut claims = serde_json::Map::new();
    let some = |random: &mut Random, all: &[&'static str]| -> Vec<_> {
        (0..random.below(3)).map(|_| random.of(all)).collect()
    };
    for (name, value) in [
        ("tenant", json!(random.of(&TENANTS))),
        ("level", json!(random.of(&[-1, 5, 6]))),
        ("flag", json!(random.of(&[true, false]))),
        ("roles", json!(some(random, &ROLES))),
    ] {
        if is_full || !random.one_in(4) {
            claims.insert(name.to_owned(), value);
        }
    }
    let own = Principal::builder(PrincipalKind::AccessToken, "orders-api").subject("alice");
    let own = own.claims(serde_json::to_string(&claims).unwrap()).unwrap();
    match is_full || !random.one_in(4) {
        true => own.scopes(some(random, &SCOPES)).build(),
        false => own.build(),
    }
}

#[test]
fn ten_thousand_cases_give_the_same_decision() {
    let mut random = Random::new(8);
    let mut seen = [[0_usize; 2]; 2];
    for at in 0..POLICIES {
        let is_full = at % 2 == 0;
        let (policy, cedar, text) = both(&mut random, is_full);
        for _ in 0..REQUESTS {
            let own = caller(&mut random, is_full);
            let request = AccessRequest::new(&own, UnixTime::from_secs(0))
                .with_action(random.of(&ACTIONS))
                .with_resource(random.of(&ROUTES));
            let (ours, theirs) = (policy.decide(&request), cedar.decide(&request));
            assert_eq!(
                ours.is_allowed(),
                theirs.is_allowed(),
                "{ours}\n{theirs}\n{text}\n{}\n{request:?}",
                own.claims().json()
            );
            seen[usize::from(is_full)][usize::from(ours.is_allowed())] += 1;
        }
    }
    assert_eq!(seen.iter().flatten().sum::<usize>(), 10_000);
    assert!(seen.iter().flatten().all(|count| *count > 500), "{seen:?}");
}
