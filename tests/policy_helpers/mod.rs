//! Callers and conditions of the tests of policies.

use bearergate::Principal;
use bearergate::clock::UnixTime;
use bearergate::policy::{Condition, Truth, condition_fn};
use bearergate::principal::PrincipalKind;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
pub(crate) const TRUTHS: [Truth; 3] = [Truth::False, Truth::True, Truth::Unknown];

/// A caller with these claims.
pub(crate) fn caller(claims: &str) -> Principal {
    let builder = Principal::builder(PrincipalKind::Other, "idp");
    builder.claims(claims).unwrap().build()
}

/// A caller with these scopes.
pub(crate) fn scoped(scopes: &[&str]) -> Principal {
    let builder = Principal::builder(PrincipalKind::Other, "idp");
    builder.scopes(scopes).build()
}

/// A condition with the same value for every request.
pub(crate) fn fixed(truth: Truth) -> Condition {
    condition_fn(format!("{truth:?}"), move |_| truth)
}
