//! An explanation uses nothing up and writes nothing.

use std::sync::atomic::Ordering;

use bearergate::api_key::ApiKeyStore;
use bearergate::validator::Shape;

use crate::common::*;

#[test]
fn no_proof_of_possession_is_asked_for() {
    let proofs = Proofs::default();
    let gate = reader(&Keys::new(), &proofs);
    let parts = parts(with(
        get(),
        "authorization",
        &format!("DPoP {}", bound().sign()),
    ));
    let explained = wait(gate.explain(&parts));
    assert_eq!(proofs.asked(), 0);
    assert!(explained.refusal().is_none());
    assert!(
        explained
            .to_string()
            .starts_with("ADMITTED, if the proof of possession holds\n")
    );
    let proof = &explained.section("proof").unwrap().steps()[0];
    assert_eq!(proof.outcome().as_str(), "skipped");
    assert!(proof.found_text().unwrap().contains("it is not asked for"));

    assert!(wait(gate.check(&parts)).is_ok());
    assert_eq!(proofs.asked(), 1);
    let unbound = wait(gate.explain(&bearer(&claims().sign())));
    assert!(unbound.to_string().starts_with("ADMITTED\n"), "{unbound}");
}

#[test]
fn a_validator_sees_that_nothing_is_admitted() {
    for validator in [Named::new(Shape::Opaque), Named::slow(Shape::Opaque)] {
        let (calls, uses) = (validator.calls.clone(), validator.uses.clone());
        let gate = named(validator).allow_any_authenticated().build().unwrap();
        let parts = bearer("good");
        assert!(wait(gate.explain(&parts)).refusal().is_none());
        assert!(calls.load(Ordering::SeqCst) > 0);
        assert_eq!(uses.load(Ordering::SeqCst), 0);
        assert!(wait(gate.check(&parts)).is_ok());
        assert_eq!(uses.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn no_use_of_an_api_key_is_written() {
    let keys = Keys::new();
    let gate = reader(&keys, &Proofs::default());
    let key = keys.issue();
    let id = bearergate::api_key::ApiKeyFormat::new("acme_live")
        .unwrap()
        .key_id(&key)
        .unwrap();
    let last_used = || wait(keys.store.find(id)).unwrap().unwrap().last_used();
    assert!(wait(gate.explain(&bearer(&key))).refusal().is_none());
    assert_eq!(last_used(), None);
    assert!(wait(gate.check(&bearer(&key))).is_ok());
    assert_eq!(last_used(), Some(NOW));
}
