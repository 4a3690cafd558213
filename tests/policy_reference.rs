//! Conditions and policies compared with a naive evaluator that shares no code with them.
//!
//! `BEARERGATE_POLICY_PAIRS` is the number of pairs of a policy and a request, by default one million.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests"
)]

#[path = "policy_reference/facts.rs"]
mod facts;
#[path = "policy_reference/random.rs"]
mod random;
#[path = "policy_reference/rules.rs"]
mod rules;
#[path = "policy_reference/tree.rs"]
mod tree;

use std::thread;

use bearergate::policy::{AccessRequest, Truth};
use facts::{BuiltFacts, Facts};
use random::Random;
use rules::Rules;
use tree::{Expected, Tree};

/// The number of requests for each policy.
const REQUESTS: u64 = 250;

fn pairs() -> u64 {
    let pairs = std::env::var("BEARERGATE_POLICY_PAIRS");
    pairs.map_or(1_000_000, |pairs| pairs.parse().unwrap())
}

#[test]
fn policies_decide_as_the_reference() {
    let pairs = pairs();
    let allowed: u64 = thread::scope(|scope| {
        let tries: Vec<_> = (0..THREADS)
            .map(|seed| scope.spawn(move || tried(10 + seed, pairs / THREADS)))
            .collect();
        tries.into_iter().map(|tries| tries.join().unwrap()).sum()
    });
    println!("{pairs} pairs, of which {allowed} allow");
    assert!(pairs < 10_000 || (pairs / 100..pairs / 2).contains(&allowed));
}

const THREADS: u64 = 4;

/// Decides this number of pairs, and returns how many allow.
fn tried(seed: u64, pairs: u64) -> u64 {
    let mut random = Random::new(seed);
    let pool: Vec<_> = (0..1_000).map(|_| Facts::random(&mut random)).collect();
    let made: Vec<_> = pool.iter().map(BuiltFacts::of).collect();
    let mut allowed = 0;
    for _ in 0..pairs / REQUESTS {
        let rules = Rules::random(&mut random, true);
        let policy = rules.policy().unwrap();
        for _ in 0..REQUESTS {
            let at = random.below(pool.len());
            let facts = &pool[at];
            let decision = made[at].with(|request| policy.decide(request));
            let expected = rules.allows(facts);
            assert_eq!(decision.is_allowed(), expected, "{rules:#?}\n{facts:#?}");
            assert!(!decision.reasons().is_empty(), "{rules:#?}");
            allowed += u64::from(expected);
        }
    }
    allowed
}

#[test]
fn policies_of_many_rules_decide_as_the_reference() {
    let mut random = Random::new(6);
    let pool: Vec<_> = (0..500).map(|_| Facts::random(&mut random)).collect();
    let made: Vec<_> = pool.iter().map(BuiltFacts::of).collect();
    let mut allowed = 0;
    for _ in 0..100 {
        let rules = Rules::many(&mut random);
        let policy = rules.policy().unwrap();
        for _ in 0..60 {
            let at = random.below(pool.len());
            let decision = made[at].with(|request| policy.decide(request));
            let expected = rules.allows(&pool[at]);
            assert_eq!(
                decision.is_allowed(),
                expected,
                "{rules:#?}\n{:#?}",
                pool[at]
            );
            allowed += u32::from(expected);
        }
    }
    assert!((300..5_700).contains(&allowed), "{allowed}");
}

#[test]
fn conditions_evaluate_as_the_reference() {
    let mut random = Random::new(2);
    let pool: Vec<_> = (0..500).map(|_| Facts::random(&mut random)).collect();
    let made: Vec<_> = pool.iter().map(BuiltFacts::of).collect();
    let mut seen = [0_u64; 3];
    for _ in 0..2_000 {
        let tree = Tree::random(&mut random, 4, true);
        let condition = tree.condition();
        for _ in 0..25 {
            let at = random.below(pool.len());
            let expected = match tree.truth(&pool[at]) {
                Expected::No => Truth::False,
                Expected::Yes => Truth::True,
                Expected::Unknown => Truth::Unknown,
            };
            let truth = made[at].with(|request| condition.evaluate(request));
            assert_eq!(truth, expected, "{tree:#?}\n{:#?}", pool[at]);
            let decision = made[at].with(|request| condition.decide(request));
            assert_eq!(decision.is_allowed(), expected.is_true());
            seen[expected as usize] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 2_000), "{seen:?}");
}

