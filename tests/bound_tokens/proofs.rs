//! A proof is checked after everything that may have to wait, and once.

use std::pin::pin;

use bearergate::clock::UnixTime;
use bearergate::credential::PresentedCredential;
use bearergate::gate::GateBuilder;
use bearergate::principal::Confirmation;
use bearergate::validator::SenderConstraint;
use bearergate::{Gate, NowOrLater, Rejection, RejectionKind, TokenValidator};

use crate::common::*;

const YES: Step = Step::new(Answer::Yes);
const NO: Step = Step::new(Answer::No);
const OUTAGE: Step = Step::new(Answer::Outage);

/// A gate with a list, an authorizer and an application in its second slot.
fn gate(once: &Once, list: Step, app: Step, authorizer: Step) -> Gate {
    builder()
        .validator(constrained(once))
        .client_validator(app)
        .client_sources(app_sources())
        .revocations(list)
        .authorizer(authorizer)
        .build()
        .unwrap()
}

#[test]
fn question_without_an_answer_uses_up_no_proof() {
    let slow = Step::slow(Answer::Yes);
    let request = bearer(&bound(1));
    for (list, app, authorizer) in [
        (slow.clone(), YES, YES),
        (YES, slow.clone(), YES),
        (YES, YES, slow.clone()),
        (slow.clone(), slow.clone(), slow),
    ] {
        let once = Once::default();
        let gate = gate(&once, list, app, authorizer);
        for _ in 0..2 {
            assert!(gate.try_check_now(&request).is_none());
            drop(gate.check(&request));
        }
        assert_eq!(once.used(), 0);
        assert!(drive(gate.check(&request)).is_ok());
        assert_eq!(once.used(), 1);
        // The twin shows that the constraint is called at all.
        let replayed = drive(gate.check(&request));
        assert_eq!(kind(replayed), Some(RejectionKind::ProofReplayed));
        assert_eq!(once.used(), 2);
    }
}

#[test]
fn answer_without_waiting_uses_up_the_proof_at_once() {
    let once = Once::default();
    let gate = gate(&once, YES, YES, YES);
    let request = bearer(&bound(1));
    assert!(gate.try_check_now(&request).unwrap().is_ok());
    let replayed = gate.try_check_now(&request).unwrap();
    assert_eq!(kind(replayed), Some(RejectionKind::ProofReplayed));
    assert_eq!(once.used(), 2);
    // A token that is bound to nothing needs no proof.
    let unbound = bearer(&token(""));
    assert!(gate.try_check_now(&unbound).unwrap().is_ok());
    assert_eq!(once.used(), 2);
}

#[test]
fn request_that_is_dropped_while_it_waits_uses_up_no_proof() {
    let once = Once::default();
    let gate = gate(&once, YES, YES, Step::slow(Answer::Yes));
    let request = bearer(&bound(1));
    {
        let mut answer = pin!(gate.check(&request));
        assert!(poll(answer.as_mut()).is_pending());
    }
    assert_eq!(once.used(), 0);
    assert!(drive(gate.check(&request)).is_ok());
    assert_eq!(once.used(), 1);
}

#[test]
fn constraint_that_waits_is_asked_once() {
    for authorizer in [YES, Step::slow(Answer::Yes)] {
        let once = Once::slow();
        let gate = gate(&once, YES, YES, authorizer);
        let request = bearer(&bound(1));
        assert!(gate.try_check_now(&request).is_none());
        drop(gate.check(&request));
        assert_eq!(once.used(), 0);
        assert!(drive(gate.check(&request)).is_ok());
        assert_eq!(once.used(), 1);
        let replayed = drive(gate.check(&request));
        assert_eq!(kind(replayed), Some(RejectionKind::ProofReplayed));
    }
}

