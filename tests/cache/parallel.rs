//! Concurrent requests.

use std::sync::Barrier;
use std::thread;

use bearergate::revocation::{Denylist, Revocation};
use serde_json::json;

use crate::common::*;

// Defect C08 (shared state mixes up requests): docs/defects.md
#[test]
fn concurrent_requests_never_get_each_others_principals() {
    let (_, pair, validator, hits) = setup();
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
                    let principal = validate_at(validator, &tokens[at], NOW).unwrap();
                    assert_eq!(principal.subject(), Some(&*names[at]));
                }
            });
        }
    });
    assert!(hits.count() > 1_000);
}

#[test]
fn no_thread_accepts_a_token_after_its_revocation_or_its_keys_removal() {
    let (store, pair, validator, _) = setup();
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
