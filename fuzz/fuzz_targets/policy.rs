//! Policies and requests compared with the naive evaluator of the tests.
//!
//! Property: a policy of random rules decides about a random request as an evaluator that shares no
//! code with it; the decision has a reason, and a second decision is equal.
#![no_main]

#[path = "../../tests/policy_reference/facts.rs"]
mod facts;
mod random;
#[path = "../../tests/policy_reference/rules.rs"]
mod rules;
#[path = "../../tests/policy_reference/tree.rs"]
mod tree;

use libfuzzer_sys::fuzz_target;

use facts::BuiltFacts;
use facts::Facts;
use random::Random;
use rules::Rules;

fuzz_target!(|recipe: &[u8]| {
    let mut random = Random::new(recipe);
    let facts = Facts::random(&mut random);
    let rules = if random.one_in(8) {
        Rules::many(&mut random)
    } else {
        Rules::random(&mut random, true)
    };
    // Many patterns may exceed the bounds of a policy.
    let Ok(policy) = rules.policy() else {
        return;
    };
    BuiltFacts::of(&facts).with(|request| {
        let decision = policy.decide(request);
        assert_eq!(
            decision.is_allowed(),
            rules.allows(&facts),
            "{rules:#?}\n{facts:#?}"
        );
        assert!(!decision.reasons().is_empty());
        assert_eq!(decision, policy.decide(request));
    });
});