#[test]
fn proof_outranks_the_decision() {
    let bad = |gate: &Gate| {
        let authorization = format!("Bearer {}", bound(1));
        let headers = [
            ("authorization", &*authorization),
            ("x-app", "app"),
            ("bad-proof", "1"),
        ];
        kind(drive(gate.check(&request(&headers))))
    };
    for (authorizer, decided) in [
        (YES, None),
        (NO, Some(RejectionKind::AccessDenied)),
        (OUTAGE, Some(RejectionKind::Unavailable)),
        (Step::slow(Answer::No), Some(RejectionKind::AccessDenied)),
    ] {
        let once = Once::default();
        let gate = gate(&once, YES, YES, authorizer);
        assert_eq!(kind(drive(gate.check(&bearer(&bound(1))))), decided);
        assert_eq!(once.used(), 1, "{decided:?}");
        assert_eq!(bad(&gate), Some(RejectionKind::ProofInvalid), "{decided:?}");
        assert_eq!(once.used(), 2, "{decided:?}");
    }
}

// A thief who cannot prove possession is not told that the theft was noticed.
#[test]
fn that_a_token_is_revoked_is_told_after_its_proof() {
    let authorization = format!("Bearer {}", bound(1));
    let headers = [
        ("authorization", &*authorization),
        ("x-app", "app"),
        ("bad-proof", "1"),
    ];
    for list in [NO, Step::slow(Answer::No)] {
        let once = Once::default();
        let gate = gate(&once, list, YES, YES);
        let bad = kind(drive(gate.check(&request(&headers))));
        assert_eq!((bad, once.used()), (Some(RejectionKind::ProofInvalid), 1));
        once.reset();
        let good = kind(drive(gate.check(&bearer(&bound(1)))));
        assert_eq!((good, once.used()), (Some(RejectionKind::TokenRevoked), 1));
    }
}

#[test]
fn proof_of_a_credential_that_is_not_accepted_is_not_used_up() {
    let once = Once::default();
    let accepted = bearer(&bound(1));
    let only_user = request(&[("authorization", &format!("Bearer {}", bound(1)))]);
    for (list, app, request, expected) in [
        (OUTAGE, YES, &accepted, RejectionKind::Unavailable),
        (YES, NO, &accepted, RejectionKind::TokenInactive),
        (YES, YES, &only_user, RejectionKind::CredentialMissing),
    ] {
        let gate = gate(&once, list, app, YES);
        assert_eq!(kind(drive(gate.check(request))), Some(expected));
        assert_eq!(kind(drive(gate.authenticate(request))), Some(expected));
    }
    assert_eq!(once.used(), 0);
    assert!(drive(gate(&once, YES, YES, YES).check(&accepted)).is_ok());
    assert_eq!(once.used(), 1);
}

#[test]
fn authentication_ends_with_the_proof() {
    for list in [YES, Step::slow(Answer::Yes)] {
        let once = Once::default();
        let gate = gate(&once, list, YES, NO);
        let request = bearer(&bound(1));
        let caller = drive(gate.authenticate(&request)).unwrap();
        assert_eq!(
            (caller.principal().subject(), once.used()),
            (Some("alice"), 1)
        );
        let replayed = Some(RejectionKind::ProofReplayed);
        assert_eq!(kind(drive(gate.authenticate(&request))), replayed);
        assert_eq!(kind(drive(gate.authenticate_optional(&request))), replayed);
        assert_eq!(once.used(), 3);
    }
}

/// A gate whose second slot takes JWTs too.
fn two_slots(user: &Once, app: &Once) -> GateBuilder {
    builder()
        .validator(constrained(user))
        .client_validator(constrained(app))
        .client_sources(app_sources())
}

fn both_bound(more: &[(&str, &str)]) -> http::request::Parts {
    let (user, app) = (format!("Bearer {}", bound(1)), bound(2));
    let headers = [("authorization", &*user), ("x-app", &*app)];
    request(&[&headers, more].concat())
}