#[test]
fn policies_from_files_decide_as_built_ones() {
    let mut random = Random::new(7);
    let pool: Vec<_> = (0..200).map(|_| Facts::random(&mut random)).collect();
    let made: Vec<_> = pool.iter().map(BuiltFacts::of).collect();
    let mut read = 0;
    for _ in 0..1_000 {
        let Ok(built) = Rules::random(&mut random, true).policy() else {
            continue;
        };
        // A file cannot distinguish closures with one name.
        let text = built.to_json().ok();
        let Some(text) = text.filter(|text| !text.contains("\"custom\"")) else {
            continue;
        };
        let policy = bearergate::Policy::from_json(text.as_bytes()).unwrap();
        read += 1;
        for _ in 0..20 {
            let request = &made[random.below(made.len())];
            let expected = request.with(|request| built.decide(request));
            assert_eq!(request.with(|request| policy.decide(request)), expected);
            let trace = request.with(|request| policy.explain(request));
            assert_eq!(trace.decision(), &expected, "{text}");
        }
    }
    assert!(read > 100, "{read}");
}

/// The same facts without one claim, for each claim; subject, client and scopes are claims too.
fn less(facts: &Facts) -> impl Iterator<Item = Facts> {
    let names: Vec<_> = facts.claims.keys().cloned().collect();
    let deleted = names.into_iter().map(|name| {
        let mut less = facts.clone();
        less.claims.remove(&name);
        less
    });
    let mut others = [facts.clone(), facts.clone(), facts.clone()];
    others[0].subject = None;
    others[1].client = None;
    others[2].scopes = None;
    deleted.chain(others)
}

#[test]
fn deleting_a_claim_never_turns_a_deny_into_an_allow() {
    let mut random = Random::new(3);
    let pool: Vec<_> = (0..200).map(|_| Facts::random(&mut random)).collect();
    let less: Vec<Vec<_>> = pool.iter().map(|facts| less(facts).collect()).collect();
    let made: Vec<_> = pool.iter().map(BuiltFacts::of).collect();
    let less: Vec<Vec<_>> = less
        .iter()
        .map(|less| less.iter().map(BuiltFacts::of).collect())
        .collect();
    let (mut denied, mut lost) = (0_u64, 0_u64);
    for _ in 0..1_500 {
        let rules = Rules::random(&mut random, false);
        let policy = rules.policy().unwrap();
        let allows =
            |made: &BuiltFacts<'_>| made.with(|request| policy.decide(request).is_allowed());
        for _ in 0..10 {
            let at = random.below(pool.len());
            let is_allowed = allows(&made[at]);
            for less in &less[at] {
                let still = allows(less);
                assert!(is_allowed || !still, "{rules:#?}\n{:#?}", pool[at]);
                denied += u64::from(!is_allowed);
                lost += u64::from(is_allowed && !still);
            }
        }
    }
    assert!(denied > 10_000 && lost > 100, "{denied} {lost}");
}

#[test]
fn only_required_absence_allows_because_of_a_deleted_claim() {
    let mut random = Random::new(4);
    let facts = (0..).map(|_| Facts::random(&mut random));
    let facts = { facts }
        .find(|facts| facts.claims.contains_key("tenant"))
        .unwrap();
    let mut less = facts.clone();
    less.claims.remove("tenant");
    let condition = bearergate::claim("tenant").absent();
    let holds = |request: &AccessRequest<'_>| condition.decide(request).is_allowed();
    assert!(!BuiltFacts::of(&facts).with(holds));
    assert!(BuiltFacts::of(&less).with(holds));
}

#[test]
fn combining_satisfies_the_laws_of_logic() {
    let mut random = Random::new(5);
    let pool: Vec<_> = (0..200).map(|_| Facts::random(&mut random)).collect();
    let made: Vec<_> = pool.iter().map(BuiltFacts::of).collect();
    for _ in 0..2_000 {
        let mut tree = || Tree::random(&mut random, 2, true).condition();
        let [a, b, c] = [tree(), tree(), tree()];
        let (a, b, c) = (|| a.clone(), || b.clone(), || c.clone());
        let laws = [
            (a() & b(), b() & a()),
            (a() | b(), b() | a()),
            ((a() & b()) & c(), a() & (b() & c())),
            ((a() | b()) | c(), a() | (b() | c())),
            (a() & (b() | c()), (a() & b()) | (a() & c())),
            (a() | (b() & c()), (a() | b()) & (a() | c())),
            (!(a() & b()), !a() | !b()),
            (!(a() | b()), !a() & !b()),
            (!!a(), a()),
            (a() & a(), a()),
            (a() | (a() & b()), a()),
            (a().named("part"), a()),
        ];
        let at = random.below(pool.len());
        for (at_law, (left, right)) in laws.iter().enumerate() {
            made[at].with(|request| {
                let truths = [left, right].map(|side| side.evaluate(request));
                assert_eq!(truths[0], truths[1], "law {at_law}: {left:?} and {right:?}");
            });
        }
    }
}
