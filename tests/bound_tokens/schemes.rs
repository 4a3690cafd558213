//! What may be presented under `DPoP`, and under `ApiKey`.

use bearergate::clock::UnixTime;
use bearergate::credential::{PresentedCredential, Sources};
use bearergate::principal::PrincipalKind;
use bearergate::validator::{SenderConstraint, Shape};
use bearergate::{
    Gate, JwtValidator, NowOrLater, Principal, Rejection, RejectionKind, TokenValidator,
};

use crate::common::*;

fn sources() -> Sources {
    Sources::builder().dpop().api_key().build().unwrap()
}

fn gate(validator: impl TokenValidator + 'static) -> Gate {
    let builder = builder().validator(validator).sources(sources());
    builder.allow_any_authenticated().build().unwrap()
}

/// Returns the kind of the refusal under each scheme: `Bearer`, `DPoP`, `ApiKey`.
fn kinds(gate: &Gate, credential: &str) -> [Option<RejectionKind>; 3] {
    ["Bearer", "DPoP", "ApiKey"].map(|scheme| {
        let authorization = format!("{scheme} {credential}");
        kind(drive(
            gate.check(&request(&[("authorization", &authorization)])),
        ))
    })
}

const MALFORMED: Option<RejectionKind> = Some(RejectionKind::CredentialMalformed);
const MISMATCH: Option<RejectionKind> = Some(RejectionKind::BindingMismatch);
const REQUIRED: Option<RejectionKind> = Some(RejectionKind::BindingRequired);

/// Accepts every proof.
#[derive(Debug)]
struct Proven;

impl SenderConstraint for Proven {
    fn check<'a>(
        &'a self,
        _: &'a bearergate::principal::Confirmation,
        _: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<(), Rejection>> {
        NowOrLater::now(Ok(()))
    }
}

// RFC 9449 section 7.1: a resource server must not accept an unbound token as a DPoP token.
// Defect E12 (unbound token passes under DPoP): docs/defects.md
#[test]
fn token_under_dpop_is_bound_to_the_key_of_a_proof() {
    let plain = gate(validator().build().unwrap());
    let proven = gate(validator().sender_constraint(Proven).build().unwrap());
    let unbound = token("");
    assert_eq!(kinds(&plain, &unbound), [None, MISMATCH, MALFORMED]);
    assert_eq!(kinds(&proven, &unbound), [None, MISMATCH, MALFORMED]);
    assert_eq!(kinds(&plain, &bound(1)), [REQUIRED, REQUIRED, MALFORMED]);
    assert_eq!(kinds(&proven, &bound(1)), [None, None, MALFORMED]);
    // A token that is bound to a certificate only has no key of a proof.
    let certificate = token(&cnf("x5t#S256", 1));
    assert_eq!(kinds(&proven, &certificate), [None, MISMATCH, MALFORMED]);
}

#[test]
fn constraint_is_not_asked_about_a_token_that_dpop_does_not_fit() {
    let once = Once::default();
    let gate = gate(constrained(&once));
    let authorization = format!("DPoP {}", token(&cnf("x5t#S256", 1)));
    let refused = drive(gate.check(&request(&[("authorization", &authorization)])));
    assert_eq!((kind(refused), once.used()), (MISMATCH, 0));
}

#[test]
fn schemes_hold_for_a_validator_without_a_gate() {
    let validate = |validator: &JwtValidator, scheme: &str, token: &str| {
        let authorization = format!("{scheme} {token}");
        let sources = sources();
        let presented = sources.authorization(&authorization).unwrap();
        let presented = presented.at(UnixTime::from_secs(NOW));
        let result = drive(validator.validate(&presented));
        result.err().map(|rejection| rejection.kind())
    };
    let proven = validator().sender_constraint(Proven).build().unwrap();
    let (unbound, bound) = (token(""), bound(1));
    assert_eq!(validate(&proven, "Bearer", &unbound), None);
    assert_eq!(validate(&proven, "DPoP", &unbound), MISMATCH);
    assert_eq!(validate(&proven, "DPoP", &bound), None);
    assert_eq!(validate(&proven, "ApiKey", &bound), MALFORMED);
}

/// A validator of the service, whose principals have the kind that the credential names.
#[derive(Debug)]
struct OfKind {
    is_slow: bool,
}

const KINDS: [PrincipalKind; 6] = [
    PrincipalKind::AccessToken,
    PrincipalKind::ApiKey,
    PrincipalKind::IdToken,
    PrincipalKind::OpaqueToken,
    PrincipalKind::Other,
    PrincipalKind::Session,
];

impl TokenValidator for OfKind {
    fn shapes(&self) -> &[Shape] {
        &[Shape::Opaque]
    }

    fn validate<'a>(
        &'a self,
        presented: &'a PresentedCredential<'a>,
    ) -> NowOrLater<'a, Result<Principal, Rejection>> {
        let name = presented.credential().expose();
        let kind = KINDS.into_iter().find(|kind| kind.as_str() == name);
        let result = kind
            .map(|kind| Principal::builder(kind, "own").build())
            .ok_or_else(|| RejectionKind::TokenInactive.into());
        match self.is_slow {
            false => NowOrLater::now(result),
            true => NowOrLater::later(async move {
                Pause::default().await;
                result
            }),
        }
    }
}

#[test]
fn schemes_hold_for_validators_of_the_service() {
    for is_slow in [false, true] {
        let gate = gate(OfKind { is_slow });
        for kind in KINDS {
            let expected = match kind {
                PrincipalKind::ApiKey => [None, MALFORMED, None],
                PrincipalKind::Session => [None, MALFORMED, MALFORMED],
                _ => [None, MISMATCH, MALFORMED],
            };
            assert_eq!(kinds(&gate, kind.as_str()), expected, "{kind:?}");
        }
        // Its own rejection stays.
        let inactive = Some(RejectionKind::TokenInactive);
        assert_eq!(kinds(&gate, "stranger"), [inactive; 3]);
    }
}