#[test]
fn proof_of_an_anonymous_request_with_an_application_is_checked() {
    let (user, app) = (Once::default(), Once::default());
    let gate = two_slots(&user, &app)
        .allow_any_authenticated()
        .build()
        .unwrap();
    let anonymous = request(&[("x-app", &bound(2))]);
    let optional = || drive(gate.authenticate_optional(&anonymous));
    assert!(optional().unwrap().is_none());
    assert_eq!(kind(optional()), Some(RejectionKind::ProofReplayed));
    assert_eq!((user.used(), app.used()), (0, 2));
}

#[test]
fn constraints_of_both_slots_are_asked_once_each() {
    let request = both_bound(&[]);
    let bad = both_bound(&[("bad-proof", "1")]);
    let forms = [Once::default, Once::slow];
    for (user, app) in forms.into_iter().flat_map(|u| forms.map(|a| (u, a))) {
        for authorizer in [YES, NO, Step::slow(Answer::Yes)] {
            let (user, app) = (user(), app());
            let gate = two_slots(&user, &app).authorizer(authorizer.clone());
            let gate = gate.build().unwrap();
            // If one of them had to wait, the proof of the other would be used up already.
            assert!(gate.try_check_now(&request).is_none());
            drop(gate.check(&request));
            assert_eq!((user.used(), app.used()), (0, 0));
            let denied = kind(drive(gate.check(&request)));
            let is_denied = authorizer == NO;
            assert_eq!(denied, is_denied.then_some(RejectionKind::AccessDenied));
            assert_eq!((user.used(), app.used()), (1, 1));
            let invalid = kind(drive(gate.check(&bad)));
            assert_eq!(invalid, Some(RejectionKind::ProofInvalid));
            // After the rejection of one proof the other one is not used up.
            assert_eq!((user.used(), app.used()), (2, 1));
        }
    }
}

#[test]
fn proof_of_the_second_slot_is_checked_after_an_authorizer_that_waits() {
    let (user, app) = (Once::default(), Once::default());
    let gate = two_slots(&user, &app).authorizer(Step::slow(Answer::Yes));
    let gate = gate.build().unwrap();
    let authorization = format!("Bearer {}", token(""));
    let request = request(&[("authorization", &authorization), ("x-app", &bound(2))]);
    assert!(gate.try_check_now(&request).is_none());
    assert_eq!(app.used(), 0);
    assert!(drive(gate.check(&request)).is_ok());
    assert_eq!((user.used(), app.used()), (0, 1));
}

#[test]
fn validator_without_a_gate_asks_its_constraint_itself() {
    for once in [Once::default(), Once::slow()] {
        let validator = constrained(&once);
        let text = bound(1);
        let presented = PresentedCredential::token(&text).at(UnixTime::from_secs(NOW));
        assert!(drive(validator.validate(&presented)).is_ok());
        let replayed = drive(validator.validate(&presented)).unwrap_err();
        assert_eq!(replayed.kind(), RejectionKind::ProofReplayed);
        assert_eq!(once.used(), 2);
    }
}

/// Accepts every proof, also a second time.
#[derive(Debug)]
struct Proven;

impl SenderConstraint for Proven {
    fn check<'a>(
        &'a self,
        _: &'a Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }
}

#[test]
fn gate_does_not_allocate_for_a_proof() {
    let jwts = validator().sender_constraint(Proven).build().unwrap();
    let gate = builder().validator(jwts.clone()).allow_any_authenticated();
    let gate = gate.build().unwrap();
    let text = bound(1);
    let request = bearer(&text);
    let presented = PresentedCredential::token(&text).at(UnixTime::from_secs(NOW));
    let alone = || assert!(jwts.validate(&presented).try_now().unwrap().is_ok());
    let checked = || assert!(gate.try_check_now(&request).unwrap().is_ok());
    alone();
    checked();
    let alone = allocation_counter::measure(alone).count_total;
    assert_eq!(allocation_counter::measure(checked).count_total, alone);
    assert_ne!(alone, 0, "the counter works");
}
