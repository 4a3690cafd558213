//! Many requests at once.

use std::sync::Barrier;
use std::thread;

use bearergate::revocation::{Denylist, Revocation};
use serde_json::json;

use crate::common::*;

// Defect C08 (shared state mixes up requests): docs/defects.md
#[test]
fn requests_at_once_never_get_each_others_facts() {
    let (_, pair, validator, hits) = house();
    let names: Vec<_> = (0..8).map(|n| format!("user-{n}")).collect();
    let token = |name: &String| pair.sign(&claims(&json!({"sub": name, "jti": name})));
    let tokens: Vec<_> = names.iter().map(token).collect();
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for offset in 0..4 {
            let (names, tokens, validator, start) = (&names, &tokens, &validator, &start);
            scope.spawn(move || {
                start.wait();
                for n in 0..400 {
                    let at = (n * 3 + offset) % names.len();
                    let principal = judge_at(validator, &tokens[at], NOW).unwrap();
                    assert_eq!(principal.subject(), Some(&*names[at]));
                }
            });
        }
    });
    assert!(hits.count() > 1_000);
}

#[test]
fn once_it_is_revoked_or_its_key_is_gone_no_thread_accepts_a_token() {
    let (store, pair, validator, _) = house();
    let list = Denylist::default();
    let gate = gate(validator, list.clone(), &clock());
    for round in 0..20 {
        let jti = format!("round-{round}");
        let token = pair.sign(&claims(&json!({"jti": jti})));
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..20 {
                        ask(&gate, &token);
                    }
                });
            }
            start.wait();
            let revoked = list.revoke(Revocation::jwt_id(ISSUER, &*jti));
            revoked.try_now().unwrap().unwrap();
            assert_eq!(ask(&gate, &token), "token_revoked");
        });
        assert_eq!(ask(&gate, &token), "token_revoked");
    }
    let token = pair.sign(&claims(&json!({})));
    let start = Barrier::new(3);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..50 {
                    ask(&gate, &token);
                }
            });
        }
        start.wait();
        store.rotate(Pair::new("k2").key.into());
        assert_eq!(ask(&gate, &token), "key_not_found");
    });
    assert_eq!(ask(&gate, &token), "key_not_found");
}
