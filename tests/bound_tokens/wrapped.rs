//! Proofs of tokens that reach their validator through a validator of the service.

use bearergate::credential::PresentedCredential;
use bearergate::principal::PrincipalKind;
use bearergate::validator::Shape;
use bearergate::{
    Gate, JwtValidator, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
};

use crate::common::*;

/// What a [`Wrapper`] does with the credential.
#[derive(Clone, Copy, Debug)]
enum Passing {
    /// Passes it on.
    AsItIs,
    /// Passes it on, and returns a principal of its own.
    Renamed,
    /// Makes a credential of its own for the other validator.
    AsAnother,
    /// Asks two validators.
    ToBoth,
    /// Rejects what the other validator has accepted.
    Rejected,
}

#[derive(Debug)]
struct Wrapper {
    passing: Passing,
    inner: [JwtValidator; 2],
}

impl TokenValidator for Wrapper {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Jwt]
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let [first, second] = &self.inner;
        let own = || {
            Principal::builder(PrincipalKind::Other, "own")
                .subject("alice")
                .build()
        };
        match self.passing {
            Passing::AsItIs => first.validate(presented),
            Passing::Renamed => first
                .validate(presented)
                .map(move |result| result.map(|_| own())),
            Passing::ToBoth => {
                let both = first.validate(presented);
                both.and_then(|_| second.validate(presented))
            }
            Passing::Rejected => {
                let rejected = |_| Err(RejectionKind::TokenInactive.into());
                first.validate(presented).map(rejected)
            }
            Passing::AsAnother => NowOrLater::later(async move {
                let mut other = PresentedCredential::token(presented.credential().expose());
                if let (Some(facts), Some(now)) = (presented.facts(), presented.now()) {
                    other = other.with_facts(facts).at(now);
                }
                first.validate(&other).await
            }),
        }
    }
}

fn gate(passing: Passing, once: [&Once; 2], authorizer: Step) -> Gate {
    let inner = once.map(constrained);
    let builder = builder().validator(Wrapper { passing, inner });
    builder.authorizer(authorizer).build().unwrap()
}

#[test]
fn credential_that_is_passed_on_is_proven_at_the_end() {
    let request = bearer(&bound(1));
    for passing in [Passing::AsItIs, Passing::Renamed] {
        let (once, other) = (Once::default(), Once::default());
        let waiting = gate(passing, [&once, &other], Step::slow(Answer::Yes));
        assert!(waiting.try_check_now(&request).is_none());
        assert_eq!(once.used(), 0);
        assert!(drive(waiting.check(&request)).is_ok());
        assert_eq!(once.used(), 1);
        let replayed = drive(waiting.check(&request));
        assert_eq!(
            kind(replayed),
            Some(RejectionKind::ProofReplayed),
            "{passing:?}"
        );
        assert_eq!(other.used(), 0);
    }
}

#[test]
fn validator_asks_its_constraint_itself_for_a_credential_of_the_service() {
    let request = bearer(&bound(1));
    let (once, other) = (Once::default(), Once::default());
    let denied = gate(Passing::AsAnother, [&once, &other], Step::new(Answer::No));
    let refused = drive(denied.check(&request));
    assert_eq!(kind(refused), Some(RejectionKind::AccessDenied));
    let replayed = drive(denied.check(&request));
    assert_eq!(kind(replayed), Some(RejectionKind::ProofReplayed));
    assert_eq!(once.used(), 2);
}

#[test]
fn constraints_of_two_validators_of_one_credential_are_both_asked() {
    let request = bearer(&bound(1));
    let (first, second) = (Once::default(), Once::default());
    let both = gate(Passing::ToBoth, [&first, &second], Step::new(Answer::Yes));
    assert!(drive(both.check(&request)).is_ok());
    assert_eq!((first.used(), second.used()), (1, 1));
}

#[test]
fn proof_of_a_rejected_token_is_not_used_up() {
    let request = bearer(&bound(1));
    let (once, other) = (Once::default(), Once::default());
    let rejecting = gate(Passing::Rejected, [&once, &other], Step::new(Answer::Yes));
    let refused = drive(rejecting.check(&request));
    assert_eq!(kind(refused), Some(RejectionKind::TokenInactive));
    assert_eq!(once.used(), 0);
}
